//! Decision or fault → SMTP reply: the one table.
//!
//! The wire gets a plain sentence, the rule's name and our reference; never a path, a table or an inner error. Our own
//! failure is always temporary.

use crate::mail::{Address, Malformed};
use crate::model::{Ask, Finding, MailingId};
use crate::smtp::Reply;
use crate::store::Error;

/// It is held. Policy C14.
pub(super) fn held(id: MailingId, console_url: &str) -> Reply {
    Reply::new(250, (6, 0), format!("Held as {id}, {console_url}/mailing/{id}"))
}

/// It is another version of what was held. Policy C14.
pub(super) fn renewed(id: MailingId, version: u16, console_url: &str) -> Reply {
    Reply::new(
        250,
        (6, 0),
        format!("Held as {id}, version {version}, {console_url}/mailing/{id}"),
    )
}

/// An answer to a notice is noted; what becomes of it is told by mail.
pub(super) fn heard(id: MailingId) -> Reply {
    Reply::new(250, (6, 0), format!("Noted for {id}: you are told what became of it"))
}

/// An answer to a notice whose author could not be proved.
pub(super) fn not_proved() -> Reply {
    Reply::new(
        550,
        (7, 1),
        "Nobody can tell that you wrote this: answer from your campus account, logged in",
    )
}

/// The address of a case that is no more.
pub(super) fn not_theirs(id: MailingId) -> Reply {
    Reply::new(550, (1, 1), format!("There is no case {id}"))
}

/// An answer whose first line is no word we know.
pub(super) fn no_word(id: MailingId) -> Reply {
    Reply::new(
        550,
        (6, 0),
        format!("Begin your answer to {id} with approve, or return: and why, or decline: and why"),
    )
}

/// Its author's answer, with our own notice in it.
pub(super) fn notice_quoted(id: MailingId) -> Reply {
    Reply::new(
        550,
        (6, 0),
        format!("Our notice of {id} is quoted in it: send the changed message alone, or begin with withdraw or agree"),
    )
}

/// It goes.
pub(super) fn passed() -> Reply {
    Reply::new(250, (0, 0), "Accepted")
}

/// It goes at once, before anybody reads it. Policy C17.
pub(super) fn emergency(id: MailingId, console_url: &str) -> Reply {
    Reply::new(250, (0, 0), format!("Goes at once as {id}, {console_url}/mailing/{id}"))
}

/// What came back is noted.
pub(super) fn noted() -> Reply {
    Reply::new(250, (0, 0), "Noted")
}

/// It is too large for a letterbox (RFC 3463: 5.3.4).
pub(super) fn overfull(bytes_max: usize) -> Reply {
    let kib = bytes_max / 1024;
    Reply::new(552, (3, 4), format!("Reports of more than {kib} KiB are not read here"))
}

/// It is refused, every reason on a line of its own.
pub(super) fn refused(findings: &[Finding]) -> Reply {
    let mut reasons = findings.iter().filter_map(|finding| match finding.ask {
        Ask::Refuse { subject, detail } => {
            Some(((subject, detail), format!("{} ({})", finding.sentence, finding.rule)))
        }
        Ask::Hold { .. } | Ask::Note => None,
    });
    let Some((code, first)) = reasons.next() else {
        return Reply::try_again();
    };
    reasons.fold(Reply::new(550, code, first), |reply, (_, sentence)| {
        reply.with_line(sentence)
    })
}

/// There is no such list, or address of ours.
pub(super) fn no_such_list(to: &Address) -> Reply {
    Reply::new(
        550,
        (1, 1),
        format!("There is no list {to}: check the spelling, or ask EMarComm which lists there are"),
    )
}

/// Nobody could be proved to have written it, and no rule has said so.
pub(super) fn nobody() -> Reply {
    Reply::new(550, (7, 1), "Log in with your campus account to send mail")
}

/// It is no message.
pub(super) fn malformed(why: &Malformed) -> Reply {
    Reply::new(554, (6, 0), format!("This is not a valid message: {why}"))
}

/// It has come by here too often (RFC 3463: 5.4.6).
pub(super) fn looping() -> Reply {
    Reply::new(
        554,
        (4, 6),
        "The message has been relayed too often: it is going round in a loop",
    )
}

/// We failed.
pub(super) fn fault(error: &Error) -> Reply {
    match error {
        Error::Full => {
            tracing::error!("the disk of the data folder is full: mail is put off");
            Reply::new(452, (3, 1), "No room on our disk, try again later")
        }
        Error::Conflict | Error::Disk(_) | Error::Unreadable(_) | Error::Closed => {
            tracing::error!(%error, "a message could not be taken; its sender will try again");
            Reply::try_again()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Series;

    #[track_caller]
    fn check(reply: &Reply, expected: &str) {
        assert_eq!(reply.to_string(), format!("{expected}\r\n"));
    }

    #[test]
    fn answers_are_those_of_the_contract() {
        let id = MailingId {
            series: Series::Case,
            year: 2026,
            number: 412,
        };
        check(
            &held(id, "https://bedel.mst.example"),
            "250 2.6.0 Held as MC-2026-0412, https://bedel.mst.example/mailing/MC-2026-0412",
        );
        check(&passed(), "250 2.0.0 Accepted");
        check(&fault(&Error::Full), "452 4.3.1 No room on our disk, try again later");
        for error in [
            Error::Conflict,
            Error::Closed,
            Error::Disk("/var".into()),
            Error::Unreadable("x".into()),
        ] {
            check(
                &fault(&error),
                "451 4.3.0 Temporary failure on our side, try again later",
            );
        }
    }

    #[test]
    fn every_reason_has_a_line_and_holds_are_not_among_them() {
        let finding = |rule: &'static str, ask| Finding {
            rule: rule.into(),
            clause: "C9".into(),
            ask,
            sentence: "Why".into(),
        };
        let findings = [
            finding("hold", Ask::Hold { wants: vec![] }),
            finding("one", Ask::Refuse { subject: 1, detail: 1 }),
            finding("two", Ask::Refuse { subject: 7, detail: 1 }),
        ];
        check(&refused(&findings), "550-5.1.1 Why (one)\r\n550 5.1.1 Why (two)");
    }
}
