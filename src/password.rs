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
}
