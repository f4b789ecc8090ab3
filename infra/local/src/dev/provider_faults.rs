//! The faults of the identity provider.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::faults::{Effect, FaultError};

/// Somebody asks for the key set or for its address: the gateway with each request, too.
pub(crate) const KEY_SET: &str = "keySet";
/// Somebody signs in.
pub(crate) const SIGN_IN: &str = "signIn";

/// What a fault does: the provider does not respond, or its tokens are other ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProviderEffect {
    /// What gets 503.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<Unavailable>,
    /// Whether a key signs that the key set does not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) other_key: bool,
    /// Laid over the claims of each token; `null` leaves a claim out.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) claims: Map<String, Value>,
    /// By how much the provider's clock is ahead, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) clock_seconds: i32,
}

/// The parts of the provider that can be unreachable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Unavailable {
    /// Discovery and the key set. The gateway then has no key to verify with.
    KeySet,
    /// Sign-ins.
    SignIn,
}

impl ProviderEffect {
    /// Returns whether the provider does not respond.
    pub(crate) const fn is_unavailable(&self) -> bool {
        self.unavailable.is_some()
    }
}

impl Effect for ProviderEffect {
    const OPERATIONS: &'static [&'static str] = &[KEY_SET, SIGN_IN];

    fn check(&self) -> Result<(), FaultError> {
        let changes_tokens = self.other_key || !self.claims.is_empty() || self.clock_seconds != 0;
        match (self.unavailable, changes_tokens) {
            (None, false) => {
                let rule = "unavailable, otherKey, claims or clockSeconds is needed";
                Err(FaultError::Effect(rule))
            }
            (Some(_), true) => Err(FaultError::Effect("unavailable stands alone")),
            _ => Ok(()),
        }
    }

    fn befalls(&self, operation: &str) -> bool {
        match self.unavailable {
            Some(Unavailable::KeySet) => operation == KEY_SET,
            Some(Unavailable::SignIn) | None => operation == SIGN_IN,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &i32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Faults;

    mod provider_faults {
        use super::*;

        /// A fault that can do nothing is a mistake of its author, who reads which.
        #[test]
        fn refuse_what_makes_no_sense() {
            for (json, rule) in [
                (r#"{"effect":{}}"#, "otherKey, claims or clockSeconds is needed"),
                (r#"{"effect":{"unavailable":"keySet","otherKey":true}}"#, "stands alone"),
                (r#"{"effect":{"otherKey":true},"operation":"sign-in"}"#, "one of keySet, signIn"),
            ] {
                let faults = Faults::<ProviderEffect>::default();
                let error = faults.add(serde_json::from_str(json).unwrap()).unwrap_err();
                assert!(error.to_string().contains(rule), "{json}: {error}");
            }
        }

        /// While the key set is gone, users still sign in.
        #[test]
        fn befall_their_own_operation() {
            let faults = Faults::<ProviderEffect>::default();
            let gone = r#"{"effect":{"unavailable":"keySet"}}"#;
            faults.add(serde_json::from_str(gone).unwrap()).unwrap();
            assert!(faults.take(SIGN_IN).is_none());
            assert!(faults.take(KEY_SET).unwrap().is_unavailable());
        }
    }
}
