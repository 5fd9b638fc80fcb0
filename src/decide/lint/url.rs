//! Where a link goes, taken apart.

use memchr::memmem;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) is_secure: bool,
    /// Before an `@`: what only phishing puts there.
    pub(super) user: Option<String>,
    /// In small letters.
    pub(super) host: String,
    pub(super) port: Option<String>,
    /// Decoded names and values.
    pub(super) query: Vec<(String, String)>,
}

impl Target {
    /// `None` for what is no web address, such as `mailto:`.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        let (scheme, rest) = url.split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return None;
        }
        let rest = rest.trim_start_matches(['/', '\\']);
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, authority),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.to_owned())),
            Some(_) | None => (place, None),
        };
        let query = path.split_once('?').map_or("", |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        Some(Self {
            is_secure: scheme == "https",
            user,
            host: host.trim_end_matches('.').to_lowercase(),
            port,
            query: query.split(['&', ';']).filter_map(pair).collect(),
        })
    }

    /// Whether the host is a number.
    pub(super) fn is_number(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<Ipv4Addr>().is_ok()
            || bare.parse::<Ipv6Addr>().is_ok()
            || (!bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()))
            || bare
                .strip_prefix("0x")
                .is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// Whether the port is another than the scheme's own.
    pub(super) fn odd_port(&self) -> Option<&str> {
        let own = if self.is_secure { "443" } else { "80" };
        self.port.as_deref().filter(|port| !port.is_empty() && *port != own)
    }

    /// Whether the host is one of these, or below one.
    pub(super) fn is_of(&self, hosts: &[String]) -> bool {
        hosts.iter().any(|host| is_within(&self.host, host))
    }
}

/// Whether a host is another, or below it.
pub(super) fn is_within(host: &str, other: &str) -> bool {
    host == other || host.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'))
}

/// Letters of more than one script in one label, as those of look-alikes (UTS 39).
pub(super) fn is_mixed(host: &str) -> bool {
    let (shown, _faulty) = idna::domain_to_unicode(host);
    shown.split('.').any(|label| {
        let has = |is: fn(char) -> bool| label.chars().any(is);
        let latin = has(|c| c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}'));
        let greek = has(|c| matches!(c, '\u{370}'..='\u{3ff}'));
        let cyrillic = has(|c| matches!(c, '\u{400}'..='\u{52f}'));
        // A whole label of Cyrillic can look Latin too; under a Latin suffix no campus link needs one.
        usize::from(latin) + usize::from(greek) + usize::from(cyrillic) > 1 || greek || cyrillic
    })
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    Some((decoded(name), decoded(value)))
}

/// Percent signs undone; what is no UTF-8 afterwards is replaced.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = |byte: Option<u8>| {
            char::from(byte?)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The web addresses in running text.
pub(super) fn in_text(text: &str) -> Vec<&str> {
    let is_part = |c: char| !c.is_whitespace() && !"<>\"'`".contains(c);
    // Most texts have none.
    let text = if memmem::find(text.as_bytes(), b"://").is_some() {
        text
    } else {
        ""
    };
    super::find::runs(text, is_part)
        .filter(|run| run.word.contains("://"))
        .filter_map(|run| {
            let lower = run.word.to_ascii_lowercase();
            let at = lower.find("https://").or_else(|| lower.find("http://"))?;
            Some(
                run.word
                    .get(at..)?
                    .trim_end_matches(['.', ',', ';', ')', ']', '!', '?', ':']),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let target = Target::parse("HTTP://user@Login.Example.:8080/a?q=https%3A%2F%2Fb&c=d#e").expect("a web address");
        assert_eq!(target.host, "login.example");
        assert_eq!(target.user.as_deref(), Some("user"));
        assert_eq!(target.odd_port(), Some("8080"));
        assert_eq!(target.query[0], ("q".into(), "https://b".into()));
        assert_eq!(Target::parse("mailto:records@mst.example"), None);
    }

    #[test]
    fn numbers_for_hosts_are_seen() {
        for url in ["http://10.0.0.1/", "http://[::1]/", "http://3232235777/"] {
            assert!(Target::parse(url).expect("a web address").is_number(), "{url}");
        }
        assert!(!Target::parse("https://10.example/").expect("a web address").is_number());
    }

    #[test]
    fn look_alikes_are_seen() {
        assert!(is_mixed("xn--mt-elc.example"));
        assert!(!is_mixed("münchen.example"));
    }

    #[test]
    fn running_text_has_links() {
        assert_eq!(
            in_text("see (https://mst.example/a). or http://b"),
            ["https://mst.example/a", "http://b"]
        );
    }
}
