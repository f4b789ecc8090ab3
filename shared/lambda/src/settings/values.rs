use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::log::chain;

/// Which claim says when the caller signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInClaim {
    /// `auth_time` (`OpenID` Connect Core 1.0, section 2) where it is there, else `iat`.
    AuthTimeOrIat,
    AuthTime,
    Iat,
}

/// The key under which users appear in logs.
#[derive(Clone)]
pub(crate) struct UserHashKey(String);

const SHORTEST_HASH_KEY: usize = 16;
const LONGEST_CLAIM_NAME: usize = 64;
const SECONDS_PER_DAY: u64 = 86_400;

#[expect(clippy::unnecessary_wraps, reason = "the shape of a parser")]
pub(super) fn text(value: &str) -> Result<String, String> {
    Ok(value.to_owned())
}

pub(super) fn parsed<T: FromStr<Err: Error + 'static>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| chain(&error))
}

pub(super) fn url(value: &str) -> Result<String, String> {
    parsed::<Url>(value).map(String::from).map_err(|why| format!("must be a URL: {why}"))
}

pub(super) fn boolean(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| "must be `true` or `false`".to_owned())
}

pub(super) fn days(value: &str) -> Result<Duration, String> {
    let days = value.parse::<u32>().ok().filter(|days| (1..=36_500).contains(days));
    days.map(|days| Duration::from_secs(u64::from(days) * SECONDS_PER_DAY))
        .ok_or_else(|| "must be a whole number of days from 1 to 36500".to_owned())
}

pub(super) fn claim_name(value: &str) -> Result<String, String> {
    let is_long = value.chars().count() > LONGEST_CLAIM_NAME;
    if is_long || value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "must be the name of a claim: 1 to {LONGEST_CLAIM_NAME} characters without white space \
             or control characters"
        ));
    }
    text(value)
}

impl FromStr for SignInClaim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auth_time_or_iat" => Ok(Self::AuthTimeOrIat),
            "auth_time" => Ok(Self::AuthTime),
            "iat" => Ok(Self::Iat),
            _ => Err("must be `auth_time_or_iat`, `auth_time` or `iat`".to_owned()),
        }
    }
}

impl UserHashKey {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for UserHashKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.chars().count() < SHORTEST_HASH_KEY {
            return Err(format!("must have at least {SHORTEST_HASH_KEY} characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Hidden: with the key, hashes in logs can be tried against known users.
impl fmt::Debug for UserHashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserHashKey(..)")
    }
}
