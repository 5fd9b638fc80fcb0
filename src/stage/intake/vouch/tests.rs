//! A signature vouches for its own domain, and for nothing else. Keys are put where DNS answers would be.

use std::time::Duration;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;

use super::*;
use crate::decide::compose::dkim::{Cover, Signer, body_hash, new_key};
use crate::mail::{Field, Timestamp};

fn voucher(signer: &Signer) -> Voucher {
    let config = hickory();
    let voucher = Voucher {
        authenticator: Some(config),
        keys: Keys::default(),
    };
    let (name, record) = signer.dns_record();
    let key = DomainKey::parse(record.as_bytes()).expect("our own record");
    let later = Instant::now() + Duration::from_secs(600);
    voucher
        .keys
        .insert(format!("{name}.").into(), Txt::DomainKey(key.into()), later);
    voucher
}

/// A resolver that is never asked: every key is in the cache.
fn hickory() -> MessageAuthenticator {
    MessageAuthenticator::new_system_conf()
        .or_else(|_none| MessageAuthenticator::new_cloudflare())
        .expect("a resolver")
}

fn signer(domain: &str) -> Signer {
    let pem = new_key().expect("a key");
    Signer::from_pem(&pem, "s1", domain.parse().expect("valid")).expect("our own key")
}

fn signed(signer: &Signer, from: &str, body: &str) -> Vec<u8> {
    let fields = [
        Field::new("From", from).expect("valid"),
        Field::new("To", "students@lists.mst.example").expect("valid"),
    ];
    let now = Timestamp::from_micros(1_000_000);
    let cover = Cover::new(&fields, &body_hash(b"Hello\r\n"));
    let signature = signer.sign(&cover, &[], now).expect("signs");
    let mut bytes = signature.raw().to_vec();
    fields.iter().for_each(|field| bytes.extend_from_slice(field.raw()));
    bytes.extend_from_slice(format!("\r\n{body}").as_bytes());
    bytes
}

async fn vouched(signer: &Signer, from: &str, body: &str) -> Option<String> {
    let bytes = signed(signer, from, body);
    let message = Message::parse(&bytes).expect("well formed");
    let campus = ["mst.example".parse().expect("valid")];
    let author = voucher(signer).vouch(&message, &bytes, &campus).await?;
    assert_eq!(author.proof, Proof::AlignedSignature);
    Some(author.address.to_string())
}

#[tokio::test]
async fn an_aligned_signature_vouches_for_its_author() {
    let author = "author@mst.example";
    assert_eq!(
        vouched(&signer("mst.example"), author, "Hello\r\n").await.as_deref(),
        Some(author)
    );
    assert_eq!(
        vouched(&signer("mail.mst.example"), author, "Hello\r\n")
            .await
            .as_deref(),
        Some(author)
    );
}

#[tokio::test]
async fn no_other_signature_does() {
    let foreign = signer("outside.example");
    assert_eq!(vouched(&foreign, "author@mst.example", "Hello\r\n").await, None);
    assert_eq!(vouched(&foreign, "author@outside.example", "Hello\r\n").await, None);
    assert_eq!(
        vouched(&signer("mst.example"), "author@mst.example", "Changed\r\n").await,
        None
    );
}
