//! The emulator's response to one request, with the way in which it is delivered.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use crate::state::journal_entry::JournalEntry;

/// The response to one request, and everything a server has to do besides sending it.
#[derive(Debug)]
pub struct EmulatorResponse {
    /// The HTTP response.
    pub response: Response<Bytes>,
    /// The time to wait before it is sent.
    pub delay: Duration,
    /// The part of it that is sent.
    pub delivery: Delivery,
    /// The changes that the request made. The state file records them before the response is sent.
    pub entries: Vec<JournalEntry>,
}

/// The part of a response that is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// All of it.
    Whole,
    /// Nothing: the connection closes without a response.
    Dropped,
    /// The head with the full length, and this many bytes of the body. Then the connection closes.
    Truncated(usize),
}

impl EmulatorResponse {
    /// A response that is sent whole and at once.
    pub(crate) fn whole(response: Response<Bytes>, entries: Vec<JournalEntry>) -> Self {
        Self { response, delay: Duration::ZERO, delivery: Delivery::Whole, entries }
    }
}
