use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use identity_client::{Lifetime, Scope};
use serde::Deserialize;
use thiserror::Error;

/// What a token will carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// At least one scope, each once.
    pub scopes: Vec<Scope>,
    /// How long the token lives.
    pub lifetime: Lifetime,
}

/// What a caller asks for; what is absent is left to the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The scopes, if the caller wants fewer than the policy grants.
    pub scopes: Option<Vec<Scope>>,
    /// The lifetime, if the caller wants a shorter one.
    pub lifetime: Option<Lifetime>,
}

/// A wish beyond what the policy allows.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotAllowed {
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
    #[serde(default = "shortest")]
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
    #[serde(default = "shortest")]
    expires_in_minutes: Lifetime,
}

/// A policy that cannot be used.
#[derive(Debug, Error)]
pub enum InvalidPolicy {
    /// It is not the JSON that [`ScopePolicy`] describes; the source says where.
    #[error("is not the JSON of a scope policy")]
    Shape(#[source] serde_json::Error),
    /// Somebody would get a token without any scope.
    #[error("grants no scope in its {0}")]
    NoScopes(String),
    /// A rule's condition is missing or double.
    #[error("rule {0} must have either `equals` or `includes`")]
    Condition(usize),
}

/// The least privilege: short tokens unless the policy says otherwise.
const fn shortest() -> Lifetime {
    Lifetime::MIN
}

impl ScopePolicy {
    /// What a user with these claims gets, narrowed by their wish.
    ///
    /// # Errors
    /// The wish goes beyond what the policy allows. Nothing is cut down silently.
    pub fn grant(
        &self,
        claims: &HashMap<String, String>,
        wish: &Wish,
    ) -> Result<Grant, NotAllowed> {
        let rule = self.rules.iter().find(|rule| rule.matches(claims));
        let (allowed, longest) = rule.map_or((&self.scopes, self.expires_in_minutes), |rule| {
            (&rule.scopes, rule.expires_in_minutes)
        });
        let scopes = match &wish.scopes {
            None => allowed.clone(),
            Some(wanted) => wanted.iter().copied().collect(),
        };
        let refused = scopes.iter().find(|scope| !allowed.iter().any(|had| covers(*had, **scope)));
        if let Some(scope) = refused {
            return Err(NotAllowed::Scope(*scope));
        }
        let lifetime = wish.lifetime.unwrap_or(longest);
        if lifetime > longest {
            return Err(NotAllowed::Lifetime(longest));
        }
        Ok(Grant { scopes: scopes.into_iter().collect(), lifetime })
    }
}

impl FromStr for ScopePolicy {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        let policy: Self = serde_json::from_str(text).map_err(InvalidPolicy::Shape)?;
        if policy.scopes.is_empty() {
            return Err(InvalidPolicy::NoScopes("default".to_owned()));
        }
        for (number, rule) in (1..).zip(&policy.rules) {
            if rule.scopes.is_empty() {
                return Err(InvalidPolicy::NoScopes(format!("rule {number}")));
            }
            if rule.equals.is_some() == rule.includes.is_some() {
                return Err(InvalidPolicy::Condition(number));
            }
        }
        Ok(policy)
    }
}

impl Rule {
    fn matches(&self, claims: &HashMap<String, String>) -> bool {
        let Some(value) = claims.get(&self.claim) else {
            return false;
        };
        let equals = self.equals.as_ref().is_some_and(|wanted| wanted == value);
        let includes = self.includes.as_deref();
        equals || includes.is_some_and(|wanted| claim_entries(value).any(|entry| entry == wanted))
    }
}

/// The entries of a list claim. API Gateway hands claims over as text, an array as `[a b]`; scopes
/// come as `a b` (RFC 8693, section 4.2).
pub fn claim_entries(value: &str) -> impl Iterator<Item = &str> {
    let list = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
    list.split([' ', ',']).filter(|entry| !entry.is_empty())
}

/// Whether a token with scope `had` can do all that `wanted` allows. ACS's `join` scopes are parts
/// of the full ones: without creating or changing threads, without starting calls.
fn covers(had: Scope, wanted: Scope) -> bool {
    had == wanted
        || matches!(
            (had, wanted),
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

    fn claims(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn grant(pairs: &[(&str, &str)], wish: &Wish) -> Result<Grant, NotAllowed> {
        POLICY.parse::<ScopePolicy>().unwrap().grant(&claims(pairs), wish)
    }

    fn minutes(minutes: u32) -> Lifetime {
        Lifetime::try_from(minutes).unwrap()
    }

    #[test]
    fn the_first_rule_that_matches_decides_and_else_the_default_does() {
        let nobody = grant(&[], &Wish::default()).unwrap();
        assert_eq!(nobody.scopes, [Scope::Voip, Scope::ChatJoin]);
        assert_eq!(nobody.lifetime, minutes(120));
        for groups in ["[staff agents]", "agents", "staff agents", "[staff, agents]"] {
            let agent = grant(&[("groups", groups), ("tier", "guest")], &Wish::default()).unwrap();
            assert_eq!(agent.scopes, [Scope::Chat, Scope::Voip], "{groups}");
        }
        let guest = grant(&[("tier", "guest")], &Wish::default()).unwrap();
        assert_eq!((guest.scopes, guest.lifetime), (vec![Scope::ChatJoinLimited], minutes(60)));
        let other = grant(&[("tier", "guests"), ("groups", "[reagents]")], &Wish::default());
        assert_eq!(other.unwrap(), nobody);
    }

    #[test]
    fn a_caller_may_narrow_scopes_and_lifetime() {
        let wish = Wish {
            scopes: Some(vec![Scope::VoipJoin, Scope::ChatJoinLimited, Scope::VoipJoin]),
            lifetime: Some(minutes(60)),
        };
        let narrowed = grant(&[], &wish).unwrap();
        assert_eq!(narrowed.scopes, [Scope::ChatJoinLimited, Scope::VoipJoin]);
        assert_eq!(narrowed.lifetime, minutes(60));
    }

    #[test]
    fn a_caller_can_not_widen_scopes_or_lifetime() {
        let scopes = Wish { scopes: Some(vec![Scope::Voip, Scope::Chat]), lifetime: None };
        assert_eq!(grant(&[], &scopes), Err(NotAllowed::Scope(Scope::Chat)));
        let lifetime = Wish { scopes: None, lifetime: Some(minutes(121)) };
        assert_eq!(grant(&[], &lifetime), Err(NotAllowed::Lifetime(minutes(120))));
    }

    #[test]
    fn a_policy_that_would_surprise_its_operator_is_refused_at_the_start() {
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
