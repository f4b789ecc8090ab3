//! Counts of requests, effects and responses per operation since the start.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::response::{Delivery, EmulatorResponse};
use crate::service::route::Operation;

/// The counts of all operations.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Counters(BTreeMap<Operation, Count>);

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    requests: u64,
    /// Requests that changed something, whatever the response was.
    effects: u64,
    /// Responses by status; `dropped` for those that were not sent.
    by_status: BTreeMap<String, u64>,
}

impl Counters {
    /// Counts one request and its response.
    pub(crate) fn count(&mut self, operation: Operation, response: &EmulatorResponse) {
        let count = self.0.entry(operation).or_default();
        count.requests += 1;
        count.effects += u64::from(!response.entries.is_empty());
        let status = match response.delivery {
            Delivery::Dropped => "dropped".to_owned(),
            Delivery::Whole | Delivery::Truncated(_) => {
                response.response.status().as_str().to_owned()
            }
        };
        *count.by_status.entry(status).or_default() += 1;
    }
}
