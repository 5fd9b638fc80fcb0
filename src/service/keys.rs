//! Keys: read, checked, and for a first start made.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use aws_lc_rs::rand;

use crate::config::{Config, Gateway};
use crate::decide::compose::dkim::{Signer, Signers, new_key};
use crate::mail::Domain;
use crate::model::TokenKey;
use crate::store::{KEY_OCTETS, MasterKey};

/// The keys a running gateway holds.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Sign the copies.
    pub signers: Arc<Signers>,
    /// Makes return paths and unsubscribe links.
    pub tokens: TokenKey,
}

/// Makes what is missing (a trial certificate, the DKIM key, the token key), says so, and reads all of it.
pub fn first_start(config: &Config) -> anyhow::Result<Keys> {
    let gateway = &config.gateway;
    certificate(gateway)?;
    let dkim = &gateway.dkim;
    let more = gateway.dkim.more.iter().map(|more| &more.key);
    for key in std::iter::once(&dkim.key).chain(more).filter(|key| !key.exists()) {
        write_private(key, new_key()?.as_bytes())?;
        tracing::info!(key = %key.display(), "made a DKIM key; `bedel doctor` prints the DNS record to publish");
    }
    let token_key = token_file(gateway);
    if !token_key.exists() {
        let mut octets = [0; 32];
        rand::fill(&mut octets).ok().context("the system has no randomness")?;
        write_private(&token_key, &octets)?;
    }
    make_master_key(gateway)?;
    Keys::read(config)
}

/// A master key for a store that is still to be made; one that is there can only be opened by its own.
fn make_master_key(gateway: &Gateway) -> anyhow::Result<()> {
    let (file, store) = (&gateway.master_key, gateway.data_dir.join("store"));
    if file.exists() {
        return Ok(());
    }
    if store.exists() {
        bail!(
            "the master key {} is missing, and without it nothing in {} can be read; put the key file back",
            file.display(),
            store.display()
        );
    }
    let mut octets = [0; KEY_OCTETS];
    rand::fill(&mut octets).ok().context("the system has no randomness")?;
    write(file, &octets, 0o400)?;
    tracing::info!(key = %file.display(), "made a master key; keep a copy of it away from the data folder");
    Ok(())
}

/// The key that opens the store.
pub fn master_key(gateway: &Gateway) -> anyhow::Result<MasterKey> {
    read_master_key(&gateway.master_key)
}

/// A master key's file.
pub fn read_master_key(file: &Path) -> anyhow::Result<MasterKey> {
    let octets: Result<[u8; KEY_OCTETS], _> = private(file)?.try_into();
    match octets {
        Ok(octets) => Ok(MasterKey::new(&octets)),
        Err(_length) => bail!("the master key {} has not {KEY_OCTETS} octets", file.display()),
    }
}

impl Keys {
    /// Reads the keys that the settings name.
    pub fn read(config: &Config) -> anyhow::Result<Self> {
        let gateway = &config.gateway;
        let dkim = &gateway.dkim;
        let first = signer(&dkim.key, &dkim.selector, &dkim.domain)?;
        let mut signers = Signers::new(first, gateway.campus_domains.clone());
        for more in &dkim.more {
            signers = signers.and(more.from, signer(&more.key, &more.selector, &more.domain)?);
        }
        Ok(Self {
            signers: Arc::new(signers),
            tokens: tokens(gateway)?,
        })
    }
}

/// The key of tokens.
pub(super) fn tokens(gateway: &Gateway) -> anyhow::Result<TokenKey> {
    let token_key = token_file(gateway);
    let octets: Result<[u8; 32], _> = private(&token_key)?.try_into();
    let Ok(octets) = octets else {
        bail!(
            "{} is not a key of 32 octets; restore it from a backup: old return paths need it",
            token_key.display()
        );
    };
    Ok(TokenKey::new(&octets))
}

/// Where the key of tokens lies.
pub fn token_file(gateway: &Gateway) -> PathBuf {
    gateway.data_dir.join("keys").join("token.key")
}

fn signer(key: &Path, selector: &str, domain: &Domain) -> anyhow::Result<Signer> {
    let pem = String::from_utf8(private(key)?).with_context(|| format!("{}: no text", key.display()))?;
    let signer = Signer::from_pem(&pem, selector, domain.clone());
    signer.with_context(|| format!("the DKIM key {} cannot be used", key.display()))
}

/// A self-signed certificate for a trial, when there is neither certificate nor key.
fn certificate(gateway: &Gateway) -> anyhow::Result<()> {
    let files = &gateway.tls;
    if files.certificate.exists() || files.key.exists() {
        return Ok(());
    }
    let names = vec![
        gateway.hostname.to_string(),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
    ];
    let made = rcgen::generate_simple_self_signed(names).context("making a certificate")?;
    write_private(&files.key, made.signing_key.serialize_pem().as_bytes())?;
    write(&files.certificate, made.cert.pem().as_bytes(), 0o644)?;
    let path = files.certificate.display();
    tracing::info!(certificate = %path, "made a self-signed certificate for a trial; put your own in its place");
    Ok(())
}

/// A secret's bytes; refused when others than its owner may read it.
pub(super) fn private(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let meta = std::fs::metadata(path).with_context(|| format!("the key {shown} cannot be read"))?;
    if meta.permissions().mode() & 0o077 != 0 {
        bail!("the key {shown} may be read by others; run `chmod 600 {shown}`");
    }
    std::fs::read(path).with_context(|| format!("the key {shown} cannot be read"))
}

fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write(path, bytes, 0o600)
}

/// Writes a new file, never over an old one.
fn write(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let shown = path.display();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    let mut file = file.with_context(|| format!("{shown} cannot be written"))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{shown} cannot be written"))
}
