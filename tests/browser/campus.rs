//! The running program: `bedel demo`, as somebody would start it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

pub(super) const AUTHOR: &str = "author@mst.example";
pub(super) const STEWARD: &str = "records@mst.example";
pub(super) const REVIEWER: &str = "emarcomm@mst.example";
pub(super) const LIST: &str = "students@lists.mst.example";

/// A demo campus, and what it printed of itself.
pub(super) struct Campus {
    process: Child,
    pub(super) console: String,
    settings: PathBuf,
    submission: String,
    passwords: HashMap<String, String>,
}

impl Campus {
    pub(super) fn open() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_bedel"))
            .arg("demo")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = process.stdout.take().expect("its output is ours");
        let mut campus = Self {
            process,
            console: String::new(),
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

    /// Sends a message to the list with curl; gives its case number.
    pub(super) fn submit(&self, author: &str, subject: &str) -> String {
        let message = format!(
            "From: {author}\r\nTo: {LIST}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><h1>Commencement</h1>\
             <p>The ceremony begins at <b>ten</b>. <a href=\"https://www.mst.example/\">Directions</a></p>\
             <script>document.title = top.document.title = 'taken over'</script></body></html>\r\n"
        );
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
            .args(["--mail-from", author, "--mail-rcpt", LIST, "--upload-file"])
            .arg(file.path())
            .output()
            .expect("curl is there");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let case = said.split([' ', ',', '/']).find(|word| word.starts_with("MC-"));
        case.unwrap_or_else(|| panic!("not held: {said}")).trim().to_owned()
    }

    /// The steward approves on the command line.
    pub(super) fn approve(&self, case: &str) {
        let done = Command::new(env!("CARGO_BIN_EXE_bedel"))
            .arg("--config")
            .arg(&self.settings)
            .args(["hold", "approve", case, "--as", STEWARD])
            .status()
            .expect("the program starts");
        assert!(done.success());
    }
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
