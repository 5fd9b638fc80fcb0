//! Letters like those that offices write: a text, and the same as HTML.

/// Octets of a line of text, about.
const LINE_OCTETS: usize = 72;
/// Of which a text is put together.
const SYLLABLES: [&str; 20] = [
    "ba", "co", "di", "fu", "ge", "ha", "jo", "ki", "lu", "me", "no", "pa", "qui", "ro", "su", "ta", "vo", "we", "xi",
    "ya",
];

/// A letter to all students of so many octets, about: a third of it text, the rest HTML.
pub(crate) fn letter(octets: usize) -> Vec<u8> {
    let mut chance = Chance(octets as u64);
    let text: Vec<String> = (0..octets / 3 / LINE_OCTETS).map(|_| chance.line()).collect();
    let mut html = String::from("<html><body style=\"font-family: sans-serif\">\r\n");
    let mut number = 0;
    let head = head();
    while head.len() + text.len() * (LINE_OCTETS + 2) + html.len() < octets {
        let line = text.get(number % text.len().max(1)).map_or("", String::as_str);
        html.push_str(&format!("<p style=\"margin: 0 0 1em 0\">{line}</p>\r\n"));
        if number.is_multiple_of(12) {
            let link = format!("<p><a href=\"https://www.mst.example/page/{number}\">{line}</a></p>\r\n");
            html.push_str(&link);
        }
        number += 1;
    }
    html.push_str("</body></html>\r\n");
    let mut message = head;
    let parts = [("plain", text.join("\r\n") + "\r\n"), ("html", html)];
    for (kind, part) in parts {
        message.push_str(&format!(
            "--part\r\nContent-Type: text/{kind}; charset=us-ascii\r\n\r\n{part}"
        ));
    }
    message.push_str("--part--\r\n");
    message.into_bytes()
}

fn head() -> String {
    "From: The Dean <dean@mst.example>\r\nTo: students@lists.mst.example\r\nSubject: Fees of the spring term\r\n\
     Message-ID: <1@mail.mst.example>\r\nDate: Tue, 24 Nov 2026 09:00:00 -0600\r\nMIME-Version: 1.0\r\n\
     Content-Type: multipart/alternative; boundary=part\r\n\r\n"
        .to_owned()
}

/// Numbers that look like chance, and are the same each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % most
    }

    fn word(&mut self) -> String {
        let syllables = 1 + self.next(4);
        (0..syllables)
            .filter_map(|_| SYLLABLES.get(self.next(SYLLABLES.len())))
            .copied()
            .collect()
    }

    fn line(&mut self) -> String {
        let mut line = self.word();
        while line.len() < LINE_OCTETS - 6 {
            line.push(' ');
            line.push_str(&self.word());
        }
        line
    }
}
