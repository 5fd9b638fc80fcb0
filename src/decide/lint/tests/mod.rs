//! A well-made message, and the tools of the checks' own tests.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::*;

/// The profile that ships.
pub(super) fn profile() -> Profile {
    toml::from_str(include_str!("../../../../config/profile.toml")).expect("a profile")
}

pub(super) fn domains() -> Vec<Domain> {
    vec!["mst.example".parse().expect("a domain")]
}

/// To students, on Monday, 2 November 2026, at noon.
pub(super) fn about(domains: &[Domain]) -> About<'_> {
    About {
        category: Category::Informational,
        off_campus: false,
        is_reply: false,
        words_max: 500,
        list_words: vec!["students"],
        submitted_at: Timestamp::from_micros(1_793_642_400_000_000),
        zone: TimeZone::get("America/Chicago").expect("in the time-zone database"),
        campus_domains: domains,
    }
}

pub(super) const GOOD_TEXT: &str = "Dear students,\r\n\r\nEnrollment for the spring semester opens on Monday, \
November 9, 2026, at 8 a.m. CT. Meet your advisor first, and read the enrollment guide for the steps to follow:\r\n\
https://registrar.mst.example/guide\r\n\r\nMissouri S&T, Office of the Registrar\r\n\
Questions: records@mst.example\r\n";

pub(super) const GOOD_HTML: &str = "<!DOCTYPE html><html lang=\"en\" dir=\"ltr\"><head><title>Enrollment opens</title>\
</head><body><h1>Enrollment opens</h1><p>Dear students,</p>\r\n<p>Enrollment for the spring semester opens on Monday, \
November 9, 2026, at 8 a.m. CT. Meet your advisor first, and read the \
<a href=\"https://registrar.mst.example/guide\">enrollment guide</a> for the steps to follow.</p>\r\n\
<img src=\"https://www.mst.edu/logo.png\" width=\"200\" alt=\"Missouri S&amp;T\">\
<p style=\"color:#154734;font-size:16px\">Missouri S&amp;T, Office of the Registrar<br>\
Questions: records@mst.example</p></body></html>\r\n";

/// A message with these in the place of the good ones; `header` are more fields, `more` are more parts.
pub(super) struct Draft<'a> {
    pub(super) header: &'a str,
    pub(super) from: &'a str,
    pub(super) subject: &'a str,
    pub(super) text: Option<&'a str>,
    pub(super) html: Option<&'a str>,
    pub(super) more: &'a str,
}

pub(super) const GOOD: Draft<'static> = Draft {
    header: "",
    from: "Office of the Registrar <records@mst.example>",
    subject: "Enrollment for spring opens on November 9",
    text: Some(GOOD_TEXT),
    html: Some(GOOD_HTML),
    more: "",
};

impl Draft<'_> {
    pub(super) fn letter(&self) -> Letter {
        let part = |kind: &str, body: Option<&str>| {
            body.map_or(String::new(), |body| {
                format!("--x\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n")
            })
        };
        let message = format!(
            "From: {}\r\nTo: students@lists.mst.example\r\nSubject: {}\r\n{}MIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=x\r\n\r\n{}{}{}--x--\r\n",
            self.from,
            self.subject,
            self.header,
            part("plain", self.text),
            part("html", self.html),
            self.more
        );
        Letter::read(message.as_bytes()).expect("a message")
    }

    /// The spots one check finds.
    pub(super) fn spots(&self, rule: &str) -> Vec<String> {
        self.spots_when(rule, |_| {})
    }

    /// The spots one check finds, when more is known.
    pub(super) fn spots_when(&self, rule: &str, change: impl FnOnce(&mut About<'_>)) -> Vec<String> {
        assert!(RULES.iter().any(|one| one.name == rule), "there is no check `{rule}`");
        let domains = domains();
        let mut about = about(&domains);
        change(&mut about);
        let remarks = lint(&self.letter(), &about, &profile());
        let ours = remarks.into_iter().filter(|remark| remark.rule == rule);
        ours.map(|remark| remark.place).collect()
    }
}

/// The spots a check finds in a plain body.
pub(super) fn in_text(rule: &str, text: &str) -> Vec<String> {
    let draft = Draft {
        text: Some(text),
        html: None,
        ..GOOD
    };
    draft.spots(rule)
}

/// The spots a check finds in HTML beside the good text.
pub(super) fn in_html(rule: &str, html: &str) -> Vec<String> {
    let draft = Draft {
        html: Some(html),
        ..GOOD
    };
    draft.spots(rule)
}

/// The spots a check finds in a subject.
pub(super) fn in_subject(rule: &str, subject: &str) -> Vec<String> {
    Draft { subject, ..GOOD }.spots(rule)
}

pub(super) const NONE: [&str; 0] = [];

#[test]
fn a_well_made_message_hears_nothing() {
    let domains = domains();
    let remarks = lint(&GOOD.letter(), &about(&domains), &profile());
    assert!(remarks.is_empty(), "{remarks:#?}");
}

#[test]
fn a_check_says_the_same_twice_and_names_a_spot_once() {
    let draft = Draft {
        text: Some("MST and MST, MS&T"),
        html: Some("<p>MST</p>"),
        ..GOOD
    };
    assert_eq!(draft.spots("name-wrong"), ["MST", "MS&T"]);
    assert_eq!(draft.spots("name-wrong"), draft.spots("name-wrong"));
}

#[test]
fn the_weightiest_come_first_and_quotes_are_short() {
    let long = format!("{} MST", "a".repeat(2000));
    let domains = domains();
    let draft = Draft {
        subject: "",
        text: Some(&long),
        html: None,
        ..GOOD
    };
    let remarks = lint(&draft.letter(), &about(&domains), &profile());
    assert!(remarks.is_sorted_by(|a, b| a.level >= b.level));
    assert!(remarks.len() > 2 && remarks.iter().all(|remark| remark.place.chars().count() <= 160));
    assert!(
        remarks.iter().all(|remark| remark.sentence.ends_with('.')),
        "{remarks:#?}"
    );
}

#[test]
fn a_profile_turns_a_check_off() {
    let mut profile = profile();
    profile.levels.insert("name-wrong".into(), Setting::Off);
    let domains = domains();
    let draft = Draft {
        subject: "News of MST for everybody",
        ..GOOD
    };
    assert!(lint(&draft.letter(), &about(&domains), &profile).is_empty());
}

#[test]
fn every_check_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    let is_kebab = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    assert!(names.iter().all(|name| is_kebab(name)));
}

#[test]
fn garbage_is_judged_without_a_panic() {
    let domains = domains();
    for bytes in [
        &b"Subject: \xff\xfe\r\n\r\n\xff<a href=http://%zz:99999999/@[><img><td></b>"[..],
        b"Content-Type: text/html\r\n\r\n<<<<a href='<!--\0<style><p style=';:;color:;font-size:px'>&#xffffff;",
        b"From: ,,;<@>\r\nReply-To: <>\r\n\r\n0/0/0000 99/99/9999 February 31 \xc3",
    ] {
        if let Some(letter) = Letter::read(bytes) {
            lint(&letter, &about(&domains), &profile());
        }
    }
}
