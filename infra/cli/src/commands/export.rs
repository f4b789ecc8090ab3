//! `acs-broker export`: every record of a stack, as a file.

use std::fmt;
use std::fs::OpenOptions;
use std::future::Future;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acs_broker_config::error_chain;
use acs_broker_core::{KeyError, Page, RecordKey, StoreError, UserStore};
use clap::Args;
use tokio::time::{Instant, sleep_until};

use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Meter;
use crate::records::Records;
use crate::session::{Session, interrupted};
use crate::shell::shell_word;
use crate::unreadable::{Paragraph, UnreadableRow, exit_with};
use crate::user_file::writer::UserFileWriter;
use crate::user_file::{FORMAT, Header, VERSION, resource_of};

const EXAMPLES: &str = "\
Examples:
  acs-broker export --output users.ndjson
  acs-broker --local export > users.ndjson

The file names users and their ACS identities. It has no tokens and no keys.";
/// The most rows that a page of the table has.
const PAGE_SIZE: usize = 500;

/// Export every record: a header, one record a line, and an end with count and SHA-256
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExportArgs {
    /// Write to a new file, which only its owner may read; else to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Go on after this key, which an interrupted export names
    #[arg(long, value_name = "KEY", value_parser = key)]
    after: Option<RecordKey>,

    /// Read at most so many records a second
    #[arg(long, value_name = "RECORDS", default_value = "1000")]
    rate: NonZeroUsize,
}

/// Tells how an export ended.
#[derive(Debug)]
struct Exported {
    count: u64,
    unreadable: Vec<UnreadableRow>,
    /// Where the export goes on, and why it stopped there.
    stopped: Option<Stopped>,
}

#[derive(Debug)]
struct Stopped {
    after: Option<RecordKey>,
    why: StopReason,
}

#[derive(Debug)]
enum StopReason {
    Interrupted,
    Table(StoreError),
}

/// Returns the header for the first page of an export.
type HeaderOf<'a> = &'a (dyn Fn(&Page) -> Header + Sync);

fn key(text: &str) -> Result<RecordKey, KeyError> {
    text.parse()
}

impl ExportArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        let now = session.now();
        let header = |page: &Page| Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            issuer: stack.records.issuer.as_str().to_owned(),
            resource: page.records.iter().find_map(|(_, record)| {
                record.bound().map(|bound| resource_of(&bound.id).to_owned())
            }),
            table: stack.table_name.clone(),
            exported_at: now,
            after: self.after.as_ref().map(RecordKey::to_text),
        };
        let meter = session.progress.meter(None);
        let stop = interrupted();
        let exported = if let Some(file) = &self.output {
            let failed = |error| CliError::Write(file.clone(), error);
            let output = BufWriter::new(create(file).map_err(failed)?);
            self.export(&stack.records, &header, output, &meter, stop).await.map_err(failed)?
        } else {
            let output = BufWriter::new(io::stdout());
            let exported = self.export(&stack.records, &header, output, &meter, stop).await;
            exported.map_err(CliError::Output)?
        };
        drop(meter);
        session.notice(&exported.text(|arguments| session.command(arguments)));
        Ok(exported.exit())
    }

    /// Writes the records page by page, until the end or until `stop` resolves.
    async fn export<T: UserStore, W: Write>(
        &self,
        records: &Records<T>,
        header: HeaderOf<'_>,
        output: W,
        meter: &Meter,
        stop: impl Future<Output = ()>,
    ) -> io::Result<Exported> {
        let page_size = PAGE_SIZE.min(self.rate.get());
        let mut stop = std::pin::pin!(stop);
        let mut output = Some(output);
        let mut writer = None;
        let (mut after, mut unreadable) = (self.after.clone(), Vec::new());
        let mut next_page = Instant::now();
        let why = loop {
            let page = async {
                sleep_until(next_page).await;
                records.table.list(after.as_ref(), page_size, &records.deadline()).await
            };
            let page = tokio::select! {
                biased;
                () = &mut stop => break StopReason::Interrupted,
                page = page => match page {
                    Ok(page) => page,
                    Err(error) => break StopReason::Table(error),
                },
            };
            next_page = Instant::now() + self.pause(page.records.len());
            if let Some(output) = output.take() {
                writer = Some(UserFileWriter::begin(output, &header(&page))?);
            }
            let Some(open) = writer.as_mut() else { continue };
            for (key, record) in &page.records {
                open.record(key, record)?;
            }
            meter.inc(page.records.len());
            unreadable.extend(page.unreadable.into_iter().map(UnreadableRow::from));
            after = page.next;
            if after.is_none() {
                let count = writer.map_or(Ok(0), |writer| writer.end(None))?;
                return Ok(Exported { count, unreadable, stopped: None });
            }
        };
        // What is written so far becomes a part that is complete in itself.
        let count = writer.map_or(Ok(0), |writer| writer.end(after.as_ref()))?;
        Ok(Exported { count, unreadable, stopped: Some(Stopped { after, why }) })
    }

    /// Returns the time that so many records take at the rate.
    fn pause(&self, records: usize) -> Duration {
        let rate = u32::try_from(self.rate.get()).unwrap_or(u32::MAX);
        Duration::from_secs(1).saturating_mul(u32::try_from(records).unwrap_or(u32::MAX)) / rate
    }
}

/// Creates a file that only its owner may read.
fn create(file: &Path) -> io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(file)
}

impl Exported {
    fn exit(&self) -> Exit {
        match &self.stopped {
            None => exit_with(&self.unreadable, Exit::Done),
            Some(Stopped { why: StopReason::Table(_), .. }) if self.count == 0 => Exit::Failed,
            Some(_) => Exit::Partial,
        }
    }

    /// Returns the summary; `command` makes a command line of arguments.
    fn text(&self, command: impl Fn(&str) -> String) -> String {
        let (count, unreadable) = (self.count, Paragraph(&self.unreadable));
        let Some(Stopped { after, why }) = &self.stopped else {
            return format!("{count} records exported\n{unreadable}").trim_end().to_owned();
        };
        let after = after.as_ref().map(RecordKey::to_text);
        let arguments = after.map_or_else(
            || "export".to_owned(),
            |after| format!("export --after {} > next.ndjson", shell_word(&after)),
        );
        let how = command(&arguments);
        let text =
            format!("{count} records exported, then {why}. Go on with:\n  {how}\n{unreadable}");
        text.trim_end().to_owned()
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("interrupted"),
            Self::Table(error) => f.write_str(&error_chain(error)),
        }
    }
}

#[cfg(test)]
mod tests;
