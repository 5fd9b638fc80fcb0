//! Broke: why a next hop is of no use, in words that people read; the log has the library's own.

use std::io;

use super::Unreachable;
use crate::mail::Status;
use crate::stage::broke::{tls_words, words};

/// Why a host cannot be greeted.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not here is of logins and of composing mail: we do neither with this library"
)]
pub(super) fn client_words(error: &mail_send::Error) -> String {
    match error {
        mail_send::Error::Io(error) => words(error),
        mail_send::Error::Tls(error) => tls_words(error),
        mail_send::Error::UnexpectedReply(reply) => format!("the host said {}", status(reply)),
        mail_send::Error::UnparseableReply => "the host hung up, or said what is no reply".to_owned(),
        mail_send::Error::Timeout => "the host did not answer in time".to_owned(),
        mail_send::Error::InvalidTLSName => "its name is none that a certificate can bear".to_owned(),
        _ => "the host could not be talked to".to_owned(),
    }
}

impl From<mail_send::Error> for Unreachable {
    fn from(error: mail_send::Error) -> Self {
        tracing::info!(%error, "a next hop could not be greeted");
        if let mail_send::Error::UnexpectedReply(reply) = &error {
            return Self::Said(status(reply));
        }
        Self::Not(client_words(&error))
    }
}

impl From<io::Error> for Unreachable {
    fn from(error: io::Error) -> Self {
        tracing::info!(%error, "a next hop could not be connected to");
        Self::Not(words(&error))
    }
}

fn status(reply: &smtp_proto::Response<String>) -> Status {
    let [class, subject, detail] = reply.esc;
    Status {
        code: reply.code,
        enhanced: (class > 0).then(|| (class, subject.into(), detail.into())),
        text: reply.message.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_host_that_says_no_to_ehlo_is_heard() {
        let reply = smtp_proto::Response {
            code: 421,
            esc: [4, 7, 0],
            message: "Too many\r\nconnections".to_owned(),
        };
        let said = Unreachable::from(mail_send::Error::UnexpectedReply(reply.clone()));
        assert_eq!(
            said.to_string(),
            "the next hop takes no connection: 421 4.7.0 Too many connections"
        );
        assert_eq!(
            client_words(&mail_send::Error::UnexpectedReply(reply)),
            "the host said 421 4.7.0 Too many connections"
        );
        for (error, said) in [
            (mail_send::Error::Timeout, "the host did not answer in time"),
            (
                mail_send::Error::UnparseableReply,
                "the host hung up, or said what is no reply",
            ),
            (
                mail_send::Error::InvalidTLSName,
                "its name is none that a certificate can bear",
            ),
            (
                mail_send::Error::Io(ErrorKind::ConnectionReset.into()),
                "the connection was reset",
            ),
            (mail_send::Error::MissingStartTls, "the host could not be talked to"),
        ] {
            assert_eq!(client_words(&error), said);
        }
    }
}
