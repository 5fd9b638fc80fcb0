//! The whole story, played: submitted, held, approved, released, expanded, signed, delivered, a bounce, an unsubscribe.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::campus::Campus;
use super::mail;
use super::story::Story;
use crate::cli::Error;
use crate::cli::client::Ask;
use crate::mail::{Address, Message};
use crate::sink::Taken;

/// How long a step may take before the story is given up.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

const AUTHOR: &str = "author@mst.example";
const STEWARD: &str = "records@mst.example";
const REVIEWER: &str = "emarcomm@mst.example";
const LIST: &str = "students@lists.mst.example";

/// Plays it and shows it.
pub(super) async fn play(campus: &Campus) -> Result<(), Error> {
    let mut story = Story::default();
    let told = tell(campus, &mut story).await;
    story.show()?;
    told
}

async fn tell(campus: &Campus, story: &mut Story) -> Result<(), Error> {
    let case = submitted(campus, story, "Commencement").await?;
    four_eyes(campus, story, &case).await?;
    approved_and_released(campus, story, &case).await?;
    let copies = delivered(campus, story, &case).await?;
    let (bounced, left) = came_back(campus, story, &copies).await?;
    nothing_further(campus, story, &bounced, &left).await
}

/// A message to the list is held, with a number.
async fn submitted(campus: &Campus, story: &mut Story, subject: &str) -> Result<String, Error> {
    let message = format!(
        "From: The Author <{AUTHOR}>\nTo: {LIST}\nSubject: {subject}\nMIME-Version: 1.0\n\
         Content-Type: text/html; charset=utf-8\n\n<html><body><p>Commencement is on Saturday.</p></body></html>\n"
    );
    let login = (AUTHOR, campus.password(AUTHOR));
    let reply = mail::submit(campus.ports.submission, login, LIST, &message).await?;
    let case = reply
        .split([' ', ','])
        .find(|word| word.starts_with("MC-"))
        .unwrap_or_default()
        .to_owned();
    story.tell(
        "author",
        reply.starts_with("250 2.6.0 Held as MC-"),
        format!("wrote to {LIST}, and heard: {reply}"),
    );
    Ok(case)
}

/// A reviewer cannot release before the steward has approved.
async fn four_eyes(campus: &Campus, story: &mut Story, case: &str) -> Result<(), Error> {
    match act(campus, case, "release", REVIEWER).await {
        Err(Error::Refused(why)) => story.tell("reviewer", true, format!("tried to release {case}, and heard: {why}")),
        Err(error) => return Err(error),
        Ok(_) => story.tell(
            "reviewer",
            false,
            format!("released {case} before the steward had approved"),
        ),
    }
    let nothing_left = copies(campus, case).is_empty();
    story.tell("gateway", nothing_left, "sent no copy while an approval was wanting");
    Ok(())
}

async fn approved_and_released(campus: &Campus, story: &mut Story, case: &str) -> Result<(), Error> {
    let said = act(campus, case, "approve", STEWARD).await?;
    story.tell("steward", true, sentence(&said));
    let said = act(campus, case, "release", REVIEWER).await?;
    story.tell("reviewer", true, sentence(&said));
    Ok(())
}

/// Each contact gets one copy, signed, with nobody else's address on it.
async fn delivered(campus: &Campus, story: &mut Story, case: &str) -> Result<Vec<Taken>, Error> {
    let tally = closed(campus, case).await?;
    let count = |name: &str| tally.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (planned, accepted, failed) = (count("planned"), count("accepted"), count("failed"));
    story.tell(
        "gateway",
        planned > 0,
        format!("made the audience into {planned} recipients, and sealed the plan"),
    );
    story.tell(
        "gateway",
        accepted + failed == planned && accepted > 0,
        format!("delivered {accepted} copies; {failed} mailboxes are gone"),
    );
    let copies = copies(campus, case);
    let recipients: BTreeSet<&String> = copies.iter().flat_map(|copy| &copy.to).collect();
    let once = recipients.len() as u64 == accepted && copies.len() as u64 == accepted;
    story.tell(
        "smarthost",
        once,
        format!(
            "got {} copies for {} recipients, one each",
            copies.len(),
            recipients.len()
        ),
    );
    let signed = copies.iter().filter(|copy| is_signed(copy)).count();
    story.tell(
        "smarthost",
        signed == copies.len(),
        format!("{signed} are signed, both unsubscribe fields with them"),
    );
    let private = copies.iter().filter(|copy| names_only_its_own(copy)).count();
    story.tell(
        "smarthost",
        private == copies.len(),
        format!("{private} name no recipient but their own"),
    );
    story.tell(
        "gateway",
        failed > 0,
        format!("will not write again to the {failed} that are gone"),
    );
    Ok(copies)
}

/// A bounce comes back later, and somebody clicks the button.
async fn came_back(campus: &Campus, story: &mut Story, copies: &[Taken]) -> Result<(String, String), Error> {
    let [first, .., last] = copies else {
        return Err(Error::Failed(anyhow::anyhow!("there are no copies")));
    };
    let bounced = first.to.join(" ");
    let notification = format!(
        "From: MAILER-DAEMON@mx.mail.example\nTo: {}\nSubject: Undelivered\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n\
         No such user.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.mail.example\n\n\
         Final-Recipient: rfc822; {bounced}\nAction: failed\nStatus: 5.1.1\n\n--b--\n",
        first.from
    );
    let reply = mail::bounce(campus.ports.relay, &first.from, &notification).await?;
    story.tell(
        "mail server",
        reply.starts_with("250"),
        format!("sent a bounce back, and heard: {reply}"),
    );
    let link = unsubscribe_link(last).context("a copy without an unsubscribe link")?;
    let status = mail::click(&link).await?;
    story.tell(
        "contact",
        status.as_u16() == 200,
        format!("clicked unsubscribe, and heard: {status}"),
    );
    Ok((bounced, last.to.join(" ")))
}

/// The next mailing goes to neither of them.
async fn nothing_further(campus: &Campus, story: &mut Story, bounced: &str, left: &str) -> Result<(), Error> {
    suppressed(campus).await?;
    let case = submitted(campus, story, "Parking on Saturday").await?;
    approved_and_released(campus, story, &case).await?;
    closed(campus, &case).await?;
    let copies = copies(campus, &case);
    let got_one = |who: &str| copies.iter().any(|copy| copy.to.iter().any(|to| to == who));
    story.tell(
        "gateway",
        !copies.is_empty() && !got_one(bounced),
        "sent no copy to the mailbox that bounced",
    );
    story.tell(
        "gateway",
        !copies.is_empty() && !got_one(left),
        "sent no copy to the contact who unsubscribed",
    );
    let verified = campus.client.ask(Ask::get("/audit/verify")).await?;
    let lines = verified.get("lines").and_then(Value::as_u64).unwrap_or_default();
    story.tell(
        "gateway",
        lines > 0,
        format!("kept an audit trail of {lines} lines, each bound to the one before"),
    );
    Ok(())
}

async fn act(campus: &Campus, case: &str, word: &str, by: &str) -> Result<Value, Error> {
    let by: Address = by.parse().context("an account of the demo")?;
    campus
        .client
        .ask(Ask::post(format!("/mailings/{case}/{word}"), &json!({})).by(Some(&by)))
        .await
}

fn sentence(said: &Value) -> String {
    said.get("done").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Waits, with a bar, until the last delivery is settled; gives the counts.
async fn closed(campus: &Campus, case: &str) -> Result<Value, Error> {
    let bar = ProgressBar::new(1);
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} copies").context("the bar")?;
    bar.set_style(style);
    bar.set_message(case.to_owned());
    let watch = async {
        loop {
            let progress = campus
                .client
                .ask(Ask::get(format!("/mailings/{case}/progress")))
                .await?;
            let tally = progress.get("tally").cloned().unwrap_or_default();
            let count = |name: &str| tally.get(name).and_then(Value::as_u64).unwrap_or_default();
            bar.set_length(count("planned").max(1));
            bar.set_position(count("accepted") + count("failed") + count("suppressed"));
            if progress.get("state").and_then(Value::as_str) == Some("closed") {
                bar.finish();
                return Ok(tally);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let late = |_elapsed| Error::Failed(anyhow::anyhow!("{case} was not delivered in {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, watch).await.map_err(late)?
}

/// Waits until both reports are read.
async fn suppressed(campus: &Campus) -> Result<(), Error> {
    let watch = async {
        loop {
            let trail = campus.client.ask(Ask::get("/audit")).await?.to_string();
            if trail.contains("unsubscribed") && trail.contains("address takes no mail") {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let late = |_elapsed| {
        Error::Failed(anyhow::anyhow!(
            "what came back was not read in {} s",
            PATIENCE.as_secs()
        ))
    };
    tokio::time::timeout(PATIENCE, watch).await.map_err(late)?
}

/// The copies of one mailing that the smarthost took: known by the footer's case number, and by their return path.
fn copies(campus: &Campus, case: &str) -> Vec<Taken> {
    let mark = format!("Feedback-ID: {}:", case.replace('-', ""));
    let taken = campus.recorder.taken();
    taken
        .into_iter()
        .filter(|copy| String::from_utf8_lossy(&copy.message).contains(&mark))
        .collect()
}

fn field(copy: &Taken, name: &str) -> Option<String> {
    Message::parse(&copy.message).ok()?.header.value(name)
}

fn is_signed(copy: &Taken) -> bool {
    let signature = field(copy, "DKIM-Signature")
        .unwrap_or_default()
        .replace([' ', '\t'], "");
    signature.contains(":List-Unsubscribe:") && signature.contains(":List-Unsubscribe-Post:")
}

fn names_only_its_own(copy: &Taken) -> bool {
    let to = field(copy, "To").unwrap_or_default();
    let text = String::from_utf8_lossy(&copy.message);
    let others = super::campus::contact_domains().any(|domain| {
        text.match_indices(&format!("@{domain}")).count() > usize::from(to.ends_with(&format!("@{domain}")))
    });
    copy.to == [to] && !others
}

fn unsubscribe_link(copy: &Taken) -> Option<String> {
    let value = field(copy, "List-Unsubscribe")?;
    let (link, _) = value.strip_prefix('<')?.split_once('>')?;
    Some(link.to_owned())
}
