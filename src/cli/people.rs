//! `bedel people`: the master list.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Ask, Client, encoded};
use super::import::{self, Import};
use super::{Error, out, view};
use crate::model::{Affiliation, Consent, Contact, Suppression};

/// What to do with people.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apply an office's whole feed: who is missing from it loses that office's affiliation
    #[command(after_long_help = import::HELP)]
    Import(Import),
    /// Look one person up; the reason is kept in the audit trail
    #[command(
        after_long_help = "Example:\n  bedel people find ann@mst.example --reason 'asked what we hold about her'"
    )]
    Find(Find),
    /// Never write to an address again
    #[command(after_long_help = "Example:\n  bedel people suppress ann@mst.example --reason 'asked by phone'")]
    Suppress(Whom),
    /// Erase a contact; a suppression of the address stays
    #[command(after_long_help = "Example:\n  bedel people forget ann@mst.example --reason 'request of 3 May'")]
    Forget(Whom),
    /// Count an audience of policy.toml
    #[command(after_long_help = "Examples:\n  bedel people count students\n  bedel people count alumni --json")]
    Count(Count),
}

/// One person to look up.
#[derive(Debug, Args)]
pub(super) struct Find {
    /// Their address
    address: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// One person to act on.
#[derive(Debug, Args)]
pub(super) struct Whom {
    /// Their address
    address: String,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// One audience.
#[derive(Debug, Args)]
pub(super) struct Count {
    /// Its name in policy.toml
    audience: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Known {
    contact: Option<Contact>,
    suppression: Option<Suppression>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    audience: String,
    contacts: u64,
    suppressed: u64,
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Error> {
    match command {
        Command::Import(import) => import::run(client, import).await,
        Command::Find(find) => self::find(client, find).await,
        Command::Suppress(whom) => done(client, "/people/suppress", &whom).await,
        Command::Forget(whom) => done(client, "/people/forget", &whom).await,
        Command::Count(count) => self::count(client, count).await,
    }
}

async fn find(client: &Client, find: Find) -> Result<(), Error> {
    let body = json!({ "address": find.address, "reason": find.reason });
    let answer = client.ask(Ask::post("/people/find", &body)).await?;
    if find.json {
        return out::json(&answer);
    }
    let Known { contact, suppression } = view::read(answer)?;
    match &contact {
        Some(contact) => person(client, contact)?,
        None => out::line("No contact has this address.")?,
    }
    match &suppression {
        Some(Suppression { reason, at, note, .. }) => {
            let why = reason.exclusion().words();
            out::line(&format!("Never written to: {why}, {}. {note}", client.time(*at)))
        }
        None => Ok(()),
    }
}

fn person(client: &Client, contact: &Contact) -> Result<(), Error> {
    let ferpa = if contact.ferpa {
        "directory information not to be disclosed"
    } else {
        ""
    };
    out::card(&[
        ("Contact", contact.id.0.to_string()),
        ("Address", contact.email.to_string()),
        (
            "Name",
            format!("{} {}", contact.given_name, contact.family_name)
                .trim()
                .to_owned(),
        ),
        ("Country", contact.country.clone()),
        ("FERPA", ferpa.to_owned()),
    ])?;
    for Affiliation {
        kind,
        unit,
        source,
        source_key,
        attributes,
    } in &contact.affiliations
    {
        let unit = if unit.is_empty() {
            String::new()
        } else {
            format!(", {unit}")
        };
        let attributes: String = attributes
            .iter()
            .map(|(key, value)| format!(", {key} {value}"))
            .collect();
        out::line(&format!(
            "Is {kind}{unit}{attributes} (says {source}, key {source_key})"
        ))?;
    }
    for Consent {
        purpose,
        basis,
        at,
        source,
        expires_at,
    } in &contact.consents
    {
        let basis = serde_json::to_value(basis)
            .ok()
            .and_then(|word| word.as_str().map(str::to_owned))
            .unwrap_or_default();
        let ends = expires_at
            .map(|ends| format!(", until {}", client.time(ends)))
            .unwrap_or_default();
        out::line(&format!(
            "Consent to {purpose}: {basis}, {}{ends} ({source})",
            client.time(*at)
        ))?;
    }
    Ok(())
}

async fn done(client: &Client, path: &str, whom: &Whom) -> Result<(), Error> {
    let body = json!({ "address": whom.address, "reason": whom.reason });
    let answer = client.ask(Ask::post(path, &body)).await?;
    out::line(answer.get("done").and_then(Value::as_str).unwrap_or("Done."))
}

async fn count(client: &Client, count: Count) -> Result<(), Error> {
    let answer = client
        .ask(Ask::get(format!("/people/count?audience={}", encoded(&count.audience))))
        .await?;
    if count.json {
        return out::json(&answer);
    }
    let Counted {
        audience,
        contacts,
        suppressed,
    } = view::read(answer)?;
    let (contacts, suppressed) = (out::count(contacts), out::count(suppressed));
    out::line(&format!(
        "{audience}: {contacts} contacts, of whom {suppressed} are never written to"
    ))
}
