//! The faults of the gateway: what a client meets when AWS's own part fails.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::faults::{Effect, FaultError};

/// What a fault does: a status, a delay, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GatewayEffect {
    /// The status of the response instead of the function's.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Whether the function runs before its response is lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) after_effect: bool,
    /// How long the response is held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
}

impl GatewayEffect {
    /// Returns the status of the response instead of the function's.
    pub(crate) fn status(self) -> Option<StatusCode> {
        self.status.and_then(|status| StatusCode::from_u16(status).ok())
    }

    /// Returns how long the response is held back.
    pub(crate) fn delay(self) -> Duration {
        Duration::from_millis(self.delay_ms.unwrap_or_default())
    }
}

impl Effect for GatewayEffect {
    /// The functions behind the gateway.
    const OPERATIONS: &'static [&'static str] = &["issue", "revoke", "delete"];

    fn check(&self) -> Result<(), FaultError> {
        match *self {
            Self { status: None, after_effect: true, .. } => {
                Err(FaultError::Effect("afterEffect goes with status"))
            }
            Self { status: None, delay_ms: None | Some(0), .. } => {
                Err(FaultError::Effect("status or delayMs is needed"))
            }
            Self { status: Some(status), .. } if !(400..=599).contains(&status) => {
                Err(FaultError::Effect("status must be from 400 to 599"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Faults;

    mod gateway_faults {
        use super::*;

        /// A fault that can do nothing is a mistake of its author, who reads which.
        #[test]
        fn refuse_what_makes_no_sense() {
            for (json, rule) in [
                (r#"{"effect":{}}"#, "effect: status or delayMs is needed"),
                (r#"{"effect":{"status":200}}"#, "effect: status must be from 400 to 599"),
                (r#"{"effect":{"delayMs":1,"afterEffect":true}}"#, "afterEffect goes with status"),
                (
                    r#"{"effect":{"status":503},"operation":"token"}"#,
                    "one of issue, revoke, delete",
                ),
            ] {
                let faults = Faults::<GatewayEffect>::default();
                let error = faults.add(serde_json::from_str(json).unwrap()).unwrap_err();
                assert!(error.to_string().contains(rule), "{json}: {error}");
            }
        }
    }
}
