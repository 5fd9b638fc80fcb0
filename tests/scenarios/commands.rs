//! No command is a bulk road out: every one of them, run by each role while the store is full of contacts. Policy C8.
//!
//! What commands there are the program tells itself, in its help. So a new one is run on the day it is there: one that
//! this walk does not know how to call fails it, and so does one that never succeeds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::campus::{Campus, Letter, case, list};
use serde_json::json;

/// Contacts of the store.
const CONTACTS: usize = 64;
/// The one who is looked up.
const ASKED: &str = "walked07@students.example";
const ROLES: [&str; 5] = ["author", "records", "emarcomm", "police", "postmaster"];
/// What runs a gateway, opens the store of one that does not run, or asks the DNS alone has nothing to answer here.
const OTHERS: [&str; 6] = ["demo", "serve", "public", "sink", "store restore", "doctor"];
/// What succeeds only with something that this campus has not.
const WANTING: [&str; 14] = [
    "mailing uncertain",
    "people pull",
    "hold attest",
    "hold convert",
    "hold survey",
    "hold confirm",
    "hold reviewed",
    "hold combine",
    "hold agree",
    "hold edit",
    "mailing resume",
    "mailing pause",
    "mailing stop",
    "emergency arm",
];

#[tokio::test]
async fn no_command_is_a_bulk_road_out() {
    let campus = Campus::open().await;
    let students: Vec<(String, &str)> = (0..CONTACTS)
        .map(|at| (format!("walked{at:02}@students.example"), ",US,,,,"))
        .collect();
    campus.feed("registrar", "student", &students).await;
    let letter = Letter::new("The dome opens", "Dear students,\n\nthe dome opens at 6 p.m. CT.\n");
    let first = case(&campus.submit("author", &list("students"), &letter).await);
    campus
        .act(&first, "approve", "records", &json!({}))
        .await
        .expect("approved");
    campus
        .act(&first, "release", "emarcomm", &json!({}))
        .await
        .expect("released");
    campus.state(&first, "closed").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writes");
    file("m.eml", "From: a@mst.example\nSubject: Fees\n\nPay.\n");
    file(
        "f.csv",
        "source_key,email,affiliation\nnew,new@students.example,student\n",
    );
    file(
        "r.csv",
        "section,email,role\ncs1500,instructor@mst.example,instructor\n",
    );
    let commands = commands(&campus, &[]).await;
    assert!(
        commands.len() > 45,
        "the program tells its commands otherwise: {commands:?}"
    );
    let mut best: BTreeMap<String, (i32, String)> = BTreeMap::new();
    for (command, help) in &commands {
        if OTHERS.contains(&command.as_str()) {
            continue;
        }
        // Each has a case of its own, for some end it.
        let another = Letter::new(command, "Dear students,\n\nfees are due on Friday.\n");
        let held = case(&campus.submit("author", &list("students"), &another).await);
        if command == "hold unclaim" {
            campus
                .act(&held, "claim", "emarcomm", &json!({}))
                .await
                .expect("claimed");
        }
        if command == "hold release" {
            campus
                .act(&held, "approve", "records", &json!({}))
                .await
                .expect("approved");
        }
        for mut line in lines(command, &first, &held) {
            let roles: Vec<Option<&str>> = match help.contains("--as ") {
                true => ROLES.iter().map(|role| Some(*role)).collect(),
                false => vec![None],
            };
            if help.contains("--json") && !line.contains(&"--json".to_owned()) {
                line.push("--json".to_owned());
            }
            for role in roles {
                let as_whom: Vec<String> = role
                    .iter()
                    .flat_map(|role| ["--as".to_owned(), (*role).to_owned()])
                    .collect();
                let all = [line.clone(), as_whom].concat();
                let (code, said) = run(&campus, folder.path(), &all).await;
                let known = best.entry(command.clone()).or_insert_with(|| (code, said.clone()));
                if code < known.0 {
                    *known = (code, said.clone());
                }
                let is_look_up = ["people find", "people why", "people export"].contains(&command.as_str());
                holds_nobody(&said, is_look_up, &format!("bedel {}", all.join(" ")));
            }
        }
    }
    for entry in std::fs::read_dir(folder.path()).expect("reads") {
        let path = entry.expect("an entry").path();
        let written = std::fs::read(&path).expect("reads");
        holds_nobody(&String::from_utf8_lossy(&written), false, &path.display().to_string());
    }
    let never: Vec<_> = best
        .iter()
        .filter(|(command, (code, _))| *code != 0 && !WANTING.contains(&command.as_str()))
        .collect();
    assert!(never.is_empty(), "these never succeeded: {never:#?}");
}

/// Every command that is called, with its help, as the program tells them.
async fn commands(campus: &Campus, under: &[String]) -> Vec<(String, String)> {
    let asked = [under, &["--help".to_owned()]].concat();
    let (_, help) = run(campus, Path::new("."), &asked).await;
    let Some((_, listed)) = help.split_once("Commands:\n") else {
        return vec![(under.join(" "), help)];
    };
    let names = listed.lines().take_while(|line| line.starts_with("  "));
    let names = names
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    let mut all = Vec::new();
    for name in names.filter(|name| *name != "help") {
        let of = [under, &[name.to_owned()]].concat();
        all.extend(Box::pin(commands(campus, &of)).await);
    }
    all
}

/// How a command is called; several ways when it answers in several.
fn lines(command: &str, closed: &str, held: &str) -> Vec<Vec<String>> {
    let person = format!("{ASKED} --reason because");
    let more: Vec<String> = match command {
        "check" | "hold list" | "mailing list" | "people feeds" | "account list" | "shape list" | "audit show"
        | "audit verify" | "reload" | "store rotate" | "report dmarc" | "report tls" => vec![String::new()],
        "hold show" | "mailing show" => vec![held.to_owned(), closed.to_owned()],
        "mailing watch" => vec![closed.to_owned()],
        "hold approve" | "hold release" | "hold confirm" | "hold reviewed" | "hold claim" | "hold unclaim"
        | "hold test" | "hold agree" | "hold withdraw" => vec![held.to_owned()],
        "hold schedule" => vec![format!("{held} --at 2027-01-11T09:00")],
        "hold attest" | "hold convert" | "hold survey" | "hold return" | "hold decline" => {
            vec![format!("{held} -m because")]
        }
        "hold edit" => vec![format!("{held} --before due --after owed")],
        "hold combine" => vec![format!("{held} {closed} --subject Both")],
        "mailing pause" | "mailing resume" | "mailing stop" => vec![closed.to_owned()],
        "people import" => vec!["f.csv --source registrar --dry-run --confirm-removals".to_owned()],
        "people pull" => vec!["registrar --dry-run".to_owned()],
        "people find" => vec![person.clone(), format!("{person} --mailing {closed}")],
        "people why" => vec![format!("{person} --audience students")],
        "people export" => vec![person],
        "people suppress" | "people forget" => vec!["walked09@students.example --reason because".to_owned()],
        "people count" => vec!["students".to_owned()],
        "account add" => vec!["leaver@mst.example --generate".to_owned()],
        "account password" => vec!["leaver@mst.example --generate".to_owned()],
        "account remove" => vec!["leaver@mst.example".to_owned()],
        "account token" | "account factor" => vec!["instructor@mst.example".to_owned()],
        "account away" => vec!["instructor@mst.example --back".to_owned()],
        "policy explain" => vec!["m.eml --from author --to students".to_owned()],
        "shape explain" => vec!["students.example".to_owned()],
        "report explain" => vec!["m.eml".to_owned()],
        "roster import" => vec!["r.csv --term 2026FS --begins 2026-08-24 --ends 2026-12-18".to_owned()],
        "emergency enroll" => vec![String::new()],
        "mailing uncertain" => vec![format!("{closed} hold")],
        "emergency arm" => vec!["--code 000000".to_owned()],
        "store export" => vec!["all.export".to_owned()],
        other => panic!("the walk does not know how to call `bedel {other}`"),
    };
    let words = |more: &String| -> Vec<String> {
        let words = command.split(' ').chain(more.split_whitespace());
        words.map(str::to_owned).collect()
    };
    more.iter().map(words).collect()
}

async fn run(campus: &Campus, folder: &Path, words: &[String]) -> (i32, String) {
    let (config, folder, words) = (campus.config(), folder.to_owned(), words.to_vec());
    // The gateway runs on this thread.
    let ended = tokio::task::spawn_blocking(move || run_to_its_end(&config, &folder, &words));
    ended.await.expect("runs")
}

/// Its code, and all that it said; none takes a minute.
fn run_to_its_end(config: &PathBuf, folder: &Path, words: &[String]) -> (i32, String) {
    let said = tempfile::NamedTempFile::new().expect("a file");
    let file = || {
        Stdio::from(
            std::fs::OpenOptions::new()
                .append(true)
                .open(said.path())
                .expect("opens"),
        )
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedel"));
    command.arg("--config").arg(config).args(words).current_dir(folder);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file())
        .stderr(file())
        .spawn()
        .expect("starts");
    for _ in 0..1_200 {
        if let Some(status) = child.try_wait().expect("can be asked") {
            let said = std::fs::read(said.path()).expect("reads");
            return (status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().expect("stops");
    panic!("{words:?} does not end");
}

#[track_caller]
fn holds_nobody(text: &str, is_look_up: bool, what: &str) {
    let hex = |name: &str| name.bytes().map(|octet| format!("{octet:02x}")).collect::<String>();
    let names = (0..CONTACTS).map(|at| format!("walked{at:02}"));
    let found: BTreeSet<String> = names
        .filter(|name| text.contains(name.as_str()) || text.contains(&hex(name)))
        .filter(|name| !(is_look_up && ASKED.starts_with(name.as_str())))
        // Whoever says whom to suppress or erase is answered with the same words.
        .filter(|name| !(name == "walked09" && (what.contains("suppress") || what.contains("forget"))))
        .collect();
    assert!(found.is_empty(), "{what} bears {found:?}: {text}");
}
