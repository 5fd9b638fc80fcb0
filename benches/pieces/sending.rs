//! Sending: a mailing sealed, its copies made and signed, and the octets that go out.

use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bedel::decide::compose::{Letter, dkim, seal};
use bedel::mail::{Address, ForwardPath, Message};
use bedel::model::{Recipient, Release};
use bedel::smtp::client::{MailParameters, Offers, last_chunk_command, mail_command, rcpt_command, stuff};

use crate::letters::letter;
use crate::{Group, now, site};

/// Octets of a copy.
const COPY: usize = 10 * 1024;

/// Measures them.
pub(crate) fn measure(group: &mut Group<'_>) {
    bare_signature(group);
    let settings = site::desk_settings().compose;
    let mailing = site::mailing(site::case(1), site::AUTHOR, now());
    let message = Message::parse(&letter(COPY)).expect("a message");
    let release = Release {
        by: Some(site::address(site::REVIEWER)),
        at: now(),
        not_before: now(),
        approved_by: vec![],
    };
    let sealed = seal(&message, &mailing, &release, &settings).expect("seals");
    let letter = Letter::new(&sealed).expect("is made ready");
    let recipient = Recipient {
        address: site::address("ann.sample@students.example"),
        contact: None,
    };
    let copy = letter
        .copy(&mailing, (7, &recipient), &settings, now())
        .expect("is made");
    group.bench_function("a copy of 10 KB, made and signed", |bencher| {
        let mut seq = 0;
        bencher.iter(|| {
            seq += 1;
            letter.copy(&mailing, (seq, &recipient), &settings, now())
        });
    });
    group.bench_function("a mailing of 10 KB sealed", |bencher| {
        bencher.iter(|| seal(black_box(&message), &mailing, &release, &settings));
    });
    group.bench_function("a sealed mailing made ready", |bencher| {
        bencher.iter(|| Letter::new(black_box(&sealed)));
    });
    group.bench_function("dots of a header of a copy", |bencher| {
        bencher.iter(|| stuff(black_box(&copy.header)).len());
    });
    group.bench_function("dots of a body of 10 KB", |bencher| {
        bencher.iter(|| stuff(black_box(copy.body.octets())).len());
    });
    group.bench_function("MAIL, RCPT and BDAT", |bencher| {
        let from = copy.return_path.clone().expect("has one");
        let to = ForwardPath::to(recipient.address.clone());
        bencher.iter(|| commands(black_box(&from), black_box(&to), copy.bytes()));
    });
}

/// What the library takes for a signature alone, of octets that are as few as a hash.
fn bare_signature(group: &mut Group<'_>) {
    let pem = dkim::new_key().expect("a key");
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = KeyPair::from_pkcs8(&BASE64.decode(base64).expect("base64")).expect("an RSA key");
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public_modulus_len()];
    group.bench_function("a bare RSA-2048 signature", |bencher| {
        bencher.iter(|| key.sign(&RSA_PKCS1_SHA256, &random, black_box(&[7; 32]), &mut signature));
    });
}

fn commands(from: &Address, to: &ForwardPath, octets: usize) -> [String; 3] {
    let offers = Offers {
        size: true,
        eight_bit_mime: true,
        smtputf8: true,
        dsn: true,
    };
    let parameters = MailParameters {
        size_bytes: octets as u64,
        ..MailParameters::default()
    };
    [
        mail_command(Some(from), parameters, offers),
        rcpt_command(to, offers),
        last_chunk_command(octets),
    ]
}
