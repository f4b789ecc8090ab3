//! How often each operation was asked for and what came of it, since the start.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::answer::{Reply, Wire};
use crate::route::Operation;

/// Counts of all operations.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Counters(BTreeMap<Operation, Count>);

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    requests: u64,
    /// Requests that changed something, whatever was answered.
    effects: u64,
    /// Answers by status; `dropped` for those that were not sent.
    by_status: BTreeMap<String, u64>,
}

impl Counters {
    pub(crate) fn count(&mut self, operation: Operation, reply: &Reply) {
        let count = self.0.entry(operation).or_default();
        count.requests += 1;
        count.effects += u64::from(!reply.changes.is_empty());
        let status = match reply.wire {
            Wire::Dropped => "dropped".to_owned(),
            Wire::Whole | Wire::Truncated(_) => reply.response.status().as_str().to_owned(),
        };
        *count.by_status.entry(status).or_default() += 1;
    }
}
