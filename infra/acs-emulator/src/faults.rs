//! Faults on request: what a real service does on a bad day.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Wire};
use crate::random::Random;
use crate::refusal;
use crate::route::Operation;

/// What Azure Front Door sends when the service behind it does not answer.
const FRONT_DOOR: &str = "<!DOCTYPE html><html><head><title>Service unavailable</title></head>\
    <body><h2>Our services aren't available right now</h2><p>We're working to restore all \
    services as soon as possible. Please check back soon.</p></body></html>";

/// A fault, and when it strikes. Without `times` and `rate` it strikes until it is removed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(default)]
    operation: Target,
    pub(crate) effect: Effect,
    /// How many requests it still strikes.
    times: Option<u32>,
    /// The part of requests it strikes, above 0 and up to 1.
    rate: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Target {
    #[default]
    Any,
    #[serde(untagged)]
    Operation(Operation),
}

/// What happens: at most one of `status`, `drop` and `truncate`, and a delay if wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Effect {
    /// Answer with this status instead.
    status: Option<u16>,
    /// The body that goes with `status`.
    body: Option<BodyKind>,
    /// `Retry-After`, in seconds, that goes with `status`.
    retry_after: Option<u64>,
    /// Close the connection without an answer.
    #[serde(default)]
    drop: bool,
    /// Whether `status` or `drop` comes before the operation takes effect or after.
    when: Option<When>,
    /// Send only this many bytes of the body, then close the connection.
    truncate: Option<usize>,
    /// Wait before the answer is sent.
    #[serde(default)]
    delay_ms: u64,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum BodyKind {
    /// An error as the service words them.
    Json,
    /// A page of Azure Front Door.
    Html,
    /// Nothing.
    Empty,
    /// `{}`.
    #[serde(rename = "{}")]
    EmptyObject,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum When {
    BeforeEffect,
    AfterEffect,
}

/// The faults in force, in the order they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    faults: Vec<Fault>,
    dice_thrown: u64,
}

impl Faults {
    /// Adds a fault, or says what is wrong with it.
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), &'static str> {
        fault.check()?;
        self.faults.push(fault);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.faults.clear();
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.faults
    }

    /// The first fault that strikes a request for `operation`.
    pub(crate) fn strike(&mut self, operation: Operation, random: Random) -> Option<Effect> {
        let mut dice = || {
            self.dice_thrown += 1;
            random.fraction("fault", self.dice_thrown)
        };
        let fault = self.faults.iter_mut().find(|fault| {
            (fault.operation == Target::Any || fault.operation == Target::Operation(operation))
                && fault.rate.is_none_or(|rate| dice() < rate)
        })?;
        let effect = fault.effect.clone();
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        self.faults.retain(|fault| fault.times != Some(0));
        Some(effect)
    }
}

impl Fault {
    fn check(&self) -> Result<(), &'static str> {
        let effect = &self.effect;
        let kinds = [effect.status.is_some(), effect.drop, effect.truncate.is_some()];
        let chosen = kinds.into_iter().filter(|chosen| *chosen).count();
        if chosen > 1 {
            Err("effect: only one of status, drop and truncate")
        } else if chosen == 0 && effect.delay_ms == 0 {
            Err("effect: one of status, drop, truncate and delayMs is needed")
        } else if effect.status.is_some_and(|status| !(200..600).contains(&status)) {
            Err("effect.status: 200 to 599")
        } else if effect.status.is_none() && (effect.body.is_some() || effect.retry_after.is_some())
        {
            Err("effect: body and retryAfter go with status")
        } else if effect.when.is_some() && effect.status.is_none() && !effect.drop {
            Err("effect: when goes with status or drop")
        } else if self.rate.is_some_and(|rate| !(rate > 0.0 && rate <= 1.0)) {
            Err("rate: above 0, up to 1")
        } else if self.times == Some(0) {
            Err("times: at least 1")
        } else {
            Ok(())
        }
    }
}

impl Effect {
    /// Whether the operation must not take effect.
    pub(crate) fn comes_first(&self) -> bool {
        (self.status.is_some() || self.drop) && self.when != Some(When::AfterEffect)
    }

    /// The answer instead of the operation's, if there is one.
    pub(crate) fn answer(&self) -> Option<Answer> {
        let status = self.status.and_then(|status| StatusCode::from_u16(status).ok())?;
        let (content_type, body) = match self.body.unwrap_or(BodyKind::Json) {
            BodyKind::Json => (Some("application/json"), json_error(status).into()),
            BodyKind::Html => (Some("text/html"), Bytes::from_static(FRONT_DOOR.as_bytes())),
            BodyKind::Empty => (None, Bytes::new()),
            BodyKind::EmptyObject => (Some("application/json"), Bytes::from_static(b"{}")),
        };
        let retry_after = self.retry_after;
        Some(Answer { status, content_type, body, retry_after, reports_versions: false })
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// How much of an answer with this body is sent. One without a body is dropped when it should
    /// be truncated.
    pub(crate) fn wire(&self, body: &Bytes) -> Wire {
        match self.truncate {
            Some(_) if body.is_empty() => Wire::Dropped,
            Some(bytes) => Wire::Truncated(bytes.min(body.len() - 1)),
            None if self.drop => Wire::Dropped,
            None => Wire::Whole,
        }
    }
}

fn json_error(status: StatusCode) -> String {
    let words = status.canonical_reason().unwrap_or("Error");
    let code = words.replace([' ', '-'], "");
    refusal::error(&code, &format!("{words}.")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).unwrap()
    }

    fn strikes(faults: &mut Faults, operation: Operation) -> bool {
        faults.strike(operation, Random::new(1)).is_some()
    }

    #[test]
    fn a_fault_strikes_its_operation_as_often_as_asked() {
        let mut faults = Faults::default();
        let twice = r#"{"operation":"issue","effect":{"status":503},"times":2}"#;
        faults.add(fault(twice)).unwrap();

        assert!(!strikes(&mut faults, Operation::Create));
        let struck = [0; 3].map(|_| strikes(&mut faults, Operation::Issue));
        assert_eq!(struck, [true, true, false]);
        assert!(faults.all().is_empty());
    }

    #[test]
    fn a_rate_strikes_about_that_part_and_the_same_ones_for_the_same_seed() {
        let run = || {
            let mut faults = Faults::default();
            faults.add(fault(r#"{"effect":{"drop":true},"rate":0.2}"#)).unwrap();
            (0..1000).filter(|_| strikes(&mut faults, Operation::Issue)).collect::<Vec<_>>()
        };

        let struck = run();
        assert!((150..250).contains(&struck.len()), "{}", struck.len());
        assert_eq!(struck, run());
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused_with_the_member_named() {
        let complaint = |json| Faults::default().add(fault(json)).unwrap_err();

        assert!(complaint(r#"{"effect":{}}"#).contains("delayMs"));
        assert!(complaint(r#"{"effect":{"status":500,"drop":true}}"#).contains("only one"));
        assert!(complaint(r#"{"effect":{"status":99}}"#).contains("status"));
        assert!(complaint(r#"{"effect":{"drop":true,"retryAfter":1}}"#).contains("retryAfter"));
        assert!(complaint(r#"{"effect":{"truncate":1,"when":"afterEffect"}}"#).contains("when"));
        assert!(complaint(r#"{"effect":{"drop":true},"rate":0}"#).contains("rate"));
        assert!(complaint(r#"{"effect":{"drop":true},"times":0}"#).contains("times"));
    }

    #[test]
    fn a_misspelt_member_is_refused() {
        let error = serde_json::from_str::<Fault>(r#"{"effect":{"stauts":500}}"#).unwrap_err();

        assert!(error.to_string().contains("stauts"));
    }
}
