//! Which scopes and which lifetime a user gets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use identity_client::{Lifetime, Scope};
use serde::Deserialize;
use thiserror::Error;

/// What a token will carry: scopes and lifetime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// At least one scope, each once.
    pub scopes: Vec<Scope>,
    /// How long the token lives.
    pub lifetime: Lifetime,
}

/// What a caller asks for. The policy decides what is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedGrant {
    /// The scopes, if the caller wants fewer than the policy grants.
    pub scopes: Option<Vec<Scope>>,
    /// The lifetime, if the caller wants a shorter one.
    pub lifetime: Option<Lifetime>,
}

/// A request for more than the policy grants.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PolicyViolation {
    /// The policy does not grant this scope.
    #[error("scopes: {0} is not granted to this user")]
    Scope(Scope),
    /// The policy grants shorter tokens only.
    #[error("expiresInMinutes: must be at most {} for this user", .0.minutes())]
    Lifetime(Lifetime),
}

/// Which scopes and which lifetime a user gets, by their claims: the first rule that matches
/// decides, and where none does the policy's own scopes and lifetime.
///
/// As JSON: `{"scopes": ["chat"], "expiresInMinutes": 60, "rules": [{"claim": "groups",
/// "includes": "agents", "scopes": ["chat", "voip"], "expiresInMinutes": 480}]}`. A rule asks
/// either that a claim `equals` a text, or that a list claim `includes` it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScopePolicy {
    scopes: BTreeSet<Scope>,
    #[serde(default = "min_lifetime")]
    expires_in_minutes: Lifetime,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    claim: String,
    equals: Option<String>,
    includes: Option<String>,
    scopes: BTreeSet<Scope>,
    #[serde(default = "min_lifetime")]
    expires_in_minutes: Lifetime,
}

/// A policy that cannot be used.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// It is not the JSON that [`ScopePolicy`] describes; the source says where.
    #[error("is not the JSON of a scope policy")]
    Shape(#[source] serde_json::Error),
    /// A user would get a token without any scope.
    #[error("grants no scope in its {0}")]
    NoScopes(String),
    /// A rule's condition is missing or double.
    #[error("rule {0} must have either `equals` or `includes`")]
    Condition(usize),
}

/// Returns the shortest lifetime: the least privilege unless the policy says otherwise.
const fn min_lifetime() -> Lifetime {
    Lifetime::MIN
}

impl ScopePolicy {
    /// Returns what a user with these claims gets, narrowed to what they request.
    ///
    /// # Errors
    /// The request goes beyond what the policy grants. Nothing is cut down silently.
    pub fn grant(
        &self,
        claims: &BTreeMap<String, String>,
        requested: &RequestedGrant,
    ) -> Result<Grant, PolicyViolation> {
        let rule = self.rules.iter().find(|rule| rule.matches(claims));
        let (allowed, max_lifetime) = rule
            .map_or((&self.scopes, self.expires_in_minutes), |rule| {
                (&rule.scopes, rule.expires_in_minutes)
            });
        let scopes = match &requested.scopes {
            None => allowed.clone(),
            Some(wanted) => wanted.iter().copied().collect(),
        };
        let is_covered = |scope: &Scope| allowed.iter().any(|granted| covers(*granted, *scope));
        if let Some(scope) = scopes.iter().find(|scope| !is_covered(scope)) {
            return Err(PolicyViolation::Scope(*scope));
        }
        let lifetime = requested.lifetime.unwrap_or(max_lifetime);
        if lifetime > max_lifetime {
            return Err(PolicyViolation::Lifetime(max_lifetime));
        }
        Ok(Grant { scopes: scopes.into_iter().collect(), lifetime })
    }
}

impl FromStr for ScopePolicy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let policy: Self = serde_json::from_str(text).map_err(PolicyError::Shape)?;
        if policy.scopes.is_empty() {
            return Err(PolicyError::NoScopes("default".to_owned()));
        }
        for (number, rule) in (1..).zip(&policy.rules) {
            if rule.scopes.is_empty() {
                return Err(PolicyError::NoScopes(format!("rule {number}")));
            }
            if rule.equals.is_some() == rule.includes.is_some() {
                return Err(PolicyError::Condition(number));
            }
        }
        Ok(policy)
    }
}

impl Rule {
    fn matches(&self, claims: &BTreeMap<String, String>) -> bool {
        let Some(value) = claims.get(&self.claim) else {
            return false;
        };
        let equals = self.equals.as_ref().is_some_and(|wanted| wanted == value);
        let includes = self.includes.as_deref();
        equals
            || includes.is_some_and(|wanted| split_claim(value).iter().any(|entry| entry == wanted))
    }
}

/// Returns the entries of a list claim.
///
/// API Gateway passes claims as text, an array as `[a b]`. Scopes come as `a b` (RFC 8693, section
/// 4.2). Cognito's attributes carry text alone, so a list comes as JSON text: `["a","b"]`.
pub fn split_claim(value: &str) -> Vec<Cow<'_, str>> {
    if value.starts_with('[')
        && let Ok(list) = serde_json::from_str::<Vec<String>>(value)
    {
        return list.into_iter().map(Cow::Owned).collect();
    }
    let list = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
    let entries = list.split([' ', ',']).filter(|entry| !entry.is_empty());
    entries.map(Cow::Borrowed).collect()
}

/// Returns whether a token with scope `granted` can do all that `wanted` allows. ACS's `join`
/// scopes are parts of the full ones: without creating or changing threads, without starting calls.
fn covers(granted: Scope, wanted: Scope) -> bool {
    granted == wanted
        || matches!(
            (granted, wanted),
            (Scope::Chat, Scope::ChatJoin | Scope::ChatJoinLimited)
                | (Scope::ChatJoin, Scope::ChatJoinLimited)
                | (Scope::Voip, Scope::VoipJoin)
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"scopes": ["chat.join", "voip"], "expiresInMinutes": 120, "rules": [
        {"claim": "groups", "includes": "agents", "scopes": ["chat", "voip"], "expiresInMinutes": 480},
        {"claim": "tier", "equals": "guest", "scopes": ["chat.join.limited"]}]}"#;

    fn claims(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn grant(pairs: &[(&str, &str)], requested: &RequestedGrant) -> Result<Grant, PolicyViolation> {
        POLICY.parse::<ScopePolicy>().unwrap().grant(&claims(pairs), requested)
    }

    fn minutes(minutes: u32) -> Lifetime {
        Lifetime::try_from(minutes).unwrap()
    }

    /// The first rule that matches decides; the default decides where none does.
    #[test]
    fn first_matching_rule_decides() {
        let default = grant(&[], &RequestedGrant::default()).unwrap();
        assert_eq!(default.scopes, [Scope::Voip, Scope::ChatJoin]);
        assert_eq!(default.lifetime, minutes(120));
        for groups in
            ["[staff agents]", "agents", "staff agents", "[staff, agents]", r#"["staff","agents"]"#]
        {
            let agent = grant(&[("groups", groups), ("tier", "guest")], &RequestedGrant::default())
                .unwrap();
            assert_eq!(agent.scopes, [Scope::Chat, Scope::Voip], "{groups}");
        }
        let guest = grant(&[("tier", "guest")], &RequestedGrant::default()).unwrap();
        assert_eq!((guest.scopes, guest.lifetime), (vec![Scope::ChatJoinLimited], minutes(60)));
        let other =
            grant(&[("tier", "guests"), ("groups", "[reagents]")], &RequestedGrant::default());
        assert_eq!(other.unwrap(), default);
    }

    /// A caller may ask for fewer scopes and a shorter lifetime.
    #[test]
    fn caller_may_narrow_grant() {
        let requested = RequestedGrant {
            scopes: Some(vec![Scope::VoipJoin, Scope::ChatJoinLimited, Scope::VoipJoin]),
            lifetime: Some(minutes(60)),
        };
        let narrowed = grant(&[], &requested).unwrap();
        assert_eq!(narrowed.scopes, [Scope::ChatJoinLimited, Scope::VoipJoin]);
        assert_eq!(narrowed.lifetime, minutes(60));
    }

    /// A caller who asks for more gets an error that names it, and no token.
    #[test]
    fn caller_cannot_widen_grant() {
        let scopes =
            RequestedGrant { scopes: Some(vec![Scope::Voip, Scope::Chat]), lifetime: None };
        assert_eq!(grant(&[], &scopes), Err(PolicyViolation::Scope(Scope::Chat)));
        let lifetime = RequestedGrant { scopes: None, lifetime: Some(minutes(121)) };
        assert_eq!(grant(&[], &lifetime), Err(PolicyViolation::Lifetime(minutes(120))));
    }

    /// A policy that would surprise its operator stops the start.
    #[test]
    fn refuses_surprising_settings() {
        for (text, says) in [
            ("", "is not the JSON of a scope policy"),
            (r#"{"scopes": ["chat"], "rule": []}"#, "is not the JSON of a scope policy"),
            (r#"{"scopes": ["pstn"]}"#, "is not the JSON of a scope policy"),
            (
                r#"{"scopes": ["chat"], "expiresInMinutes": 59}"#,
                "is not the JSON of a scope policy",
            ),
            (r#"{"scopes": []}"#, "grants no scope in its default"),
            (
                r#"{"scopes": ["chat"], "rules": [{"claim": "a", "equals": "b", "scopes": []}]}"#,
                "grants no scope in its rule 1",
            ),
            (
                r#"{"scopes": ["chat"], "rules": [{"claim": "a", "scopes": ["chat"]}]}"#,
                "rule 1 must have either `equals` or `includes`",
            ),
        ] {
            let error = text.parse::<ScopePolicy>().unwrap_err();
            assert_eq!(error.to_string(), says, "{text}");
        }
    }
}
