//! The running program: `bedel demo`, as somebody would start it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use bedel::clock::Clock;

pub(super) const AUTHOR: &str = "author@mst.example";
pub(super) const STEWARD: &str = "records@mst.example";
pub(super) const REVIEWER: &str = "emarcomm@mst.example";
pub(super) const OFFICER: &str = "police@mst.example";
pub(super) const PRIVACY: &str = "privacy@mst.example";
pub(super) const POSTMASTER: &str = "postmaster@mst.example";
pub(super) const LIST: &str = "students@lists.mst.example";
const DMARC: &str = "dmarc@bounce.lists.mst.example";

static OPENING: Mutex<()> = Mutex::new(());

/// A demo campus, and what it printed of itself.
pub(super) struct Campus {
    process: Child,
    pub(super) console: String,
    pub(super) public: String,
    mail: PathBuf,
    settings: PathBuf,
    submission: String,
    passwords: HashMap<String, String>,
}

impl Campus {
    pub(super) fn open() -> Self {
        // One demo after the other looks for free ports.
        let _turn = OPENING.lock();
        let mut process = Command::new(env!("CARGO_BIN_EXE_bedel"))
            .arg("demo")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = process.stdout.take().expect("its output is ours");
        let mut campus = Self {
            process,
            console: String::new(),
            public: String::new(),
            mail: PathBuf::new(),
            settings: PathBuf::new(),
            submission: String::new(),
            passwords: HashMap::new(),
        };
        for line in BufReader::new(out).lines() {
            let line = line.expect("text");
            campus.note(&line);
            if line.starts_with("Stop with") {
                break;
            }
        }
        assert!(
            campus.console.starts_with("http://127.0.0.1:"),
            "the demo told no console"
        );
        campus
    }

    fn note(&mut self, line: &str) {
        if let Some(path) = line.trim_start().strip_prefix("Sent mail") {
            self.mail = path.trim().into();
        }
        if let Some(url) = line.trim_start().strip_prefix("Public pages") {
            self.public = url.trim().trim_end_matches("/preferences").to_owned();
        }
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("Console"), Some(url)) => self.console = url.trim_end_matches('/').to_owned(),
            (Some("Settings"), Some(path)) => self.settings = path.into(),
            (Some("Submission"), Some(address)) => self.submission = address.to_owned(),
            (Some(account), Some(password)) if account.ends_with("@mst.example") => {
                self.passwords.insert(account.to_owned(), password.to_owned());
            }
            _ => {}
        }
    }

    pub(super) fn password(&self, account: &str) -> &str {
        self.passwords.get(account).expect("an account of the demo")
    }

    /// The one-tap link of the newest notice to somebody: a path of the console.
    pub(super) fn link(&self, who: &str) -> String {
        for _ in 0..100 {
            let files = std::fs::read_dir(&self.mail).expect("the folder of sent mail");
            let mut found: Vec<(std::time::SystemTime, String)> = files
                .filter_map(|file| {
                    let path = file.ok()?.path();
                    let text = std::fs::read_to_string(&path).ok()?.replace("=\r\n", "");
                    let at = path.metadata().ok()?.modified().ok()?;
                    let rest = text
                        .split_once("/decide/")
                        .filter(|_| text.contains(&format!("<{who}>")))?
                        .1;
                    let link = rest.split(|c: char| c.is_whitespace()).next()?;
                    Some((at, format!("/decide/{link}")))
                })
                .collect();
            found.sort();
            if let Some((_, link)) = found.pop() {
                return link;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("no notice with a link to {who}");
    }

    /// Sends a message to the list; gives its case number.
    pub(super) fn submit(&self, author: &str, subject: &str) -> String {
        let html = "<html><body><h1>Commencement</h1><p>The ceremony begins at <b>ten</b>. \
                    <a href=\"https://www.mst.example/\">Directions</a></p>\
                    <script>document.title = top.document.title = 'taken over'</script></body></html>";
        self.submit_html(author, subject, html)
    }

    /// Sends a message with this HTML to the list with curl; gives its case number.
    pub(super) fn submit_html(&self, author: &str, subject: &str, html: &str) -> String {
        self.submit_mime(author, subject, &part("text/html; charset=utf-8", "", html.as_bytes()))
    }

    /// Sends a message of these parts, the HTML first, to the list; gives its case number.
    pub(super) fn submit_related(&self, author: &str, subject: &str, parts: &[String]) -> String {
        let parts: String = parts.iter().map(|part| format!("--parts\r\n{part}\r\n")).collect();
        let mime = format!("Content-Type: multipart/related; boundary=parts\r\n\r\n{parts}--parts--\r\n");
        self.submit_mime(author, subject, &mime)
    }

    fn submit_mime(&self, author: &str, subject: &str, mime: &str) -> String {
        let message = format!("From: {author}\r\nTo: {LIST}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n{mime}");
        let said = self.send(author, LIST, &message);
        let case = said.split([' ', ',', '/']).find(|word| word.starts_with("MC-"));
        case.unwrap_or_else(|| panic!("not held: {said}")).trim().to_owned()
    }

    /// A DMARC report comes in, of a machine that sends in the campus's name and is not let.
    pub(super) fn tell_of_a_stranger(&self) {
        let now = Clock::system().now().as_micros() / 1_000_000;
        let report = format!(
            "<feedback><report_metadata><org_name>provider.example</org_name><report_id>1</report_id><date_range>\
             <begin>{now}</begin><end>{now}</end></date_range></report_metadata><record><row><source_ip>192.0.2.7</source_ip>\
             <count>1200</count><policy_evaluated><disposition>none</disposition></policy_evaluated></row><identifiers>\
             <header_from>mst.example</header_from></identifiers><auth_results><spf><domain>news.example</domain>\
             <result>pass</result></spf></auth_results></record></feedback>"
        );
        let body = part("application/xml", "", report.as_bytes());
        let message = format!("From: {AUTHOR}\r\nTo: {DMARC}\r\nSubject: Report\r\nMIME-Version: 1.0\r\n{body}");
        let said = self.send(AUTHOR, DMARC, &message);
        assert!(said.contains("250 2.0.0 Noted"), "{said}");
    }

    /// Sends a message with curl; gives what was said of it.
    fn send(&self, author: &str, to: &str, message: &str) -> String {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), message).expect("writes");
        let done = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--verbose",
                "--insecure",
                "--ssl-reqd",
                "--max-time",
                "60",
            ])
            .args([
                "--url",
                &format!("smtp://{}", self.submission),
                "--user",
                &format!("{author}:{}", self.password(author)),
            ])
            .args(["--mail-from", author, "--mail-rcpt", to, "--upload-file"])
            .arg(file.path())
            .output()
            .expect("curl is there");
        String::from_utf8_lossy(&done.stderr).into_owned()
    }

    /// A new authenticator for a duty officer, by the command line; its secret.
    pub(super) fn enroll(&self, who: &str) -> String {
        let done = Command::new(env!("CARGO_BIN_EXE_bedel"))
            .arg("--config")
            .arg(&self.settings)
            .args(["emergency", "enroll", "--as", who])
            .output()
            .expect("the program starts");
        let said = String::from_utf8(done.stdout).expect("text");
        let mut words = said.split_whitespace().skip_while(|word| *word != "secret");
        words.nth(1).unwrap_or_else(|| panic!("no secret: {said}")).to_owned()
    }

    /// The steward approves on the command line.
    pub(super) fn approve(&self, case: &str) {
        self.hold(&["approve", case, "--as", STEWARD]);
    }

    /// A reviewer releases on the command line, whatever the checks say and at once.
    pub(super) fn release(&self, case: &str) {
        let despite = ["--despite", "a drill", "--now", "a drill"];
        self.hold(&[["release", case, "--as", REVIEWER].as_slice(), &despite].concat());
    }

    fn hold(&self, words: &[&str]) {
        let done = Command::new(env!("CARGO_BIN_EXE_bedel"))
            .arg("--config")
            .arg(&self.settings)
            .arg("hold")
            .args(words)
            .status()
            .expect("the program starts");
        assert!(done.success());
    }

    /// The page of their own that a copy leads its recipient to: a path of the public pages, and their address.
    pub(super) fn own(&self) -> (String, String) {
        for _ in 0..300 {
            let files = std::fs::read_dir(&self.mail).expect("the folder of sent mail");
            for file in files {
                let path = file.expect("a file").path();
                let text = std::fs::read_to_string(path).unwrap_or_default();
                let header = text.split("\r\n\r\n").next().unwrap_or_default();
                let header = header.replace("\r\n\t", "").replace("\r\n ", "");
                let page = header.split(['<', '>']).find(|part| part.contains("/preferences/"));
                let to = header.lines().find_map(|line| line.strip_prefix("To: "));
                if let Some((page, to)) = page.zip(to) {
                    let path = page
                        .split_once("/preferences/")
                        .map(|(_, token)| format!("/preferences/{token}"));
                    return (path.expect("a token"), to.to_owned());
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("no copy with a page of its recipient's own");
    }
}

/// One part of a message, in base64, so that no line is too long for SMTP.
pub(super) fn part(kind: &str, cid: &str, bytes: &[u8]) -> String {
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let lines: Vec<&[u8]> = body.as_bytes().chunks(76).collect();
    let body = String::from_utf8(lines.join(&b"\r\n"[..])).expect("base64");
    let named = if cid.is_empty() {
        String::new()
    } else {
        format!("Content-ID: <{cid}>\r\n")
    };
    format!("Content-Type: {kind}\r\n{named}Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n")
}

impl Drop for Campus {
    /// Asks it to stop, so that it takes its folder with it.
    fn drop(&mut self) {
        let asked = Command::new("kill")
            .args(["-INT", &self.process.id().to_string()])
            .status();
        if !asked.is_ok_and(|asked| asked.success()) {
            drop(self.process.kill());
        }
        drop(self.process.wait());
    }
}
