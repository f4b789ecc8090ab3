//! The verified claims of an access token, as the gateway passes them.

use std::collections::HashMap;
use std::fmt;

use acs_broker_core::{EpochSeconds, split_claim};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The claims of an access token. The gateway passes each as text; stand-ins pass JSON types.
pub(crate) struct Claims {
    /// Each claim as the text that the gateway would pass.
    pub(crate) texts: HashMap<String, String>,
    /// The claims that have no such text: objects and nulls.
    unreadable: Vec<String>,
    /// The scopes that the route's authorizer has read.
    scopes: Vec<String>,
}

/// Why a claim cannot be used: `sub: must …`. The rule repeats no value.
pub(crate) type ClaimRule = String;

impl Claims {
    /// Reads the member `jwt` of an authorizer.
    pub(crate) fn read(jwt: &Map<String, Value>) -> Self {
        let claims = jwt.get("claims").and_then(Value::as_object);
        let (mut texts, mut unreadable) = (HashMap::new(), Vec::new());
        for (name, value) in claims.into_iter().flatten() {
            match text_of(value) {
                Some(text) => {
                    texts.insert(name.clone(), text);
                }
                None => unreadable.push(name.clone()),
            }
        }
        let scopes = jwt.get("scopes").and_then(Value::as_array);
        let scopes = scopes.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        Self { texts, unreadable, scopes: scopes.collect() }
    }

    /// Returns the text of a claim that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ClaimRule> {
        if self.unreadable.iter().any(|unreadable| unreadable == name) {
            return Err(format!("{name}: must be text"));
        }
        Ok(self.texts.get(name).map_or("", String::as_str))
    }

    /// Returns whether the token carries a claim, of whatever type.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.texts.contains_key(name) || self.unreadable.iter().any(|unreadable| unreadable == name)
    }

    /// Returns whether the token carries `scope`. Some issuers write `scope`, some `scp`; the
    /// gateway passes what it has read there as well.
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        let lists = ["scope", "scp"].into_iter().filter_map(|name| self.texts.get(name));
        lists.flat_map(|list| split_claim(list)).any(|entry| entry == scope)
            || self.scopes.iter().any(|entry| entry == scope)
    }

    /// Returns the instant that a claim holds, in whole seconds.
    pub(crate) fn instant(&self, name: &str) -> Result<EpochSeconds, ClaimRule> {
        let text = self.required(name)?;
        let instant =
            numeric_date(text).or_else(|| text.parse::<Timestamp>().ok().map(EpochSeconds::from));
        instant.ok_or_else(|| {
            format!("{name}: must be a time in seconds since 1970, or an instant of RFC 3339")
        })
    }
}

/// Returns the text that API Gateway passes for a claim, a list as `[a b]`.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(entries) => {
            let entries: Option<Vec<_>> = entries.iter().map(text_of).collect();
            Some(format!("[{}]", entries?.join(" ")))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// Reads a `NumericDate` (RFC 7519, section 2): seconds since 1970, which may have a fraction. The
/// fraction is cut off, which can only make a session look older.
fn numeric_date(text: &str) -> Option<EpochSeconds> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let seconds = whole.parse::<u32>().ok().filter(|_| is_number(whole) && is_number(fraction))?;
    Some(EpochSeconds(seconds.into()))
}

/// Hidden: claims say who the caller is.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(..)")
    }
}
