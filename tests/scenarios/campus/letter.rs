//! Letters people write, and the people they write to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A letter, before it is addressed.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    subject: String,
    text: String,
    fields: Vec<(&'static str, String)>,
    attached: Option<(String, Vec<u8>)>,
    /// Everybody stands in To, where all of them see it.
    is_open: bool,
}

impl Letter {
    pub(crate) fn new(subject: &str, text: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            text: text.to_owned(),
            fields: Vec::new(),
            attached: None,
            is_open: false,
        }
    }

    pub(crate) fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    pub(crate) fn attach(mut self, name: &str, content: &[u8]) -> Self {
        self.attached = Some((name.to_owned(), content.to_owned()));
        self
    }

    pub(crate) fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// As the relay hands it over.
    pub(super) fn bytes(&self, from: &str, login: Option<&str>, to: &[String]) -> String {
        let to = if self.is_open || to.len() == 1 {
            to.join(",\r\n ")
        } else {
            "undisclosed-recipients:;".to_owned()
        };
        let login = login.map_or_else(String::new, |login| {
            format!("X-Campus-Authenticated: {login}@mst.example\r\n")
        });
        let mut head = format!("{login}From: {from}\r\nTo: {to}\r\nSubject: {}\r\n", self.subject);
        for (name, value) in &self.fields {
            head += &format!("{name}: {value}\r\n");
        }
        let text = self.text.replace('\n', "\r\n");
        match &self.attached {
            None => format!("{head}\r\n{text}"),
            Some((name, content)) => format!(
                "{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
                 --x\r\nContent-Type: text/plain\r\n\r\n{text}\r\n\
                 --x\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
                 Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                 {}\r\n--x--",
                lines(&STANDARD.encode(content))
            ),
        }
    }
}

fn lines(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let lines: Vec<String> = characters.chunks(76).map(|line| line.iter().collect()).collect();
    lines.join("\r\n")
}

/// So many people: `mark1@domain` and on.
pub(crate) fn people(count: usize, mark: &str, domain: &str) -> Vec<String> {
    (1..=count).map(|n| format!("{mark}{n}@{domain}")).collect()
}
