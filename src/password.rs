//! Passwords of accounts: hashed to be kept, verified when somebody signs in.
//!
//! Whoever checks a login (SMTP AUTH, the console) or sets a password (the command line) comes here, so that there is one
//! set of costs. A hash carries its own costs and salt: raising the default later leaves the old ones good.
//!
//! Both functions take some tens of milliseconds and 19 MiB by design; async callers run them in `spawn_blocking`.
//!
//! # Standards
//! Argon2id at the costs of OWASP's first choice (19 MiB, 2 passes, 1 lane); the PHC string format.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// The Argon2id hash of a password under a fresh salt, in PHC form: `$argon2id$v=19$m=19456,t=2,p=1$…`.
pub fn hash(password: &str) -> String {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .expect("the costs are constants in range, and the system has randomness once it runs");
    hash.to_string()
}

/// Whether the password is the one `hash` was made of.
///
/// Without a hash (no such account, or one without a password), and with one that is no hash, the answer is no after the
/// same work: the time it takes tells nobody which accounts exist.
pub fn verify(hash: Option<&str>, password: &str) -> bool {
    let Some(known) = hash.and_then(|hash| PasswordHash::new(hash).ok()) else {
        drop(self::hash(password));
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &known).is_ok()
}

/// A secret for an authenticator: 160 bits in base32 (RFC 4226 §4).
pub fn new_second_factor() -> String {
    let mut bits = [0; 20];
    // INVARIANT: the system's randomness was good enough for the keys we started with.
    aws_lc_rs::rand::fill(&mut bits).expect("the system has randomness");
    data_encoding::BASE32_NOPAD.encode(&bits)
}

/// The step of 30 s whose code this is, now or one step off (RFC 6238 §5.2); `None` when it is no code of now.
pub fn second_factor_step(secret: &str, code: &str, unix_seconds: i64) -> Option<i64> {
    let key = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let now = unix_seconds.div_euclid(30);
    let is_code = |step: &i64| one_time_code(&key, *step) == Some(code.trim().to_owned());
    [now, now - 1, now + 1].into_iter().find(is_code)
}

/// RFC 4226 §5.3: six digits.
fn one_time_code(key: &aws_lc_rs::hmac::Key, step: i64) -> Option<String> {
    let tag = aws_lc_rs::hmac::sign(key, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref().last()? & 0x0f);
    let four: [u8; 4] = tag.as_ref().get(offset..offset + 4)?.try_into().ok()?;
    Some(format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_verifies() {
        let kept = hash("correct horse");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(Some(&kept), "correct horse"));
        assert!(!verify(Some(&kept), "Correct horse"));
        assert!(!verify(Some(&kept), ""));
        assert_ne!(kept, hash("correct horse"), "each hash has its own salt");
    }

    #[test]
    fn no_account_and_no_hash_are_a_no() {
        assert!(!verify(None, ""));
        assert!(!verify(Some("plain text"), "plain text"));
        assert!(!verify(Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"), "x"));
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        let secret = data_encoding::BASE32_NOPAD.encode(b"12345678901234567890");
        assert_eq!(second_factor_step(&secret, "287082", 59), Some(1));
        assert_eq!(second_factor_step(&secret, "081804", 1_111_111_109), Some(37_037_036));
        assert_eq!(second_factor_step(&secret, "287082", 59 + 90), None);
    }
}
