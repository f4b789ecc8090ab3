//! The request of each operation
//! (<https://learn.microsoft.com/rest/api/communication/identity/communication-identity>).

use std::error;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::error::Error;
use crate::error::cause::{Cause, NotSentError};
use crate::models::api_version::ApiVersion;
use crate::models::endpoint::Endpoint;
use crate::models::identity_id::IdentityId;
use crate::models::lifetime::Lifetime;
use crate::models::operation::Operation;
use crate::models::scope::Scope;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PRODUCT: HeaderValue =
    HeaderValue::from_static(concat!("identity-client/", env!("CARGO_PKG_VERSION")));

const IDENTITIES_PATH: &str = "/identities";

/// All but RFC 3986's unreserved characters are encoded in ids, as in Microsoft's SDKs.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request, before it is dated and signed.
pub(crate) struct ApiRequest {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    /// The path, without the query.
    pub(crate) path: String,
    /// JSON, or empty.
    pub(crate) body: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateBody<'a> {
    create_token_with_scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_minutes: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IssueBody<'a> {
    scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_minutes: Option<u32>,
}

impl ApiRequest {
    pub(crate) fn create_user() -> Self {
        Self::without_body(Operation::CreateUser, Method::POST, IDENTITIES_PATH.to_owned())
    }

    pub(crate) fn create_user_with_token(
        scopes: &[Scope],
        lifetime: Lifetime,
        version: ApiVersion,
    ) -> Result<Self, Error> {
        let request = Self::without_body(
            Operation::CreateUserWithToken,
            Method::POST,
            IDENTITIES_PATH.to_owned(),
        );
        let expires_in_minutes = request.minutes(scopes, lifetime, version)?;
        request.with_json(&CreateBody { create_token_with_scopes: scopes, expires_in_minutes })
    }

    pub(crate) fn issue_token(
        user: &IdentityId,
        scopes: &[Scope],
        lifetime: Lifetime,
        version: ApiVersion,
    ) -> Result<Self, Error> {
        let path = format!("{}/:issueAccessToken", identity_path(user));
        let request = Self::without_body(Operation::IssueToken, Method::POST, path);
        let expires_in_minutes = request.minutes(scopes, lifetime, version)?;
        request.with_json(&IssueBody { scopes, expires_in_minutes })
    }

    pub(crate) fn revoke_tokens(user: &IdentityId) -> Self {
        let path = format!("{}/:revokeAccessTokens", identity_path(user));
        Self::without_body(Operation::RevokeTokens, Method::POST, path)
    }

    pub(crate) fn delete_user(user: &IdentityId) -> Self {
        Self::without_body(Operation::DeleteUser, Method::DELETE, identity_path(user))
    }

    /// Returns the HTTP request to the resource at `endpoint`, not signed yet.
    pub(crate) fn to_http(
        &self,
        endpoint: &Endpoint,
        version: ApiVersion,
    ) -> Result<Request<Bytes>, Box<dyn error::Error + Send + Sync>> {
        let path_and_query = format!("{}?api-version={version}", self.path);
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = endpoint.uri(path_and_query.try_into()?)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, JSON);
        headers.insert(USER_AGENT, PRODUCT);
        // hyper omits it in a POST without a body, and proxies respond to such a POST with 411.
        headers.insert(CONTENT_LENGTH, self.body.len().into());
        if !self.body.is_empty() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        Ok(request)
    }

    fn without_body(operation: Operation, method: Method, path: String) -> Self {
        Self { operation, method, path, body: Bytes::new() }
    }

    fn with_json(self, body: &impl Serialize) -> Result<Self, Error> {
        match serde_json::to_vec(body) {
            Ok(body) => Ok(Self { body: body.into(), ..self }),
            Err(why) => Err(self.not_sent(NotSentError::Unwritable(why.into()))),
        }
    }

    /// Returns the lifetime to send: none where the API version has none.
    ///
    /// # Errors
    /// The request would create an identity without a token, or a token that lives longer than
    /// requested.
    fn minutes(
        &self,
        scopes: &[Scope],
        lifetime: Lifetime,
        version: ApiVersion,
    ) -> Result<Option<u32>, Error> {
        match lifetime {
            _ if scopes.is_empty() => Err(self.not_sent(NotSentError::NoScopes)),
            _ if version.has_lifetimes() => Ok(Some(lifetime.minutes())),
            Lifetime::DEFAULT => Ok(None),
            _ => Err(self.not_sent(NotSentError::NoLifetimes)),
        }
    }

    fn not_sent(&self, why: NotSentError) -> Error {
        Error::new(self.operation, Cause::NotSent(why))
    }
}

/// Returns `/identities/8%3Aacs%3A…`.
fn identity_path(id: &IdentityId) -> String {
    format!("{IDENTITIES_PATH}/{}", utf8_percent_encode(id.as_ref(), ENCODED))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use percent_encoding::percent_decode_str;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    const LATEST: fn() -> ApiVersion = ApiVersion::default;

    fn user() -> IdentityId {
        "8:acs:a_b".parse().unwrap()
    }

    fn assert_sends(request: &ApiRequest, method: &str, path: &str, body: &str) {
        assert_eq!((request.method.as_str(), request.path.as_str()), (method, path));
        assert_eq!(request.body, body);
    }

    /// Operations without arguments send an empty body.
    #[test]
    fn operations_without_arguments_have_no_body() {
        assert_sends(&ApiRequest::create_user(), "POST", "/identities", "");
        let revoke = "/identities/8%3Aacs%3Aa_b/:revokeAccessTokens";
        assert_sends(&ApiRequest::revoke_tokens(&user()), "POST", revoke, "");
        assert_sends(&ApiRequest::delete_user(&user()), "DELETE", "/identities/8%3Aacs%3Aa_b", "");
    }

    /// A token is requested with its scopes and its lifetime.
    #[test]
    fn token_requests_name_scopes_and_lifetime() {
        let scopes = [Scope::Chat, Scope::VoipJoin];
        assert_sends(
            &ApiRequest::create_user_with_token(&scopes, Lifetime::MIN, LATEST()).unwrap(),
            "POST",
            "/identities",
            r#"{"createTokenWithScopes":["chat","voip.join"],"expiresInMinutes":60}"#,
        );
        assert_sends(
            &ApiRequest::issue_token(&user(), &scopes, Lifetime::DEFAULT, LATEST()).unwrap(),
            "POST",
            "/identities/8%3Aacs%3Aa_b/:issueAccessToken",
            r#"{"scopes":["chat","voip.join"],"expiresInMinutes":1440}"#,
        );
    }

    /// A version without lifetimes is sent none.
    #[test]
    fn old_versions_get_no_lifetime() {
        let issue = |lifetime, version: &str| {
            ApiRequest::issue_token(&user(), &[Scope::Chat], lifetime, version.parse().unwrap())
        };
        let day = issue(Lifetime::DEFAULT, "2022-06-01").unwrap();
        assert_eq!(day.body, r#"{"scopes":["chat"]}"#);
        assert!(issue(Lifetime::MIN, "2022-06-01").err().unwrap().is_rejected());
        let hour = issue(Lifetime::MIN, "2022-10-01").unwrap();
        assert_eq!(hour.body, r#"{"scopes":["chat"],"expiresInMinutes":60}"#);
    }

    /// A token without scopes is refused: its request would create an identity without a token.
    #[test]
    fn token_without_scopes_is_refused() {
        let refused = ApiRequest::create_user_with_token(&[], Lifetime::DEFAULT, LATEST());
        let error = refused.err().unwrap();
        assert!(error.is_rejected() && !error.is_ambiguous());
        assert_eq!(error.source().unwrap().to_string(), "a token needs at least one scope");
    }

    proptest! {
        /// An id is one segment of the path, which decodes to the id.
        #[test]
        fn id_is_one_path_segment(rest in "[0-9A-Za-z_-]{1,250}") {
            let id: IdentityId = format!("8:acs:{rest}").parse().unwrap();
            let path = identity_path(&id);
            let segment = path.strip_prefix("/identities/8%3Aacs%3A").unwrap();
            prop_assert_eq!(segment, &rest);
            let decoded = percent_decode_str(&path).decode_utf8().unwrap();
            prop_assert_eq!(decoded, format!("/identities/{id}"));
            prop_assert!(path.parse::<http::uri::PathAndQuery>().is_ok());
        }
    }
}
