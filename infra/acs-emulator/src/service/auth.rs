//! Checks a request's HMAC-SHA256 signature, and names the check that failed.
//!
//! The headers that the client lists as signed are looked up literally: `Host` is not parsed
//! (JavaScript's `@azure/communication-common` 2.0 to 2.4 sends `host:port:port`), and the path is
//! the request line's, encoded as it came. Two documented faults of real SDKs are accepted
//! besides: Python over plain http signs the path without its leading `/`, and Java signs the
//! host without its port. Replays are accepted: SDKs repeat signatures when they retry.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::settings::Settings;
use crate::state::access_key::{AccessKey, KeySlot};

const SCHEME: &str = "HMAC-SHA256 ";
const CONTENT_HASH: &str = "x-ms-content-sha256";

/// A request was not authenticated. The error never holds a key or the expected signature.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("the check of the {} failed: {detail}", check.as_str())]
pub(crate) struct AuthenticationError {
    at: Timestamp,
    pub(crate) check: AuthenticationCheck,
    /// The finding of the check.
    pub(crate) detail: String,
    /// The string that the service would have signed, once it is known.
    pub(crate) string_to_sign: Option<String>,
}

/// A check of authentication, in the order in which they run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(crate) enum AuthenticationCheck {
    #[serde(rename = "authorization header")]
    AuthorizationHeader,
    #[serde(rename = "content hash header")]
    ContentHashHeader,
    #[serde(rename = "content hash")]
    ContentHash,
    #[serde(rename = "date")]
    Date,
    #[serde(rename = "signed headers")]
    SignedHeaders,
    #[serde(rename = "signature")]
    Signature,
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl AuthenticationError {
    /// The message that the client gets: only a wrong content hash has one of its own.
    pub(crate) fn public_message(&self) -> &'static str {
        match self.check {
            AuthenticationCheck::ContentHash => {
                "Request 'x-ms-content-sha256' differs from generated content hash."
            }
            _ => "Denied by the resource provider.",
        }
    }
}

impl AuthenticationCheck {
    /// The name of the check, for the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationHeader => "authorization header",
            Self::ContentHashHeader => "content hash header",
            Self::ContentHash => "content hash",
            Self::Date => "date",
            Self::SignedHeaders => "signed headers",
            Self::Signature => "signature",
        }
    }
}

impl Authorization<'_> {
    fn has_signed(&self, header: &str) -> bool {
        self.signed_headers.iter().any(|name| name.eq_ignore_ascii_case(header))
    }
}

/// Returns the key that signed the request. Its date must be near one of the `clocks`.
pub(crate) fn authenticate<'a>(
    request: &Request<Bytes>,
    keys: impl Iterator<Item = (KeySlot, &'a AccessKey)>,
    settings: &Settings,
    clocks: [Timestamp; 2],
) -> Result<KeySlot, AuthenticationError> {
    let [now, _] = clocks;
    let failed =
        |check| move |detail| AuthenticationError { at: now, check, detail, string_to_sign: None };
    let authorization =
        parse_authorization(request).map_err(failed(AuthenticationCheck::AuthorizationHeader))?;
    let content_hash =
        header(request, CONTENT_HASH).map_err(failed(AuthenticationCheck::ContentHashHeader))?;
    check_content_hash(request, content_hash).map_err(failed(AuthenticationCheck::ContentHash))?;
    check_date(request, &authorization, settings.clock_skew, clocks)
        .map_err(failed(AuthenticationCheck::Date))?;
    let candidates = strings_to_sign(request, &authorization, settings.lenient_auth)
        .map_err(failed(AuthenticationCheck::SignedHeaders))?;
    for (slot, key) in keys {
        if candidates.iter().any(|text| key.has_signed(text, authorization.signature)) {
            return Ok(slot);
        }
    }
    Err(AuthenticationError {
        at: now,
        check: AuthenticationCheck::Signature,
        detail: "neither access key gives the signature for this string to sign".to_owned(),
        string_to_sign: candidates.into_iter().next(),
    })
}

fn parse_authorization(request: &Request<Bytes>) -> Result<Authorization<'_>, String> {
    let value = header(request, "authorization")?;
    let Some(parameters) = value.strip_prefix(SCHEME) else {
        return Err("it does not begin with `HMAC-SHA256 `; no other scheme is emulated".into());
    };
    let (mut signed_headers, mut signature) = (None, None);
    for parameter in parameters.split('&') {
        match parameter.trim().split_once('=') {
            Some(("SignedHeaders", value)) => signed_headers = Some(value.split(';').collect()),
            Some(("Signature", value)) => signature = Some(value),
            _ => return Err("it holds something else than SignedHeaders and Signature".into()),
        }
    }
    match (signed_headers, signature) {
        (Some(signed_headers), Some(signature)) => Ok(Authorization { signed_headers, signature }),
        _ => Err("SignedHeaders or Signature is missing".into()),
    }
}

fn check_content_hash(request: &Request<Bytes>, stated: &str) -> Result<(), String> {
    let hash = STANDARD.encode(Sha256::digest(request.body()));
    if stated == hash {
        return Ok(());
    }
    let bytes = request.body().len();
    Err(format!("{CONTENT_HASH} is {stated}; the {bytes} bytes received hash to {hash}"))
}

/// Checks that the signed date is near one of the clocks: clients need not know that the resource's
/// was moved. (The window is inferred: ACS documents none.)
fn check_date(
    request: &Request<Bytes>,
    authorization: &Authorization<'_>,
    skew: Duration,
    clocks: [Timestamp; 2],
) -> Result<(), String> {
    let is_signed = |name: &&str| authorization.has_signed(name);
    let Some(name) = ["x-ms-date", "date"].into_iter().find(is_signed) else {
        return Err("neither x-ms-date nor date is among the signed headers".into());
    };
    let text = header(request, name)?;
    let Ok(date) = DateTimeParser::new().parse_timestamp(text) else {
        return Err(format!("{name} is `{text}`, which is not an RFC 1123 date"));
    };
    if clocks.iter().any(|now| now.duration_since(date).unsigned_abs() <= skew) {
        return Ok(());
    }
    let [now, _] = clocks;
    let minutes = skew.as_secs() / 60;
    Err(format!("{name} is {date}; the clock here shows {now}, more than {minutes} min apart"))
}

/// The strings that the client may have signed, the regular form first.
fn strings_to_sign(
    request: &Request<Bytes>,
    authorization: &Authorization<'_>,
    lenient: bool,
) -> Result<Vec<String>, String> {
    for required in ["host", CONTENT_HASH] {
        if !authorization.has_signed(required) {
            return Err(format!("{required} is not among them"));
        }
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut targets = vec![target.to_owned(), target.trim_start_matches('/').to_owned()];
    let host = header(request, "host")?;
    let mut hosts = vec![host.to_owned(), without_port(host).to_owned()];
    if lenient {
        targets.push(percent_decode_str(target).decode_utf8_lossy().into_owned());
        hosts.extend([format!("{host}/"), format!("{host}:443"), format!("{host}:80")]);
    }
    let mut texts = Vec::new();
    for target in &targets {
        for host in &hosts {
            let mut values = Vec::new();
            for name in &authorization.signed_headers {
                let is_host = name.eq_ignore_ascii_case("host");
                values.push(if is_host { host } else { header(request, name)? });
            }
            texts.push(format!("{}\n{target}\n{}", request.method(), values.join(";")));
        }
    }
    Ok(texts)
}

fn without_port(host: &str) -> &str {
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// The text of a header that must be there exactly once. A request that was never on a wire may
/// lack `Host`: its URL has it.
fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Result<&'a str, String> {
    let mut values = request.headers().get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => {
            value.to_str().map_err(|_| format!("the header {name} is not ASCII text"))
        }
        (Some(_), Some(_)) => Err(format!("the header {name} is there more than once")),
        (None, _) => match request.uri().authority() {
            Some(authority) if name.eq_ignore_ascii_case("host") => Ok(authority.as_str()),
            _ => Err(format!("the header {name} is missing")),
        },
    }
}

#[cfg(test)]
mod tests;
