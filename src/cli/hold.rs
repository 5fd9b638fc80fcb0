//! `bedel hold`: what waits for people.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Ask, Client};
use super::view::{self, Line};
use super::{Error, out};
use crate::model::MailingId;

/// What to do with holds.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what waits, oldest first
    #[command(after_long_help = "Examples:\n  bedel hold list\n  bedel hold list --as records --json")]
    List(List),
    /// Show one case: why it is held, who is wanted, and its text
    #[command(
        after_long_help = "Examples:\n  bedel hold show MC-2026-0001\n  bedel hold show MC-2026-0001 --as records"
    )]
    Show(Show),
    /// A steward approves the use of the audience in their care
    #[command(after_long_help = "Example:\n  bedel hold approve MC-2026-0001 --as records")]
    Approve(Act),
    /// A reviewer lets it go, once every wanted steward has approved
    #[command(
        after_long_help = "Examples:\n  bedel hold release MC-2026-0001 --as emarcomm\n  bedel hold release MC-2026-0001 \
        --as emarcomm --now 'the deadline is tonight'\n  bedel hold release MC-2026-0001 --as emarcomm --despite 'the \
        short link is on a poster already'"
    )]
    Release(Release),
    /// Its author says that these are people they work with; only what is held for their number goes so
    #[command(after_long_help = "Example:\n  bedel hold attest MC-2026-0001 --as author -m 'my search committee'")]
    Attest(Said),
    /// Its author makes it a request to a list
    #[command(after_long_help = "Example:\n  bedel hold convert MC-2026-0001 --as author -m students")]
    Convert(Said),
    /// Its author says whose survey it is: lines owner, id, irb, opens, closes
    #[command(
        after_long_help = "Example:\n  bedel hold survey MC-2026-0001 --as author -m $'owner: Dean\\nid: S-12\\nirb: not \
        research\\nopens: 2026-11-24\\ncloses: 2026-12-08'"
    )]
    Survey(Said),
    /// A second person of the emergency roles confirms an emergency
    #[command(after_long_help = "Example:\n  bedel hold confirm MC-2026-0001 --as provost")]
    Confirm(Act),
    /// A reviewer has read an emergency afterwards
    #[command(after_long_help = "Example:\n  bedel hold reviewed MC-2026-0001 --as emarcomm")]
    Reviewed(Act),
    /// A reviewer takes it on, so that the others know
    #[command(after_long_help = "Example:\n  bedel hold claim MC-2026-0001 --as emarcomm")]
    Claim(Act),
    /// A reviewer lets somebody else have it
    #[command(after_long_help = "Example:\n  bedel hold unclaim MC-2026-0001 --as emarcomm")]
    Unclaim(Act),
    /// A reviewer says when it is to leave; in its hours from then on
    #[command(
        after_long_help = "Examples:\n  bedel hold schedule MC-2026-0001 --as emarcomm --at 2026-12-01T09:00\n  \
        bedel hold schedule MC-2026-0001 --as emarcomm --at ''"
    )]
    Schedule(Schedule),
    /// Its author or a reviewer gets a copy, exactly as recipients would
    #[command(after_long_help = "Example:\n  bedel hold test MC-2026-0001 --as emarcomm")]
    Test(Act),
    /// A reviewer changes a passage; more than typing errors wants its author's yes
    #[command(
        after_long_help = "Example:\n  bedel hold edit MC-2026-0001 --as emarcomm --before adviser --after advisor"
    )]
    Edit(Edit),
    /// A reviewer makes one mailing of several that wait for the same lists; each author is told
    #[command(
        after_long_help = "Example:\n  bedel hold combine MC-2026-0001 MC-2026-0002 --as emarcomm --subject 'News of the \
        week'"
    )]
    Combine(Combine),
    /// Its author agrees to what a reviewer has changed
    #[command(after_long_help = "Example:\n  bedel hold agree MC-2026-0001 --as author")]
    Agree(Act),
    /// A reviewer sends it back to its author for changes
    #[command(
        after_long_help = "Example:\n  bedel hold return MC-2026-0001 --as emarcomm --comment 'Please name the room.'"
    )]
    Return(Said),
    /// A reviewer, or a steward who is wanted, says no; a reviewer also after the release, until the first copy leaves
    #[command(
        after_long_help = "Example:\n  bedel hold decline MC-2026-0001 --as records --comment 'Use the news page.'"
    )]
    Decline(Said),
    /// Its author takes it back, until the first copy leaves
    #[command(after_long_help = "Example:\n  bedel hold withdraw MC-2026-0001 --as author")]
    Withdraw(Act),
}

/// A listing.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only what this account may see
    #[arg(long = "as", value_name = "ACCOUNT")]
    actor: Option<String>,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// One mailing to look at.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its number, such as MC-2026-0001
    id: MailingId,
    /// As this account sees it, with what it may do
    #[arg(long = "as", value_name = "ACCOUNT")]
    actor: Option<String>,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// One act on one mailing.
#[derive(Debug, Args)]
pub(super) struct Act {
    /// Its number, such as MC-2026-0001
    id: MailingId,
    /// The account that acts and answers for it; without a domain it is on the campus's first
    #[arg(long = "as", value_name = "ACCOUNT")]
    actor: String,
}

/// A release.
#[derive(Debug, Args)]
pub(super) struct Release {
    #[command(flatten)]
    act: Act,
    /// Why it leaves at once, whatever the hour; kept in the audit trail
    #[arg(long, value_name = "REASON")]
    now: Option<String>,
    /// Why it goes although the editorial checks block it; kept in the audit trail
    #[arg(long, value_name = "REASON")]
    despite: Option<String>,
}

/// When it is to leave.
#[derive(Debug, Args)]
pub(super) struct Schedule {
    #[command(flatten)]
    act: Act,
    /// Such as 2026-12-01T09:00, in the zone of the campus; empty is as soon as it is released
    #[arg(long, value_name = "TIME")]
    at: String,
}

/// One passage becomes another.
#[derive(Debug, Args)]
pub(super) struct Edit {
    #[command(flatten)]
    act: Act,
    /// As it is
    #[arg(long, value_name = "TEXT")]
    before: String,
    /// As it shall be
    #[arg(long, value_name = "TEXT")]
    after: String,
}

/// Several become one.
#[derive(Debug, Args)]
pub(super) struct Combine {
    /// Their numbers, in the order in which they stand in the whole
    #[arg(required = true, num_args = 2..)]
    ids: Vec<MailingId>,
    /// The subject of the whole
    #[arg(long, value_name = "TEXT")]
    subject: String,
    /// The reviewer who acts and answers for it
    #[arg(long = "as", value_name = "ACCOUNT")]
    actor: String,
}

/// An act that says why.
#[derive(Debug, Args)]
pub(super) struct Said {
    #[command(flatten)]
    act: Act,
    /// Why; its author is sent this
    #[arg(short = 'm', long, value_name = "TEXT")]
    comment: String,
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Error> {
    match command {
        Command::List(list) => self::list(client, list).await,
        Command::Show(show) => self::show(client, show).await,
        Command::Approve(on) => act(client, "approve", &on, None).await,
        Command::Release(on) => {
            let words = json!({ "now": on.now.unwrap_or_default(), "despite": on.despite.unwrap_or_default() });
            done(client, "release", &on.act, &words).await
        }
        Command::Attest(said) => act(client, "attest", &said.act, Some(&said.comment)).await,
        Command::Convert(said) => act(client, "convert", &said.act, Some(&said.comment)).await,
        Command::Survey(said) => act(client, "survey", &said.act, Some(&said.comment)).await,
        Command::Confirm(on) => act(client, "confirm", &on, None).await,
        Command::Claim(on) => act(client, "claim", &on, None).await,
        Command::Unclaim(on) => act(client, "unclaim", &on, None).await,
        Command::Schedule(on) => act(client, "schedule", &on.act, Some(&on.at)).await,
        Command::Test(on) => act(client, "test", &on, None).await,
        Command::Agree(on) => act(client, "agree", &on, None).await,
        Command::Edit(on) => {
            let body = json!({ "before": on.before, "after": on.after });
            done(client, "edit", &on.act, &body).await
        }
        Command::Combine(several) => combine(client, several).await,
        Command::Reviewed(on) => act(client, "reviewed", &on, None).await,
        Command::Return(said) => act(client, "return", &said.act, Some(&said.comment)).await,
        Command::Decline(said) => act(client, "decline", &said.act, Some(&said.comment)).await,
        Command::Withdraw(on) => act(client, "withdraw", &on, None).await,
    }
}

async fn combine(client: &Client, several: Combine) -> Result<(), Error> {
    let actor = client.account(&several.actor)?;
    let ids: Vec<String> = several.ids.iter().map(ToString::to_string).collect();
    let body = json!({ "mailings": ids, "subject": several.subject });
    let answer = client.ask(Ask::post("/holds/combine", &body).by(Some(&actor))).await?;
    out::line(answer.get("done").and_then(Value::as_str).unwrap_or("Done."))
}

async fn list(client: &Client, list: List) -> Result<(), Error> {
    let actor = list.actor.map(|actor| client.account(&actor)).transpose()?;
    let holds = client.ask(Ask::get("/holds").by(actor.as_ref())).await?;
    if list.json {
        out::json(&holds)
    } else {
        view::list(client, holds, "Nothing waits.")
    }
}

/// Also what `mailing show` does.
pub(super) async fn show(client: &Client, show: Show) -> Result<(), Error> {
    let actor = show.actor.map(|actor| client.account(&actor)).transpose()?;
    let mailing = client
        .ask(Ask::get(format!("/mailings/{}", show.id)).by(actor.as_ref()))
        .await?;
    if show.json {
        out::json(&mailing)
    } else {
        view::show(client, mailing)
    }
}

/// Any act on a mailing: does it, says what was done, and the command that comes next.
pub(super) async fn act(client: &Client, word: &str, act: &Act, comment: Option<&str>) -> Result<(), Error> {
    let body = comment.map_or_else(|| json!({}), |comment| json!({ "comment": comment }));
    done(client, word, act, &body).await
}

async fn done(client: &Client, word: &str, act: &Act, body: &Value) -> Result<(), Error> {
    let actor = client.account(&act.actor)?;
    let ask = Ask::post(format!("/mailings/{}/{word}", act.id), body).by(Some(&actor));
    let answer = client.ask(ask).await?;
    let done = answer.get("done").and_then(Value::as_str).unwrap_or("Done.");
    out::line(done)?;
    let mailing: Line = view::read(answer.get("mailing").cloned().unwrap_or_default())?;
    match next(word, &mailing) {
        Some(next) => out::line(&format!("Next: {next}")),
        None => Ok(()),
    }
}

/// The command that comes after an act.
fn next(word: &str, mailing: &Line) -> Option<String> {
    let id = &mailing.id;
    match (word, mailing.state.as_str()) {
        ("approve", "held") if mailing.wanting.is_empty() => Some(format!("bedel hold release {id} --as REVIEWER")),
        ("approve", "held") => Some(format!("bedel hold show {id}")),
        ("release" | "resume", _) => Some(format!("bedel mailing watch {id}")),
        ("pause", _) => Some(format!("bedel mailing resume {id} --as REVIEWER")),
        _ => None,
    }
}
