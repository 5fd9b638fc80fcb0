//! Reports as hosts send them, packed in each way; and what is none.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::model::{Letterbox, Sender};

/// When all samples came: 2026-11-25 08:00 UTC.
const NOW: i64 = 1_795_593_600_000_000;

const DMARC: &str = r#"<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <report_metadata>
    <org_name>provider.example</org_name><email>reports@provider.example</email>
    <report_id>1234567</report_id>
    <date_range><begin>1795478400</begin><end>1795564799</end></date_range>
  </report_metadata>
  <policy_published><domain>mst.example</domain><adkim>r</adkim><p>none</p></policy_published>
  <record>
    <row><source_ip>192.0.2.7</source_ip><count>120</count>
      <policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
    <identifiers><header_from>lists.mst.example</header_from></identifiers>
    <auth_results><dkim><domain>lists.mst.example</domain><result>pass</result></dkim>
      <spf><domain>bounce.lists.mst.example</domain><result>pass</result></spf></auth_results>
  </record>
  <record>
    <row><source_ip>2001:db8::25</source_ip><count>31</count>
      <policy_evaluated><disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>
    <identifiers><header_from>MST.example</header_from></identifiers>
    <auth_results><spf><domain>news&amp;more.example</domain><result>pass</result></spf></auth_results>
  </record>
  <record>
    <row><source_ip>2001:db8::25</source_ip><count>9</count>
      <policy_evaluated><disposition>reject</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>
    <identifiers><header_from>mst.example</header_from></identifiers>
    <auth_results><spf><domain>news&amp;more.example</domain><result>pass</result></spf></auth_results>
  </record>
</feedback>"#;

const TLS: &str = r#"{
  "organization-name": "Provider", "contact-info": "tls@provider.example", "report-id": "2026-11-24_mst.example",
  "date-range": {"start-datetime": "2026-11-24T00:00:00Z", "end-datetime": "2026-11-24T23:59:59Z"},
  "policies": [{
    "policy": {"policy-type": "sts", "policy-string": ["version: STSv1"], "policy-domain": "mst.example"},
    "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
    "failure-details": [
      {"result-type": "certificate-expired", "sending-mta-ip": "2001:db8::1", "failed-session-count": 100},
      {"result-type": "starttls-not-supported", "failed-session-count": 200},
      {"result-type": "certificate-expired", "failed-session-count": 3}]}]}"#;

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).expect("packs");
    packer.finish().expect("packs")
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    packer.add_directory("report/", options).expect("packs");
    packer.start_file("report/report.xml", options).expect("packs");
    packer.write_all(bytes).expect("packs");
    packer.finish().expect("packs").into_inner()
}

fn posted(letterbox: Letterbox, attached: &[u8]) -> Posted {
    let message = format!(
        "From: reports@provider.example\r\nSubject: Report Domain: mst.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\n\
         Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        STANDARD.encode(attached)
    );
    Posted {
        letterbox,
        at: Timestamp::from_micros(NOW),
        message: message.into_bytes(),
    }
}

fn dmarc(attached: &[u8]) -> Result<Aggregate, Fault> {
    read_dmarc(&posted(Letterbox::Dmarc, attached))
}

fn tls(attached: &[u8]) -> Result<Aggregate, Fault> {
    read_tls(&posted(Letterbox::Tls, attached))
}

#[test]
fn who_sends_in_our_name_is_read_however_it_is_packed() {
    let sender = |source: &str, domain: &str, service: &str, is_ours, messages, stopped| Sender {
        source: source.parse().expect("an address"),
        domain: domain.to_owned(),
        service: service.to_owned(),
        is_ours,
        messages,
        stopped,
    };
    for attached in [
        DMARC.as_bytes().to_vec(),
        gzipped(DMARC.as_bytes()),
        zipped(DMARC.as_bytes()),
    ] {
        let read = dmarc(&attached).expect("a report");
        assert_eq!(
            (read.organization.as_str(), read.id.as_str()),
            ("provider.example", "1234567")
        );
        assert_eq!(
            read.saw,
            Saw::Senders(vec![
                sender("192.0.2.7", "lists.mst.example", "lists.mst.example", true, 120, 0),
                sender("2001:db8::25", "mst.example", "news&more.example", false, 40, 40),
            ])
        );
    }
}

#[test]
fn how_mail_to_us_was_secured_is_read() {
    let read = tls(&gzipped(TLS.as_bytes())).expect("a report");
    let sum = sessions([read.clone(), read]);
    assert_eq!((sum.reports, sum.secured, sum.failed), (2, 10_652, 606));
    let failures: Vec<_> = sum.failures.iter().map(|one| (one.kind.as_str(), one.failed)).collect();
    assert_eq!(
        failures,
        [("starttls-not-supported", 400), ("certificate-expired", 206)]
    );
}

#[test]
fn strangers_come_first_and_say_who_saw_them() {
    let one = dmarc(DMARC.as_bytes()).expect("a report");
    let other = Aggregate {
        organization: "other.example".to_owned(),
        ..one.clone()
    };
    let fault = unreadable(&posted(Letterbox::Dmarc, b""), &Fault::TooLarge);
    let sum = senders([one, other, fault]);
    assert_eq!((sum.reports, sum.messages, sum.strange), (2, 320, 80));
    let stranger = sum.sources.first().expect("a stranger");
    assert!(!stranger.is_ours && stranger.messages == 80 && stranger.stopped == 80);
    assert_eq!(stranger.seen_by.len(), 2);
    assert_eq!(sum.unreadable.values().sum::<u64>(), 1);
}

#[test]
fn a_bomb_is_refused() {
    let bomb = vec![b'<'; 64 * 1024 * 1024];
    for attached in [gzipped(&bomb), zipped(&bomb)] {
        assert!(attached.len() < 100_000);
        assert_eq!(dmarc(&attached), Err(Fault::TooLarge));
    }
    let deep = format!("<feedback>{}", "<a>".repeat(100_000));
    assert!(matches!(dmarc(deep.as_bytes()), Err(Fault::Malformed(_))));
    let entities = DMARC.replace(
        "<feedback>",
        "<!DOCTYPE f [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><feedback>",
    );
    let read = dmarc(entities.replace("provider.example</org", "x&b;&b;</org").as_bytes());
    assert_eq!(read.expect("a report").organization, "x");
}

#[test]
fn what_is_no_report_is_refused_with_the_reason() {
    assert_eq!(dmarc(b"Hello"), Err(Fault::None));
    assert!(matches!(dmarc(b"\x1f\x8bnonsense"), Err(Fault::Damaged(_))));
    assert!(matches!(dmarc(b"<html><body>Hello</body></html>"), Err(Fault::None)));
    assert!(matches!(dmarc(b"<feedback></feedback>"), Err(Fault::Malformed(_))));
    assert!(matches!(tls(b"{\"a\": 1}"), Err(Fault::Malformed(_))));
    let later = DMARC.replace("1795564799", "2795564799");
    assert_eq!(dmarc(later.as_bytes()), Err(Fault::Time));
}

proptest! {
    #[test]
    fn mangled_reports_never_stop_the_reader(cut in 0..DMARC.len(), at in 0..DMARC.len(), with in any::<Vec<u8>>()) {
        for text in [DMARC, TLS] {
            let mut bytes = text.as_bytes().to_vec();
            bytes.truncate(cut);
            let at = at.min(bytes.len());
            bytes.splice(at..at, with.iter().copied());
            for attached in [&bytes, &gzipped(&bytes), &zipped(&bytes)] {
                drop(dmarc(attached));
                drop(tls(attached));
            }
            let mut packed = zipped(text.as_bytes());
            let at = at.min(packed.len());
            packed.splice(at.., with.iter().copied());
            drop(dmarc(&packed));
        }
    }
}
