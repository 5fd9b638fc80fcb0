//! Taking: what is done with a letter to a list until it is decided on.

use std::hint::black_box;

use bedel::config::Config;
use bedel::decide::likeness::{Compared, Likeness};
use bedel::decide::policy::{Facts, decide};
use bedel::decide::{contents, lint};
use bedel::mail::Message;
use bedel::model::{Author, Category, Marker, Proof};
use bedel::smtp::client::{END_OF_DATA, stuff};
use bedel::smtp::data::ChunkReader;
use bedel::smtp::{BareLf, DataReader, DataRules};
use bedel::stage::intake::{Question, explain};
use mail_parser::MessageParser;
use tokio::runtime::Runtime;

use crate::letters::letter;
use crate::{Group, now, shipped, site};

/// Whom it is for.
const LIST: &str = "students@lists.mst.example";
const RULES: DataRules = DataRules {
    message_bytes_max: 32 * 1024 * 1024,
    line_bytes_max: 2_000,
    bare_lf: BareLf::Refuse,
};

/// Measures them, of a letter of so many octets.
pub(crate) fn measure(group: &mut Group<'_>, octets: usize) {
    let letter = letter(octets);
    let settings = shipped();
    arriving(group, &letter);
    looked_through(group, &letter, &settings);
    decided_on(group, &letter, &settings);
}

/// Out of the socket.
fn arriving(group: &mut Group<'_>, letter: &[u8]) {
    let data = [&stuff(letter), END_OF_DATA].concat();
    group.bench_function("read as DATA", |bencher| {
        bencher.iter(|| DataReader::new(RULES).read(&mut black_box(data.as_slice())));
    });
    group.bench_function("read as BDAT", |bencher| {
        bencher.iter(|| {
            let mut reader = ChunkReader::new(RULES);
            reader.read(black_box(letter));
            reader.finish()
        });
    });
    group.bench_function("header and body parted", |bencher| {
        bencher.iter(|| Message::parse(black_box(letter)));
    });
}

/// One question after another, each with what it is asked about ready.
fn looked_through(group: &mut Group<'_>, letter: &[u8], settings: &Config) {
    let marker = Marker::new(&[5; 32]);
    let parser = MessageParser::default();
    group.bench_function("parts decoded", |bencher| {
        bencher.iter(|| parser.parse(black_box(letter)));
    });
    let parsed = parser.parse(letter).expect("a message");
    group.bench_function("contact data looked for", |bencher| {
        let limits = contents::Limits::default();
        bencher.iter(|| contents::scan(black_box(&parsed), &limits, &|address| marker.mark(address), &|| false));
    });
    let text = parsed.body_text(0).expect("a text");
    group.bench_function("what it is like", |bencher| {
        let compared = Compared {
            subject: "Fees of the spring term",
            text: &text,
            attachments: &[],
            names: &[],
            is_answer: false,
        };
        bencher.iter(|| Likeness::of(black_box(&compared)));
    });
    group.bench_function("editorial checks", |bencher| {
        let audience = site::mailing(site::case(1), site::AUTHOR, now()).audience;
        bencher.iter(|| {
            let letter = lint::Letter::of(black_box(&parsed));
            settings
                .lint
                .remarks(&letter, Category::Informational, &audience, now())
        });
    });
}

/// All from octets to decision, as `bedel policy explain` asks it.
fn decided_on(group: &mut Group<'_>, letter: &[u8], settings: &Config) {
    let Config { policy, lint, .. } = settings;
    let (author, list) = (site::address(site::AUTHOR), site::address(LIST));
    let runtime = Runtime::new().expect("a runtime");
    let site = runtime.block_on(site::Site::new());
    let question = Question {
        message: letter.to_vec(),
        from: author,
        to: vec![list],
        at: now(),
    };
    group.bench_function("all of it, to the decision", |bencher| {
        bencher.iter(|| explain(&site.store, policy, lint, black_box(&question)).expect("reads"));
    });
}

/// Measures all rules, of facts that are known: it hangs on no letter.
pub(crate) fn measure_rules(group: &mut Group<'_>) {
    let policy = shipped().policy;
    let (author, list) = (site::address(site::AUTHOR), site::address(LIST));
    let facts = Facts {
        author: Some(Author {
            address: author.clone(),
            proof: Proof::Login,
        }),
        reverse_path: Some(author.clone()),
        from: vec![author],
        recipients: vec![(list.clone(), policy.place(&list))],
        at: Some(now()),
        ..Facts::default()
    };
    let findings = decide(&facts, &policy).findings().len();
    assert_eq!(findings, 2, "it is held for the list and for its office");
    group.bench_function("all rules of the policy", |bencher| {
        bencher.iter(|| decide(black_box(&facts), &policy));
    });
}
