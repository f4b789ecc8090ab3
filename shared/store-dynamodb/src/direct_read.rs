//! The read of a user's row and the row of all users, for the path that serves every token: a
//! request that is written and signed here, in place of the SDK, which takes five times as many
//! instructions for it.
//!
//! It has no errors and no retries of its own. Whatever is not the plain answer, from a dead
//! connection to throttling, is left to the SDK, which reads the rows once more. A read changes
//! nothing, so that to do it twice is harmless.

mod reply;
mod signature;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acs_broker_aws::{Access, SharedCredentialsProvider};
use acs_broker_core::RecordKey;
use acs_broker_http::HttpClient;
use aws_credential_types::provider::ProvideCredentials as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use identity_client::Deadline;
use tokio::time::timeout_at;

use crate::direct_read::reply::{DirectRow, rows};
use crate::direct_read::signature::{Signer, amz_date};

/// Reads users' rows.
pub(crate) struct DirectReader {
    http: HttpClient,
    uri: Uri,
    /// The header `host`, as it is signed.
    host: HeaderValue,
    credentials: SharedCredentialsProvider,
    /// The session token as a header, kept because each of its 700 bytes is checked to make one.
    session_token: Mutex<Option<HeaderValue>>,
    signer: Signer,
    /// The body around the user's key.
    body: (String, String),
}

const SERVICE: &str = "dynamodb";
const TARGET: HeaderValue = HeaderValue::from_static("DynamoDB_20120810.BatchGetItem");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const X_AMZ_TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// As long as an attempt of the SDK's.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Two rows have at most 6 kB.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

impl DirectReader {
    /// Returns a reader of a table; `None` where the SDK alone knows the region's address.
    pub(crate) fn new(access: &Access, http: HttpClient, table: &str) -> Option<Self> {
        let regional = || {
            let suffix = suffix(&access.region)?;
            Some(format!("https://{SERVICE}.{}.{suffix}/", access.region))
        };
        let url = access.endpoint_url.clone().or_else(regional)?;
        let uri: Uri = url.parse().ok()?;
        // Another path would have to be signed.
        let host = uri.authority().filter(|_| uri.path() == "/")?.as_str();
        let host = HeaderValue::from_str(host).ok()?;
        let table = serde_json::to_string(table).ok()?;
        let all_users = serde_json::to_string(&RecordKey::AllUsers.to_text()).ok()?;
        let body = (
            format!(r#"{{"RequestItems":{{{table}:{{"Keys":[{{"id":{{"S":"#),
            format!(r#"}}}},{{"id":{{"S":{all_users}}}}}],"ConsistentRead":true}}}}}}"#),
        );
        let credentials = access.credentials.clone();
        let signer = Signer::new(access.region.clone(), SERVICE);
        let session_token = Mutex::default();
        Some(Self { http, uri, host, credentials, session_token, signer, body })
    }

    pub(crate) fn server(&self) -> Uri {
        self.uri.clone()
    }

    /// Returns the user's row and the row of all users, as far as there are such rows, in any
    /// order; `None` where the SDK must read them.
    pub(crate) async fn rows(
        &self,
        user: &RecordKey,
        deadline: &Deadline,
    ) -> Option<Vec<DirectRow>> {
        let request = self.request(user, deadline).await?;
        let until = deadline.capped_at(TIMEOUT).expires_at();
        timeout_at(until, self.send(request)).await.ok()?
    }

    async fn request(&self, user: &RecordKey, deadline: &Deadline) -> Option<Request<Bytes>> {
        let credentials = self.credentials.provide_credentials().await.ok()?;
        let body = self.body(user)?;
        let date = amz_date(deadline.now());
        let date_header = HeaderValue::from_str(&date).ok()?;
        let token = credentials.session_token().map(|token| self.session_token(token));
        let mut signed = vec![(CONTENT_TYPE, JSON), (HOST, self.host.clone())];
        signed.push((X_AMZ_DATE, date_header));
        if let Some(token) = token {
            signed.push((X_AMZ_SECURITY_TOKEN, token?));
        }
        signed.push((X_AMZ_TARGET, TARGET));
        let lines: Vec<_> =
            signed.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let authorization = self.signer.authorization(&lines, &body, &date, &credentials);

        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.reserve(signed.len() + 1);
        headers.insert(AUTHORIZATION, sensitive(&authorization)?);
        headers.extend(signed);
        *request.body_mut() = body.into();
        Some(request)
    }

    fn session_token(&self, token: &str) -> Option<HeaderValue> {
        let mut kept = self.session_token.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|kept| kept != token) {
            *kept = Some(sensitive(token)?);
        }
        kept.clone()
    }

    fn body(&self, user: &RecordKey) -> Option<Vec<u8>> {
        let (before, after) = &self.body;
        let mut body = before.clone().into_bytes();
        serde_json::to_writer(&mut body, &user.to_text()).ok()?;
        body.extend_from_slice(after.as_bytes());
        Some(body)
    }

    async fn send(&self, request: Request<Bytes>) -> Option<Vec<DirectRow>> {
        let response = self.http.send(request, MAX_RESPONSE_BYTES).await.ok()?;
        if response.status() == StatusCode::OK { rows(response.body()) } else { None }
    }
}

/// Returns what follows a region's name in the addresses of services.
fn suffix(region: &str) -> Option<&'static str> {
    match region.split('-').next()? {
        "cn" => Some("amazonaws.com.cn"),
        "eusc" => Some("amazonaws.eu"),
        // Closed partitions, each with a name of its own.
        _ if region.contains("iso") => None,
        _ => Some("amazonaws.com"),
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl fmt::Debug for DirectReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectReader").field("uri", &self.uri).finish_non_exhaustive()
    }
}
