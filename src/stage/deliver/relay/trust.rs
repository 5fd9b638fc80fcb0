//! What a next hop's certificate is checked against.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::RelayTls;

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
