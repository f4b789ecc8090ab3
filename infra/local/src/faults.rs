//! Faults that a part of the stack is asked for, and the choice of the one that befalls a call.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// What a fault of a part can do.
pub(crate) trait Effect: Clone {
    /// The operations that a fault may name.
    const OPERATIONS: &'static [&'static str];

    /// Checks that the effect makes sense.
    ///
    /// # Errors
    /// The rule that it breaks.
    fn check(&self) -> Result<(), FaultError>;

    /// Returns whether the effect can befall an operation.
    fn befalls(&self, _operation: &str) -> bool {
        true
    }
}

/// A fault, and the calls that it applies to. Without `times` and `rate` it applies to every call.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault<E> {
    /// Its number, from 1 on.
    #[serde(skip_deserializing)]
    id: u64,
    /// One operation of the part; any if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    effect: E,
    /// How many calls it still applies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// The part of the calls that it applies to, above 0 and up to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
}

/// A fault that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FaultError {
    /// The effect does nothing, or breaks the rule.
    #[error("effect: {0}")]
    Effect(&'static str),
    /// It applies to nothing.
    #[error("times: at least 1")]
    Times,
    /// It is not a part of the calls.
    #[error("rate: above 0 and up to 1")]
    Rate,
    /// The part has other operations.
    #[error("operation: one of {}", .0.join(", "))]
    Operation(&'static [&'static str]),
}

/// The faults of a part that are in force, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Faults<E>(Mutex<Kept<E>>);

#[derive(Debug)]
struct Kept<E> {
    faults: Vec<Fault<E>>,
    added: u64,
    /// How often a rate has decided.
    decisions: u64,
}

impl<E: Effect> Faults<E> {
    /// Adds a fault.
    ///
    /// # Errors
    /// [`FaultError`]: it makes no sense.
    pub(crate) fn add(&self, fault: Fault<E>) -> Result<(), FaultError> {
        fault.effect.check()?;
        let is_known = |name: &String| E::OPERATIONS.contains(&name.as_str());
        if fault.times == Some(0) {
            return Err(FaultError::Times);
        } else if fault.rate.is_some_and(|rate| !(rate > 0.0 && rate <= 1.0)) {
            return Err(FaultError::Rate);
        } else if !fault.operation.as_ref().is_none_or(is_known) {
            return Err(FaultError::Operation(E::OPERATIONS));
        }
        let mut kept = self.lock();
        kept.added += 1;
        let id = kept.added;
        kept.faults.push(Fault { id, ..fault });
        Ok(())
    }

    /// Returns the faults in force.
    pub(crate) fn all(&self) -> Vec<Fault<E>> {
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

    /// Returns what befalls a call, and counts the call against the fault's `times`.
    pub(crate) fn take(&self, operation: &str) -> Option<E> {
        let mut kept = self.lock();
        let Kept { faults, decisions, .. } = &mut *kept;
        let mut is_chosen = |rate: f64| {
            *decisions += 1;
            fraction(*decisions) < rate
        };
        let fault = faults.iter_mut().find(|fault| {
            fault.operation.as_deref().is_none_or(|one| one == operation)
                && fault.effect.befalls(operation)
                && fault.rate.is_none_or(&mut is_chosen)
        })?;
        let effect = fault.effect.clone();
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        faults.retain(|fault| fault.times != Some(0));
        Some(effect)
    }

    fn lock(&self) -> MutexGuard<'_, Kept<E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> Default for Faults<E> {
    fn default() -> Self {
        Self(Mutex::new(Kept { faults: Vec::new(), added: 0, decisions: 0 }))
    }
}

/// Returns a number in `0.0..1.0` that follows from `number`, so that two runs have the same faults.
fn fraction(number: u64) -> f64 {
    let hash = digest(&SHA256, &number.to_be_bytes());
    let bits = hash.as_ref().first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
    struct Broken;

    impl Effect for Broken {
        const OPERATIONS: &'static [&'static str] = &["read", "write"];

        fn check(&self) -> Result<(), FaultError> {
            Ok(())
        }
    }

    fn fault(json: &str) -> Fault<Broken> {
        serde_json::from_str(json).unwrap()
    }

    mod faults {
        use super::*;

        /// A test that asks for two failures gets two, of its operation only.
        #[test]
        fn apply_as_often_as_asked() {
            let faults = Faults::default();
            faults.add(fault(r#"{"operation":"write","effect":null,"times":2}"#)).unwrap();
            assert!(faults.take("read").is_none());
            let taken = [(); 3].map(|()| faults.take("write").is_some());
            assert_eq!(taken, [true, true, false]);
            assert!(faults.all().is_empty());
        }

        /// A rate applies to about that part of the calls, and to the same ones in each run.
        #[test]
        fn apply_to_their_part_of_calls() {
            let run = || {
                let faults = Faults::default();
                faults.add(fault(r#"{"effect":null,"rate":0.2}"#)).unwrap();
                (0..1000).filter(|_| faults.take("read").is_some()).collect::<Vec<_>>()
            };
            let applied = run();
            assert!((150..250).contains(&applied.len()), "{}", applied.len());
            assert_eq!(applied, run());
        }

        /// With times and a rate, the calls that are spared do not count.
        #[test]
        fn count_the_calls_they_befall() {
            let faults = Faults::default();
            faults.add(fault(r#"{"effect":null,"rate":0.2,"times":3}"#)).unwrap();
            assert_eq!((0..1000).filter(|_| faults.take("read").is_some()).count(), 3);
        }

        /// A fault that can do nothing is a mistake of its author, who reads which.
        #[test]
        fn refuse_what_makes_no_sense() {
            for (json, member) in [
                (r#"{"effect":null,"times":0}"#, "times"),
                (r#"{"effect":null,"rate":0}"#, "rate"),
                (r#"{"effect":null,"rate":1.1}"#, "rate"),
                (r#"{"effect":null,"operation":"Read"}"#, "operation: one of read, write"),
            ] {
                let error = Faults::default().add(fault(json)).unwrap_err();
                assert!(error.to_string().contains(member), "{json}: {error}");
            }
        }
    }
}
