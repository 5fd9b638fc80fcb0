//! Broke: why a connection to another host is of no use, in words that people read. The log has the library's own.

use std::io::{self, ErrorKind};

use rustls::{CertificateError, Error as TlsError};

/// Names that a certificate is for, of which so many are said.
const NAMES_MAX: usize = 3;

/// How the system's words begin when a name is not found; they have no kind of their own.
const NO_ADDRESS: &str = "failed to lookup address information";

/// A fault that we have put into words ourselves.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Own(String);

/// A fault of ours to find, in words that people read.
pub fn own(kind: ErrorKind, words: impl Into<String>) -> io::Error {
    io::Error::new(kind, Own(words.into()))
}

/// What each kind of fault means, without the system's words and numbers.
const KINDS: &[(ErrorKind, &str)] = &[
    (ErrorKind::UnexpectedEof, "the host hung up"),
    (ErrorKind::BrokenPipe, "the host hung up"),
    (ErrorKind::WriteZero, "the host hung up"),
    (ErrorKind::ConnectionReset, "the connection was reset"),
    (ErrorKind::ConnectionAborted, "the connection was reset"),
    (ErrorKind::ConnectionRefused, "the connection was refused"),
    (ErrorKind::TimedOut, "the host did not answer in time"),
    (ErrorKind::HostUnreachable, "no way leads to the host"),
    (ErrorKind::NetworkUnreachable, "no way leads to its network"),
    (ErrorKind::NetworkDown, "the network is down here"),
    (ErrorKind::AddrNotAvailable, "this machine does not have that address"),
    (ErrorKind::AddrInUse, "no port is free here"),
    (ErrorKind::PermissionDenied, "this machine does not permit it"),
];

/// Why a connection broke, or never stood.
pub fn words(error: &io::Error) -> String {
    let inner = error.get_ref();
    if let Some(own) = inner.and_then(|inner| inner.downcast_ref::<Own>()) {
        return own.to_string();
    }
    if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<TlsError>()) {
        return format!("TLS failed: {}", tls_words(tls));
    }
    if error.to_string().starts_with(NO_ADDRESS) {
        return "its name leads to no address".to_owned();
    }
    let known = KINDS.iter().find(|(kind, _)| *kind == error.kind());
    known.map_or("the connection broke", |(_, words)| words).to_owned()
}

/// Why TLS with a host failed.
pub fn tls_words(error: &TlsError) -> String {
    if let TlsError::InvalidCertificate(why) = error {
        return certificate_words(why);
    }
    if let TlsError::AlertReceived(alert) = error {
        return format!("the host gave up: {}", apart(&format!("{alert:?}")));
    }
    let known = if matches!(error, TlsError::InvalidMessage(_)) {
        "what the host says is no TLS"
    } else if matches!(error, TlsError::PeerIncompatible(_)) {
        "the host has no version or cipher that we have"
    } else if matches!(error, TlsError::PeerMisbehaved(_)) || is_out_of_turn(error) {
        "the host does not keep to TLS"
    } else if matches!(error, TlsError::DecryptError) {
        "what the host sends cannot be decrypted"
    } else if matches!(error, TlsError::NoCertificatesPresented) {
        "the host has no certificate"
    } else {
        "no encrypted connection came about"
    };
    known.to_owned()
}

fn is_out_of_turn(error: &TlsError) -> bool {
    matches!(
        error,
        TlsError::InappropriateMessage { .. }
            | TlsError::InappropriateHandshakeMessage { .. }
            | TlsError::PeerSentOversizedRecord
    )
}

/// Why a certificate is not accepted.
fn certificate_words(why: &CertificateError) -> String {
    if let CertificateError::NotValidForNameContext { presented, .. } = why {
        return for_others(presented);
    }
    let known = if matches!(why, CertificateError::Expired | CertificateError::ExpiredContext { .. }) {
        "its certificate has expired"
    } else if matches!(
        why,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }
    ) {
        "its certificate is not valid yet"
    } else if matches!(why, CertificateError::UnknownIssuer) {
        "its certificate comes from nobody whom we believe"
    } else if matches!(why, CertificateError::NotValidForName) {
        "its certificate is for another name"
    } else if matches!(why, CertificateError::Revoked) {
        "its certificate was revoked"
    } else if matches!(why, CertificateError::BadEncoding) {
        "its certificate cannot be read"
    } else if matches!(
        why,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }
    ) {
        "its certificate is not one for a server"
    } else {
        "its certificate is not in order"
    };
    known.to_owned()
}

/// `DnsName("mx.example")` is how the library writes a name.
fn for_others(presented: &[String]) -> String {
    let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    let names: Vec<String> = presented.iter().take(NAMES_MAX).map(bare).collect();
    match (names.is_empty(), presented.len() > NAMES_MAX) {
        (true, _) => "its certificate is for no name".to_owned(),
        (false, false) => format!("its certificate is for {}", names.join(", ")),
        (false, true) => format!("its certificate is for {} and others", names.join(", ")),
    }
}

/// `HandshakeFailure` as `handshake failure`.
fn apart(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, InvalidMessage, PeerIncompatible, PeerMisbehaved};

    use super::*;

    #[test]
    fn what_breaks_is_said_without_the_systems_words() {
        for (kind, said) in KINDS {
            for error in [
                io::Error::from(*kind),
                io::Error::new(*kind, "see https://docs.example/errors"),
            ] {
                assert_eq!(words(&error), *said, "{kind:?}");
            }
        }
        for (number, said) in [
            (32, "the host hung up"),
            (101, "no way leads to its network"),
            (104, "the connection was reset"),
            (110, "the host did not answer in time"),
            (111, "the connection was refused"),
            (113, "no way leads to the host"),
            (24, "the connection broke"),
        ] {
            assert_eq!(words(&io::Error::from_raw_os_error(number)), said, "{number}");
        }
        let lost = io::Error::other("failed to lookup address information: Name or service not known");
        assert_eq!(words(&lost), "its name leads to no address");
        assert_eq!(words(&own(ErrorKind::TimedOut, "no word in 300 s")), "no word in 300 s");
    }

    #[test]
    fn what_fails_under_tls_is_said_with_its_reason() {
        let others = |names: &[&str]| CertificateError::NotValidForNameContext {
            expected: "mx.example".try_into().expect("a name"),
            presented: names.iter().map(|name| format!("DnsName(\"{name}\")")).collect(),
        };
        for (error, said) in [
            (CertificateError::Expired.into(), "its certificate has expired"),
            (CertificateError::NotValidYet.into(), "its certificate is not valid yet"),
            (
                CertificateError::UnknownIssuer.into(),
                "its certificate comes from nobody whom we believe",
            ),
            (
                CertificateError::NotValidForName.into(),
                "its certificate is for another name",
            ),
            (others(&[]).into(), "its certificate is for no name"),
            (others(&["a.example"]).into(), "its certificate is for a.example"),
            (
                others(&["a", "b", "c", "d"]).into(),
                "its certificate is for a, b, c and others",
            ),
            (CertificateError::Revoked.into(), "its certificate was revoked"),
            (CertificateError::BadEncoding.into(), "its certificate cannot be read"),
            (
                CertificateError::InvalidPurpose.into(),
                "its certificate is not one for a server",
            ),
            (CertificateError::BadSignature.into(), "its certificate is not in order"),
            (
                TlsError::AlertReceived(AlertDescription::HandshakeFailure),
                "the host gave up: handshake failure",
            ),
            (
                TlsError::InvalidMessage(InvalidMessage::InvalidContentType),
                "what the host says is no TLS",
            ),
            (
                PeerIncompatible::NoCipherSuitesInCommon.into(),
                "the host has no version or cipher that we have",
            ),
            (
                PeerMisbehaved::SelectedUnofferedCipherSuite.into(),
                "the host does not keep to TLS",
            ),
            (TlsError::PeerSentOversizedRecord, "the host does not keep to TLS"),
            (TlsError::DecryptError, "what the host sends cannot be decrypted"),
            (TlsError::NoCertificatesPresented, "the host has no certificate"),
            (TlsError::EncryptError, "no encrypted connection came about"),
        ] {
            let (error, said): (TlsError, &str) = (error, said);
            assert_eq!(tls_words(&error), said);
            let wrapped = io::Error::new(ErrorKind::InvalidData, error);
            assert_eq!(words(&wrapped), format!("TLS failed: {said}"));
        }
    }
}
