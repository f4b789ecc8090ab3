//! The faults in force, and the choice of the one that applies to a request.

use serde::{Deserialize, Serialize};

use crate::control::error::FaultError;
use crate::control::fault_effect::Effect;
use crate::service::route::Operation;
use crate::state::random::Random;

/// A fault, and the requests it applies to. Without `times` and `rate` it applies to every request
/// until it is removed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    /// Its number, from 1 on, by which it can be removed.
    #[serde(skip_deserializing)]
    id: u64,
    #[serde(default)]
    operation: Target,
    effect: Effect,
    /// The number of requests it still applies to.
    times: Option<u32>,
    /// The part of requests it applies to, above 0 and up to 1.
    rate: Option<f64>,
}

/// The operations that a fault applies to.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Target {
    #[default]
    Any,
    #[serde(untagged)]
    Operation(Operation),
}

/// The faults in force, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    in_force: Vec<Fault>,
    /// How many were added so far.
    added: u64,
    /// The number of random decisions so far, so that each is a new one.
    decisions: u64,
}

impl Faults {
    /// Adds a fault that makes sense.
    pub(super) fn add(&mut self, fault: Fault) -> Result<(), FaultError> {
        fault.check()?;
        self.added += 1;
        self.in_force.push(Fault { id: self.added, ..fault });
        Ok(())
    }

    /// Removes one fault, and returns whether it was there.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let count = self.in_force.len();
        self.in_force.retain(|fault| fault.id != id);
        self.in_force.len() < count
    }

    /// Removes all faults.
    pub(super) fn clear(&mut self) {
        self.in_force.clear();
    }

    /// The faults in force.
    pub(super) fn all(&self) -> &[Fault] {
        &self.in_force
    }

    /// Returns the effect of the first fault that applies to a request for `operation`, and counts
    /// the request against the fault's `times`.
    pub(crate) fn take_matching(&mut self, operation: Operation, random: Random) -> Option<Effect> {
        let mut decide = || {
            self.decisions += 1;
            random.fraction("fault", self.decisions)
        };
        let fault = self.in_force.iter_mut().find(|fault| {
            fault.operation.includes(operation) && fault.rate.is_none_or(|rate| decide() < rate)
        })?;
        let effect = fault.effect.clone();
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        self.in_force.retain(|fault| fault.times != Some(0));
        Some(effect)
    }
}

impl Fault {
    fn check(&self) -> Result<(), FaultError> {
        self.effect.check(self.operation.only())?;
        if self.rate.is_some_and(|rate| !(rate > 0.0 && rate <= 1.0)) {
            Err(FaultError::RateRange)
        } else if self.times == Some(0) {
            Err(FaultError::TimesRange)
        } else {
            Ok(())
        }
    }
}

impl Target {
    fn includes(self, operation: Operation) -> bool {
        self.only().is_none_or(|only| only == operation)
    }

    /// The only operation, or `None` for any.
    fn only(self) -> Option<Operation> {
        match self {
            Self::Any => None,
            Self::Operation(operation) => Some(operation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).unwrap()
    }

    fn applies(faults: &mut Faults, operation: Operation) -> bool {
        faults.take_matching(operation, Random::new(1)).is_some()
    }

    /// A fault applies to its operation, as often as `times` says.
    #[test]
    fn times_limits_a_fault() {
        let mut faults = Faults::default();
        let twice = r#"{"operation":"issue","effect":{"status":503},"times":2}"#;
        faults.add(fault(twice)).unwrap();

        assert!(!applies(&mut faults, Operation::Create));
        let applied = [0; 3].map(|_| applies(&mut faults, Operation::Issue));
        assert_eq!(applied, [true, true, false]);
        assert!(faults.all().is_empty());
    }

    /// A rate applies to about that part of the requests, and to the same ones for the same seed.
    #[test]
    fn rate_is_deterministic_by_seed() {
        let run = || {
            let mut faults = Faults::default();
            faults.add(fault(r#"{"effect":{"drop":true},"rate":0.2}"#)).unwrap();
            (0..1000).filter(|_| applies(&mut faults, Operation::Issue)).collect::<Vec<_>>()
        };

        let applied = run();
        assert!((150..250).contains(&applied.len()), "{}", applied.len());
        assert_eq!(applied, run());
    }

    /// A fault that does not make sense is refused, and the error names the member.
    #[test]
    fn senseless_fault_names_its_member() {
        for (json, named) in [
            (r#"{"effect":{}}"#, "delayMs"),
            (r#"{"effect":{"status":500,"drop":true}}"#, "only one"),
            (r#"{"effect":{"status":99}}"#, "status"),
            (r#"{"effect":{"drop":true,"retryAfter":1}}"#, "retryAfter"),
            (r#"{"effect":{"truncate":1,"when":"afterEffect"}}"#, "when"),
            (r#"{"effect":{"drop":true},"rate":0}"#, "rate"),
            (r#"{"effect":{"drop":true},"times":0}"#, "times"),
            (r#"{"effect":{"omitAccessToken":true,"corruptExpiresOn":true}}"#, "only one"),
            (r#"{"operation":"issue","effect":{"omitAccessToken":true}}"#, "omitAccessToken"),
            (r#"{"operation":"revoke","effect":{"corruptExpiresOn":true}}"#, "corruptExpiresOn"),
        ] {
            let error = Faults::default().add(fault(json)).unwrap_err();
            assert!(error.to_string().contains(named), "{json}: {error}");
        }
    }

    /// A misspelt member is refused.
    #[test]
    fn misspelt_member_is_refused() {
        let error = serde_json::from_str::<Fault>(r#"{"effect":{"stauts":500}}"#).unwrap_err();

        assert!(error.to_string().contains("stauts"));
    }
}
