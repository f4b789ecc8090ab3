//! The faults of the table, and its calls so far.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::faults::{Effect, FaultError, Faults};

/// What a fault does: an error, a delay, or both.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TableEffect {
    /// The response instead of the table's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<TableError>,
    /// Whether the call takes effect before the error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) after_effect: bool,
    /// How long the response is held back.
    #[serde(default, skip_serializing_if = "is_zero")]
    delay_ms: u64,
}

/// An error of DynamoDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum TableError {
    /// 500 `InternalServerError`.
    Unavailable,
    /// 400 `ProvisionedThroughputExceededException`.
    Throttled,
}

/// The faults in force, and the calls so far.
#[derive(Debug, Default)]
pub(crate) struct TableFaults {
    /// The faults.
    pub(crate) faults: Faults<TableEffect>,
    calls: Mutex<BTreeMap<String, u64>>,
}

impl TableEffect {
    /// Returns how long the response is held back.
    pub(crate) const fn delay(self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

impl Effect for TableEffect {
    /// Those that the functions call.
    const OPERATIONS: &'static [&'static str] =
        &["GetItem", "BatchGetItem", "PutItem", "Query", "Scan"];

    fn check(&self) -> Result<(), FaultError> {
        let Self { error, after_effect, delay_ms } = *self;
        match (error, after_effect, delay_ms) {
            (None, true, _) => Err(FaultError::Effect("afterEffect goes with error")),
            (None, _, 0) => Err(FaultError::Effect("error or delayMs is needed")),
            _ => Ok(()),
        }
    }
}

impl TableFaults {
    /// Returns how often each operation was called.
    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        self.lock().clone()
    }

    /// Returns whether no fault is in force, and then counts a call.
    pub(crate) fn count_if_none(&self, operation: &str) -> bool {
        let is_none = self.faults.all().is_empty();
        if is_none {
            self.count(operation);
        }
        is_none
    }

    /// Counts a call, and returns what befalls it.
    pub(crate) fn take(&self, operation: &str) -> Option<TableEffect> {
        self.count(operation);
        self.faults.take(operation)
    }

    /// Counts a call. Others than the known ones would let a caller fill the memory.
    fn count(&self, operation: &str) {
        if TableEffect::OPERATIONS.contains(&operation) {
            *self.lock().entry(operation.to_owned()).or_default() += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;

    fn fault(json: &str) -> Fault<TableEffect> {
        serde_json::from_str(json).unwrap()
    }

    mod table_faults {
        use super::*;

        /// A test that asks for two failures gets two, of its operation only.
        #[test]
        fn apply_as_often_as_asked() {
            let faults = TableFaults::default();
            let twice = r#"{"operation":"PutItem","effect":{"error":"throttled"},"times":2}"#;
            faults.faults.add(fault(twice)).unwrap();
            assert!(faults.take("GetItem").is_none());
            let taken = [(); 3].map(|()| faults.take("PutItem").and_then(|effect| effect.error));
            assert_eq!(taken, [Some(TableError::Throttled), Some(TableError::Throttled), None]);
            assert_eq!(faults.calls()["PutItem"], 3);
        }

        /// A fault that can do nothing is a mistake of its author, who reads which.
        #[test]
        fn refuse_what_makes_no_sense() {
            for (json, member) in [
                (r#"{"effect":{}}"#, "effect"),
                (r#"{"effect":{"delayMs":1,"afterEffect":true}}"#, "afterEffect"),
                (r#"{"effect":{"delayMs":1},"times":0}"#, "times"),
                (r#"{"effect":{"delayMs":1},"operation":"putItem"}"#, "operation"),
            ] {
                let error = TableFaults::default().faults.add(fault(json)).unwrap_err();
                assert!(error.to_string().contains(member), "{json}: {error}");
            }
        }
    }
}
