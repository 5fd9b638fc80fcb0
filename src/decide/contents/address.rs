//! Addresses in any text: what stands around an `@`, when it could be somebody's.

use memchr::memmem;

/// Characters a local part may have without quotes.
const LOCAL: &str = ".!#$%&'*+/=?^_`{|}~-";
/// Endings that are files, not domains: pictures that Outlook names by Content-ID.
const FILES: [&str; 7] = ["png", "jpg", "jpeg", "gif", "bmp", "svg", "webp"];

/// Every address, in lower case, as often as it stands there.
pub(super) fn find(text: &str) -> impl Iterator<Item = String> + '_ {
    let octets = text.as_bytes();
    let plain = memchr::memchr_iter(b'@', octets).map(|at| (at, at + 1));
    let encoded = memmem::find_iter(octets, "%40").map(|at| (at, at + 3));
    let entity = memmem::find_iter(octets, "&#64;").map(|at| (at, at + 5));
    plain.chain(encoded).chain(entity).filter_map(|(end, start)| {
        let local = local_before(text.get(..end)?);
        let domain = domain_after(text.get(start..)?);
        let is_link = text.get(..end)?.ends_with("cid:");
        (is_address(local, &domain) && !is_link).then(|| format!("{local}@{domain}").to_lowercase())
    })
}

fn local_before(text: &str) -> &str {
    let is_local = |c: char| c.is_alphanumeric() || LOCAL.contains(c);
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_local(*c))
        .last()
        .map_or(text.len(), |(at, _)| at);
    let local = text.get(start..).unwrap_or_default();
    // A query's `email=`, a path, or what stands before an entity is not the local part.
    let local = local
        .rsplit(['=', '/', '?', '&', '{', '}', '|', '`'])
        .next()
        .unwrap_or_default();
    local.trim_matches(['.', '\'', '*', '!', '#', '$', '%', '^', '~', '-', '+'])
}

fn domain_after(text: &str) -> String {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '.' && c != '-')
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_matches(['.', '-']).to_owned()
}

fn is_address(local: &str, domain: &str) -> bool {
    let ending = domain.rsplit('.').next().unwrap_or_default();
    let is_domain = domain.contains('.')
        && !domain.contains("..")
        && domain.len() <= 253
        && ending.chars().count() >= 2
        && ending.chars().all(char::is_alphabetic);
    // `image001.png@01D9A1B2.4C5D6E70` has no domain; `logo.png@mail.example` is no person.
    let is_file = FILES
        .iter()
        .any(|file| local.to_lowercase().ends_with(&format!(".{file}")));
    !local.is_empty() && local.len() <= 64 && is_domain && !is_file
}
