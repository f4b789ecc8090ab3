//! Checks a request's AWS Signature Version 4.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Request;
use sha2::{Digest as _, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What a request to DynamoDB has to sign besides its body.
const REQUIRED: [&str; 3] = ["host", "x-amz-date", "x-amz-security-token"];

/// The credentials that clients have to sign with.
pub struct Credentials {
    pub key_id: &'static str,
    pub secret: &'static str,
    pub session_token: &'static str,
}

/// Returns the rule that the request breaks, if any.
pub fn check(request: &Request<Bytes>, credentials: &Credentials) -> Result<(), String> {
    let authorization = header(request, "authorization")?;
    let fields = authorization.strip_prefix(ALGORITHM).ok_or("another algorithm")?;
    let field = |name: &str| {
        let fields = fields.split(',').map(str::trim);
        let value = fields.filter_map(|field| field.split_once('=')).find(|(key, _)| *key == name);
        value.map(|(_, value)| value).ok_or(format!("no {name}"))
    };
    let (key_id, scope) = field("Credential")?.split_once('/').ok_or("no scope")?;
    if key_id != credentials.key_id {
        return Err("another access key".to_owned());
    }
    if header(request, "x-amz-security-token")? != credentials.session_token {
        return Err("another session token".to_owned());
    }
    let signed = field("SignedHeaders")?;
    if let Some(missing) = REQUIRED.iter().find(|name| !signed.split(';').any(|one| one == **name))
    {
        return Err(format!("{missing} is not signed"));
    }
    let text = string_to_sign(request, signed, scope)?;
    let signature = hex::decode(field("Signature")?).map_err(|error| error.to_string())?;
    let key = signing_key(credentials.secret, scope);
    mac(&key, &text).verify_slice(&signature).map_err(|_| format!("wrong signature of {text:?}"))
}

fn string_to_sign(request: &Request<Bytes>, signed: &str, scope: &str) -> Result<String, String> {
    let mut headers = String::new();
    for name in signed.split(';') {
        headers += &format!("{name}:{}\n", header(request, name)?.trim());
    }
    let (method, path) = (request.method(), request.uri().path());
    let query = request.uri().query().unwrap_or_default();
    let body = hex::encode(Sha256::digest(request.body()));
    let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{signed}\n{body}");
    let date = header(request, "x-amz-date")?;
    Ok(format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical))))
}

/// Derives the key of the scope `date/region/service/aws4_request`.
fn signing_key(secret: &str, scope: &str) -> Vec<u8> {
    let key = format!("AWS4{secret}").into_bytes();
    scope.split('/').fold(key, |key, part| mac(&key, part).finalize().into_bytes().to_vec())
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.chain_update(text)
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Result<&'a str, String> {
    let value = request.headers().get(name).ok_or_else(|| format!("no header {name}"))?;
    value.to_str().map_err(|_| format!("header {name} is not text"))
}
