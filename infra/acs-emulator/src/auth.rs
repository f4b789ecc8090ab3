//! Checks a request's HMAC-SHA256 signature, and says what was wrong with it.
//!
//! The headers that the client says it signed are looked up literally: `Host` is not parsed
//! (JavaScript's `@azure/communication-common` 2.0 to 2.4 sends `host:port:port`), and the path is
//! the request line's, encoded as it came. Two documented faults of real SDKs are accepted
//! besides: Python over plain http signs the path without its leading `/`, and Java signs the
//! host without its port. There is no replay check: SDKs repeat signatures when they retry.

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

use crate::access_key::{AccessKey, KeySlot};
use crate::refusal::Refusal;
use crate::settings::Settings;

const SCHEME: &str = "HMAC-SHA256 ";
const CONTENT_HASH: &str = "x-ms-content-sha256";

/// Why a request was not authenticated. It never holds a key or the signature that was expected.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Denial {
    at: Timestamp,
    /// The check that failed.
    pub(crate) check: &'static str,
    /// What was found.
    pub(crate) detail: String,
    /// What the service would have signed, once that is known.
    pub(crate) string_to_sign: Option<String>,
}

/// What the client says it signed, and the signature.
struct Authorization<'a> {
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl Denial {
    /// The answer: only a wrong content hash has words of its own.
    pub(crate) fn refusal(&self) -> Refusal {
        if self.check == "content hash" { Refusal::ContentHash } else { Refusal::Denied }
    }
}

/// The key that signed the request.
pub(crate) fn authenticate<'a>(
    request: &Request<Bytes>,
    keys: impl Iterator<Item = (KeySlot, &'a AccessKey)>,
    settings: &Settings,
    now: Timestamp,
) -> Result<KeySlot, Denial> {
    let deny = |check, detail: String, string_to_sign| {
        Err(Denial { at: now, check, detail, string_to_sign })
    };
    let authorization = match parse_authorization(request) {
        Ok(authorization) => authorization,
        Err(detail) => return deny("authorization header", detail, None),
    };
    if let Err((check, detail)) = check_content_hash(request) {
        return deny(check, detail, None);
    }
    if let Err(detail) = check_date(request, &authorization, settings.clock_skew, now) {
        return deny("date", detail, None);
    }
    let candidates = match strings_to_sign(request, &authorization, settings.lenient_auth) {
        Ok(candidates) => candidates,
        Err(detail) => return deny("signed headers", detail, None),
    };
    for (slot, key) in keys {
        if candidates.iter().any(|text| key.signed(text, authorization.signature)) {
            return Ok(slot);
        }
    }
    let detail = "neither access key gives the signature for this string to sign".to_owned();
    deny("signature", detail, candidates.into_iter().next())
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

fn check_content_hash(request: &Request<Bytes>) -> Result<(), (&'static str, String)> {
    let stated = header(request, CONTENT_HASH).map_err(|detail| ("content hash header", detail))?;
    let hash = STANDARD.encode(Sha256::digest(request.body()));
    if stated == hash {
        return Ok(());
    }
    let bytes = request.body().len();
    let detail = format!("{CONTENT_HASH} is {stated}; the {bytes} bytes received hash to {hash}");
    Err(("content hash", detail))
}

/// The date that was signed has to be near the resource's clock. (The window is inferred: ACS
/// documents none.)
fn check_date(
    request: &Request<Bytes>,
    authorization: &Authorization<'_>,
    skew: Duration,
    now: Timestamp,
) -> Result<(), String> {
    let is_signed =
        |name: &&str| authorization.signed_headers.iter().any(|s| s.eq_ignore_ascii_case(name));
    let Some(name) = ["x-ms-date", "date"].into_iter().find(is_signed) else {
        return Err("neither x-ms-date nor date is among the signed headers".into());
    };
    let text = header(request, name)?;
    let Ok(date) = DateTimeParser::new().parse_timestamp(text) else {
        return Err(format!("{name} is `{text}`, which is no RFC 1123 date"));
    };
    if now.duration_since(date).unsigned_abs() <= skew {
        return Ok(());
    }
    let minutes = skew.as_secs() / 60;
    Err(format!("{name} is {date}; the clock here shows {now}, more than {minutes} min apart"))
}

/// What may have been signed, the regular form first.
fn strings_to_sign(
    request: &Request<Bytes>,
    authorization: &Authorization<'_>,
    lenient: bool,
) -> Result<Vec<String>, String> {
    for required in ["host", CONTENT_HASH] {
        if !authorization.signed_headers.iter().any(|name| name.eq_ignore_ascii_case(required)) {
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

/// A header that must be there once, as text. `Host` may be missing where a request never was on
/// a wire: its URL has it.
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
mod tests {
    use super::*;

    const ID: &str =
        "8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516";
    const HOST: &str = "contoso.communication.azure.com";

    fn settings() -> Settings {
        let key: AccessKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse().unwrap();
        Settings { access_keys: [key.clone(), key], ..Settings::simulated(1) }
    }

    fn request(method: &str, target: &str, body: &'static str, signature: &str) -> Request<Bytes> {
        Request::builder()
            .method(method)
            .uri(target.replace("RID", ID))
            .header("Host", HOST)
            .header("Date", "Mon, 23 Nov 2026 00:00:00 GMT")
            .header(CONTENT_HASH, STANDARD.encode(Sha256::digest(body)))
            .header(
                "Authorization",
                format!("HMAC-SHA256 SignedHeaders=date;host;{CONTENT_HASH}&Signature={signature}"),
            )
            .body(Bytes::from_static(body.as_bytes()))
            .unwrap()
    }

    fn is_accepted(request: &Request<Bytes>) -> bool {
        let settings = settings();
        let keys = [(KeySlot::Primary, &settings.access_keys[0])];
        let now = "2026-11-23T00:00:00Z".parse().unwrap();
        authenticate(request, keys.into_iter(), &settings, now).is_ok()
    }

    /// Made by Microsoft's Python packages, their clock patched.
    #[test]
    fn signatures_made_by_microsoft_are_accepted() {
        let create = "/identities?api-version=2020-07-20-preview2";
        let token = "/identities/RID/token?api-version=2020-07-20-preview2";
        let delete = "/identities/RID?api-version=2020-07-20-preview2";
        let scopes = r#"{"scopes": ["chat", "voip"]}"#;
        let new = "/identities?api-version=2023-10-01";
        let with_token = r#"{"createTokenWithScopes": ["chat"], "expiresInMinutes": 60}"#;
        let revoke = "/identities/RID/:revokeAccessTokens?api-version=2023-10-01";
        for (method, target, body, signature) in [
            ("POST", create, "", "xFt1hMj6ixb79ts5OzpgI0eJLeW3v7oxOATPijq2V4Y="),
            ("POST", token, scopes, "+wIxr9oP7eiZDZwSGMAsVTTWxzleMhWbiZp4Dx0dM5E="),
            ("DELETE", delete, "", "vX13SwZVtwE4QbkAylug+Ll647LVu6CH0U+nmrihZqU="),
            ("POST", new, "", "8zVEQ8HEQvf32yJsvGD/J6MyA/rZJj5zjaKgmK3Epto="),
            ("POST", new, with_token, "VGyuRxg4LCiENAGt2v675coS3QdlCC6uAZmDlR0dWlA="),
            ("POST", revoke, "", "LG/p1JV7NZMSChC1yOaKqL/Djjgh5YHDiiGO02iiwEc="),
        ] {
            assert!(is_accepted(&request(method, target, body, signature)), "{target}");
            assert!(!is_accepted(&request("PUT", target, body, signature)), "{target}");
        }
    }
}
