//! Which rows of the table were written since somebody asked.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::hosting::rows::id;

/// How many rows are kept by name. After more writes than that, all rows count as written.
const MAX_NAMED: usize = 100;

/// The rows that were written, by their keys.
#[derive(Debug)]
pub(crate) struct Changes(Mutex<Changed>);

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// These rows, by their keys.
    Rows(BTreeSet<String>),
    /// Perhaps all.
    All,
}

impl Changes {
    /// Notes that rows were written.
    pub(crate) fn note(&self, changed: Changed) {
        self.lock().add(changed);
    }

    /// Returns what was written since the last call; at first, all.
    pub(crate) fn take(&self) -> Changed {
        mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Changed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changed {
    /// Returns what a request writes, by its body.
    pub(crate) fn by(operation: &str, body: &[u8]) -> Self {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let row = match operation {
            "PutItem" => request.get("Item"),
            "DeleteItem" | "UpdateItem" => request.get("Key"),
            _ => None,
        };
        row.and_then(id).map_or(Self::All, |id| Self::Rows([id.to_owned()].into()))
    }

    /// Adds what was written later.
    pub(crate) fn add(&mut self, later: Self) {
        match (&mut *self, later) {
            (Self::Rows(ids), Self::Rows(others)) => ids.extend(others),
            _ => *self = Self::All,
        }
        if matches!(self, Self::Rows(ids) if ids.len() > MAX_NAMED) {
            *self = Self::All;
        }
    }
}

/// Nothing was written.
impl Default for Changed {
    fn default() -> Self {
        Self::Rows(BTreeSet::new())
    }
}

impl Default for Changes {
    fn default() -> Self {
        Self(Mutex::new(Changed::All))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    mod changes {
        use super::*;

        /// A write that goes unnoticed leaves a user in the console as they were before.
        #[test]
        fn name_each_written_row() {
            let changes = Changes::default();
            assert_eq!(changes.take(), Changed::All, "nothing is known at first");
            let put = br#"{"Item":{"id":{"S":"user i alice"}}}"#;
            changes.note(Changed::by("PutItem", put));
            let delete = br#"{"Key":{"id":{"S":"user i bob"}}}"#;
            changes.note(Changed::by("DeleteItem", delete));
            let both = ["user i alice", "user i bob"].map(str::to_owned);
            assert_eq!(changes.take(), Changed::Rows(both.into()));
            assert_eq!(changes.take(), Changed::default());
        }

        /// A write that names no row, and more writes than are kept, are a change of all rows.
        #[test]
        fn without_names_are_of_all() {
            let changes = Changes::default();
            for (operation, body) in [("BatchWriteItem", "{}"), ("PutItem", "no JSON")] {
                changes.take();
                changes.note(Changed::by(operation, body.as_bytes()));
                assert_eq!(changes.take(), Changed::All, "{operation}");
            }
            changes.take();
            for number in 0..=MAX_NAMED {
                let body = format!(r#"{{"Item":{{"id":{{"S":"{number}"}}}}}}"#);
                changes.note(Changed::by("PutItem", body.as_bytes()));
            }
            assert_eq!(changes.take(), Changed::All);
        }
    }
}
