//! What came back? A bounce, read; and what a status says of a mailbox.
//!
//! # Standards
//! RFC 3464 (delivery status notifications), RFC 3463 (enhanced codes), RFC 3834 (what is automatic, and no bounce).

mod dsn;
mod word;

pub use dsn::read_dsn;
pub use word::read_word;

use crate::mail::Status;

/// Whether a status says that the mailbox does not exist, for good.
///
/// 5.1.1 bad mailbox, 5.1.2 bad system, 5.1.3 bad syntax,
/// 5.1.6 moved, 5.1.10 null MX (RFC 7505). A full or a blocked one (5.2.x, 5.7.x) may be written to again.
pub fn is_gone(status: &Status) -> bool {
    status.code / 100 == 5 && matches!(status.enhanced, Some((5, 1, 1 | 2 | 3 | 6 | 10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mailbox_that_is_not_there_is_gone() {
        assert!(is_gone(&Status::new(550, 1, 1, "")));
        for status in [
            Status::new(450, 1, 1, ""),
            Status::new(552, 2, 2, ""),
            Status::new(550, 7, 1, ""),
        ] {
            assert!(!is_gone(&status), "{status}");
        }
        assert!(!is_gone(&Status {
            code: 550,
            enhanced: None,
            text: "User unknown?".into()
        }));
    }
}
