//! What people read.

use std::fmt;

use comfy_table::{Table, presets};
use identity_client::Timestamp;
use jiff::SignedDuration;

use crate::commands::dead_letters::{Listing, Replay};
use crate::commands::everybody::{self, FASTER};
use crate::commands::orphans::Astray;
use crate::commands::show::UserState;
use crate::commands::users::{self, Action, Effect};
use crate::outcome::Outcome;
use crate::queues::{DeadLetterQueue, EventQueue};

/// How many failures are listed; JSON has them all.
const MOST_FAILURES: usize = 20;

impl fmt::Display for UserState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["subject", &self.subject].map(str::to_owned)];
        let mut row = |name: &str, value: String| rows.push([name.to_owned(), value]);
        if !self.has_record {
            row("record", "none".to_owned());
        }
        if let Some(identity) = &self.identity {
            row("identity", identity.id.clone());
            row("  created for sign-in", identity.sign_in.to_string());
        } else {
            row("identity", none());
        }
        row("watermark", or_none(self.watermark));
        row("everybody's watermark", or_none(self.everybody_watermark));
        row("suspended", if self.suspended { "yes" } else { "no" }.to_owned());
        if let Some(suspension) = &self.suspension {
            let what = if suspension.lifted { "  lifted by" } else { "  by" };
            row(what, format!("{} at {}", suspension.by, suspension.at));
        }
        match &self.lease {
            Some(lease) => {
                let void = if lease.void { ", void" } else { "" };
                row("being created", format!("until {}{void}", lease.until));
            }
            None => row("being created", "no".to_owned()),
        }
        match &self.pending {
            Some(pending) => {
                row("pending", format!("{} since {}", pending.work, pending.since));
                row("  next try", pending.retry_at.to_string());
            }
            None => row("pending", none()),
        }
        row("denied by ACS since", or_none(self.doubted_since));
        row("possibly lost", self.possibly_lost.to_string());
        row("record expires", or_none(self.expires_at));
        write!(f, "{}", columns(None::<[&str; 2]>, rows))
    }
}

impl fmt::Display for users::Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.users.iter().map(|user| {
            let (outcome, why) = described(&user.outcome, done_word(self.action));
            [user.subject.clone(), outcome.to_owned(), why]
        });
        write!(f, "{}", columns(Some(["SUBJECT", "RESULT", ""]), rows))
    }
}

impl fmt::Display for users::Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.users.iter().map(|user| {
            let effects: Vec<_> = user.effects.iter().copied().map(effect).collect();
            [user.subject.clone(), user.identity.clone().unwrap_or_else(none), effects.join("; ")]
        });
        write!(f, "{}", columns(Some(["SUBJECT", "IDENTITY", "WOULD"]), rows))
    }
}

impl fmt::Display for everybody::Walked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("sessions ended up to", self.watermark.to_string()),
            ("tokens withdrawn", self.done.to_string()),
            ("withdrawn before", self.done_before.to_string()),
            ("left to the sweep", self.left_to_sweep.to_string()),
            ("not tried", self.not_tried.to_string()),
            ("failed", self.failed.len().to_string()),
        ];
        write!(f, "{}", columns(None, rows.map(|(name, value)| [name.to_owned(), value])))?;
        if self.not_tried > 0 {
            writeln!(f, "\nInterrupted. Go on with: acs-broker revoke-everybody --resume")?;
        }
        if self.failed.is_empty() {
            return Ok(());
        }
        let failed = self.failed.iter().take(MOST_FAILURES);
        let rows = failed.map(|user| [user.subject.clone(), user.why.clone()]);
        write!(f, "\n{}", columns(Some(["FAILED", "WHY"]), rows))?;
        let more = self.failed.len().saturating_sub(MOST_FAILURES);
        if more > 0 {
            writeln!(f, "… and {more} more")?;
        }
        Ok(())
    }
}

impl fmt::Display for everybody::Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("sessions would end up to", self.watermark.to_string()),
            ("tokens to withdraw", format!("of {} users", self.users)),
            ("withdrawn before", self.done_before.to_string()),
            ("takes at least", span(i64::try_from(self.seconds).unwrap_or(i64::MAX))),
        ];
        write!(f, "{}", columns(None, rows.map(|(name, value)| [name.to_owned(), value])))?;
        writeln!(f, "\n{FASTER}")
    }
}

impl fmt::Display for Astray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.orphans.is_empty() && self.possibly_lost.is_empty() {
            return writeln!(f, "No orphans, and nobody who may have lost an identity.");
        }
        let orphans = self.orphans.iter().map(|orphan| {
            [orphan.identity.clone(), or_none(orphan.since), or_none(orphan.retry_at)]
        });
        if orphans.len() > 0 {
            write!(f, "{}", columns(Some(["ORPHAN", "SINCE", "NEXT TRY"]), orphans))?;
        }
        if !self.orphans.is_empty() && !self.possibly_lost.is_empty() {
            writeln!(f)?;
        }
        let users = self
            .possibly_lost
            .iter()
            .map(|user| [user.subject.clone(), user.issuer.clone(), user.count.to_string()]);
        if users.len() > 0 {
            write!(f, "{}", columns(Some(["SUBJECT", "ISSUER", "POSSIBLY LOST"]), users))?;
        }
        Ok(())
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dead_letters.is_empty() {
            return writeln!(f, "No dead letters.");
        }
        let header = [
            "QUEUE",
            "AGE",
            "RECEIVED",
            "SOURCE",
            "DETAIL TYPE",
            "EVENT ID",
            "EVENT TIME",
            "REASON",
        ];
        let rows = self.dead_letters.iter().map(|letter| {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(none);
            [
                dead_letter_queue(letter.queue).to_owned(),
                letter.age_seconds.map_or_else(none, span),
                letter.receive_count.map_or_else(none, |count| count.to_string()),
                text(&letter.source),
                text(&letter.detail_type),
                text(&letter.event_id),
                text(&letter.event_time),
                text(&letter.reason),
            ]
        });
        write!(f, "{}", columns(Some(header), rows))
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.messages.is_empty() {
            return writeln!(f, "No dead letters.");
        }
        let rows = self.messages.iter().map(|message| {
            let (result, why) = match &message.outcome {
                Some(outcome) => described(outcome, "put back"),
                None => ("would be put back", String::new()),
            };
            let event = message.event_id.clone().unwrap_or_else(none);
            let to = match message.to {
                EventQueue::Revoke => "revoke",
                EventQueue::Delete => "delete",
            };
            [dead_letter_queue(message.queue), to, &event, result, &why].map(str::to_owned)
        });
        write!(f, "{}", columns(Some(["FROM", "TO", "EVENT ID", "RESULT", ""]), rows))
    }
}

fn described<'a>(outcome: &Outcome, done: &'a str) -> (&'a str, String) {
    match outcome {
        Outcome::Done => (done, String::new()),
        Outcome::LeftToSweep(why) => ("left to the sweep", why.clone()),
        Outcome::Failed(why) => ("failed", why.clone()),
        Outcome::NotTried => ("not tried", String::new()),
    }
}

const fn done_word(action: Action) -> &'static str {
    match action {
        Action::Revoke => "revoked",
        Action::Suspend => "suspended",
        Action::Unsuspend => "suspension lifted",
        Action::Delete => "deleted",
    }
}

const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::EndsSessions => "end sessions",
        Effect::RevokesTokens => "withdraw tokens",
        Effect::DeletesIdentity => "delete the identity",
        Effect::EndsCreation => "end a creation under way",
        Effect::FinishesDeletion => "finish a deletion that was ordered before",
        Effect::Suspends => "suspend",
        Effect::LiftsSuspension => "lift the suspension",
        Effect::NotesThatNotSuspended => "note that the user is not suspended",
    }
}

const fn dead_letter_queue(queue: DeadLetterQueue) -> &'static str {
    match queue {
        DeadLetterQueue::Revoke => "revoke",
        DeadLetterQueue::Delete => "delete",
        DeadLetterQueue::Rule => "rule",
    }
}

fn none() -> String {
    "-".to_owned()
}

fn or_none(instant: Option<Timestamp>) -> String {
    instant.map_or_else(none, |instant| instant.to_string())
}

fn span(seconds: i64) -> String {
    format!("{:#}", SignedDuration::from_secs(seconds))
}

/// Plain columns, which can be read, searched and copied.
fn columns<const N: usize>(
    header: Option<[&str; N]>,
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(header) = header {
        table.set_header(header);
    }
    // What others have written must not steer the terminal.
    let printable = |cell: String| cell.replace(char::is_control, "\u{fffd}");
    table.add_rows(rows.into_iter().map(|row| row.map(printable)));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
