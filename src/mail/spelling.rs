//! One spelling for all spellings of a mailbox: to match by, never to send to.
//!
//! Only its own host may say what a local part means, so dots and what follows a plus are taken away only where the
//! provider says that they make no difference. Everywhere else lower case is all that is done.
//!
//! # Standards
//! RFC 5233 (sub-addresses).

use super::Mailbox;

/// What makes no difference in the local parts of one provider.
struct Provider {
    domains: &'static [&'static str],
    /// Its mailboxes are the same under each of its domains: written with this one.
    one_domain: Option<&'static str>,
    /// Characters that may stand anywhere or nowhere.
    ignored: &'static [char],
}

/// As the providers' own help pages say; each takes `name+anything` for `name`.
const PROVIDERS: [Provider; 5] = [
    Provider {
        domains: &["gmail.com", "googlemail.com"],
        one_domain: Some("gmail.com"),
        ignored: &['.'],
    },
    Provider {
        domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"],
        one_domain: None,
        ignored: &[],
    },
    Provider {
        domains: &["icloud.com", "me.com", "mac.com"],
        one_domain: Some("icloud.com"),
        ignored: &[],
    },
    Provider {
        domains: &["proton.me", "protonmail.com", "pm.me"],
        one_domain: None,
        ignored: &['.', '-', '_'],
    },
    Provider {
        domains: &["fastmail.com", "fastmail.fm"],
        one_domain: None,
        ignored: &[],
    },
];

/// Writes the one spelling of a mailbox over what `into` held.
pub(super) fn spell(mailbox: Mailbox<'_>, into: &mut String) {
    into.clear();
    let provider = PROVIDERS
        .iter()
        .find(|provider| provider.domains.contains(&mailbox.domain));
    let local = match provider {
        Some(_) => mailbox.local.split('+').next().unwrap_or(mailbox.local),
        None => mailbox.local,
    };
    let ignored = provider.map(|provider| provider.ignored).unwrap_or_default();
    let kept = local.chars().filter(|c| !ignored.contains(c));
    into.extend(kept.flat_map(char::to_lowercase));
    into.push('@');
    into.push_str(
        provider
            .and_then(|provider| provider.one_domain)
            .unwrap_or(mailbox.domain),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, is_same: bool) {
        let spelled = |text: &str| {
            let (local, domain) = text.rsplit_once('@').expect("an address");
            let mut spelled = String::new();
            spell(Mailbox { local, domain }, &mut spelled);
            spelled
        };
        assert_eq!(spelled(one) == spelled(other), is_same, "{one} {other}");
    }

    #[test]
    fn spellings_of_one_mailbox_are_one_where_the_provider_says_so() {
        check("Ann.Lee@mst.example", "ann.lee@mst.example", true);
        check("a.n.n+news@gmail.com", "ann@googlemail.com", true);
        check("ann+news@outlook.com", "ann@outlook.com", true);
        check("a.nn@outlook.com", "ann@outlook.com", false);
        check("ann@outlook.com", "ann@hotmail.com", false);
        check("ann@me.com", "ann@icloud.com", true);
        check("a-n_n@proton.me", "ann@proton.me", true);
        check("ann@proton.me", "ann@pm.me", false);
    }

    #[test]
    fn everywhere_else_only_the_case_is_nothing() {
        check("a.nn@mst.example", "ann@mst.example", false);
        check("ann+news@mst.example", "ann@mst.example", false);
        check("JÖRG@mst.example", "jörg@mst.example", true);
    }
}
