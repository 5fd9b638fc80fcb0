//! Status: what a server said about one recipient or one message.
//!
//! # Standards
//! RFC 5321 §4.2 (reply codes), RFC 3463 (enhanced codes), RFC 2034.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether trying again can help; read off the first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    /// 2yz: it took it.
    Positive,
    /// 4yz, and everything that is neither 2yz nor 5yz: not now.
    Temporary,
    /// 5yz: never.
    Permanent,
}

/// A reply code, its enhanced code when there is one, and its text on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The three digits, such as 550.
    pub code: u16,
    /// Class, subject, detail, such as 5.1.1.
    pub enhanced: Option<(u8, u16, u16)>,
    /// What the server said, without the codes.
    pub text: String,
}

impl Status {
    /// A status with an enhanced code whose class follows from the reply code.
    pub fn new(code: u16, subject: u16, detail: u16, text: impl Into<String>) -> Self {
        let class = u8::try_from(code / 100).unwrap_or(4);
        Self {
            code,
            enhanced: Some((class, subject, detail)),
            text: text.into(),
        }
    }

    /// What the first digit says.
    pub fn severity(&self) -> Severity {
        match self.code {
            200..=299 => Severity::Positive,
            500..=599 => Severity::Permanent,
            _ => Severity::Temporary,
        }
    }

    /// The enhanced code as text, `5.1.1`; without one the class alone says it, `5.0.0`.
    pub fn enhanced_text(&self) -> String {
        let (class, subject, detail) = self.enhanced.unwrap_or_else(|| {
            let class = match self.severity() {
                Severity::Positive => 2,
                Severity::Temporary => 4,
                Severity::Permanent => 5,
            };
            (class, 0, 0)
        });
        format!("{class}.{subject}.{detail}")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.code, self.enhanced_text(), self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_follows_from_the_code() {
        assert_eq!(
            Status::new(550, 1, 1, "no such user").to_string(),
            "550 5.1.1 no such user"
        );
        let plain = Status {
            code: 421,
            enhanced: None,
            text: "busy".into(),
        };
        assert_eq!(
            (plain.severity(), plain.enhanced_text()),
            (Severity::Temporary, "4.0.0".to_owned())
        );
    }
}
