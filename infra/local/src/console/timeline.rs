//! What happened: the newest rows, bounded, and a signal for those that wait for more.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::console::details::Details;
use crate::hosting::steps::Collected;

/// How many rows are kept. The oldest are dropped.
pub(crate) const MAX_ROWS: usize = 2_000;

/// The timeline of one run of the stack.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// Tells the rows of this run from those of an earlier one, whose numbers began at 1 too.
    run: i64,
    rows: Mutex<Rows>,
    signal: watch::Sender<Signal>,
}

#[derive(Debug, Default)]
struct Rows {
    kept: VecDeque<Arc<Row>>,
    /// What is known beside the rows, about the newest.
    details: Details,
    /// The number of the newest row; 0 before the first.
    newest: u64,
}

/// What those that wait for rows see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signal {
    newest: u64,
    /// Whether the stack ends, and no more rows come.
    pub(crate) closed: bool,
}

/// One thing that happened.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    /// Its number, from 1 on.
    pub(crate) seq: u64,
    /// When it was over.
    pub(crate) at: Timestamp,
    /// All else about it.
    #[serde(flatten)]
    pub(crate) entry: Entry,
}

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A request went through the gateway.
    Request,
    /// A user signed in at the identity provider.
    SignIn,
    /// An identity provider sent an event.
    Event,
    /// An operator asked for an operation.
    Operator,
    /// `sweep` ran.
    Sweep,
    /// A fault was added or removed.
    Fault,
    /// The clock was moved.
    Clock,
    /// The state was seeded, imported or reset.
    State,
}

/// A row without its number and its time. A member that does not apply is left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// What sort of thing it is.
    pub(crate) kind: Kind,
    /// What it is, in a few words: `POST /v1/token`.
    pub(crate) title: String,
    /// The request's method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// The request's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// The user that it is about, as far as a token or an event names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// The response's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The problem's code, or the reason of an event that was skipped or rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// How it ended, in one word.
    pub(crate) outcome: &'static str,
    /// A sentence for people: for each refusal why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sentence: Option<String>,
    /// How many ACS tokens it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tokens_died: Option<usize>,
    /// What to do about a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<&'static str>,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: f64,
    /// Its steps, which a reader asks for by the row's number.
    #[serde(skip)]
    pub(crate) collected: Collected,
}

/// The rows after a number.
#[derive(Debug)]
pub(crate) struct Slice {
    /// The rows, the oldest first.
    pub(crate) rows: Vec<Arc<Row>>,
    /// How many rows after that number are no longer kept.
    pub(crate) dropped: u64,
}

impl Entry {
    /// Returns an entry of which only this is known.
    pub(crate) fn new(kind: Kind, title: impl Into<String>, outcome: &'static str) -> Self {
        Self {
            kind,
            title: title.into(),
            method: None,
            path: None,
            subject: None,
            status: None,
            code: None,
            outcome,
            sentence: None,
            tokens_died: None,
            remedy: None,
            took_ms: 0.0,
            collected: Collected::default(),
        }
    }
}

impl Timeline {
    /// Returns the empty timeline of a run that begins at `now`.
    pub(crate) fn new(now: Timestamp) -> Self {
        let (signal, _) = watch::channel(Signal::default());
        Self { run: now.as_millisecond(), rows: Mutex::default(), signal }
    }

    /// Returns the name of this run.
    pub(crate) const fn run(&self) -> i64 {
        self.run
    }

    /// Adds a row, and returns its number.
    pub(crate) fn add(&self, mut entry: Entry, at: Timestamp) -> u64 {
        let collected = std::mem::take(&mut entry.collected);
        let seq = {
            let mut rows = self.lock();
            rows.newest += 1;
            let seq = rows.newest;
            rows.details.add(seq, &collected);
            rows.kept.push_back(Arc::new(Row { seq, at, entry }));
            if rows.kept.len() > MAX_ROWS {
                rows.kept.pop_front();
            }
            seq
        };
        self.signal.send_modify(|signal| signal.newest = signal.newest.max(seq));
        seq
    }

    /// Returns the rows after a number.
    pub(crate) fn after(&self, seq: u64) -> Slice {
        let rows = self.lock();
        let oldest = rows.kept.front().map_or(rows.newest + 1, |row| row.seq);
        Slice {
            rows: rows.kept.iter().filter(|row| row.seq > seq).map(Arc::clone).collect(),
            dropped: oldest.saturating_sub(seq.saturating_add(1)),
        }
    }

    /// Returns a row that is still kept, with what is known beside it.
    pub(crate) fn detail(&self, seq: u64) -> Option<Value> {
        let rows = self.lock();
        let row = rows.kept.iter().find(|row| row.seq == seq)?;
        let mut row = serde_json::to_value(&**row).ok()?;
        if let Some(details) = rows.details.of(seq) {
            let details: Map<String, Value> = serde_json::from_str(details).ok()?;
            row.as_object_mut()?.extend(details);
        }
        Some(row)
    }

    /// Returns the newest row that ended a user's sessions or tokens.
    pub(crate) fn cause(&self, subject: &str) -> Option<Arc<Row>> {
        let is_cause = |row: &&Arc<Row>| {
            let entry = &row.entry;
            let is_theirs = entry.subject.as_deref() == Some(subject);
            is_theirs && ["revoked", "suspended", "deleted"].contains(&entry.outcome)
        };
        self.lock().kept.iter().rev().find(is_cause).map(Arc::clone)
    }

    /// Returns the signal that changes with each row.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Signal> {
        self.signal.subscribe()
    }

    /// Ends the streams of all that wait, so that the stack can end.
    pub(crate) fn close(&self) {
        self.signal.send_modify(|signal| signal.closed = true);
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline_of(count: usize) -> Timeline {
        let timeline = Timeline::new(Timestamp::UNIX_EPOCH);
        for _ in 0..count {
            timeline.add(Entry::new(Kind::Sweep, "sweep", "done"), Timestamp::UNIX_EPOCH);
        }
        timeline
    }

    mod timeline {
        use super::*;

        /// A stack that runs for weeks must not fill the memory.
        #[test]
        fn keeps_newest_rows_only() {
            let timeline = timeline_of(MAX_ROWS + 5);
            let slice = timeline.after(0);
            assert_eq!((slice.rows.len(), slice.dropped), (MAX_ROWS, 5));
            assert_eq!(slice.rows[0].seq, 6);
        }

        /// A reader that goes on from its last row misses nothing and sees nothing twice.
        #[test]
        fn goes_on_after_a_row() {
            let timeline = timeline_of(3);
            let seqs: Vec<_> = timeline.after(1).rows.iter().map(|row| row.seq).collect();
            assert_eq!(seqs, [2, 3]);
            let rest = timeline.after(3);
            assert_eq!((rest.rows.len(), rest.dropped), (0, 0));
        }

        /// A script that asks for rows after the largest number gets none, and no broken connection.
        #[test]
        fn ends_after_the_largest_number() {
            let rest = timeline_of(3).after(u64::MAX);
            assert_eq!((rest.rows.len(), rest.dropped), (0, 0));
        }
    }
}
