//! Executes create, issue, revoke and delete.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::service::error::ServiceError;
use crate::service::response::ServiceResponse;
use crate::service::route::{Operation, Route};
use crate::service::tokens;
use crate::service::versions::{Surface, Version};
use crate::settings::Settings;
use crate::state::access_key::KeySlot;
use crate::state::emulator_state::EmulatorState;
use crate::state::issued_token::{self, IssuedToken};
use crate::state::journal_entry::JournalEntry;
use crate::state::random::Random;

const MIN_LIFETIME_MINUTES: i64 = 60;
const MAX_LIFETIME_MINUTES: i64 = 1440;
const DEFAULT_LIFETIME_MINUTES: i64 = 1440;

/// Executes one authenticated request.
pub(crate) struct Executor<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) state: &'a EmulatorState,
    /// The changes that the request makes. They apply after the state file has recorded them.
    pub(crate) entries: &'a mut Vec<JournalEntry>,
    pub(crate) version: &'static Version,
    /// The key that signed the request.
    pub(crate) key: KeySlot,
    pub(crate) now: Timestamp,
}

/// The body of create and issue. Members of later versions and unknown ones are ignored.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenRequest {
    scopes: Option<Vec<String>>,
    create_token_with_scopes: Option<Vec<String>>,
    expires_in_minutes: Option<i64>,
}

/// The body of revoke in 2020-07-20-preview2.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Patch {
    tokens_valid_from: Option<Timestamp>,
}

/// A token in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessToken {
    token: String,
    expires_on: String,
}

/// Whether the body of a creation asks for a token too. A body that cannot be read does not.
pub(crate) fn wants_token(body: &[u8]) -> bool {
    parse::<TokenRequest>(body)
        .is_ok_and(|request| request.create_token_with_scopes.is_some_and(|s| !s.is_empty()))
}

impl Executor<'_> {
    /// Executes the operation of `route`.
    pub(crate) fn execute(
        &mut self,
        route: &Route,
        body: &[u8],
    ) -> Result<ServiceResponse, ServiceError> {
        match route.operation {
            Operation::Create => self.create(body),
            Operation::Issue => self.issue(&route.identity, body),
            Operation::Revoke => self.revoke(&route.identity, body),
            Operation::Delete => self.delete(&route.identity),
        }
    }

    fn create(&mut self, body: &[u8]) -> Result<ServiceResponse, ServiceError> {
        if self.version.surface == Surface::Preview2 {
            let identity = self.create_identity();
            return Ok(ServiceResponse::json(StatusCode::OK, &json!({ "id": identity })));
        }
        let request: TokenRequest =
            if is_empty(body) { TokenRequest::default() } else { parse(body)? };
        let scopes = request.create_token_with_scopes.unwrap_or_default();
        self.check_scopes(&scopes)?;
        let minutes = self.lifetime_minutes(request.expires_in_minutes)?;
        let identity = self.create_identity();
        let response = if scopes.is_empty() {
            json!({ "identity": { "id": identity } })
        } else {
            let token = self.issue_token(&identity, scopes, minutes)?;
            json!({ "identity": { "id": identity }, "accessToken": token })
        };
        Ok(ServiceResponse::json(StatusCode::CREATED, &response))
    }

    fn issue(&mut self, identity: &str, body: &[u8]) -> Result<ServiceResponse, ServiceError> {
        self.check_identity(identity)?;
        if is_empty(body) {
            return Err(ServiceError::Body {
                problem: "A non-empty request body is required.".into(),
            });
        }
        let request: TokenRequest = parse(body)?;
        let scopes = request.scopes.ok_or(ServiceError::ScopesMissing)?;
        if scopes.is_empty() {
            return Err(ServiceError::ScopesEmpty);
        }
        self.check_scopes(&scopes)?;
        let minutes = self.lifetime_minutes(request.expires_in_minutes)?;
        let AccessToken { token, expires_on } = self.issue_token(identity, scopes, minutes)?;
        let response = match self.version.surface {
            Surface::Preview2 => json!({ "id": identity, "token": token, "expiresOn": expires_on }),
            Surface::Current => json!({ "token": token, "expiresOn": expires_on }),
        };
        Ok(ServiceResponse::json(StatusCode::OK, &response))
    }

    /// Revokes the identity's tokens. In 2020-07-20-preview2 a body without `tokensValidFrom`
    /// means now, as the quickstart of that time promises. (The service's own behaviour is not
    /// known.)
    fn revoke(&mut self, identity: &str, body: &[u8]) -> Result<ServiceResponse, ServiceError> {
        self.check_identity(identity)?;
        let identity = identity.to_owned();
        let instant = match self.version.surface {
            Surface::Preview2 => parse::<Patch>(body)?.tokens_valid_from,
            Surface::Current => None,
        };
        if let Some(instant) = instant {
            self.record(JournalEntry::ValidFrom { identity: identity.clone(), instant });
        }
        // Such an instant reaches every token that exists, so it is a plain revocation too.
        if instant.is_none_or(|instant| instant >= self.now) {
            self.record(JournalEntry::Revoked { identity, at: self.now });
        }
        Ok(ServiceResponse::no_content())
    }

    fn delete(&mut self, identity: &str) -> Result<ServiceResponse, ServiceError> {
        self.check_identity(identity)?;
        self.record(JournalEntry::Deleted { identity: identity.to_owned(), at: self.now });
        Ok(ServiceResponse::no_content())
    }

    fn record(&mut self, entry: JournalEntry) {
        self.entries.push(entry);
    }

    fn check_identity(&self, identity: &str) -> Result<(), ServiceError> {
        let own = format!("8:acs:{}_", self.settings.resource_id);
        if !identity.starts_with(&own) {
            return Err(ServiceError::IdentityNotOwned);
        }
        if self.state.has_identity(identity) { Ok(()) } else { Err(ServiceError::IdentityNotFound) }
    }

    fn check_scopes(&self, scopes: &[String]) -> Result<(), ServiceError> {
        let unknown = scopes.iter().find(|scope| !self.version.scopes.contains(&scope.as_str()));
        match unknown {
            Some(scope) => Err(ServiceError::ScopeUnknown { scope: scope.clone() }),
            None => Ok(()),
        }
    }

    /// The lifetime in minutes. Versions without lifetimes ignore the requested one.
    fn lifetime_minutes(&self, minutes: Option<i64>) -> Result<i64, ServiceError> {
        match minutes.filter(|_| self.version.lifetimes) {
            None => Ok(DEFAULT_LIFETIME_MINUTES),
            Some(minutes @ MIN_LIFETIME_MINUTES..=MAX_LIFETIME_MINUTES) => Ok(minutes),
            Some(minutes) => Err(ServiceError::Lifetime { minutes }),
        }
    }

    /// Creates an identity. Ids count upwards in their first group, so every id is unique.
    fn create_identity(&mut self) -> String {
        let number = self.state.sequence();
        let random = Random::new(self.settings.seed);
        let guid = random.guid_beginning(number.into(), "identity", number);
        let identity = format!("8:acs:{}_{guid}", self.settings.resource_id);
        self.record(JournalEntry::Created { identity: identity.clone(), at: self.now });
        identity
    }

    fn issue_token(
        &mut self,
        identity: &str,
        mut scopes: Vec<String>,
        minutes: i64,
    ) -> Result<AccessToken, ServiceError> {
        let mut seen = BTreeSet::new();
        scopes.retain(|scope| seen.insert(scope.clone()));
        let lifetime = SignedDuration::from_mins(minutes);
        let token = IssuedToken {
            identity: identity.to_owned(),
            scopes,
            issued_at: self.now,
            expires_on: self.now.checked_add(lifetime).map_err(|_| ServiceError::Internal)?,
            key: self.key,
        };
        let text = tokens::mint(self.settings, &token, |text| self.state.has_token(text))
            .ok_or(ServiceError::Internal)?;
        let expires_on = tokens::format_expiry(token.expires_on);
        let fingerprint = issued_token::fingerprint(&text);
        self.record(JournalEntry::Issued { fingerprint, token });
        Ok(AccessToken { token: text, expires_on })
    }
}

/// Whether a body means "no members": .NET and Python send `null` or nothing.
fn is_empty(body: &[u8]) -> bool {
    matches!(body.trim_ascii(), b"" | b"null")
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ServiceError> {
    serde_json::from_slice(body)
        .map_err(|error| ServiceError::Body { problem: format!("The body is not valid: {error}.") })
}
