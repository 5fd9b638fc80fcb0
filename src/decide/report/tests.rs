//! What came back, as files: `tests/returned/*.eml`, each with what must be read of it in `X-Expect`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;

/// All samples: name and bytes.
fn samples() -> &'static [(String, Vec<u8>)] {
    static SAMPLES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    SAMPLES.get_or_init(read_samples)
}

fn read_samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/returned");
    let mut samples: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .expect("the samples")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a sample"))
        })
        .collect();
    samples.sort();
    samples
}

/// A reading in the words of `X-Expect`: `failed ann@x.example gone hard 5.1.1`.
fn in_words(reading: &Reading, with_status: bool) -> String {
    let told = match reading {
        Reading::Bounce(told) | Reading::Delay(told) | Reading::Success(told) => told,
        Reading::Complaint => return "complaint".into(),
        Reading::Wish => return "wish".into(),
        Reading::Automatic => return "automatic".into(),
        Reading::Loop => return "loop".into(),
        Reading::Nothing => return "nothing".into(),
    };
    let mut words = Vec::new();
    for one in told {
        let action = match one.action {
            Action::Failed => "failed",
            Action::Delayed => "delayed",
            Action::Delivered => "delivered",
        };
        let address = one.address.as_ref().map_or_else(|| "-".into(), ToString::to_string);
        let mut said = format!("{action} {address} {}", one.class.word());
        if one.hard {
            said.push_str(" hard");
        }
        if let Some(status) = one.status.as_ref().filter(|_| with_status) {
            write!(said, " {}", status.enhanced_text()).expect("a string takes it");
        }
        words.push(said);
    }
    words.join(", ")
}

#[test]
fn every_sample_is_read_as_it_says() {
    let samples = samples();
    assert!(samples.len() >= 60, "there are samples");
    let mut faults = Vec::new();
    for (name, bytes) in samples {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let expected = text.lines().find_map(|line| line.strip_prefix("X-Expect: "));
        let expected = expected.expect("every sample says what it expects");
        let with_status = expected.split([' ', ',']).any(|word| word.starts_with(['2', '4', '5']));
        for crlf in [false, true] {
            let bytes = if crlf { text.replace('\n', "\r\n") } else { text.clone() };
            let reading = read(bytes.as_bytes());
            let found = in_words(&reading, with_status);
            if found != expected {
                faults.push(format!("{name}\n   expected {expected}\n   found    {found}"));
                break;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_message_of_nothing_but_what_is_looked_for_is_read_in_time() {
    for piece in [
        "@",
        "a@",
        "a@x.example ",
        "550 5.1.1 user ",
        "<a@x.example>: user unknown\n",
        "--b\n",
        "Final-Recipient: rfc822; a@x.example\n",
        "(expanded from: a@x.example)",
        "\"",
        "=?utf-8?Q?=",
        "\\x{",
        ": : ",
        "\n\n",
    ] {
        let head = "From: MAILER-DAEMON@x.example\nSubject: failure notice\n\nThe following addresses failed:\n";
        let text = format!("{head}{}", piece.repeat(300_000 / piece.len()));
        read(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Cut, doubled, with octets changed: it is read, whatever comes of it.
    #[test]
    fn nothing_that_is_done_to_a_bounce_stops_the_reader(
        which: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        cut: prop::sample::Index,
        twice: bool,
    ) {
        let samples = samples();
        let (_, bytes) = which.get(samples);
        let mut bytes = bytes.clone();
        for (at, octet) in changes {
            let at = at.index(bytes.len());
            bytes[at] = octet;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if twice {
            bytes.extend(bytes.clone());
        }
        read(&bytes);
    }

    #[test]
    fn octets_of_no_meaning_are_nothing_or_something(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        read(&bytes);
    }
}
