//! `bedel report`: what came back, and what the gateway makes of it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::{Error, aggregate, input, out};
use crate::decide::report::{Reading, Told, read};
use crate::mail::Address;

/// What to do with what came back.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what a returned message says: who failed, why, and whether for good
    #[command(
        after_long_help = "Reads the file as the gateway reads mail that comes to a return path of its own, and changes nothing; \
        the gateway need not run. What it acts on is the token of the address it came to, never a name in the text.\n\n\
        Classes: gone, full, blocked, policy, content, spam, network, expired, unknown. Only `gone`, and only for good, \
        suppresses an address at once.\n\n\
        Examples:\n  bedel report explain bounce.eml\n  bedel report explain --json returned/*.eml\n  \
        bedel report explain - < bounce.eml"
    )]
    Explain(Explain),
    /// Say who sends mail in our name, as other hosts report it (DMARC); strangers first
    #[command(
        after_long_help = "Reports come to the letterbox `dmarc` of gateway.toml, when `rua=` of the DMARC records names it. \
        STRANGE is mail that neither SPF nor DKIM lets its sender send: a service somebody forgot to set up, or an impostor. \
        Reports are what strangers say; nothing follows from them by itself.\n\n\
        Examples:\n  bedel report dmarc\n  bedel report dmarc --days 7 --json"
    )]
    Dmarc(aggregate::Period),
    /// Say how mail to us was secured on its way, as other hosts report it (RFC 8460)
    #[command(
        after_long_help = "Reports come to the letterbox `tls` of gateway.toml, when `rua=` of the `_smtp._tls` record names it.\n\n\
        Examples:\n  bedel report tls\n  bedel report tls --days 7 --json"
    )]
    Tls(aggregate::Period),
}

/// Messages to read.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The messages, as files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON: one object a file
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Path, command: Command) -> Result<(), Error> {
    match command {
        Command::Explain(explain) => self::explain(&explain),
        Command::Dmarc(period) => aggregate::dmarc(&Client::of(config)?, period).await,
        Command::Tls(period) => aggregate::tls(&Client::of(config)?, period).await,
    }
}

fn explain(explain: &Explain) -> Result<(), Error> {
    let mut answers = Vec::new();
    for (number, file) in explain.files.iter().enumerate() {
        let reading = read(&input::whole(file)?);
        if explain.json {
            answers.push(as_json(file, &reading));
            continue;
        }
        if explain.files.len() > 1 {
            let gap = if number > 0 { "\n" } else { "" };
            out::line(&format!("{gap}{}", file.display()))?;
        }
        told(&reading)?;
    }
    if explain.json {
        out::json(&Value::Array(answers))
    } else {
        Ok(())
    }
}

/// The word for what it is, the sentence, and who it is about.
fn parts(reading: &Reading) -> (&'static str, &'static str, &[Told]) {
    match reading {
        Reading::Bounce(told) => ("bounce", "It was not delivered.", told),
        Reading::Delay(told) => ("delay", "It is still tried: nothing follows from it.", told),
        Reading::Success(told) => ("success", "It was delivered: nothing follows from it.", told),
        Reading::Complaint => ("complaint", "Its recipient complains of it.", &[]),
        Reading::Wish => ("wish", "Its recipient wants no more mail.", &[]),
        Reading::Automatic => (
            "automatic",
            "A program answers for a person: nothing follows from it.",
            &[],
        ),
        Reading::Loop => ("loop", "It goes round in circles: it is dropped.", &[]),
        Reading::Nothing => ("nothing", "It says nothing of a delivery: it is dropped.", &[]),
    }
}

fn told(reading: &Reading) -> Result<(), Error> {
    let (_, sentence, told) = parts(reading);
    out::line(sentence)?;
    let rows: Vec<[String; 4]> = told
        .iter()
        .map(|one| {
            let (code, said) = match &one.status {
                Some(status) => (status.enhanced_text(), status.text.clone()),
                None => Default::default(),
            };
            let address = one
                .address
                .as_ref()
                .map_or_else(|| "(not named)".to_owned(), ToString::to_string);
            let lasting = if one.hard { ", for good" } else { "" };
            [address, format!("{}{lasting}", one.class.word()), code, said]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    out::line("")?;
    out::table(["RECIPIENT", "WHY", "STATUS", "SAID"], &rows, "")
}

fn as_json(file: &Path, reading: &Reading) -> Value {
    let (word, _, told) = parts(reading);
    let address = |address: &Option<Address>| address.as_ref().map(ToString::to_string);
    let recipients: Vec<Value> = told
        .iter()
        .map(|one| {
            json!({
                "address": address(&one.address),
                "forwarded_to": address(&one.forwarded_to),
                "action": one.action,
                "class": one.class,
                "hard": one.hard,
                "code": one.status.as_ref().map(|status| status.code),
                "status": one.status.as_ref().map(crate::mail::Status::enhanced_text),
                "said": one.status.as_ref().map(|status| status.text.as_str()),
            })
        })
        .collect();
    json!({ "file": file.display().to_string(), "is": word, "recipients": recipients })
}
