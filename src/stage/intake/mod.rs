//! Network → Held | Released | Report | a refusal.
//!
//! A listener accepts, a connection drives `smtp::server` over one socket, and an [`Intake`] answers what the protocol
//! cannot know: who logs in, which recipients we take, and what becomes of a message. 250 is said only after the store
//! has it on the disk.
//!
//! # Standards
//! RFC 5321, RFC 6409, RFC 4954, RFC 3207; replies in `answer`.

mod admit;
mod answer;
mod aside;
mod canary;
mod case;
mod classes;
mod connection;
mod explain;
mod gate;
mod gather;
mod lately;
mod letter;
mod limits;
mod listener;
mod look;
mod places;
mod returns;
mod role;
mod turns;
mod vouch;
mod wire;

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

pub use explain::{Explained, Question, explain};
pub use gate::{Gate, GateSettings};
pub use limits::{FailedLogins, Limits};
pub use listener::{Reception, listen};
pub use vouch::Voucher;

use crate::mail::{Address, Envelope, ForwardPath};
use crate::smtp::auth::Credentials;
use crate::smtp::{BareLf, Reply};

/// What may reach a listener, and what it demands. One `[[listener]]` of gateway.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSettings {
    /// `relay`, `submission`, `submissions`: in logs and replies.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// How TLS comes to be.
    pub tls: TlsMode,
    /// Whether AUTH is offered, and wanted before MAIL.
    pub auth: bool,
    /// Whose connections it takes; empty takes everybody's.
    pub networks: Vec<Network>,
    /// The header in which the peers tell who logged in to them; without it the author must prove themselves.
    pub author_header: Option<String>,
    /// What becomes of a bare LF in a message; made CRLF only for a relay of our own networks.
    pub bare_lf: BareLf,
}

/// How TLS comes to be on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Not at all.
    Off,
    /// Offered by STARTTLS.
    Starttls,
    /// STARTTLS before anything else (530 5.7.0).
    StarttlsRequired,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// A network in CIDR form, such as `127.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether the peer is in it; an IPv4 peer on an IPv6 socket counts as IPv4.
    pub fn holds(&self, peer: IpAddr) -> bool {
        match (self.base, peer.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(peer)) => {
                let shift = 32 - u32::from(self.bits);
                base.to_bits().checked_shr(shift) == peer.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(base), IpAddr::V6(peer)) => {
                let shift = 128 - u32::from(self.bits);
                base.to_bits().checked_shr(shift) == peer.to_bits().checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a network has the form 127.0.0.0/8 or ::1/128")]
pub struct NotANetwork;

impl std::str::FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (base, bits) = text.split_once('/').ok_or(NotANetwork)?;
        let base: IpAddr = base.parse().map_err(|_source| NotANetwork)?;
        let bits: u8 = bits.parse().map_err(|_source| NotANetwork)?;
        let bits_max = if base.is_ipv4() { 32 } else { 128 };
        (bits <= bits_max).then_some(Self { base, bits }).ok_or(NotANetwork)
    }
}

/// One message as it was handed over, before anything was decided.
#[derive(Debug)]
pub struct Submission {
    /// The listener it came to.
    pub listener: std::sync::Arc<ListenerSettings>,
    /// Who handed it over.
    pub peer: SocketAddr,
    /// What the peer calls itself.
    pub hello: String,
    /// Whether it came under TLS: protocol and suite, for the trace field.
    pub tls: Option<String>,
    /// The account that logged in.
    pub login: Option<Address>,
    /// Where from and where to.
    pub envelope: Envelope,
    /// The message: CRLF line ends only, dots unstuffed.
    pub message: Vec<u8>,
}

/// One recipient as it was named, for [`Intake::recipient`].
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The listener it came to.
    pub listener: &'a ListenerSettings,
    /// Who named it.
    pub peer: SocketAddr,
    /// The account that logged in.
    pub login: Option<&'a Address>,
    /// Where the message comes from.
    pub from: Option<&'a Address>,
    /// Whom it is for.
    pub to: &'a ForwardPath,
}

/// Answers what the protocol cannot know. The gateway's own decides by policy and commits; a test's answers by rote.
///
/// # Failure
/// Our own is a 4yz reply; what panics ends one connection.
pub trait Intake: Send + Sync + 'static {
    /// The account these credentials belong to, or `535` and its like. Only `535` counts as a failed login.
    fn login(&self, credentials: &Credentials, peer: SocketAddr)
    -> impl Future<Output = Result<Address, Reply>> + Send;

    /// Whether we take this recipient: 2yz keeps it.
    fn recipient(&self, asked: Asked<'_>) -> impl Future<Output = Reply> + Send;

    /// What becomes of a message: 2yz only after it is on the disk.
    fn admit(&self, submission: Submission) -> impl Future<Output = Reply> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_and_no_other() {
        let network: Network = "127.0.0.0/8".parse().expect("valid");
        assert!(network.holds("127.9.9.9".parse().expect("valid")));
        assert!(network.holds("::ffff:127.0.0.1".parse().expect("valid")));
        assert!(!network.holds("128.0.0.1".parse().expect("valid")));
        assert!(!network.holds("::1".parse().expect("valid")));
        let all: Network = "0.0.0.0/0".parse().expect("valid");
        assert!(all.holds("203.0.113.9".parse().expect("valid")));
        assert!("127.0.0.1".parse::<Network>().is_err());
        assert!("127.0.0.0/33".parse::<Network>().is_err());
    }
}
