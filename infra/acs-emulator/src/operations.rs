//! Create, issue, revoke, delete.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access_key::KeySlot;
use crate::answer::Answer;
use crate::change::Change;
use crate::introspection::IssuedToken;
use crate::random::Random;
use crate::refusal::Refusal;
use crate::route::{Operation, Route};
use crate::settings::Settings;
use crate::state::State;
use crate::token;
use crate::versions::{Surface, Version};

const LIFETIMES: RangeInclusive<i64> = 60..=1440;
const DEFAULT_LIFETIME: i64 = 1440;

/// An authenticated request at work.
pub(crate) struct Operator<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) state: &'a State,
    /// What it is to change. Nothing happens before it is written down.
    pub(crate) changes: &'a mut Vec<Change>,
    pub(crate) version: &'static Version,
    /// The key that signed the request.
    pub(crate) key: KeySlot,
    pub(crate) now: Timestamp,
}

/// The bodies of create and issue; members of later versions and unknown ones are ignored.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenRequest {
    scopes: Option<Vec<String>>,
    create_token_with_scopes: Option<Vec<String>>,
    expires_in_minutes: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Patch {
    tokens_valid_from: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessToken {
    token: String,
    expires_on: String,
}

/// Whether a create request asks for a token too; a body that cannot be read does not.
pub(crate) fn wants_token(body: &[u8]) -> bool {
    parse::<TokenRequest>(body)
        .is_ok_and(|request| request.create_token_with_scopes.is_some_and(|s| !s.is_empty()))
}

impl Operator<'_> {
    pub(crate) fn run(&mut self, route: &Route, body: &[u8]) -> Result<Answer, Refusal> {
        match route.operation {
            Operation::Create => self.create(body),
            Operation::Issue => self.issue(&route.identity, body),
            Operation::Revoke => self.revoke(&route.identity, body),
            Operation::Delete => self.delete(&route.identity),
        }
    }

    fn create(&mut self, body: &[u8]) -> Result<Answer, Refusal> {
        if self.version.surface == Surface::Preview2 {
            let identity = self.new_identity();
            return Ok(Answer::json(StatusCode::OK, &json!({ "id": identity })));
        }
        let request: TokenRequest =
            if is_empty(body) { TokenRequest::default() } else { parse(body)? };
        let scopes = request.create_token_with_scopes.unwrap_or_default();
        self.check_scopes(&scopes)?;
        let minutes = self.lifetime(request.expires_in_minutes)?;
        let identity = self.new_identity();
        let answer = if scopes.is_empty() {
            json!({ "identity": { "id": identity } })
        } else {
            let token = self.new_token(&identity, scopes, minutes)?;
            json!({ "identity": { "id": identity }, "accessToken": token })
        };
        Ok(Answer::json(StatusCode::CREATED, &answer))
    }

    fn issue(&mut self, identity: &str, body: &[u8]) -> Result<Answer, Refusal> {
        self.check_identity(identity)?;
        if is_empty(body) {
            return Err(Refusal::Body { problem: "A non-empty request body is required.".into() });
        }
        let request: TokenRequest = parse(body)?;
        let scopes = request.scopes.ok_or(Refusal::ScopesMissing)?;
        if scopes.is_empty() {
            return Err(Refusal::ScopesEmpty);
        }
        self.check_scopes(&scopes)?;
        let minutes = self.lifetime(request.expires_in_minutes)?;
        let AccessToken { token, expires_on } = self.new_token(identity, scopes, minutes)?;
        let answer = match self.version.surface {
            Surface::Preview2 => json!({ "id": identity, "token": token, "expiresOn": expires_on }),
            Surface::Current => json!({ "token": token, "expiresOn": expires_on }),
        };
        Ok(Answer::json(StatusCode::OK, &answer))
    }

    /// In 2020-07-20-preview2 a body without `tokensValidFrom` means now, as the quickstart of
    /// that time promises. (What the service did with it is not known.)
    fn revoke(&mut self, identity: &str, body: &[u8]) -> Result<Answer, Refusal> {
        self.check_identity(identity)?;
        let identity = identity.to_owned();
        let instant = match self.version.surface {
            Surface::Preview2 => parse::<Patch>(body)?.tokens_valid_from,
            Surface::Current => None,
        };
        if let Some(instant) = instant {
            self.record(Change::ValidFrom { identity: identity.clone(), instant });
        }
        if instant.is_none_or(|instant| instant >= self.now) {
            self.record(Change::Revoked { identity, at: self.now });
        }
        Ok(Answer::no_content())
    }

    fn delete(&mut self, identity: &str) -> Result<Answer, Refusal> {
        self.check_identity(identity)?;
        self.record(Change::Deleted { identity: identity.to_owned(), at: self.now });
        Ok(Answer::no_content())
    }

    fn record(&mut self, change: Change) {
        self.changes.push(change);
    }

    fn check_identity(&self, identity: &str) -> Result<(), Refusal> {
        let own = format!("8:acs:{}_", self.settings.resource_id);
        if !identity.starts_with(&own) {
            return Err(Refusal::IdentityNotOwned);
        }
        if self.state.is_alive(identity) { Ok(()) } else { Err(Refusal::IdentityNotFound) }
    }

    fn check_scopes(&self, scopes: &[String]) -> Result<(), Refusal> {
        let unknown = scopes.iter().find(|scope| !self.version.scopes.contains(&scope.as_str()));
        match unknown {
            Some(scope) => Err(Refusal::ScopeUnknown { scope: scope.clone() }),
            None => Ok(()),
        }
    }

    /// Minutes; versions without lifetimes ignore what they are given.
    fn lifetime(&self, minutes: Option<i64>) -> Result<i64, Refusal> {
        match minutes.filter(|_| self.version.lifetimes) {
            None => Ok(DEFAULT_LIFETIME),
            Some(minutes) if LIFETIMES.contains(&minutes) => Ok(minutes),
            Some(minutes) => Err(Refusal::Lifetime { minutes }),
        }
    }

    /// Ids count upwards in their first group, so no two are alike.
    fn new_identity(&mut self) -> String {
        let number = self.state.sequence();
        let random = Random::new(self.settings.seed);
        let guid = random.guid_beginning(number.into(), "identity", number);
        let identity = format!("8:acs:{}_{guid}", self.settings.resource_id);
        self.record(Change::Created { identity: identity.clone(), at: self.now });
        identity
    }

    fn new_token(
        &mut self,
        identity: &str,
        mut scopes: Vec<String>,
        minutes: i64,
    ) -> Result<AccessToken, Refusal> {
        let mut seen = BTreeSet::new();
        scopes.retain(|scope| seen.insert(scope.clone()));
        let lifetime = SignedDuration::from_mins(minutes);
        let token = IssuedToken {
            identity: identity.to_owned(),
            scopes,
            issued_at: self.now,
            expires_on: self.now.checked_add(lifetime).map_err(|_| Refusal::Internal)?,
            key: self.key,
        };
        let text = token::mint(self.settings, &token, |text| self.state.knows_token(text))
            .ok_or(Refusal::Internal)?;
        let expires_on = token::wire_time(token.expires_on);
        self.record(Change::Issued { fingerprint: token::fingerprint(&text), token });
        Ok(AccessToken { token: text, expires_on })
    }
}

/// .NET and Python send `null` or nothing where there is nothing to say.
fn is_empty(body: &[u8]) -> bool {
    matches!(body.trim_ascii(), b"" | b"null")
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::Body { problem: format!("The body is not valid: {error}.") })
}
