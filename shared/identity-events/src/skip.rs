//! Events that call for no operation, and the reasons.

use std::fmt;

use crate::kind;
use crate::provider::Provider;

/// An event from which no operation follows. `Display` names the event and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The provider that sent it.
    pub provider: Provider,
    /// The provider's name for it, or `other` where that is not a name: safe in a log.
    pub kind: String,
    /// Why no operation follows.
    pub reason: SkipReason,
}

/// Why no operation follows from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// The provider reports that it failed.
    Failed,
    /// It is about another user pool or another account.
    OtherPool,
    /// It was caused by a role whose calls follow from a revocation here.
    SelfInitiated,
    /// It is only a request, and nothing has changed yet. Strangers can send such requests.
    RequestOnly,
    /// It belongs to a lock after failed sign-ins. Strangers can cause those; following them would
    /// lock the user out here as well.
    Lockout,
    /// It ends one session or one device, not all of the user's.
    OneSession,
    /// It changes neither the password nor whether the user may sign in.
    Irrelevant,
    /// The provider marks it as a test.
    Test,
}

impl Skipped {
    pub(crate) fn new(provider: Provider, kind: &str, reason: SkipReason) -> Self {
        Self { provider, kind: kind::loggable(kind).to_owned(), reason }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.provider.name(), self.kind, self.reason.texts().1)
    }
}

impl SkipReason {
    /// The name for logs and metrics, `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.texts().0
    }

    /// The name for logs, and the sentence for people.
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Failed => ("failed", "it failed"),
            Self::OtherPool => ("other_pool", "it is about another user pool or account"),
            Self::SelfInitiated => ("self_initiated", "it follows from a revocation here"),
            Self::RequestOnly => ("request_only", "it is only a request, which strangers can send"),
            Self::Lockout => ("lockout", "failed sign-ins cause it, which strangers can do"),
            Self::OneSession => ("one_session", "it ends only one of the user's sessions"),
            Self::Irrelevant => ("irrelevant", "it changes no password and no right to sign in"),
            Self::Test => ("test", "it is a test"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An operator reads which event was skipped and why.
    #[test]
    fn display_names_event_and_reason() {
        let skipped = Skipped::new(Provider::Auth0, "scpr", SkipReason::RequestOnly);
        let text = "auth0 scpr: it is only a request, which strangers can send";
        assert_eq!(skipped.to_string(), text);
        assert_eq!(skipped.reason.name(), "request_only");
    }
}
