//! The signer against RFC 6376's own words, and against a verifier nobody here wrote.

use super::*;

/// Hash of the canonical form, to compare bodies by.
#[track_caller]
fn check(body: &str, canonical: &str) {
    let expected = digest::digest(&digest::SHA256, canonical.as_bytes());
    assert_eq!(body_hash(body.as_bytes()), expected.as_ref(), "{body:?}");
}

#[test]
fn bodies_are_canonicalised_as_rfc_6376_says() {
    // RFC 6376 §3.4.5.
    check(" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n");
    // An empty body has nothing (RFC 6376 §3.4.4).
    check("", "");
    check("\r\n\r\n", "");
    check(" \t\r\n\r\n", "");
    // White space alone on the last lines is an empty line: where mail-auth 0.13 goes wrong.
    check("Hello\r\n \r\n\r\n", "Hello\r\n");
    check("Hello\r\n \r\nyou\r\n", "Hello\r\n\r\nyou\r\n");
    check("no end", "no end\r\n");
}

#[test]
fn fields_are_canonicalised_as_rfc_6376_says() {
    assert_eq!(relaxed(b"A: X\r\n"), b"a:X\r\n");
    assert_eq!(relaxed(b"B : Y\t\r\n\tZ  \r\n"), b"b:Y Z\r\n");
    assert_eq!(relaxed(b"C:\r\n"), b"c:\r\n");
}

fn relaxed(raw: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::new();
    relax(raw, &mut canonical);
    canonical
}

fn signer() -> Signer {
    let pem = new_key().expect("a key");
    Signer::from_pem(&pem, "s1", "lists.mst.example".parse().expect("valid")).expect("our own key")
}

#[test]
fn what_is_no_key_is_named() {
    let domain: Domain = "mst.example".parse().expect("valid");
    let fault = |pem: &str| Signer::from_pem(pem, "s1", domain.clone()).expect_err("no key");
    assert_eq!(fault("hello"), KeyFault::NotPem);
    assert_eq!(
        fault("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        KeyFault::NotRsa
    );
}

fn fields() -> Vec<Field> {
    [
        ("From", "\"A\" <a@lists.mst.example>"),
        ("To", "b@outside.example"),
        ("Subject", "Hi   there"),
        ("List-Unsubscribe", "<https://x>,\r\n <mailto:u@x>"),
        ("CFBL-Address", "f@x; report=arf"),
    ]
    .into_iter()
    .map(|(name, value)| Field::new(name, value).expect("well formed"))
    .collect()
}

#[test]
fn both_unsubscribe_fields_are_signed_and_none_can_be_added() {
    let fields = fields();
    let cover = Cover::new(&fields, &body_hash(b"x\r\n"));
    let signed = signer().sign(&cover, &[], Timestamp::from_micros(0));
    let value = signed.expect("signs").value().replace(['\t', ' '], "");
    assert!(
        value.contains("h=From:To:Subject:List-Unsubscribe:CFBL-Address:From:To:Subject:Date;"),
        "{value}"
    );
    assert!(
        value.contains("a=rsa-sha256;c=relaxed/relaxed;d=lists.mst.example;s=s1;t=0;"),
        "{value}"
    );
}

#[test]
fn a_signature_verifies_with_the_published_key() {
    let signer = signer();
    let fields = fields();
    // Some are a copy's own, and stand above what all share.
    let (own, shared) = fields.split_at(2);
    let cover = Cover::new(shared, &body_hash(b"Hello \r\n"));
    let field = signer.sign(&cover, own, Timestamp::from_micros(0)).expect("signs");
    let mut message = field.raw().to_vec();
    fields.iter().for_each(|field| message.extend_from_slice(field.raw()));
    message.extend_from_slice(b"\r\nHello \r\n");
    let (_, record) = signer.dns_record();
    assert!(verifies(&message, &field, &record));
    assert!(!verifies(
        &message.replace(b"Hi   there", b"Hi   thief"),
        &field,
        &record
    ));
}

/// A verifier of its own: rebuilds the signed input from the message, and asks the library.
fn verifies(message: &[u8], signature_field: &Field, record: &str) -> bool {
    let text = String::from_utf8(message.to_vec()).expect("ASCII");
    let value = signature_field.value().replace(['\t', ' '], "");
    let tag = |name: &str| {
        value
            .split(';')
            .find_map(|t| t.strip_prefix(name))
            .expect("the tag")
            .to_owned()
    };
    let mut input = Vec::new();
    let parsed = crate::mail::Message::parse(text.as_bytes()).expect("a message");
    let mut seen = std::collections::HashMap::<String, usize>::new();
    for name in tag("h=").split(':') {
        let nth = seen.entry(name.to_lowercase()).or_default();
        let found = parsed.header.all(name).collect::<Vec<_>>();
        if let Some(field) = found.len().checked_sub(1 + *nth).and_then(|at| found.get(at)) {
            input.extend_from_slice(&relaxed(field.raw()));
        }
        *nth += 1;
    }
    let raw = String::from_utf8(signature_field.raw().to_vec()).expect("ASCII");
    let (before, _) = raw.rsplit_once("b=").expect("the tag");
    input.extend_from_slice(relaxed(format!("{before}b=\r\n").as_bytes()).trim_ascii_end());
    let public = BASE64
        .decode(record.split_once("p=").expect("the key").1)
        .expect("base64");
    let key = signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, public);
    let is_body_right = BASE64.encode(body_hash(parsed.body())) == tag("bh=");
    is_body_right && key.verify(&input, &BASE64.decode(tag("b=")).expect("base64")).is_ok()
}

trait Replaced {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl Replaced for Vec<u8> {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(self.clone()).expect("ASCII");
        let (from, to) = (
            std::str::from_utf8(from).expect("ASCII"),
            std::str::from_utf8(to).expect("ASCII"),
        );
        text.replace(from, to).into_bytes()
    }
}
