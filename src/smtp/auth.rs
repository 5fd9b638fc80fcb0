//! Login exchanges: challenge and response until there are credentials to check.
//!
//! # Standards
//! RFC 4954 (AUTH), RFC 4616 (PLAIN), RFC 4648 §4 (base64). LOGIN has no standard; it is as clients in use speak it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Reply;

/// How a client logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// Account and password in one response.
    Plain,
    /// Account and password one after the other.
    Login,
}

/// A response in base64, which may hold a password: not shown, and wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Response(Zeroizing<String>);

impl Response {
    /// As it stood on the line.
    pub fn new(base64: impl Into<String>) -> Self {
        Self(Zeroizing::new(base64.into()))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Response(..)")
    }
}

/// An account and the password its owner is said to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account's name, as typed.
    pub account: String,
    /// The password; wiped from memory when dropped.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// An exchange that waits for the client's next line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// PLAIN without an initial response.
    Plain,
    /// LOGIN, before the account.
    LoginAccount,
    /// LOGIN, before the password.
    LoginPassword {
        /// What was typed before.
        account: String,
    },
}

/// What comes next in an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Send this reply and wait for a line.
    Challenge(Exchange, Reply),
    /// Check these.
    Check(Credentials),
    /// Send this reply; the exchange is over.
    Fail(Reply),
}

impl Exchange {
    /// Begins with what came on the AUTH line itself; `=` there is an empty response.
    pub fn begin(mechanism: Mechanism, initial: Option<&Response>) -> Turn {
        let exchange = match mechanism {
            Mechanism::Plain => Self::Plain,
            Mechanism::Login => Self::LoginAccount,
        };
        match initial.map(|Response(text)| text.as_str()) {
            None => exchange.ask(),
            Some("=") => exchange.take(""),
            Some(response) => exchange.take(response),
        }
    }

    /// Goes on with a line of the client.
    pub fn respond(self, line: &Zeroizing<Vec<u8>>) -> Turn {
        match std::str::from_utf8(line) {
            Ok("*") => Turn::Fail(Reply::new(501, (0, 0), "Authentication cancelled")),
            Ok(response) => self.take(response),
            Err(_not_text) => Turn::Fail(bad_response()),
        }
    }

    fn ask(self) -> Turn {
        let challenge = match &self {
            Self::Plain => "",
            Self::LoginAccount => "VXNlcm5hbWU6",
            Self::LoginPassword { .. } => "UGFzc3dvcmQ6",
        };
        Turn::Challenge(self, Reply::challenge(challenge))
    }

    fn take(self, response: &str) -> Turn {
        let Some(text) = decode(response) else {
            return Turn::Fail(bad_response());
        };
        match self {
            Self::Plain => plain(&text),
            Self::LoginAccount => Self::LoginPassword {
                account: text.as_str().to_owned(),
            }
            .ask(),
            Self::LoginPassword { account } => check(&account, &text),
        }
    }
}

fn decode(response: &str) -> Option<Zeroizing<String>> {
    let bytes = Zeroizing::new(STANDARD.decode(response).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    Some(Zeroizing::new(text.to_owned()))
}

/// `[authzid] NUL authcid NUL password`; nobody here may act as another.
fn plain(text: &str) -> Turn {
    let mut parts = text.splitn(3, '\0');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(acts_as), Some(account), Some(password)) if acts_as.is_empty() || acts_as == account => {
            check(account, password)
        }
        (Some(_other), Some(_account), Some(_password)) => Turn::Fail(Reply::bad_login()),
        _ => Turn::Fail(bad_response()),
    }
}

fn check(account: &str, password: &str) -> Turn {
    // RFC 4616 §2: neither may be empty nor hold a NUL.
    if [account, password]
        .iter()
        .any(|text| text.is_empty() || text.contains('\0'))
    {
        return Turn::Fail(bad_response());
    }
    Turn::Check(Credentials {
        account: account.to_owned(),
        password: Zeroizing::new(password.to_owned()),
    })
}

fn bad_response() -> Reply {
    Reply::new(501, (5, 2), "Cannot decode the response")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(STANDARD.encode(text).into_bytes())
    }

    #[track_caller]
    fn check_plain(text: &str, expected: Result<(&str, &str), &str>) {
        let found = match Exchange::Plain.respond(&line(text)) {
            Turn::Check(credentials) => Ok((credentials.account, credentials.password.as_str().to_owned())),
            Turn::Fail(reply) => Err(reply.to_string()),
            Turn::Challenge(..) => panic!("PLAIN asks once"),
        };
        match (found, expected) {
            (Ok(found), Ok((account, password))) => assert_eq!(found, (account.into(), password.into())),
            (Err(reply), Err(code)) => assert!(reply.starts_with(code), "{reply}"),
            (found, _) => panic!("{text:?}: {found:?}"),
        }
    }

    #[test]
    fn plain_gives_account_and_password() {
        check_plain("\0ann\0secret", Ok(("ann", "secret")));
        check_plain("ann\0ann\0secret", Ok(("ann", "secret")));
        check_plain("root\0ann\0secret", Err("535 5.7.8"));
        check_plain("ann\0secret", Err("501 5.5.2"));
        check_plain("\0ann\0", Err("501 5.5.2"));
        check_plain("\0ann\0se\0cret", Err("501 5.5.2"));
    }

    #[test]
    fn login_asks_twice() {
        let Turn::Challenge(exchange, first) = Exchange::begin(Mechanism::Login, None) else {
            panic!("asks for the account");
        };
        let Turn::Challenge(exchange, second) = exchange.respond(&line("ann")) else {
            panic!("asks for the password");
        };
        assert_eq!(
            first.to_string() + &second.to_string(),
            "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n"
        );
        let Turn::Check(credentials) = exchange.respond(&line("secret")) else {
            panic!("has both");
        };
        assert_eq!(format!("{credentials:?}"), r#"Credentials { account: "ann", .. }"#);
    }

    #[test]
    fn an_exchange_can_be_cancelled_or_be_no_base64() {
        #[track_caller]
        fn fails(line: &[u8], code: &str) {
            let Turn::Fail(reply) = Exchange::Plain.respond(&Zeroizing::new(line.to_vec())) else {
                panic!("must fail");
            };
            assert!(reply.to_string().starts_with(code), "{reply}");
        }
        fails(b"*", "501 5.0.0");
        fails(b"?", "501 5.5.2");
        fails(b"AGFubgBzZWNyZXQ", "501 5.5.2");
        fails(b"\xff", "501 5.5.2");
        assert!(matches!(
            Exchange::begin(Mechanism::Plain, Some(&Response::new("="))),
            Turn::Fail(_)
        ));
    }
}
