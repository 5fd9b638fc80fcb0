//! Caller: as whom we connect, and from which address.

use std::net::IpAddr;

/// As whom we connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// What we call ourselves in EHLO.
    pub hostname: String,
    /// Addresses that connections leave from, one of a family; without any the system chooses, and a family that has none
    /// here is not used.
    pub sources: Vec<IpAddr>,
}

impl Caller {
    /// The address a connection to `peer` leaves from; `Err` when there is none of its family.
    pub(super) fn source(&self, peer: IpAddr) -> Result<Option<IpAddr>, NoSource> {
        if self.sources.is_empty() {
            return Ok(None);
        }
        let alike = self.sources.iter().find(|own| own.is_ipv4() == peer.is_ipv4());
        alike.copied().map(Some).ok_or(NoSource)
    }
}

/// The pool has no source address of that family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its pool has no source address of that family")]
pub(super) struct NoSource;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_leaves_from_an_address_of_its_peers_family() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("valid");
        let caller = |sources: &[&str]| Caller {
            hostname: "out.mst.example".to_owned(),
            sources: sources.iter().map(|text| ip(text)).collect(),
        };
        assert_eq!(caller(&[]).source(ip("192.0.2.1")), Ok(None));
        let four = caller(&["192.0.2.10"]);
        assert_eq!(four.source(ip("198.51.100.1")), Ok(Some(ip("192.0.2.10"))));
        assert_eq!(four.source(ip("2001:db8::1")), Err(NoSource));
        let both = caller(&["192.0.2.10", "2001:db8::10"]);
        assert_eq!(both.source(ip("2001:db8::1")), Ok(Some(ip("2001:db8::10"))));
    }
}
