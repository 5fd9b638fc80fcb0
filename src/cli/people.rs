//! `bedel people`: the master list.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Ask, Client, encoded};
use super::feeds::{self, Feeds};
use super::import::{self, Import, Pull};
use super::{Error, out, view};
use crate::mail::{Address, Timestamp};
use crate::model::{Affiliation, Contact, Listing, PrivacyFlag, Standing, Suppression};

/// What to do with people.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apply an office's whole feed: who is missing from it loses that office's affiliation
    #[command(after_long_help = import::HELP)]
    Import(Import),
    /// Fetch an office's feed now, from its directory or database
    #[command(after_long_help = import::PULL_HELP)]
    Pull(Pull),
    /// The feeds of the offices: where from, when, how they went
    #[command(after_long_help = "Examples:\n  bedel people feeds\n  bedel people feeds --json")]
    Feeds(Feeds),
    /// Look one person up; the reason is kept in the audit trail
    #[command(
        after_long_help = "Example:\n  bedel people find ann@mst.example --reason 'asked what we hold about her'"
    )]
    Find(Find),
    /// Say why an audience has a person, or has not, and whether a mailing would reach them
    #[command(
        after_long_help = "Example:\n  bedel people why ann@mst.example --audience students --reason 'asks why she got it'"
    )]
    Why(Why),
    /// Write a person's own record to a file, to hand it to them
    #[command(
        after_long_help = "Examples:\n  bedel people export ann@mst.example --reason 'request of 3 May' > ann.json\n  bedel people export 17 --reason 'request of 3 May'"
    )]
    Export(Export),
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

/// One person and one audience.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// Their address, or the number of the contact
    address: String,
    /// The audience's name in policy.toml
    #[arg(long, value_name = "NAME")]
    audience: String,
    /// Why you ask
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// One person whose record is handed out.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Their address, or the number of the contact
    address: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// One person to look up.
#[derive(Debug, Args)]
pub(super) struct Find {
    /// Their address, or the number of the contact
    address: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Also: did they get this mailing?
    #[arg(long, value_name = "CASE")]
    mailing: Option<String>,
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
    suppressions: Vec<Suppression>,
    copies: Vec<Copied>,
    copy: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Copied {
    mailing: String,
    subject: String,
    at: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Counted {
    audience: String,
    contacts: u64,
    suppressed: u64,
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Error> {
    match command {
        Command::Import(import) => import::import(client, import).await,
        Command::Pull(pull) => import::pull(client, pull).await,
        Command::Feeds(feeds) => feeds::run(client, &feeds).await,
        Command::Find(find) => self::find(client, find).await,
        Command::Why(why) => self::why(client, why).await,
        Command::Export(export) => self::export(client, export).await,
        Command::Suppress(whom) => done(client, "/people/suppress", &whom).await,
        Command::Forget(whom) => done(client, "/people/forget", &whom).await,
        Command::Count(count) => self::count(client, count).await,
    }
}

async fn find(client: &Client, find: Find) -> Result<(), Error> {
    let body = json!({ "address": find.address, "reason": find.reason, "mailing": find.mailing });
    let answer = client.ask(Ask::post("/people/find", &body)).await?;
    if find.json {
        return out::json(&answer);
    }
    let Known {
        contact,
        suppressions,
        copies,
        copy,
    } = view::read(answer)?;
    match &contact {
        Some(contact) => person(client, contact)?,
        None => out::line("No contact has this address.")?,
    }
    for Suppression {
        scope,
        reason,
        at,
        note,
        ..
    } in &suppressions
    {
        let why = reason.exclusion().words();
        out::line(&format!("Gets no {scope}: {why}, {}. {note}", client.time(*at)))?;
    }
    for copied in &copies {
        out::line(&format!(
            "Got {}: {}, {}",
            copied.mailing,
            copied.subject,
            client.time(copied.at)
        ))?;
    }
    copy.iter().try_for_each(|said| out::line(said))
}

/// Why an audience has somebody, or has not.
async fn why(client: &Client, why: Why) -> Result<(), Error> {
    let body = json!({ "address": why.address, "reason": why.reason, "audience": why.audience });
    let mut answer = client.ask(Ask::post("/people/find", &body)).await?;
    let answer = answer.get_mut("why").map(Value::take).unwrap_or_default();
    if why.json {
        return out::json(&answer);
    }
    let sentences = answer.get("sentences").and_then(Value::as_array);
    let mut sentences = sentences.into_iter().flatten().filter_map(Value::as_str);
    sentences.try_for_each(out::line)
}

/// A person's own record, as JSON.
async fn export(client: &Client, export: Export) -> Result<(), Error> {
    let body = json!({ "address": export.address, "reason": export.reason });
    out::json(&client.ask(Ask::post("/people/export", &body)).await?)
}

fn person(client: &Client, contact: &Contact) -> Result<(), Error> {
    let flags: Vec<&str> = contact.privacy().flags().map(PrivacyFlag::words).collect();
    let addresses: Vec<String> = contact.addresses().into_iter().map(Address::to_string).collect();
    let name = format!("{} {}", contact.given_name(), contact.family_name());
    out::card(&[
        ("Contact", contact.id.0.to_string()),
        ("Addresses", addresses.join(", ")),
        ("Name", name.trim().to_owned()),
        ("Country", contact.country().to_owned()),
        ("Privacy", flags.join(", ")),
    ])?;
    for listing in &contact.listings {
        out::line(&listed(client, listing))?;
    }
    for (topic, preference) in &contact.preferences {
        out::line(&format!("Chose for {topic}: {}", word(preference)))?;
    }
    for Standing {
        purpose,
        basis,
        at,
        expires_at,
    } in &contact.standings
    {
        let ends = expires_at
            .map(|ends| format!(", until {}", client.time(ends)))
            .unwrap_or_default();
        let since = client.time(*at);
        out::line(&format!("Consent to {purpose}: {}, {since}{ends}", word(basis)))?;
    }
    Ok(())
}

/// What one office says, on one line.
fn listed(client: &Client, listing: &Listing) -> String {
    let Affiliation {
        kind,
        unit,
        attributes,
        from,
        until,
    } = &listing.affiliation;
    let unit = (!unit.is_empty()).then(|| format!(", {unit}"));
    let attributes = attributes.iter().map(|(key, value)| format!(", {key} {value}"));
    let from = from.map(|at| format!(", from {}", client.time(at)));
    let until = until.map(|at| format!(", until {}", client.time(at)));
    let gone = listing.gone_at.map(|at| format!("; not since {}", client.time(at)));
    let more: String = unit.into_iter().chain(attributes).chain(from).chain(until).collect();
    let Listing { source, source_key, .. } = listing;
    format!(
        "Is {kind}{more} (says {source}, key {source_key}{})",
        gone.unwrap_or_default()
    )
}

/// The one word that a plain value is in JSON.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
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
    let noun = if contacts == 1 { "contact" } else { "contacts" };
    let (contacts, suppressed) = (out::count(contacts), out::count(suppressed));
    out::line(&format!(
        "{audience}: {contacts} {noun}, of whom {suppressed} have some mail suppressed"
    ))
}
