//! From the command line to the exit code.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use acs_broker_store_dynamodb::Subject;
use clap::Parser as _;
use identity_client::Timestamp;

use crate::cli::{Cli, Command, Consent, DeadLetters, Everybody, Users};
use crate::commands::users::Action;
use crate::commands::{dead_letters, everybody, orphans, show, users};
use crate::confirm::{Ask, ask_at_terminal, confirm, has_terminal};
use crate::failure::Failure;
use crate::output::{self, Exit, print, print_failure};
use crate::progress::Progress;
use crate::stack::Stack;

/// What the process offers.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Reads the environment.
    pub environment: fn(&str) -> Option<String>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
}

/// Does what the command line says, and tells of it on standard output and standard error.
pub async fn run(arguments: Vec<OsString>, host: Host) -> ExitCode {
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if wants_json && error.use_stderr() => {
            let rule = error.to_string().trim_end().trim_start_matches("error: ").to_owned();
            print_failure(&Failure::Usage(rule), true);
            return Exit::Usage.into();
        }
        Err(error) => {
            // With the terminal gone there is nobody left to tell.
            let _nobody = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
    };
    let json = cli.json;
    let exit = obey(cli, host).await.unwrap_or_else(|failure| {
        print_failure(&failure, json);
        failure.exit()
    });
    exit.into()
}

/// What every command has at hand.
struct Desk {
    stack: Stack,
    json: bool,
    progress: Progress,
}

async fn obey(cli: Cli, host: Host) -> Result<Exit, Failure> {
    let Cli { whereabouts, json, command } = cli;
    let whereabouts = whereabouts.or(host.environment);
    let place = whereabouts.place()?;
    let roots = match &whereabouts.extra_ca_file {
        Some(file) => Some(fs::read(file).map_err(|why| Failure::Input(file.clone(), why))?),
        None => None,
    };
    let stack = Stack::find(place, roots.as_deref(), host.clock).await?;
    let desk = Desk { stack, json, progress: Progress::new(json) };
    let records = &desk.stack.records;
    match command {
        Command::Show { subject } => desk.print(&show::run(records, &subject).await?),
        Command::Revoke(users) => desk.order(Action::Revoke, &users).await,
        Command::Suspend(users) => desk.order(Action::Suspend, &users).await,
        Command::Unsuspend(users) => desk.order(Action::Unsuspend, &users).await,
        Command::Delete(users) => desk.order(Action::Delete, &users).await,
        Command::RevokeEverybody(everybody) => desk.revoke_everybody(&everybody).await,
        Command::DeadLetters(DeadLetters::List) => {
            let listing = dead_letters::list(desk.stack.queues()?, (host.clock)()).await;
            desk.print(&listing.map_err(Failure::Queue)?)
        }
        Command::DeadLetters(DeadLetters::Replay(consent)) => desk.replay(consent).await,
        Command::Orphans => desk.print(&orphans::run(records).await?),
    }
}

impl Desk {
    async fn order(&self, action: Action, of: &Users) -> Result<Exit, Failure> {
        let subjects: Vec<Subject> = users::subjects(&of.subjects, of.file.as_deref())?;
        let records = &self.stack.records;
        if of.consent.dry_run {
            let plan = users::plan(action, records, &subjects, self.progress).await?;
            return self.print(&plan);
        }
        if let Some(question) = action.question(subjects.len()) {
            ask(&question, of.consent)?;
        }
        let broker = self.stack.broker().await?;
        let stop = interrupted();
        let done = users::run(action, &broker, records, &subjects, self.progress, stop).await;
        self.print(&done)
    }

    async fn revoke_everybody(&self, of: &Everybody) -> Result<Exit, Failure> {
        let records = &self.stack.records;
        if of.consent.dry_run {
            return self.print(&everybody::plan(records, of.resume).await?);
        }
        ask("End every session of every user, and withdraw every ACS token?", of.consent)?;
        let broker = self.stack.broker().await?;
        self.notice(everybody::FASTER);
        let stop = interrupted();
        let done = everybody::run(&broker, records, of.resume, self.progress, stop).await?;
        self.print(&done)
    }

    async fn replay(&self, consent: Consent) -> Result<Exit, Failure> {
        let queues = self.stack.queues()?;
        let mut terminal = ask_at_terminal;
        let terminal = has_terminal().then_some(&mut terminal as Ask<'_>);
        let Consent { dry_run, yes } = consent;
        let replay = dead_letters::replay(queues, dry_run, yes, terminal, self.progress).await?;
        self.print(&replay)
    }

    fn print(&self, report: &impl output::Report) -> Result<Exit, Failure> {
        print(report, self.json).map_err(Failure::Output)
    }

    /// Something to know while the command runs.
    fn notice(&self, text: &str) {
        if !self.json {
            // With the terminal gone there is nobody left to tell.
            let _nobody = writeln!(io::stderr(), "{text}");
        }
    }
}

fn ask(question: &str, consent: Consent) -> Result<(), Failure> {
    let mut terminal = ask_at_terminal;
    let terminal = has_terminal().then_some(&mut terminal as Ask<'_>);
    confirm(question, consent.yes, terminal)
}

/// Resolves when the operator interrupts. Where that cannot be noticed, the process just ends.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
