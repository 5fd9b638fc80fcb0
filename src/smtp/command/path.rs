//! Reverse and forward paths: `<mailbox>`, or an obsolete source route before it.
//!
//! # Standards
//! RFC 5321 §4.1.1.2, §4.1.1.3, §4.1.2; appendix C (source routes, which are to be ignored).

use crate::mail::{Address, Domain, Invalid};

/// Parts `FROM:<path> parameters` into path and parameters. A space before `<` is no syntax of the RFC, but much sent.
pub(super) fn split<'a>(argument: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (word, rest) = argument.split_at_checked(keyword.len())?;
    if !word.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = rest.trim_start_matches(' ').strip_prefix('<')?;
    let (path, rest) = rest.split_at_checked(closing_bracket(rest)?)?;
    let rest = rest.strip_prefix('>')?;
    (rest.is_empty() || rest.starts_with(' ')).then_some((path, rest))
}

/// Where the `>` is that stands outside quotes.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.char_indices().find_map(|(at, c)| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return Some(at),
            _ => {}
        }
        None
    })
}

/// The mailbox of a path. A quoted local part that need not be quoted loses its quotes, since both name one mailbox.
pub(super) fn mailbox(path: &str) -> Result<Address, Invalid> {
    let mailbox = match path.starts_with('@') {
        true => without_route(path).ok_or(Invalid::NoAt)?,
        false => path,
    };
    let address: Address = mailbox.parse()?;
    match unquoted(address.local()) {
        Some(plain) => Ok(Address::new(&plain, address.domain().clone()).unwrap_or(address)),
        None => Ok(address),
    }
}

/// What stands after `@hop,@hop:`.
fn without_route(path: &str) -> Option<&str> {
    let (route, mailbox) = path.split_once(':')?;
    let is_hop = |hop: &str| hop.strip_prefix('@').is_some_and(|name| name.parse::<Domain>().is_ok());
    route.split(',').all(is_hop).then_some(mailbox)
}

fn unquoted(local: &str) -> Option<String> {
    let inner = local.strip_prefix('"')?.strip_suffix('"')?;
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next()? } else { c });
    }
    // Still quoted inside: taking it for a quoted string once more would name another mailbox.
    (!plain.starts_with('"')).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(argument: &str, expected: Option<Result<&str, Invalid>>) {
        let found = split(argument, "TO:").map(|(path, _rest)| mailbox(path).map(|a| a.to_string()));
        assert_eq!(found, expected.map(|e| e.map(str::to_owned)));
    }

    #[test]
    fn quotes_are_kept_where_they_are_needed_and_only_there() {
        check(r#"TO:<"a b"@x.example>"#, Some(Ok(r#""a b"@x.example"#)));
        check(r#"TO:<"a>b"@x.example>"#, Some(Ok(r#""a>b"@x.example"#)));
        check(r#"TO:<"a\"> b"@x.example>"#, Some(Ok(r#""a\"> b"@x.example"#)));
        check(
            r#"TO:<"a@y.example"@x.example>"#,
            Some(Ok(r#""a@y.example"@x.example"#)),
        );
        check(r#"TO:<"ann"@x.example>"#, Some(Ok("ann@x.example")));
        check(r#"TO:<"a\nn"@x.example>"#, Some(Ok("ann@x.example")));
        check(r#"TO:<"\"ann\""@x.example>"#, Some(Ok(r#""\"ann\""@x.example"#)));
    }

    #[test]
    fn source_routes_are_ignored() {
        check("TO:<@a.example,@b.example:ann@x.example>", Some(Ok("ann@x.example")));
        check(
            "TO:<@a.example:@b.example:ann@x.example>",
            Some(Err(Invalid::LocalPart)),
        );
        check("TO:<@a b:ann@x.example>", Some(Err(Invalid::NoAt)));
        check("TO:<@a.example>", Some(Err(Invalid::NoAt)));
    }

    #[test]
    fn what_is_no_path_is_none() {
        check("TO:ann@x.example", None);
        check("TO:<ann@x.example", None);
        check(r#"TO:<"ann@x.example>"#, None);
        check("TO:<ann@x.example>NOTIFY=NEVER", None);
        check("FROM:<ann@x.example>", None);
        check("to: <ann@x.example> A=b", Some(Ok("ann@x.example")));
        check("TO:<ann@[192.0.2.1]>", Some(Err(Invalid::Domain)));
        check("TO:<é", None);
    }
}
