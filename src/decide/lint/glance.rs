//! What is seen of a message before it is read: the line beside its subject, and where its links lead.

use super::html::Html;
use super::letter::Link;
use super::{Letter, Settings, url};

/// Characters a mail program shows beside a subject.
const PREHEADER_CHARS: usize = 140;
/// Links that are told.
const LEADS_MAX: usize = 100;
/// Characters of a link's text.
const TEXT_CHARS_MAX: usize = 120;

/// What is seen first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// The beginning of the text, hidden or not, as a list of messages shows it.
    pub preheader: String,
    /// Where its links lead, each once, in order.
    pub leads: Vec<Lead>,
}

/// Where one link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// What people see; empty where that is the link itself.
    pub text: String,
    /// As it stands in the message.
    pub href: String,
    /// The host it leads to; empty for what is no web address.
    pub host: String,
    /// What is to be known of it.
    pub marks: Vec<Mark>,
}

/// What a reviewer looks twice at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The host is not the university's.
    Elsewhere,
    /// Anybody on the way reads it: no TLS.
    Plain,
    /// A shortener or a click redirect: nobody knows where it leads.
    Short,
    /// A survey. Policy C13.
    Survey,
}

impl Settings {
    /// What is seen first of a message; nothing when it cannot be read.
    pub fn glance(&self, message: &[u8]) -> Glance {
        let Some(letter) = Letter::read(message) else {
            return Glance::default();
        };
        let mut leads: Vec<Lead> = Vec::new();
        for link in &letter.links {
            let lead = self.lead(link);
            let is_known = leads
                .iter()
                .any(|known| known.href == lead.href && (known.text == lead.text || lead.text.is_empty()));
            if !is_known && leads.len() < LEADS_MAX {
                leads.push(lead);
            }
        }
        Glance {
            preheader: preheader(&letter),
            leads,
        }
    }

    fn lead(&self, link: &Link) -> Lead {
        let hosts = &self.profile.hosts;
        let mut marks = Vec::new();
        if let Some(target) = &link.target {
            let is_ours = self
                .campus_domains
                .iter()
                .any(|own| url::is_within(&target.host, own.as_str()));
            let is_short = target.is_of(&hosts.shorteners) || target.is_of(&hosts.redirects);
            let all = [
                (!is_ours && !target.is_of(&hosts.own), Mark::Elsewhere),
                (!target.is_secure, Mark::Plain),
                (is_short, Mark::Short),
                (target.is_of(&hosts.surveys), Mark::Survey),
            ];
            marks.extend(all.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark));
        }
        let text = if link.text == link.href { "" } else { &link.text };
        Lead {
            text: text.chars().take(TEXT_CHARS_MAX).collect(),
            href: link.href.clone(),
            host: link
                .target
                .as_ref()
                .map(|target| target.host.clone())
                .unwrap_or_default(),
            marks,
        }
    }
}

fn preheader(letter: &Letter) -> String {
    let whole = letter.html.as_ref().map(Html::listed);
    let text = whole.as_deref().unwrap_or_else(|| letter.body());
    let mut line = String::new();
    for word in text.split_whitespace() {
        if line.chars().count() + word.chars().count() >= PREHEADER_CHARS {
            line.push('…');
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domains, profile};
    use super::*;

    fn glance(html: &str) -> Glance {
        let settings = Settings {
            profile: profile(),
            campus_domains: domains(),
            off_campus: Default::default(),
            words_on_campus: 400,
            words_off_campus: 1_000,
            zone: jiff::tz::TimeZone::UTC,
        };
        settings.glance(format!("Subject: s\r\nContent-Type: text/html\r\n\r\n{html}").as_bytes())
    }

    #[test]
    fn the_line_beside_the_subject_is_how_the_text_begins_seen_or_not() {
        let html = "<html><head><title>No</title></head><body><div style='display:none'>Doors open \r\n at six.</div>\
                    <script>var a = 1</script><style>p{}</style><h1>The fair</h1></body></html>";
        assert_eq!(glance(html).preheader, "Doors open at six. The fair");
        let long = glance(&"word ".repeat(100)).preheader;
        assert!(
            long.ends_with("word…") && long.chars().count() <= PREHEADER_CHARS,
            "{long}"
        );
        assert_eq!(glance("").preheader, "");
    }

    #[test]
    fn each_link_is_told_once_with_its_true_host_and_what_to_know_of_it() {
        let html = "<a href='https://registrar.mst.example/guide'>Guide</a> \
                    <a href='https://registrar.mst.example/guide'>Guide</a> \
                    <a href='http://mst.example@evil.example/'>mst.example</a> <a href='https://bit.ly/x'>More</a> \
                    <a href='https://s.qualtrics.com/y'>Answer</a> <a href='mailto:a@mst.example'>Write</a>";
        let leads = glance(html).leads;
        let told: Vec<_> = leads
            .iter()
            .map(|lead| (lead.text.as_str(), lead.host.as_str(), lead.marks.as_slice()))
            .collect();
        let expected: [(&str, &str, &[Mark]); 5] = [
            ("Guide", "registrar.mst.example", &[]),
            ("mst.example", "evil.example", &[Mark::Elsewhere, Mark::Plain]),
            ("More", "bit.ly", &[Mark::Elsewhere, Mark::Short]),
            ("Answer", "s.qualtrics.com", &[Mark::Elsewhere, Mark::Survey]),
            ("Write", "", &[]),
        ];
        assert_eq!(told, expected);
    }
}
