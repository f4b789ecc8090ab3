use acs_broker_store_dynamodb::RecordKey;
use jiff::Timestamp;
use serde::Serialize;

use crate::ignored::Ignored;

/// What an event comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Something is to be done about a user.
    Change(IdentityEvent),
    /// Nothing is to be done.
    Ignored(Ignored),
}

/// What has happened to a user at their identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityEvent {
    /// The provider's own id of the event, else the envelope's: at most 128 characters, no secret.
    pub id: String,
    /// Who says it.
    pub provider: Provider,
    /// The provider's name for it: at most 64 characters, safe in a log.
    pub kind: String,
    /// Whom it is about.
    pub user: RecordKey,
    /// What it means here.
    pub action: Action,
    /// When it happened, by the provider's clock.
    pub occurred_at: Timestamp,
}

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

/// What an event means for the user's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// End the tokens that the user has got until then.
    Revoke,
    /// End them, and give no more until the user is let in again.
    Suspend,
    /// Let the user in again.
    Unsuspend,
    /// Delete the user's ACS identity.
    Delete,
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
