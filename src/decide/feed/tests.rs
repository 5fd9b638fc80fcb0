//! Each fault of a feed, and what is no fault.

use super::*;
use crate::model::{Basis, Consent, Evidence, Method, PrivacyFlag};

const HEADER: &str = "source_key,email,given_name,family_name,affiliation,unit,class,consent_purpose,consent_basis,\
                      consent_at,consent_source,expires_at,ferpa,country";

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z"
        .parse::<jiff::Timestamp>()
        .expect("a time")
        .into()
}

fn rules() -> Rules {
    Rules {
        fields: ["class", "campus"].map(str::to_owned).into(),
        ..Rules::default()
    }
}

/// A feed as it was read.
#[derive(Debug, PartialEq, Eq)]
struct Feed {
    rows: Vec<FeedRow>,
    faults: Vec<Fault>,
}

/// Hands out a few bytes at a time, so that every border between two chunks is met.
struct Dripping<'a>(&'a [u8]);

impl std::io::Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bound = buffer.len().min(7);
        self.0.read(&mut buffer[..bound])
    }
}

fn feed_by(csv: impl AsRef<[u8]>, rules: &Rules) -> Feed {
    let mut rows = Vec::new();
    let mut csv = Csv::new(Dripping(csv.as_ref()));
    let keep = |row| {
        rows.push(row);
        Ok::<(), Broken>(())
    };
    let findings = read(&mut csv, (rules, "registrar", now()), keep).expect("memory does not break off");
    Feed {
        rows,
        faults: findings.faults,
    }
}

fn feed(csv: impl AsRef<[u8]>) -> Feed {
    feed_by(csv, &rules())
}

fn faults(csv: impl AsRef<[u8]>) -> Vec<String> {
    feed(csv).faults.iter().map(Fault::to_string).collect()
}

/// The faults of these rows under the usual header, in words.
#[track_caller]
fn check(rows: &str, expected: &[&str]) {
    let feed = feed(format!("{HEADER}\n{rows}"));
    let faults: Vec<String> = feed.faults.iter().map(Fault::to_string).collect();
    assert_eq!(faults, expected);
}

#[test]
fn a_good_row_becomes_a_person() {
    let row = "7,Ann@mst.example, Ann ,Muñoz,student,physics,freshman,newsletter,opt-in,2026-01-31,web form,2027-01-31,yes,us";
    let feed = feed(format!("\u{feff}{HEADER}\r\n{row}\r\n"));
    assert_eq!(feed.faults, []);
    let [row] = feed.rows.as_slice() else { panic!("one row") };
    assert_eq!(
        (row.listing.email.key().as_str(), row.listing.given_name.as_str()),
        ("ann@mst.example", "Ann")
    );
    assert_eq!(
        (
            row.listing.family_name.as_str(),
            row.listing.country.as_str(),
            row.listing.privacy.has(PrivacyFlag::Ferpa)
        ),
        ("Muñoz", "US", true)
    );
    assert_eq!(
        (row.listing.affiliation.kind.as_str(), row.listing.source.as_str()),
        ("student", "registrar")
    );
    assert_eq!(
        row.listing.affiliation.attributes.get("class").map(String::as_str),
        Some("freshman")
    );
    let day = |text: &str| cell::moment(text).expect("a day");
    let consent = Consent {
        purpose: "newsletter".into(),
        basis: Basis::OptIn,
        at: day("2026-01-31"),
        source: "web form".into(),
        expires_at: Some(day("2027-01-31")),
        evidence: Evidence::default(),
    };
    assert_eq!(row.consents, [consent]);
}

#[test]
fn the_needed_columns_are_enough() {
    let feed = feed("Email,Source_Key,AFFILIATION,Campus\na@mst.example,1,staff,Rolla\n");
    assert_eq!(feed.faults, []);
    let [row] = feed.rows.as_slice() else { panic!("one row") };
    assert_eq!(
        (
            row.consents.first().cloned(),
            row.listing.privacy.has(PrivacyFlag::Ferpa),
            row.listing.affiliation.unit.as_str()
        ),
        (None, false, "")
    );
    assert_eq!(
        row.listing.affiliation.attributes.get("campus").map(String::as_str),
        Some("Rolla")
    );
}

#[test]
fn every_bad_row_is_reported_and_every_good_one_is_read() {
    let csv = format!(
        "{HEADER}\n1,no-at-sign,,,student,,,,,,,,,\n2,b@mst.example,,,student,,,,,,,,,\n\n,c@mst.example,,,,,,,,,,,perhaps,USA\n"
    );
    let with_crlf = feed(csv.replace('\n', "\r\n"));
    let feed = feed(csv);
    assert_eq!(feed, with_crlf);
    let faults: Vec<String> = feed.faults.iter().map(Fault::to_string).collect();
    assert_eq!(
        faults,
        [
            "line 2, email: it is no address: an address has the form name@domain",
            "line 5, source_key: it is empty, and needed",
            "line 5, affiliation: it is empty, and needed",
            "line 5, country: a country is two letters, such as US",
            "line 5, ferpa: it is neither yes nor no",
        ]
    );
    assert_eq!(feed.rows, [], "nothing is kept after the first fault");
}

#[test]
fn a_key_stands_for_one_person() {
    check(
        "1,a@mst.example,,,student,,,,,,,,,\n1,b@mst.example,,,student,,,,,,,,,\n",
        &["line 3, source_key: the key is on line 2 already; a key stands for one person"],
    );
}

#[test]
fn a_formula_is_no_text() {
    let what = "it begins like a spreadsheet's formula; take the sign at its beginning out";
    for name in ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1+1", " =1", "＝1"] {
        check(
            &format!("1,a@mst.example,\"{name}\",,student,,,,,,,,,\n"),
            &[&format!("line 2, given_name: {what}")],
        );
    }
    for class in ["=cmd|'/C calc'!A0", "+cmd|x", "-2+3+cmd|x", "@SUM(A1)", "－A1"] {
        check(
            &format!("1,a@mst.example,,,student,,\"{class}\",,,,,,,\n"),
            &[&format!("line 2, class: {what}")],
        );
    }
    check(
        "1,a@mst.example,\"\r=1\nx\",,student,,,,,,,,,\n",
        &["line 2, given_name: it has a line break or another control character; take it out"],
    );
    check("1,=a@mst.example,,,student,-,-1,,,,,,,\n", &[]);
}

#[test]
fn a_cell_has_a_limit() {
    let long = "x".repeat(1025);
    check(
        &format!("1,a@mst.example,,{long},student,,,,,,,,,\n"),
        &["line 2, family_name: it has 1025 bytes, and 1024 is the most; perhaps a quotation mark is not closed"],
    );
    check(
        "1,a@mst.example,\"Ann\nMary\",,student,,,,,,,,,\n",
        &["line 2, given_name: it has a line break or another control character; take it out"],
    );
}

#[test]
fn bytes_that_are_no_utf_8_are_found_with_their_line() {
    let mut csv = format!("{HEADER}\n1,a@mst.example,,,student,,,,,,,,,\n2,b@mst.example,Andr").into_bytes();
    csv.extend_from_slice(b"\xe9,,student,,,,,,,,,\n");
    let faults: Vec<String> = feed(csv).faults.iter().map(Fault::to_string).collect();
    assert_eq!(
        faults,
        ["line 3, given_name: it is not UTF-8; export all of it in UTF-8"]
    );
    let utf_16 = feed(b"\xff\xfes\0o\0");
    assert_eq!(utf_16.faults.first().map(|fault| fault.line), Some(1));
}

#[test]
fn a_consent_has_a_purpose_a_basis_and_a_date() {
    check(
        "1,a@mst.example,,,alumnus,,,news,sure,31/01/2026,,,,\n",
        &[
            "line 2, consent_basis: it is none of: opt-in, double-opt-in, implied, contract, legal-duty, legitimate-interest, \
             withdrawn",
            "line 2, consent_at: it is no date; write 2026-01-31, or 2026-01-31T08:00:00-06:00",
        ],
    );
    check(
        "1,a@mst.example,,,alumnus,,,,,,,2027-01-01,,\n",
        &[
            "line 2, consent_purpose: it is empty, and needed",
            "line 2, consent_basis: it is empty, and needed",
            "line 2, consent_at: it is empty, and needed",
        ],
    );
    check(
        "1,a@mst.example,,,alumnus,,,news,opt-in,2027-06-01,,,,\n",
        &["line 2, consent_at: it lies in the future; a consent is recorded once it is given"],
    );
    check(
        "1,a@mst.example,,,alumnus,,,news,opt-in,2026-06-01T08:00:00-05:00,,2026-05-01,,\n",
        &["line 2, expires_at: it is not after consent_at"],
    );
}

#[test]
fn a_row_is_as_long_as_the_header() {
    check(
        "1,a@mst.example,Ann\n",
        &["line 2: it has 3 fields, and the header 14; a comma within a field needs quotation marks around it"],
    );
}

#[test]
fn a_header_that_is_none_is_refused_whole() {
    check_file("", "line 1: it is empty; its first line names the columns");
    check_file("\r\n\n", "line 1: it is empty; its first line names the columns");
    check_file(
        "source_key,email,affiliation\n",
        "line 1: it names its columns and has nobody in it",
    );
    check_file(
        "source_key,email\n1,a@mst.example\n",
        "line 1: these columns are needed and missing: affiliation; the first line names the columns",
    );
    for (sign, word) in [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")] {
        check_file(
            "source_key,email,affiliation\n1,a@mst.example,student\n".replace(',', &sign.to_string()),
            &format!("line 1: the columns are parted by {word}; export the file with commas"),
        );
    }
    check_file(
        "source_key,email,affiliation,Email\n",
        "line 1, email: there are two columns of this name",
    );
    check_file("source_key,email,affiliation,\n", "line 1: a column has no name");
    let wide: Vec<String> = (0..65).map(|number| format!("c{number}")).collect();
    assert!(faults(wide.join(",")).contains(&"line 1: there are 65 columns or more; 64 is the most".to_owned()));
}

/// The one fault of a file.
#[track_caller]
fn check_file(csv: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(faults(csv), [expected]);
}

#[test]
fn a_column_that_is_not_the_offices_is_named_with_the_nearest_that_is() {
    let column = |name: &str| faults(format!("source_key,email,affiliation,{name}\n"));
    assert_eq!(
        column("consnet_at"),
        ["line 1, consnet_at: there is no such column; did you mean `consent_at`?"]
    );
    assert_eq!(
        column("clas"),
        ["line 1, clas: there is no such column; did you mean `class`?"]
    );
    assert_eq!(
        column("hometown"),
        [
            "line 1, hometown: the feed of registrar may not bring this column; take it out, or have it added to `fields` of \
          [feed.registrar] in policy.toml"
        ]
    );
    assert_eq!(
        column("gpa"),
        ["line 1, gpa: grades have no place in a contact system, and no setting lets them in; take the column out"]
    );
    // Not even when a setting slipped through.
    let lax = Rules {
        fields: ["ssn".to_owned()].into(),
        ..Rules::default()
    };
    assert_eq!(feed_by("source_key,email,affiliation,ssn\n", &lax).faults.len(), 1);
}

#[test]
fn what_must_not_come_is_known_by_its_form_and_never_said() {
    let cell = |column: &str, value: &str| {
        let csv = "source_key,email,affiliation,class,given_name\n1,a@mst.example,student,freshman,Ann\n";
        let column = ["source_key", "email", "affiliation", "class", "given_name"]
            .iter()
            .position(|name| *name == column);
        let row = csv.lines().nth(1).expect("a row").split(',').enumerate();
        let row: Vec<&str> = row
            .map(|(at, cell)| if Some(at) == column { value } else { cell })
            .collect();
        faults(format!(
            "{}\n{}\n",
            csv.lines().next().expect("a header"),
            row.join(",")
        ))
    };
    for (column, value, what) in [
        ("class", "219-09-9999", "it holds a social security number"),
        ("source_key", "219-09-9999", "it holds a social security number"),
        ("given_name", "219 09 9999", "it holds a social security number"),
        ("class", "Visa 4111 1111 1111 1111", "it holds a payment card's number"),
        ("class", "DE89370400440532013000", "it holds a bank account's number"),
        ("class", "$5000", "it is an amount of money"),
        (
            "class",
            "3.42",
            "it is a number with a fraction, as grades and amounts are",
        ),
    ] {
        let expected = format!("line 2, {column}: {what}, which has no place in a contact system; take the column out");
        let found = cell(column, value);
        assert_eq!(found, [expected]);
        assert!(!found.concat().contains(value));
    }
    for (column, value) in [
        ("class", "2027"),
        ("source_key", "900123456"),
        ("class", "4111 1111 1111 1112"),
        ("given_name", "3.42"),
    ] {
        assert_eq!(cell(column, value), [""; 0], "{value}");
    }
}

#[test]
fn a_file_that_cannot_be_told_apart_is_read_no_further() {
    let two = format!("{HEADER}\n1,a@mst.example,,,student,,,,,,,,,\n");
    let then = |bytes: &[u8]| [two.as_bytes(), bytes].concat();
    let utf_16: Vec<u8> = "2,b@mst.example,,,student\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    check_file(
        then(&utf_16),
        "line 3: a zero byte: from here on it is UTF-16, or damaged; export it as CSV in UTF-8",
    );
    check_file(
        then(b"2,b@mst.example\0,,,student,,,,,,,,,\n3,no,,,,,,,,,,,,\n"),
        "line 3: a zero byte: from here on it is UTF-16, or damaged; export it as CSV in UTF-8",
    );
    check_file(
        b"\xff\xfes\0o\0",
        "line 1: the file is in UTF-16; export it as CSV in UTF-8",
    );
    check_file(
        then(b"2,b@mst.example,\"Ben,,student,,,,,,,,,\n3,no,,,,,,,,,,,,\n"),
        "line 3: a quotation mark is opened here and never closed",
    );
    check_file(
        then(b"2,b@mst.example,Ben,,student,,,,,,,,,\r3,c@mst.example,,,student,,,,,,,,,\r"),
        "line 3: a carriage return without a line feed after it; export it with CRLF or LF at the ends of lines",
    );
}

#[test]
fn a_row_that_is_wrong_in_itself_is_not_guessed_at() {
    check(
        "1,a@mst.example,\"Ann\"ie,,student,,,,,,,,,\n2,b@mst.example,An\"n,,student,,,,,,,,,\n3,c@mst.example,\"\"\"Cy\"\"\",,student,,,,,,,,,\n",
        &[
            "line 2: text after a closing quotation mark; a quotation mark within a field is written twice",
            "line 3: a quotation mark within a field that does not begin with one; put the field in quotation marks, and \
             write the one within it twice",
        ],
    );
    check(
        &format!(
            "1,a@mst.example,{},,student,,,,,,,,,\n2,no,,,student,,,,,,,,,\n",
            "x".repeat(1 << 20)
        ),
        &[
            "line 2, given_name: the row has 1048597 bytes, and 4096 is the most",
            "line 3, email: it is no address: an address has the form name@domain",
        ],
    );
}

#[test]
fn what_nobody_sees_is_in_no_text() {
    for mark in ['\u{feff}', '\u{200b}', '\u{202e}'] {
        check(
            &format!("1{mark},a@mst.example,,,student,,,,,,,,,\n"),
            &["line 2, source_key: it has a character that nobody sees; take it out"],
        );
    }
}

#[test]
fn letters_that_were_lost_are_missed() {
    let lost = "letters of it were lost when it was exported; export all of it in UTF-8, once";
    check(
        "1,a@mst.example,,MuÃ±oz,student,,,,,,,,,\n2,b@mst.example,Andr\u{fffd},,student,,,,,,,,,\n3,c@mst.example,JOÃO,Â.,student,,,,,,,,,\n",
        &[
            &format!("line 2, family_name: {lost}"),
            &format!("line 3, given_name: {lost}"),
        ],
    );
}

#[test]
fn ends_of_lines_may_differ_and_a_mark_may_stand_at_the_beginning() {
    let csv = "\u{feff}source_key,email,affiliation\r\n1,a@mst.example,student\n\r\n\"2\",\"b@mst.example\",\"student\"\r\n3,c@mst.example,student";
    let feed = feed(csv);
    assert_eq!(feed.faults, []);
    let keys: Vec<&str> = feed.rows.iter().map(|row| row.listing.source_key.as_str()).collect();
    assert_eq!(keys, ["1", "2", "3"]);
}

#[test]
fn a_feed_carries_a_canary_that_is_like_the_others() {
    let rules = Rules {
        canary: Some("jordan.ellis@lists.mst.example".parse().expect("valid")),
        ..rules()
    };
    let csv = "source_key,email,affiliation,unit\n1,a@mst.example,student,physics\n";
    let [_, canary] = feed_by(csv, &rules).rows.try_into().expect("two rows");
    assert_eq!(canary.listing.email.to_string(), "jordan.ellis@lists.mst.example");
    assert_eq!(
        (canary.listing.given_name.as_str(), canary.listing.family_name.as_str()),
        ("Jordan", "Ellis")
    );
    assert_eq!(
        (
            canary.listing.affiliation.kind.as_str(),
            canary.listing.affiliation.unit.as_str()
        ),
        ("student", "physics")
    );
    // An office that carries it already, or whose feed is faulty, gets none.
    let carried = format!("{csv}2,Jordan.Ellis@lists.mst.example,student,\n");
    assert_eq!(feed_by(carried, &rules).rows.len(), 2);
    assert_eq!(feed_by(format!("{csv}2,nobody,student,\n"), &rules).rows.len(), 1);
}

#[test]
fn what_is_known_of_a_person_and_of_their_consent_is_taken() {
    let columns = "source_key,email,personal_email,affiliation,valid_from,valid_until,do_not_contact,deceased,minor,\
                   consent_purpose,consent_basis,consent_at,consent_jurisdiction,consent_method,consent_wording,\
                   consent_wording_sha256,consent_third_party,consent_ip,consent_confirmed_at,relationship,relationship_at";
    let hash = "0f".repeat(32);
    let row = format!(
        "1,a@mst.example,ann@home.example,alumnus,2026-05-16,20270516060000Z,no,0,yes,news,Double Opt-In,2026-01-31,US,\
         Web_Form,3,{hash},t,2001:DB8::1,2026-02-01 08:00:00+00,donation,2025-12-24"
    );
    let feed = feed(format!("{columns}\n{row}\n"));
    assert_eq!(feed.faults, []);
    let [FeedRow { listing, consents }] = feed.rows.as_slice() else {
        panic!("one row")
    };
    let day = |text: &str| cell::moment(text).expect("a day");
    assert_eq!(
        listing.personal_email.as_ref().map(ToString::to_string).as_deref(),
        Some("ann@home.example")
    );
    assert_eq!(
        (listing.affiliation.from, listing.affiliation.until),
        (Some(day("2026-05-16")), Some(day("2027-05-16T06:00:00Z")))
    );
    assert_eq!(listing.privacy.flags().collect::<Vec<_>>(), [PrivacyFlag::Minor]);
    let [consent] = consents.as_slice() else {
        panic!("one consent")
    };
    let evidence = Evidence {
        jurisdiction: Some("US".into()),
        method: Some(Method::WebForm),
        wording_version: Some("3".into()),
        wording_sha256: Some([15; 32]),
        third_party_notice: Some(true),
        ip: Some("2001:db8::1".into()),
        confirmed_at: Some(day("2026-02-01T08:00:00Z")),
        relationship: Some("donation".into()),
        relationship_at: Some(day("2025-12-24")),
        ..Evidence::default()
    };
    assert_eq!((consent.basis, &consent.evidence), (Basis::DoubleOptIn, &evidence));
}

#[test]
fn what_shows_a_consent_is_read_as_strictly_as_the_consent() {
    let faulty = |column: &str, value: &str| {
        faults(format!(
            "source_key,email,affiliation,consent_purpose,consent_basis,consent_at,{column}\n\
             1,a@mst.example,alumnus,news,opt-in,2026-01-31,{value}\n"
        ))
    };
    for (column, value, what) in [
        (
            "consent_method",
            "fax",
            "it is none of: web-form, paper, phone, event, import",
        ),
        (
            "consent_wording_sha256",
            "0f0f",
            "it is no SHA-256; write its 64 hexadecimal digits",
        ),
        (
            "consent_ip",
            "here",
            "it is no network address; write 192.0.2.1 or 2001:db8::1",
        ),
        ("consent_third_party", "perhaps", "it is neither yes nor no"),
        (
            "consent_confirmed_at",
            "2027-01-31",
            "it lies in the future; a consent is recorded once it is given",
        ),
        (
            "personal_email",
            "home",
            "it is no address: an address has the form name@domain",
        ),
        ("deceased", "?", "it is neither yes nor no"),
    ] {
        assert_eq!(faulty(column, value), [format!("line 2, {column}: {what}")]);
        assert_eq!(faulty(column, ""), [""; 0], "{column}");
    }
    assert_eq!(
        faults("source_key,email,affiliation,valid_from,valid_until\n1,a@mst.example,staff,2026-08-01,2026-08-01\n"),
        ["line 2, valid_until: it is not after valid_from"]
    );
    // Something that shows a consent, and no consent.
    assert_eq!(
        faults("source_key,email,affiliation,consent_method\n1,a@mst.example,staff,paper\n").len(),
        3
    );
}
