//! The identity providers whose events this crate reads.

use serde::Serialize;

/// An identity provider, by the form of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Amazon Cognito, through `CloudTrail`.
    Cognito,
    /// Auth0: its log stream or its event stream.
    Auth0,
    /// Okta's System Log.
    Okta,
    /// Any other that sends this product's own form: `infra/aws/identity-event.schema.json`.
    Generic,
}

impl Provider {
    /// The name for logs: `cognito`, `auth0`, `okta` or `generic`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cognito => "cognito",
            Self::Auth0 => "auth0",
            Self::Okta => "okta",
            Self::Generic => "generic",
        }
    }
}
