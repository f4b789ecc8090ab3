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
/// Claims with which all users, or all tokens of a minute, would be one user (RFC 7519, section 4.1;
/// RFC 8693, section 4).
const CLAIMS_OF_MANY: [&str; 12] = [
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "auth_time",
    "azp",
    "client_id",
    "scope",
    "scp",
    "token_use",
];
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

/// Returns the name of the claim that names the user.
pub(crate) fn subject_claim(value: &str) -> Result<String, String> {
    if CLAIMS_OF_MANY.contains(&value) {
        return Err(format!("must be a claim that names one user; `{value}` is the same for many"));
    }
    claim_name(value)
}

/// Returns a scope (RFC 6749, section 3.3).
pub(crate) fn scope(value: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if !value.bytes().all(is_allowed) {
        return Err(
            "must be one OAuth scope, without white space, quotes and backslashes".to_owned()
        );
    }
    text(value)
}

/// Returns a namespace of CloudWatch's metrics: at most 255 of its characters, and not one of AWS's
/// own.
pub(crate) fn namespace(value: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#: ".contains(&byte);
    if value.len() > 255 || !value.bytes().all(is_allowed) || value.starts_with("AWS/") {
        return Err("must be a namespace of CloudWatch, and not begin with AWS/".to_owned());
    }
    text(value)
}

pub(crate) fn sign_in_claim(value: &str) -> Result<SignInClaim, String> {
    match value {
        "auth_time_or_iat" => Ok(SignInClaim::AuthTimeOrIat),
        name => claim_name(name).map(SignInClaim::Named),
    }
}
