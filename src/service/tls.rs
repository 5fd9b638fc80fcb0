//! The certificate of the listeners: read at the start, and again when the file has changed.
//!
//! # Standards
//! RFC 8314 §4.1 (TLS 1.2 and later).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Context;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode;

use super::keys::private;
use crate::config::TlsFiles;
use crate::mail::Timestamp;

/// TLS for the listeners.
pub(super) fn server(files: &TlsFiles) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let certificate = Certificate::read(files.clone(), Arc::clone(&provider))?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("setting up TLS")?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificate));
    Ok(Arc::new(config))
}

/// Whether the listeners' certificate and key can be used; before the first start neither is there, which is no fault.
pub fn check(files: &TlsFiles) -> anyhow::Result<()> {
    if files.certificate.exists() || files.key.exists() {
        server(files)?;
    }
    Ok(())
}

/// A certificate that follows its file.
#[derive(Debug)]
struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: Mutex<(Option<SystemTime>, Arc<CertifiedKey>)>,
}

impl Certificate {
    fn read(files: TlsFiles, provider: Arc<CryptoProvider>) -> anyhow::Result<Self> {
        let current = Mutex::new((changed_at(&files), load(&files, &provider)?));
        Ok(Self {
            files,
            provider,
            current,
        })
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = changed_at(&self.files);
        if changed != current.0 {
            // A pair that does not fit, half written perhaps, leaves the old one in force until the next change.
            let key = load(&self.files, &self.provider).inspect_err(|error| {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the new certificate cannot be used; the old one stays"
                );
            });
            *current = (changed, key.unwrap_or_else(|_kept| Arc::clone(&current.1)));
        }
        Some(Arc::clone(&current.1))
    }
}

/// Until when the first certificate of the chain is good.
pub(super) fn good_until(files: &TlsFiles) -> anyhow::Result<Timestamp> {
    let shown = files.certificate.display();
    let first = CertificateDer::from_pem_file(&files.certificate)
        .with_context(|| format!("the certificate {shown} cannot be read"))?;
    let certificate = x509_cert::Certificate::from_der(&first).with_context(|| format!("{shown} is no certificate"))?;
    let until = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    Ok(Timestamp::from_micros(0).plus(until))
}

fn changed_at(files: &TlsFiles) -> Option<SystemTime> {
    std::fs::metadata(&files.certificate)
        .and_then(|meta| meta.modified())
        .ok()
}

fn load(files: &TlsFiles, provider: &CryptoProvider) -> anyhow::Result<Arc<CertifiedKey>> {
    let shown = files.certificate.display();
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("the certificate {shown} cannot be read"))?;
    let key = PrivateKeyDer::from_pem_slice(&private(&files.key)?)
        .with_context(|| format!("the key {} holds no PEM private key", files.key.display()))?;
    let key = CertifiedKey::from_der(chain, key, provider);
    Ok(Arc::new(key.with_context(|| {
        format!("certificate {shown} and key {} do not fit", files.key.display())
    })?))
}
