//! Each fault of a feed, and what is no fault.

use super::*;
use crate::model::{Basis, Consent, Evidence, PrivacyFlag};

const HEADER: &str = "source_key,email,given_name,family_name,affiliation,unit,class,consent_purpose,consent_basis,\
                      consent_at,consent_source,expires_at,ferpa,country";

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z"
        .parse::<jiff::Timestamp>()
        .expect("a time")
        .into()
}

fn feed(csv: impl AsRef<[u8]>) -> Feed {
    read(csv.as_ref(), "registrar", now())
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
    let with_crlf = read(csv.replace('\n', "\r\n").as_bytes(), "registrar", now());
    let feed = feed(csv);
    assert_eq!(feed, with_crlf);
    let faults: Vec<String> = feed.faults.iter().map(Fault::to_string).collect();
    assert_eq!(
        faults,
        [
            "line 2, email: it is no address: an address has the form name@domain",
            "line 5, source_key: it is empty, and needed",
            "line 5, affiliation: it is empty, and needed",
            "line 5, ferpa: it is neither yes nor no",
            "line 5, country: a country is two letters, such as US",
        ]
    );
    assert_eq!(feed.rows.len(), 1);
}

#[test]
fn a_key_stands_for_one_person() {
    check(
        "1,a@mst.example,,,student,,,,,,,,,\n1,b@mst.example,,,student,,,,,,,,,\n",
        &["line 3, source_key: the key is on line 2 already; a key stands for one person"],
    );
}

#[test]
fn a_formula_is_no_name() {
    for name in ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)"] {
        check(
            &format!("1,a@mst.example,\"{name}\",,student,,,,,,,,,\n"),
            &["line 2, given_name: it begins like a spreadsheet's formula; take the sign at its beginning out"],
        );
    }
    check("1,=a@mst.example,,,student,,-1,,,,,,,\n", &[]);
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
        ["line 3, given_name: it is not UTF-8; export the file as CSV in UTF-8"]
    );
    let utf_16 = feed(b"\xff\xfes\0o\0");
    assert_eq!(utf_16.faults.first().map(|fault| fault.line), Some(1));
}

#[test]
fn a_consent_has_a_purpose_a_basis_and_a_date() {
    check(
        "1,a@mst.example,,,alumnus,,,news,sure,31/01/2026,,,,\n",
        &[
            "line 2, consent_basis: it is none of: opt-in, implied, withdrawn",
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
    let faults = |csv: &str| feed(csv).faults.iter().map(Fault::to_string).collect::<Vec<_>>();
    assert_eq!(
        faults(""),
        ["line 1: the file is empty; its first line names the columns"]
    );
    assert_eq!(
        faults("source_key,email\n1,a@mst.example\n"),
        ["line 1: these columns are needed and missing: affiliation; the first line names the columns"]
    );
    assert_eq!(
        faults("source_key;email;affiliation\n"),
        ["line 1: the columns are parted by semicolons; export the file with commas"]
    );
    assert_eq!(
        faults("source_key,email,affiliation,email\n"),
        ["line 1, email: there are two columns of this name"]
    );
    assert_eq!(
        faults("source_key,email,affiliation,consent_date,consnet_at\n")
            .last()
            .map(String::as_str),
        Some("line 1, consnet_at: there is no such column; did you mean `consent_at`?")
    );
}

#[test]
fn one_in_ten_may_go_without_a_word() {
    assert!(!drops_too_many(0, 0));
    assert!(!drops_too_many(10, 100));
    assert!(drops_too_many(11, 100));
    assert!(drops_too_many(1, 5));
}
