//! What a next hop's certificate is checked against: nothing, the authorities we believe, or what DNS vouches for.
//!
//! # Standards
//! RFC 7672 §3.1 (DANE-EE: neither names nor dates are looked at; DANE-TA: the host's name is).

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::RelayTls;
use crate::decide::route::Assurance;
use crate::decide::route::dane::{Tlsa, Usage};

/// The authorities cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TrustFault {
    /// The PEM file.
    #[error("cannot read the authorities in {path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// There is none to trust.
    #[error("tls = \"verified\" has no authority to check against; set relay.ca_file")]
    Nobody,
    /// The TLS library.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// What a smarthost's certificate is checked against.
///
/// For `verified` the authorities of the file, or of the system; otherwise nothing, since an encrypted way to whoever answers is still better than a plain one.
pub fn trust(tls: RelayTls, ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TrustFault> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let config = if tls == RelayTls::Verified {
        builder.with_root_certificates(roots(ca_file)?).with_no_client_auth()
    } else {
        let anybody = Arc::new(Anybody(provider.signature_verification_algorithms));
        builder
            .dangerous()
            .with_custom_certificate_verifier(anybody)
            .with_no_client_auth()
    };
    Ok(Arc::new(config))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TrustFault> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let fault = |reason: String| TrustFault::File {
                path: path.display().to_string(),
                reason,
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| fault(e.to_string()))? {
                roots
                    .add(certificate.map_err(|e| fault(e.to_string()))?)
                    .map_err(|e| fault(e.to_string()))?;
            }
        }
        None => {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
        }
    }
    if roots.is_empty() {
        Err(TrustFault::Nobody)
    } else {
        Ok(roots)
    }
}

/// What exchangers' certificates are checked against, made once.
pub(in crate::stage::deliver) struct Trusts {
    anybody: Arc<ClientConfig>,
    verified: Option<Arc<ClientConfig>>,
}

impl Trusts {
    /// `wants_verified` says whether some must prove their names.
    pub(in crate::stage::deliver) fn new(wants_verified: bool, ca_file: Option<&Path>) -> Result<Self, TrustFault> {
        let verified = wants_verified.then(|| trust(RelayTls::Verified, ca_file));
        Ok(Self {
            anybody: trust(RelayTls::Opportunistic, None)?,
            verified: verified.transpose()?,
        })
    }

    /// For servers that must prove their names.
    pub(in crate::stage::deliver) fn verified(&self) -> Option<Arc<ClientConfig>> {
        self.verified.clone()
    }

    /// Whether the way to a host is encrypted, and what its certificate is checked against.
    pub(in crate::stage::deliver) fn of(
        &self,
        assurance: &Assurance,
    ) -> Result<(RelayTls, Arc<ClientConfig>), TrustFault> {
        let verified = || self.verified().ok_or(TrustFault::Nobody);
        match assurance {
            Assurance::Asked(RelayTls::Verified) | Assurance::Sts => Ok((RelayTls::Verified, verified()?)),
            Assurance::Asked(tls @ (RelayTls::Off | RelayTls::Opportunistic | RelayTls::Required)) => {
                Ok((*tls, Arc::clone(&self.anybody)))
            }
            Assurance::Dane(records) => Ok((RelayTls::Verified, vouched(records)?)),
        }
    }
}

/// For a host that DNS vouches for.
fn vouched(records: &[Tlsa]) -> Result<Arc<ClientConfig>, TrustFault> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Vouched {
        records: records.to_vec(),
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Takes a certificate that a record fits, or that an authority has signed which a record fits.
#[derive(Debug)]
struct Vouched {
    records: Vec<Tlsa>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Vouched {
    fn fits(&self, usage: Usage, certificate: &CertificateDer<'_>) -> bool {
        let Ok(parsed) = ParsedCertificate::try_from(certificate) else {
            return false;
        };
        let key = parsed.subject_public_key_info();
        let of_usage = |record: &&Tlsa| record.usage == usage;
        let mut records = self.records.iter().filter(of_usage);
        records.any(|record| record.fits(certificate, &key))
    }

    fn is_signed(
        &self,
        host: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        let authorities = others.iter().filter(|other| self.fits(Usage::Authority, other));
        roots.add_parsable_certificates(authorities.map(|authority| authority.clone().into_owned()));
        let parsed = ParsedCertificate::try_from(host)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, others, now, self.algorithms.all)?;
        verify_server_name(&parsed, name)
    }
}

impl ServerCertVerifier for Vouched {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if !self.fits(Usage::Host, end_entity) {
            self.is_signed(end_entity, intermediates, server_name, now)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Takes any certificate, and still checks that the peer holds its key.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
