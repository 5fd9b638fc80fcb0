//! Envelope: where a message comes from and where it goes, apart from what it says.
//!
//! # Standards
//! RFC 5321 §2.3.1, §3.3; RFC 3461 §4 (NOTIFY, ORCPT, RET, ENVID).

use serde::{Deserialize, Serialize};

use super::Address;

/// The MAIL FROM of a transaction; `None` is the null path `<>` (RFC 5321 §4.5.5).
pub type ReversePath = Option<Address>;

/// When a delivery status notification is wanted for one recipient (RFC 3461 §4.1).
///
/// None of its words is what it is when nothing was said: then of failures and of delays, and whoever is next hears nothing about it either (§5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the four words of NOTIFY, as RFC 3461 has them"
)]
pub struct Notify {
    /// `NOTIFY=NEVER`: no notification at all.
    pub never: bool,
    /// `NOTIFY=SUCCESS` was among the words.
    pub success: bool,
    /// `NOTIFY=FAILURE` was among the words.
    pub failure: bool,
    /// `NOTIFY=DELAY` was among the words.
    pub delay: bool,
}

impl Notify {
    /// Nothing was said.
    pub fn is_unsaid(self) -> bool {
        self == Self::default()
    }

    /// Whether a failure is told of.
    pub fn wants_failure(self) -> bool {
        !self.never && (self.failure || self.is_unsaid())
    }

    /// Whether a delay is told of.
    pub fn wants_delay(self) -> bool {
        !self.never && (self.delay || self.is_unsaid())
    }

    /// Whether a success is told of.
    pub fn wants_success(self) -> bool {
        !self.never && self.success
    }
}

/// How much of the message a failure notice returns (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DsnRet {
    /// The whole message.
    Full,
    /// Its header only; also what we do when nothing was said.
    Headers,
}

/// One RCPT TO.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardPath {
    /// Whom it is for.
    pub address: Address,
    /// When its author wants to hear.
    pub notify: Notify,
    /// The ORCPT parameter as given, still in xtext (RFC 3461 §4.2).
    pub original: Option<String>,
}

impl ForwardPath {
    /// A recipient with no DSN parameters.
    pub fn to(address: Address) -> Self {
        let notify = Notify {
            failure: true,
            ..Notify::default()
        };
        Self {
            address,
            notify,
            original: None,
        }
    }
}

/// A reverse path and at least one forward path, in the order given, each mailbox once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    reverse_path: ReversePath,
    forward_paths: Vec<ForwardPath>,
    /// `RET=`: what a failure notice returns, when it was said.
    pub ret: Option<DsnRet>,
    /// `ENVID=`, still in xtext: the author's own name for the transaction.
    pub id: Option<String>,
    /// `SMTPUTF8` was said: header and addresses may hold UTF-8 (RFC 6531).
    pub smtputf8: bool,
}

impl Envelope {
    /// An envelope, unless there is nobody to send to. A mailbox named twice is kept once.
    pub fn new(reverse_path: ReversePath, forward_paths: Vec<ForwardPath>) -> Option<Self> {
        let mut seen = std::collections::HashSet::new();
        let mut forward_paths = forward_paths;
        forward_paths.retain(|path| seen.insert(path.address.key()));
        if forward_paths.is_empty() {
            return None;
        }
        Some(Self {
            reverse_path,
            forward_paths,
            ret: None,
            id: None,
            smtputf8: false,
        })
    }

    /// Who hears of failures; `None` for a notification, which must never be answered.
    pub fn reverse_path(&self) -> Option<&Address> {
        self.reverse_path.as_ref()
    }

    /// The same transaction with other recipients; `None` without any.
    pub fn with(&self, forward_paths: Vec<ForwardPath>) -> Option<Self> {
        Self::new(self.reverse_path.clone(), forward_paths).map(|other| Self {
            ret: self.ret,
            id: self.id.clone(),
            smtputf8: self.smtputf8,
            ..other
        })
    }

    /// Whom it is for: never empty.
    pub fn forward_paths(&self) -> &[ForwardPath] {
        &self.forward_paths
    }

    /// The addresses it is for.
    pub fn recipients(&self) -> impl Iterator<Item = &Address> {
        self.forward_paths.iter().map(|path| &path.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(address: &str) -> ForwardPath {
        ForwardPath::to(address.parse().expect("valid"))
    }

    #[test]
    fn nobody_is_no_envelope() {
        assert_eq!(Envelope::new(None, vec![]), None);
    }

    #[test]
    fn a_mailbox_named_twice_is_kept_once() {
        let paths = vec![path("a@x.example"), path("A@X.example"), path("b@x.example")];
        let envelope = Envelope::new(None, paths).expect("two are left");
        assert_eq!(envelope.recipients().count(), 2);
    }
}
