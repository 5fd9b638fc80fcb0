//! DKIM: sign a copy, with the body hashed once a mailing.
//!
//! Relaxed/relaxed, rsa-sha256. What all copies share is canonicalised and hashed once; a copy adds its own fields and
//! one RSA signature, which is all the work there has to be.
//!
//! # Standards
//! RFC 6376 §3.4.2, §3.4.4 (relaxed), §3.5 (tags), §3.7 (hashes), §5.4 (what to sign); RFC 8301 (algorithm, key size).

mod cover;
mod signers;

pub use cover::Cover;
pub use signers::Signers;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, KeyPair as _, RsaKeyPair};
use aws_lc_rs::{digest, encoding::AsDer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::mail::{Domain, Field, Timestamp};

/// Fields signed where present, in the order of `h=`.
const SIGNED: [&str; 21] = [
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Help",
    "List-Post",
    "Feedback-ID",
    "CFBL-Address",
    "CFBL-Feedback-ID",
    "Precedence",
    "Auto-Submitted",
];
/// Fields named once more than they occur, so that none can be added (RFC 6376 §8.15).
const SEALED: [&str; 4] = ["From", "To", "Subject", "Date"];

/// A key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No PEM block of a PKCS#8 key.
    #[error("it holds no PEM block \"PRIVATE KEY\" (PKCS#8)")]
    NotPem,
    /// No RSA key, or a short one.
    #[error("it holds no RSA key of 2048 bits or more (RFC 8301 §3.2)")]
    NotRsa,
}

/// The key that signs, its domain and its selector.
pub struct Signer {
    domain: Domain,
    selector: String,
    key: RsaKeyPair,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({}._domainkey.{})", self.selector, self.domain)
    }
}

impl Signer {
    /// The domain it signs for.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// A signer from a PKCS#8 key in PEM.
    pub fn from_pem(pem: &str, selector: &str, domain: Domain) -> Result<Self, KeyFault> {
        let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----").ok_or(KeyFault::NotPem)?;
        let (body, _) = rest.split_once("-----END PRIVATE KEY-----").ok_or(KeyFault::NotPem)?;
        let body: String = body.split_whitespace().collect();
        let der = BASE64.decode(body).map_err(|_source| KeyFault::NotPem)?;
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|_source| KeyFault::NotRsa)?;
        Ok(Self {
            domain,
            selector: selector.to_owned(),
            key,
        })
    }

    /// The name and value of the TXT record that the public key is published in.
    pub fn dns_record(&self) -> (String, String) {
        let public = self
            .key
            .public_key()
            .as_der()
            .map(|der| BASE64.encode(der.as_ref()))
            .unwrap_or_default();
        (
            format!("{}._domainkey.{}", self.selector, self.domain),
            format!("v=DKIM1; k=rsa; p={public}"),
        )
    }

    /// The DKIM-Signature field of a copy: over the shared fields of its mailing, its own, and the body they share.
    pub fn sign(&self, cover: &Cover, own: &[Field], now: Timestamp) -> Result<Field, SignFault> {
        let (names, mut input) = cover.with(own);
        let unsigned = self.unsigned(&names, cover.body_hash(), now);
        // The field itself comes last, its `b=` empty and without a CRLF (RFC 6376 §3.7).
        relax(unsigned.as_bytes(), &mut input);
        input.truncate(input.trim_ascii_end().len());
        let mut signed = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), &input, &mut signed)
            .map_err(|_unspecified| SignFault)?;
        let b = folded(&BASE64.encode(&signed));
        let value = unsigned.trim_end().strip_prefix("DKIM-Signature: ").unwrap_or_default();
        Field::new("DKIM-Signature", &format!("{value}{b}")).map_err(|_malformed| SignFault)
    }

    fn unsigned(&self, names: &[&str], body_hash: &str, now: Timestamp) -> String {
        let Self { selector, domain, .. } = self;
        let at = now.as_micros() / 1_000_000;
        let mut h = String::new();
        for line in names.chunks(5) {
            if !h.is_empty() {
                h.push_str(":\r\n\t ");
            }
            h.push_str(&line.join(":"));
        }
        format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={at};\r\n\tbh={body_hash};\r\n\th={h};\r\n\tb=\r\n"
        )
    }
}

/// The library did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the DKIM key did not sign")]
pub struct SignFault;

/// A new RSA-2048 key, as PKCS#8 in PEM. The randomness is the library's own.
pub fn new_key() -> Result<String, SignFault> {
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_unspecified| SignFault)?;
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).map_err(|_unspecified| SignFault)?;
    let body = BASE64.encode(der.as_ref());
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    Ok(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    ))
}

/// The hash of a body, relaxed (RFC 6376 §3.4.4).
pub fn body_hash(body: &[u8]) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    // Empty lines count only when something follows them.
    let mut empty_lines = 0;
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        let text = line
            .strip_suffix(b"\r\n")
            .or_else(|| line.strip_suffix(b"\n"))
            .unwrap_or(line);
        let text = collapsed(text);
        if text.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            hash.update(b"\r\n");
        }
        hash.update(&text);
        hash.update(b"\r\n");
    }
    let mut octets = [0; 32];
    octets.copy_from_slice(hash.finish().as_ref());
    octets
}

/// Appends a field in relaxed form: `name:value` and CRLF.
fn relax(raw: &[u8], out: &mut Vec<u8>) {
    let colon = raw.iter().position(|&byte| byte == b':').unwrap_or(raw.len());
    let (name, value) = raw.split_at_checked(colon).unwrap_or((raw, &[]));
    out.extend(name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let value = value.get(1..).unwrap_or_default();
    let is_gap = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    for (number, word) in value.split(is_gap).filter(|word| !word.is_empty()).enumerate() {
        if number > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    out.extend_from_slice(b"\r\n");
}

/// Runs of white space become one space, and those at the end vanish.
fn collapsed(text: &[u8]) -> Vec<u8> {
    let mut collapsed = Vec::with_capacity(text.len());
    let mut gap = false;
    for &byte in text {
        if matches!(byte, b' ' | b'\t') {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            collapsed.push(b' ');
        }
        collapsed.push(byte);
    }
    collapsed
}

/// Base64 over lines of 72, as a folded value.
fn folded(base64: &str) -> String {
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(72)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    lines.join("\r\n\t ")
}

#[cfg(test)]
mod tests;
