//! The verified claims of an access token, as the gateway passes them.

use std::collections::BTreeMap;
use std::fmt;

use acs_broker_core::{EpochSeconds, split_claim};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::member::{Member, read};

/// The claims of an access token. The gateway passes each as text; stand-ins pass JSON types.
pub(crate) struct Claims {
    /// Each claim as the text that the gateway would pass.
    pub(crate) texts: BTreeMap<String, String>,
    /// The claims that have no such text: objects and nulls.
    unreadable: Vec<String>,
    /// The scopes that the route's authorizer has read.
    scopes: Vec<String>,
}

/// Why a claim cannot be used: `sub: must …`. The rule repeats no value.
pub(crate) type ClaimRule = String;

/// The member `jwt` of an authorizer.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Jwt<'a> {
    #[serde(borrow)]
    claims: Member<'a>,
    #[serde(borrow)]
    scopes: Member<'a>,
}

impl Claims {
    pub(crate) fn read(jwt: &Jwt<'_>) -> Self {
        let claims: BTreeMap<String, Member<'_>> = read(jwt.claims).unwrap_or_default();
        let (mut texts, mut unreadable) = (BTreeMap::new(), Vec::new());
        for (name, value) in claims {
            match value.and_then(text_of) {
                Some(text) => {
                    texts.insert(name, text);
                }
                None => unreadable.push(name),
            }
        }
        let scopes: Vec<&RawValue> = read(jwt.scopes).unwrap_or_default();
        let scopes = scopes.into_iter().filter_map(|scope| read(Some(scope)));
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
fn text_of(value: &RawValue) -> Option<String> {
    match value.get().as_bytes().first()? {
        b'"' => read(Some(value)),
        b'[' => {
            let entries: Vec<&RawValue> = read(Some(value))?;
            let entries: Option<Vec<_>> = entries.into_iter().map(text_of).collect();
            Some(format!("[{}]", entries?.join(" ")))
        }
        b'{' | b'n' => None,
        // A number or a truth value.
        _ => Some(value.get().to_owned()),
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
