//! A user that a file names.

use acs_broker_core::{Record, RecordKey};

/// Is a user in a file, or the reason why there is none.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The number of the line; in a file of Graph, of the user.
    pub(crate) line: u64,
    pub(crate) content: Result<(RecordKey, Record), String>,
}
