//! `bedel policy`, `bedel roster`, `bedel emergency`: the policy asked in advance, classes, and second factors.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Ask, Client};
use super::{Error, account, input, out, view};
use crate::mail::{Address, Invalid};
use crate::stage::intake::Explained;

/// What to ask of the policy.
#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Say what would happen to a message, without taking it
    #[command(
        after_long_help = "Examples:\n  bedel policy explain invitation.eml --from author --to students\n  \
        bedel policy explain - --from author --to students < invitation.eml"
    )]
    Explain(Explain),
}

/// A message to judge.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The message, as a file; `-` is standard input
    file: PathBuf,
    /// Who would submit it
    #[arg(long, value_name = "ACCOUNT")]
    from: String,
    /// Whom it would be for: an address, or a list by what stands before its @; may be said several times
    #[arg(long, value_name = "ADDRESS", required = true, value_parser = recipient)]
    to: Vec<String>,
    /// When, such as 2026-11-24T09:00:00Z; now, unless it is said
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<String>,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// What to do with rosters.
#[derive(Debug, Subcommand)]
pub(super) enum Roster {
    /// Replace the rosters of one term: columns section, email, role (instructor, ta or student)
    #[command(
        after_long_help = "Example:\n  bedel roster import fall.csv --term 2026FS --begins 2026-08-24 --ends 2026-12-18"
    )]
    Import(Import),
}

/// One term's rosters.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The feed, whole; `-` is standard input
    file: PathBuf,
    /// The term's name
    #[arg(long)]
    term: String,
    /// Its first day
    #[arg(long, value_name = "DAY")]
    begins: String,
    /// Its last day
    #[arg(long, value_name = "DAY")]
    ends: String,
}

/// What to do with emergency roles.
#[derive(Debug, Subcommand)]
pub(super) enum Emergency {
    /// A new authenticator for an emergency role; its secret is told once
    #[command(after_long_help = "Example:\n  bedel emergency enroll --as police")]
    Enroll(Who),
    /// Show the second factor: for a while, what the role sends to an emergency list goes at once
    #[command(after_long_help = "Examples:\n  bedel emergency arm --as police --code 123456\n  \
        bedel emergency arm --as police --code 123456 --drill")]
    Arm(Arm),
}

/// An emergency role.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// The account
    #[arg(long = "as", value_name = "ACCOUNT")]
    actor: String,
}

/// A role and its code.
#[derive(Debug, Args)]
pub(super) struct Arm {
    #[command(flatten)]
    who: Who,
    /// The six digits the authenticator shows
    #[arg(long)]
    code: String,
    /// Practise: it takes the same road, to nobody but those whom policy.toml names for drills
    #[arg(long)]
    drill: bool,
}

/// A time with its zone, as the API reads it.
fn moment(text: &str) -> Result<String, &'static str> {
    let is_moment = text.parse::<jiff::Timestamp>().is_ok();
    let said = "write day, time and zone, such as 2026-11-24T09:00:00Z";
    is_moment.then(|| text.to_owned()).ok_or(said)
}

/// An address, or the name of a list, which the gateway knows.
fn recipient(text: &str) -> Result<String, Invalid> {
    if text.contains('@') {
        text.parse::<Address>()?;
    }
    Ok(text.to_owned())
}

pub(super) async fn policy(client: &Client, command: Policy) -> Result<(), Error> {
    let Policy::Explain(explain) = command;
    let message = input::whole(&explain.file)?;
    let from = client.account(&explain.from)?;
    let body = json!({
        "message": String::from_utf8_lossy(&message), "from": from, "to": explain.to, "at": explain.at,
    });
    let answer = client.ask(Ask::post("/policy/explain", &body)).await?;
    if explain.json {
        return out::json(&answer);
    }
    let explained: Explained = view::read(answer)?;
    out::line(&format!("Outcome: {}\n", explained.outcome))?;
    let rows: Vec<[String; 3]> = explained
        .findings
        .iter()
        .map(|finding| {
            [
                finding.clause.to_string(),
                finding.rule.to_string(),
                finding.sentence.clone(),
            ]
        })
        .collect();
    out::table(["CLAUSE", "RULE", "SAYS"], &rows, "No rule has anything to say.")?;
    out::line("")?;
    view::remarks(&explained.remarks)?;
    let wanted = if explained.wanted.is_empty() {
        "nobody".to_owned()
    } else {
        explained.wanted.join(", ")
    };
    let left_out: Vec<String> = explained
        .left_out
        .iter()
        .map(|(why, count)| format!("{} {why}", out::count(*count)))
        .collect();
    out::line("")?;
    out::card(&[
        ("would approve", wanted),
        ("would get a copy", out::count(explained.recipients)),
        (
            "would be left out",
            if left_out.is_empty() {
                "nobody".to_owned()
            } else {
                left_out.join(", ")
            },
        ),
        ("could leave", client.time(explained.leaves_at)),
    ])
}

pub(super) async fn roster(client: &Client, command: Roster) -> Result<(), Error> {
    let Roster::Import(import) = command;
    let csv = String::from_utf8(input::whole(&import.file)?);
    let csv = csv.with_context(|| format!("reading {}", import.file.display()))?;
    let body = json!({ "term": import.term, "begins": import.begins, "ends": import.ends, "csv": csv });
    done(&client.ask(Ask::post("/rosters", &body)).await?)
}

pub(super) async fn emergency(client: &Client, command: Emergency) -> Result<(), Error> {
    match command {
        Emergency::Enroll(who) => {
            let actor = client.account(&who.actor)?;
            let ask = Ask::post("/emergency/enroll", &json!({})).by(Some(&actor));
            account::factor(client, &actor, ask).await
        }
        Emergency::Arm(arm) => {
            let actor = client.account(&arm.who.actor)?;
            let body = json!({ "code": arm.code, "drill": arm.drill });
            done(&client.ask(Ask::post("/emergency/arm", &body).by(Some(&actor))).await?)
        }
    }
}

fn done(answer: &Value) -> Result<(), Error> {
    out::line(answer.get("done").and_then(Value::as_str).unwrap_or("Done."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_with_its_zone() {
        for text in ["2026-11-24T09:00:00Z", "2026-11-24T09:00:00-06:00"] {
            assert_eq!(moment(text), Ok(text.to_owned()));
        }
        for text in ["tomorrow", "2026-11-24", "2026-11-24T09:00"] {
            assert!(
                moment(text).is_err_and(|said| said.contains("2026-11-24T09:00:00Z")),
                "{text}"
            );
        }
    }
}
