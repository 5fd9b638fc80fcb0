//! DANE: whether a certificate is one that DNS vouches for.
//!
//! # Standards
//! RFC 6698 §2.1 (the record), RFC 7671 §5, RFC 7672 §3.1 (usages for SMTP: DANE-TA and DANE-EE alone).

use aws_lc_rs::digest;

/// What a record vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// An authority: DANE-TA(2).
    Authority,
    /// The host's own certificate: DANE-EE(3).
    Host,
    /// Those of the web, which mean nothing to SMTP.
    Other,
}

/// A TLSA record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tlsa {
    /// What it vouches for.
    pub usage: Usage,
    /// 0: the whole certificate; 1: its public key.
    pub selector: u8,
    /// 0: as it is; 1: by SHA-256; 2: by SHA-512.
    pub matching: u8,
    /// What must be met.
    pub octets: Vec<u8>,
}

impl Tlsa {
    /// As it stands in DNS.
    pub fn new(usage: u8, selector: u8, matching: u8, octets: Vec<u8>) -> Self {
        let usage = match usage {
            2 => Usage::Authority,
            3 => Usage::Host,
            _ => Usage::Other,
        };
        Self {
            usage,
            selector,
            matching,
            octets,
        }
    }

    /// Whether it says something that we can check.
    pub fn is_usable(&self) -> bool {
        let length = match self.matching {
            0 => !self.octets.is_empty(),
            1 => self.octets.len() == 32,
            2 => self.octets.len() == 64,
            _ => false,
        };
        self.usage != Usage::Other && self.selector <= 1 && length
    }

    /// Whether it vouches for a certificate, given whole and by its public key (both DER).
    pub fn fits(&self, certificate: &[u8], public_key: &[u8]) -> bool {
        let shown = match self.selector {
            0 => certificate,
            1 => public_key,
            _ => return false,
        };
        match self.matching {
            0 => shown == self.octets,
            1 => digest::digest(&digest::SHA256, shown).as_ref() == self.octets,
            2 => digest::digest(&digest::SHA512, shown).as_ref() == self.octets,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_fits_what_it_names_and_nothing_else() {
        let sha256 = digest::digest(&digest::SHA256, b"key").as_ref().to_vec();
        let record = Tlsa::new(3, 1, 1, sha256.clone());
        assert!(record.is_usable() && record.fits(b"certificate", b"key"));
        assert!(!record.fits(b"key", b"another"));
        assert!(Tlsa::new(2, 0, 0, b"certificate".to_vec()).fits(b"certificate", b"key"));
        let sha512 = digest::digest(&digest::SHA512, b"key").as_ref().to_vec();
        assert!(Tlsa::new(3, 1, 2, sha512).fits(b"certificate", b"key"));
        assert!(!Tlsa::new(3, 7, 1, sha256).fits(b"certificate", b"key"));
    }

    #[test]
    fn what_smtp_does_not_know_is_unusable() {
        assert!(!Tlsa::new(1, 1, 1, vec![0; 32]).is_usable());
        assert!(!Tlsa::new(3, 2, 1, vec![0; 32]).is_usable());
        assert!(!Tlsa::new(3, 1, 9, vec![0; 32]).is_usable());
        assert!(!Tlsa::new(3, 1, 1, vec![0; 31]).is_usable());
    }
}
