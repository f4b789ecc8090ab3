//! The configured sources of events.

use acs_broker_core::Issuer;

/// The sources whose events count. An event from any other is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The `iss` of the users that all these sources report on.
    pub issuer: Issuer,
    /// A Cognito user pool, through `CloudTrail`.
    pub cognito: Option<Cognito>,
    /// The `source` of each of an Auth0 tenant's streams, logs and events:
    /// `aws.partner/auth0.com/…`.
    pub auth0: Vec<String>,
    /// An Okta organization.
    pub okta: Option<Okta>,
    /// The `source` of an identity provider that sends this product's own form of event.
    pub generic: Option<String>,
}

/// One user pool of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cognito {
    /// The pool's id: `eu-west-1_EXAMPLE`.
    pub user_pool: String,
    /// The AWS account that owns the pool: 12 digits.
    pub account: String,
    /// ARNs of the roles whose calls to Cognito follow from a revocation here and must cause none.
    pub ignored_roles: Vec<String>,
}

/// One Okta organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Okta {
    /// The `source` of its events: `aws.partner/okta.com/…`.
    pub source: String,
    /// The member of an event's target that is the user's claim.
    pub subject: OktaSubject,
}

/// The member of an Okta target that stands in the users' tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OktaSubject {
    /// `id`: the claim `uid` of access tokens, `sub` of ID tokens.
    Id,
    /// `alternateId`, the login: the claim `sub` of access tokens.
    AlternateId,
}
