//! `acs-broker import`: users from an export, a CSV file or Microsoft's sample.

use std::fmt;
use std::path::PathBuf;

use acs_broker_config::error_chain;
use acs_broker_core::UniqueId;
use clap::Args;
use serde::Serialize;

use crate::confirm::{ConfirmArgs, confirm};
use crate::error::CliError;
use crate::exit::Exit;
use crate::import::carry::{self, IssuerChange};
use crate::import::csv_file::Columns;
use crate::import::decide::{OnConflict, Rules};
use crate::import::entries::{self, Entries, EntriesError, Form, OtherForm};
use crate::import::line::{ImportedLine, LineOutcome};
use crate::import::owners::Owners;
use crate::import::run::Import;
use crate::report::Report;
use crate::session::{Session, interrupted, random};
use crate::shell::shell_word;
use crate::text_table::columns;

const EXAMPLES: &str = "\
Examples:
  acs-broker import users.ndjson --dry-run
  acs-broker import old.csv --from csv --subject-column user --identity-column acs --yes

The same import again changes nothing that is done, and so goes on after an interruption.";
/// The table lists so many lines; JSON has them all.
const MAX_LISTED: usize = 20;

/// Import users from an export, from CSV, or from Microsoft's authentication sample
///
/// An export is checked to its end before anything is written. An identity of another ACS resource
/// is refused, and so is one that another user has.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ImportArgs {
    /// The file
    file: PathBuf,

    /// What the file is, if it is not an export
    #[arg(long, value_name = "FORM", value_enum)]
    from: Option<OtherForm>,

    #[command(flatten)]
    columns: Columns,

    /// Carry the users of an issuer over to its new name; rows stay behind that refuse the old one
    #[arg(long, value_name = "OLD=NEW", value_parser = carry::parse, conflicts_with = "from")]
    issuer: Option<IssuerChange>,

    /// What counts where the table and the file differ about a user
    #[arg(long, value_enum, default_value = "fail")]
    on_conflict: OnConflict,

    /// Let the file count, even if it lowers a cutoff, lifts a suspension or replaces an identity,
    /// which is deleted first
    #[arg(long, conflicts_with = "on_conflict")]
    force: bool,

    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Reports what became of the lines of a file.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportReport {
    dry_run: bool,
    created: u64,
    updated: u64,
    carried_over: u64,
    equal: u64,
    kept: u64,
    conflicts: u64,
    refused: u64,
    failed: u64,
    /// Lines that were not begun before an interruption.
    not_tried: u64,
    /// The lines that were not imported, with the reason of each.
    lines: Vec<LineReport>,
    /// Why it is unknown whether another import gave an identity of the file to another row.
    #[serde(skip_serializing_if = "Option::is_none")]
    unchecked: Option<String>,
    #[serde(skip)]
    again: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LineReport {
    line: u64,
    result: &'static str,
    why: String,
}

impl ImportArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let refused = |error: EntriesError| CliError::UserFile(self.file.clone(), error);
        let stack = session.find_stack().await?;
        let ids = UniqueId::counted_from(random()?);
        let form = Form { other: self.from, columns: &self.columns, issuer: &stack.records.issuer };
        let entries = entries::read(&self.file, &form, &ids).map_err(refused)?;
        if let Some(notice) = &entries.notice {
            session.notice(notice);
        }
        let total = entries.total;
        if !self.confirm.dry_run {
            confirm(&self.question(&entries, &stack.table_name), self.confirm.yes)?;
        }
        if !self.confirm.dry_run {
            session.compare_clocks(&stack).await?;
        }
        let (acs, broker) = (stack.acs().await?, stack.broker().await?);
        let owners = Owners::read(&stack.records).await?;
        let import = Import {
            records: &stack.records,
            broker: &broker,
            acs: &acs,
            ids: &ids,
            rules: Rules { on_conflict: self.on_conflict, force: self.force },
            issuer: self.issuer.as_ref(),
            dry_run: self.confirm.dry_run,
        };
        let mut report = ImportReport {
            dry_run: self.confirm.dry_run,
            not_tried: total,
            again: session
                .command(&format!("import {} …", shell_word(&self.file.to_string_lossy()))),
            ..ImportReport::default()
        };
        let meter = session.progress.meter(usize::try_from(total).ok());
        let noted = |line| report.note(line);
        let checked = import.run(entries, owners, &meter, interrupted(), noted).await;
        report.unchecked = checked.err().map(|error| error_chain(&error));
        drop(meter);
        session.print(&report)
    }

    fn question(&self, entries: &Entries<'_>, table: &str) -> String {
        let (total, origin) = (entries.total, &entries.origin);
        let force = if self.force { ", whatever the table has" } else { "" };
        let carry = match &self.issuer {
            Some(_) => " Users of the old issuer are suspended there for good.",
            None => "",
        };
        format!("Import {total} records{origin} into the table {table}{force}?{carry}")
    }
}

impl ImportReport {
    fn note(&mut self, ImportedLine { line, outcome }: ImportedLine) {
        if let LineOutcome::TakenBack { was, why } = outcome {
            let before = match *was {
                LineOutcome::Created => &mut self.created,
                LineOutcome::Updated => &mut self.updated,
                LineOutcome::CarriedOver => &mut self.carried_over,
                // It is in the report already.
                _ => return,
            };
            *before = before.saturating_sub(1);
            self.failed += 1;
            self.lines.push(LineReport { line, result: "failed", why });
            return;
        }
        self.not_tried = self.not_tried.saturating_sub(1);
        let (count, listed) = match outcome {
            LineOutcome::Created => (&mut self.created, None),
            LineOutcome::Updated => (&mut self.updated, None),
            LineOutcome::CarriedOver => (&mut self.carried_over, None),
            LineOutcome::Equal => (&mut self.equal, None),
            LineOutcome::Kept => (&mut self.kept, None),
            LineOutcome::Conflict(why) => (&mut self.conflicts, Some(("conflict", why))),
            LineOutcome::Refused(why) => (&mut self.refused, Some(("refused", why))),
            LineOutcome::TakenBack { why, .. } | LineOutcome::Failed(why) => {
                (&mut self.failed, Some(("failed", why)))
            }
        };
        *count += 1;
        self.lines.extend(listed.map(|(result, why)| LineReport { line, result, why }));
    }
}

impl Report for ImportReport {
    fn exit(&self) -> Exit {
        if self.lines.is_empty() && self.not_tried == 0 && self.unchecked.is_none() {
            Exit::Done
        } else {
            Exit::Partial
        }
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.created, "created"),
            (self.updated, "updated"),
            (self.carried_over, "carried over"),
            (self.equal, "equal"),
            (self.kept, "kept as they are"),
            (self.conflicts, "conflicts"),
            (self.refused, "refused"),
            (self.failed, "failed"),
            (self.not_tried, "not tried"),
        ];
        let listed = self.lines.iter().take(MAX_LISTED);
        let rows =
            listed.map(|line| [line.line.to_string(), line.result.to_owned(), line.why.clone()]);
        if !self.lines.is_empty() {
            writeln!(f, "{}", columns(Some(["LINE", "RESULT", "WHY"]), rows))?;
        }
        let more = self.lines.len().saturating_sub(MAX_LISTED);
        if more > 0 {
            writeln!(f, "… and {more} more; --json has them all\n")?;
        }
        let begin = if self.dry_run { "Dry run, nothing is changed: " } else { "" };
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, name)| format!("{count} {name}")).collect();
        let counts = if counts.is_empty() { "no records".to_owned() } else { counts.join(", ") };
        writeln!(f, "{begin}{counts}")?;
        if let Some(why) = &self.unchecked {
            let what = "It is unknown whether another import gave one of the identities to another";
            writeln!(f, "{what} user: {why}.\nSee acs-broker doctor --only work.")?;
        }
        if self.not_tried > 0 {
            writeln!(f, "Interrupted. The same command goes on: {}", self.again)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::testing::to_json;

    /// Both forms of the report: what was done, and which lines were not.
    #[test]
    fn prints_counts_and_lines() {
        let mut report = ImportReport { not_tried: 5, ..ImportReport::default() };
        report.again = "acs-broker --local import users.ndjson …".to_owned();
        for (line, outcome) in [
            (2, LineOutcome::Created),
            (3, LineOutcome::Equal),
            (4, LineOutcome::Conflict("the user differs here".to_owned())),
            (5, LineOutcome::Refused("identity: is of another ACS resource".to_owned())),
        ] {
            report.note(ImportedLine { line, outcome });
        }
        assert_eq!(report.exit(), Exit::Partial);
        assert_snapshot!(report, @"
        LINE  RESULT    WHY
        4     conflict  the user differs here
        5     refused   identity: is of another ACS resource

        1 created, 1 equal, 1 conflicts, 1 refused, 1 not tried
        Interrupted. The same command goes on: acs-broker --local import users.ndjson …
        ");
        assert_snapshot!(to_json(&report), @r#"
        {
          "dryRun": false,
          "created": 1,
          "updated": 0,
          "carriedOver": 0,
          "equal": 1,
          "kept": 0,
          "conflicts": 1,
          "refused": 1,
          "failed": 0,
          "notTried": 1,
          "lines": [
            {
              "line": 4,
              "result": "conflict",
              "why": "the user differs here"
            },
            {
              "line": 5,
              "result": "refused",
              "why": "identity: is of another ACS resource"
            }
          ]
        }
        "#);
        let empty = ImportReport { dry_run: true, ..ImportReport::default() };
        assert_eq!(empty.exit(), Exit::Done);
        assert_snapshot!(empty, @"Dry run, nothing is changed: no records");
    }
}
