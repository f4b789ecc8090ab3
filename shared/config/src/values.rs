//! The values of settings, and the rules that they obey.

use std::error::Error;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::error_chain::error_chain;

/// The claim that says when the caller signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInClaim {
    /// `auth_time` (`OpenID` Connect Core 1.0, section 2) where it is there, else `iat`.
    AuthTimeOrIat,
    /// The claim of this name: seconds since 1970, or an instant of RFC 3339.
    Named(String),
}

const MAX_CLAIM_NAME_CHARS: usize = 64;
const SECONDS_PER_DAY: u64 = 86_400;

#[expect(clippy::unnecessary_wraps, reason = "the shape of a parser")]
pub(crate) fn text(value: &str) -> Result<String, String> {
    Ok(value.to_owned())
}

pub(crate) fn parsed<T: FromStr<Err: Error + 'static>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error_chain(&error))
}

pub(crate) fn url(value: &str) -> Result<String, String> {
    parsed::<Url>(value).map(String::from).map_err(|why| format!("must be a URL: {why}"))
}

pub(crate) fn boolean(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| "must be `true` or `false`".to_owned())
}

/// Returns how long a user without an identity is remembered, from the setting `TOMBSTONE_DAYS`.
///
/// # Errors
/// The rule that the text breaks.
pub fn tombstone_retention(value: &str) -> Result<Duration, String> {
    let days = value.parse::<u32>().ok().filter(|days| (1..=36_500).contains(days));
    days.map(|days| Duration::from_secs(u64::from(days) * SECONDS_PER_DAY))
        .ok_or_else(|| "must be a whole number of days from 1 to 36500".to_owned())
}

/// Returns how many tokens one process mints for one user in a minute.
pub(crate) fn max_tokens(value: &str) -> Result<NonZeroUsize, String> {
    let count = value.parse::<NonZeroUsize>().ok().filter(|count| count.get() <= 1000);
    count.ok_or_else(|| "must be a whole number from 1 to 1000".to_owned())
}

pub(crate) fn claim_name(value: &str) -> Result<String, String> {
    let is_long = value.chars().count() > MAX_CLAIM_NAME_CHARS;
    if is_long || value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "must be the name of a claim: 1 to {MAX_CLAIM_NAME_CHARS} characters without white space \
             or control characters"
        ));
    }
    text(value)
}

pub(crate) fn sign_in_claim(value: &str) -> Result<SignInClaim, String> {
    match value {
        "auth_time_or_iat" => Ok(SignInClaim::AuthTimeOrIat),
        name => claim_name(name).map(SignInClaim::Named),
    }
}
