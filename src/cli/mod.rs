//! The command line: words → calls. One subcommand a file.
//!
//! What acts on a gateway talks to the running one over `data_dir/control.sock`, so that there is one hand on the store
//! and one set of laws; only `store restore` opens the store itself. A listing prints a table for people, and with
//! `--json` what the API answered.

mod account;
mod aggregate;
mod audit;
mod check;
mod client;
mod demo;
mod doctor;
mod exit;
mod feeds;
mod hold;
mod import;
mod input;
mod mailing;
mod out;
mod people;
mod policy;
mod records;
mod reload;
mod report;
mod runtime;
mod serve;
mod shape;
mod sink;
mod store;
mod view;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

pub use exit::Error;

use client::Client;

/// Bedel: an SMTP submission gateway that enforces a university's policy on mass e-mail.
///
/// Mail to a list is held as a numbered case until every wanted steward has approved the use of the audience and a
/// reviewer has released it; then each person gets one signed copy.
#[derive(Debug, Parser)]
#[command(name = "bedel", version, after_help = exit::CODES, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    /// The folder of settings: gateway.toml, policy.toml, profile.toml, shaping.toml, notices/
    #[arg(long, global = true, value_name = "DIR", default_value = "config")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: a sample campus on this machine alone, or the whole story played
    Demo(demo::Demo),
    /// Run the gateway
    Serve(serve::Serve),
    /// Keep the public door in a process of its own, which stays up while the gateway restarts
    Public(serve::Public),
    /// Read the settings and say all that is in force
    Check(check::Check),
    /// What DNS says of us, and the records to publish
    Doctor(doctor::Doctor),
    /// Apply changed settings to the running gateway, whole or not at all
    Reload(reload::Reload),
    /// Run an SMTP server for trials, like a mailbox provider if you want
    Sink(sink::Sink),
    /// What waits for people: list, show, and every act of review
    #[command(subcommand)]
    Hold(hold::Command),
    /// Mailings of whatever state: list, show, watch, pause, resume, uncertain, stop
    #[command(subcommand)]
    Mailing(mailing::Command),
    /// The master list: import, pull, feeds, find, why, export, suppress, forget, count
    #[command(subcommand)]
    People(people::Command),
    /// Who may sign in: add, password, list, remove, factor, away, token
    #[command(subcommand)]
    Account(account::Command),
    /// The policy, asked in advance: explain
    #[command(subcommand)]
    Policy(policy::Policy),
    /// How fast mail leaves: explain a domain, list whoever receives
    #[command(subcommand)]
    Shape(shape::Command),
    /// What came back: explain a message; what other hosts report of us: dmarc, tls
    #[command(subcommand)]
    Report(report::Command),
    /// Classes and their instructors: import
    #[command(subcommand)]
    Roster(policy::Roster),
    /// Second factors of the emergency roles: enroll, arm
    #[command(subcommand)]
    Emergency(policy::Emergency),
    /// The audit trail: verify, show
    #[command(subcommand)]
    Audit(audit::Command),
    /// The store as one plain file: export, rotate, restore
    #[command(subcommand)]
    Store(store::Command),
}

/// Runs the command of this process; complaints go to standard error.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, with code 0. When they cannot be printed nobody reads them.
            let _unread = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE));
        }
    };
    match started(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn started(cli: Cli) -> Result<(), Error> {
    let runtime = runtime::new().context("starting the runtime")?;
    runtime.block_on(dispatch(cli))
}

async fn dispatch(cli: Cli) -> Result<(), Error> {
    let client = || Client::of(&cli.config);
    match cli.command {
        Command::Demo(demo) => demo::run(demo).await,
        Command::Serve(serve) => serve::run(&cli.config, serve).await,
        Command::Public(public) => serve::run_public(&cli.config, public).await,
        Command::Check(check) => check::run(&cli.config, &check),
        Command::Doctor(doctor) => doctor::run(&cli.config, &doctor).await,
        Command::Reload(reload) => reload::run(&cli.config, reload).await,
        Command::Sink(sink) => sink::run(&cli.config, sink).await,
        Command::Hold(command) => hold::run(&client()?, command).await,
        Command::Mailing(command) => mailing::run(&client()?, command).await,
        Command::People(command) => people::run(&client()?, command).await,
        Command::Account(command) => account::run(&client()?, command).await,
        Command::Policy(command) => policy::policy(&client()?, command).await,
        Command::Shape(command) => shape::run(&client()?, command).await,
        Command::Report(command) => report::run(&cli.config, command).await,
        Command::Roster(command) => policy::roster(&client()?, command).await,
        Command::Emergency(command) => policy::emergency(&client()?, command).await,
        Command::Audit(command) => audit::run(&client()?, command).await,
        Command::Store(command) => store::run(&cli.config, command).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_makes_sense_to_its_parser() {
        Cli::command().debug_assert();
    }

    #[track_caller]
    fn check(line: &str, parses: bool) {
        assert_eq!(Cli::try_parse_from(line.split(' ')).is_ok(), parses, "{line}");
    }

    #[test]
    fn the_commands_of_the_contract_parse() {
        for line in [
            "bedel hold list --json",
            "bedel hold show MC-2026-0001",
            "bedel hold approve MC-2026-0001 --as records",
            "bedel hold release mc-2026-1 --as emarcomm@mst.example --config /etc/bedel",
            "bedel --config x mailing watch MC-2026-0001",
            "bedel mailing list --limit 5",
            "bedel people import students.csv --source registrar --dry-run",
            "bedel people import - --source registrar --confirm-removals --confirm-growth --json",
            "bedel people pull hr --dry-run --confirm-removals",
            "bedel people feeds --json",
            "bedel people count students",
            "bedel account add records@mst.example --generate",
            "bedel audit verify",
            "bedel public --log-json",
            "bedel reload --json",
            "bedel report explain bounce.eml --json",
            "bedel report dmarc --days 7",
            "bedel report tls --json",
            "bedel shape explain gmail.com --lane official --json",
            "bedel store export all.txt",
        ] {
            check(line, true);
        }
    }

    #[test]
    fn what_an_act_needs_is_asked_for() {
        check("bedel hold release MC-2026-0001", false);
        check("bedel hold release 12 --as emarcomm", false);
        check("bedel hold return MC-2026-0001 --as emarcomm", false);
        check("bedel people find a@mst.example", false);
        check("bedel people import students.csv", false);
        check("bedel account add a@mst.example --generate --password-file x", false);
    }

    #[test]
    fn a_group_names_all_of_its_commands() {
        let mut bedel = Cli::command();
        bedel.build();
        // There are more acts of review than a line bears.
        let groups = bedel
            .get_subcommands()
            .filter(|group| !["help", "hold"].contains(&group.get_name()));
        for group in groups {
            let about = group.get_about().expect("what it is about").to_string();
            let words: Vec<&str> = about.split([' ', ',', ':', ';']).collect();
            for command in group.get_subcommands().filter(|command| command.get_name() != "help") {
                assert!(words.contains(&command.get_name()), "{}: {about}", command.get_name());
            }
        }
    }

    #[test]
    fn every_command_has_an_example_in_its_help() {
        let mut bedel = Cli::command();
        bedel.build();
        for group in bedel.get_subcommands().filter(|group| group.get_name() != "help") {
            for command in group.get_subcommands().filter(|command| command.get_name() != "help") {
                let help = command.clone().render_long_help().to_string();
                assert!(help.contains("bedel "), "{} {}", group.get_name(), command.get_name());
            }
        }
    }
}
