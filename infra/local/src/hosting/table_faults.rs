//! The faults of the table.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The operations that a fault may name: those that the functions call.
const OPERATIONS: [&str; 5] = ["GetItem", "BatchGetItem", "PutItem", "Query", "Scan"];

/// A fault, and the calls that it applies to. Without `times` it applies to every call.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TableFault {
    /// Its number, from 1 on.
    #[serde(skip_deserializing)]
    pub(crate) id: u64,
    /// One operation of DynamoDB's API; any if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    effect: TableEffect,
    /// How many calls it still applies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

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

/// A fault that makes no sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableFaultError {
    /// It does nothing.
    #[error("effect: error or delayMs is needed")]
    NoEffect,
    /// It applies to nothing.
    #[error("times: at least 1")]
    NoTimes,
    /// The table has other operations.
    #[error("operation: one of GetItem, BatchGetItem, PutItem, Query and Scan")]
    Operation,
    /// There is no error to come after the effect.
    #[error("effect: afterEffect goes with error")]
    AfterEffect,
}

/// The faults in force, and the calls so far.
#[derive(Debug, Default)]
pub(crate) struct TableFaults(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    faults: Vec<TableFault>,
    added: u64,
    calls: BTreeMap<String, u64>,
}

impl TableEffect {
    /// Returns how long the response is held back.
    pub(crate) const fn delay(self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

impl Kept {
    /// Counts a call. Others than the known ones would let a caller fill the memory.
    fn count(&mut self, operation: &str) {
        if OPERATIONS.contains(&operation) {
            *self.calls.entry(operation.to_owned()).or_default() += 1;
        }
    }
}

impl TableFaults {
    /// Adds a fault.
    ///
    /// # Errors
    /// [`TableFaultError`]: it makes no sense.
    pub(crate) fn add(&self, fault: TableFault) -> Result<(), TableFaultError> {
        let TableEffect { error, after_effect, delay_ms } = fault.effect;
        let is_known = |name: &String| OPERATIONS.contains(&name.as_str());
        if error.is_none() && delay_ms == 0 {
            return Err(TableFaultError::NoEffect);
        } else if error.is_none() && after_effect {
            return Err(TableFaultError::AfterEffect);
        } else if fault.times == Some(0) {
            return Err(TableFaultError::NoTimes);
        } else if !fault.operation.as_ref().is_none_or(is_known) {
            return Err(TableFaultError::Operation);
        }
        let mut kept = self.lock();
        kept.added += 1;
        let id = kept.added;
        kept.faults.push(TableFault { id, ..fault });
        Ok(())
    }

    /// Returns the faults in force.
    pub(crate) fn all(&self) -> Vec<TableFault> {
        self.lock().faults.clone()
    }

    /// Removes a fault, and returns whether it was there.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut kept = self.lock();
        let count = kept.faults.len();
        kept.faults.retain(|fault| fault.id != id);
        kept.faults.len() < count
    }

    /// Removes all faults.
    pub(crate) fn clear(&self) {
        self.lock().faults.clear();
    }

    /// Returns how often each operation was called.
    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        self.lock().calls.clone()
    }

    /// Returns whether no fault is in force, and then counts a call.
    pub(crate) fn count_if_none(&self, operation: &str) -> bool {
        let mut kept = self.lock();
        let is_none = kept.faults.is_empty();
        if is_none {
            kept.count(operation);
        }
        is_none
    }

    /// Counts a call, and returns what befalls it.
    pub(crate) fn take(&self, operation: &str) -> Option<TableEffect> {
        let mut kept = self.lock();
        kept.count(operation);
        let applies =
            |fault: &&mut TableFault| fault.operation.as_deref().is_none_or(|one| one == operation);
        let fault = kept.faults.iter_mut().find(applies)?;
        let effect = fault.effect;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        kept.faults.retain(|fault| fault.times != Some(0));
        Some(effect)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> TableFault {
        serde_json::from_str(json).unwrap()
    }

    mod table_faults {
        use super::*;

        /// A test that asks for two failures gets two, of its operation only.
        #[test]
        fn apply_as_often_as_asked() {
            let faults = TableFaults::default();
            let twice = r#"{"operation":"PutItem","effect":{"error":"throttled"},"times":2}"#;
            faults.add(fault(twice)).unwrap();
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
                let error = TableFaults::default().add(fault(json)).unwrap_err();
                assert!(error.to_string().contains(member), "{json}: {error}");
            }
        }
    }
}
