//! `bedel account`: who may sign in.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::client::{Ask, Client, encoded};
use super::{Error, out, view};
use crate::mail::{Address, Timestamp};

/// Random bytes of a generated password: 20 characters, 120 bits.
const GENERATED_BYTES: usize = 15;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add an account
    #[command(
        after_long_help = "Examples:\n  bedel account add records@mst.example --generate\n  \
        bedel account add records --password-file secret.txt\n  \
        printf %s \"$PASSWORD\" | bedel account add records"
    )]
    Add(Add),
    /// Set an account's password
    #[command(after_long_help = "Examples:\n  bedel account password records --generate\n  \
        printf %s \"$PASSWORD\" | bedel account password records")]
    Password(Password),
    /// List accounts and what the offices of policy.toml let them do
    #[command(after_long_help = "Examples:\n  bedel account list\n  bedel account list --json")]
    List(List),
    /// Remove an account and its tokens
    #[command(after_long_help = "Example:\n  bedel account remove records")]
    Remove(Which),
    /// Give an account a second factor: from then on it signs in to the console with a code as well
    #[command(after_long_help = "Example:\n  bedel account factor emarcomm")]
    Factor(Which),
    /// Say until which day somebody is away, so that their deputies are asked meanwhile
    #[command(
        after_long_help = "Examples:\n  bedel account away records 2026-12-24\n  bedel account away records --back"
    )]
    Away(Away),
    /// Give an account a token for programs; it is shown once
    #[command(
        after_long_help = "Examples:\n  bedel account token emarcomm\n  bedel account token reports --scope read\n  \
        curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:8080/api/v1/holds"
    )]
    Token(Token),
}

/// One account.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Its address; without a domain it is on the campus's first
    address: String,
}

/// Somebody is away.
#[derive(Debug, Args)]
pub(super) struct Away {
    #[command(flatten)]
    which: Which,
    /// The last day, such as 2026-12-24
    #[arg(value_name = "DAY", required_unless_present = "back")]
    until: Option<String>,
    /// They are back
    #[arg(long, conflicts_with = "until")]
    back: bool,
}

/// A token for programs.
#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(flatten)]
    which: Which,
    /// What it is good for: to look, or to act as the account may
    #[arg(long, value_name = "SCOPE", default_value = "act", value_parser = ["read", "act"])]
    scope: String,
}

/// An account to add.
#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    secret: Secret,
    /// No password: the account has tokens alone
    #[arg(long, conflicts_with_all = ["generate", "password_file"])]
    no_password: bool,
}

/// A password to set.
#[derive(Debug, Args)]
pub(super) struct Password {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    secret: Secret,
}

/// A listing.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// Where the password comes from; standard input, unless it is said.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Secret {
    /// Make one, and print it
    #[arg(long)]
    generate: bool,
    /// The first line of this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Line {
    address: Address,
    roles: Vec<String>,
    has_password: bool,
    created_at: Timestamp,
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Error> {
    match command {
        Command::Add(add) => self::add(client, add).await,
        Command::Password(password) => set_password(client, password).await,
        Command::List(list) => self::list(client, list).await,
        Command::Remove(which) => {
            let path = path(client, &which, "")?;
            done(&client.ask(Ask::delete(path)).await?)
        }
        Command::Factor(which) => {
            let path = path(client, &which, "/factor")?;
            let account = client.account(&which.address)?;
            factor(client, &account, Ask::post(path, &json!({}))).await
        }
        Command::Away(away) => {
            let actor = client.account(&away.which.address)?;
            let body = json!({ "until": away.until.unwrap_or_default() });
            done(&client.ask(Ask::post("/away", &body).by(Some(&actor))).await?)
        }
        Command::Token(token) => {
            let path = path(client, &token.which, "/token")?;
            let answer = client.ask(Ask::post(path, &json!({ "scope": token.scope }))).await?;
            out::line(answer.get("token").and_then(Value::as_str).unwrap_or_default())
        }
    }
}

/// Asks for a new second factor of an account, and tells its secret once.
pub(super) async fn factor(client: &Client, account: &Address, ask: Ask<'_>) -> Result<(), Error> {
    let answer = client.ask(ask).await?;
    let told = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    out::card(&[("secret", told("secret")), ("for an authenticator", told("url"))])?;
    out::line(&format!(
        "\nFrom now on {account} signs in to the console with a code of it as well; one enrolled before is void."
    ))
}

async fn add(client: &Client, add: Add) -> Result<(), Error> {
    let address = client.account(&add.which.address)?;
    let password = if add.no_password {
        None
    } else {
        Some(add.secret.read()?)
    };
    let body = json!({ "address": address, "password": password.as_deref() });
    done(&client.ask(Ask::post("/accounts", &body)).await?)?;
    add.secret.tell(password.as_ref())
}

async fn set_password(client: &Client, set: Password) -> Result<(), Error> {
    let path = path(client, &set.which, "/password")?;
    let password = set.secret.read()?;
    let body = json!({ "password": password.as_str() });
    done(&client.ask(Ask::post(path, &body)).await?)?;
    set.secret.tell(Some(&password))
}

async fn list(client: &Client, list: List) -> Result<(), Error> {
    let answer = client.ask(Ask::get("/accounts")).await?;
    if list.json {
        return out::json(&answer);
    }
    let lines: Vec<Line> = view::read(answer)?;
    let rows: Vec<[String; 4]> = lines
        .iter()
        .map(|line| {
            let signs_in = if line.has_password { "password" } else { "tokens alone" };
            [
                line.address.to_string(),
                line.roles.join(", "),
                signs_in.to_owned(),
                client.time(line.created_at),
            ]
        })
        .collect();
    let none = "There are no accounts. Add one: bedel account add ADDRESS --generate";
    out::table(["ACCOUNT", "ROLES", "SIGNS IN BY", "SINCE"], &rows, none)
}

fn path(client: &Client, which: &Which, rest: &str) -> Result<String, Error> {
    let address = client.account(&which.address)?;
    Ok(format!("/accounts/{}{rest}", encoded(&address.to_string())))
}

fn done(answer: &Value) -> Result<(), Error> {
    out::line(answer.get("done").and_then(Value::as_str).unwrap_or("Done."))
}

impl Secret {
    fn read(&self) -> Result<Zeroizing<String>, Error> {
        match &self.password_file {
            _ if self.generate => generated(),
            Some(file) => {
                let text = std::fs::read_to_string(file).map(Zeroizing::new);
                let text = text.with_context(|| format!("reading {}", file.display()))?;
                Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
            }
            None => typed(),
        }
    }

    /// A password nobody typed is told once.
    fn tell(&self, password: Option<&Zeroizing<String>>) -> Result<(), Error> {
        match password {
            Some(password) if self.generate => out::line(&format!("Password: {}", password.as_str())),
            Some(_) | None => Ok(()),
        }
    }
}

fn generated() -> Result<Zeroizing<String>, Error> {
    let mut bits = [0; GENERATED_BYTES];
    aws_lc_rs::rand::fill(&mut bits).map_err(|_unspecified| anyhow::Error::msg("the system has no randomness"))?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bits)))
}

/// The first line of standard input.
#[expect(
    clippy::print_stderr,
    reason = "a person who waits is told for what; standard output stays clean"
)]
fn typed() -> Result<Zeroizing<String>, Error> {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("Type the password (it is shown) and press Enter; --generate makes one:");
    }
    let mut line = Zeroizing::new(String::new());
    input
        .lock()
        .read_line(&mut line)
        .context("reading the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        let what = "no password on standard input; use --generate, --password-file FILE, or pipe one in";
        return Err(Error::Usage(what.to_owned()));
    }
    Ok(Zeroizing::new(password.to_owned()))
}
