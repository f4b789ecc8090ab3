//! What each operation sends
//! (<https://learn.microsoft.com/rest/api/communication/identity/communication-identity>).

use std::error;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::{
    ApiVersion, Endpoint, Error, IdentityId, Lifetime, Scope,
    cause::{Cause, NotAsked},
    operation::Operation,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PRODUCT: HeaderValue =
    HeaderValue::from_static(concat!("identity-client/", env!("CARGO_PKG_VERSION")));

const IDENTITIES: &str = "/identities";

/// Everything but RFC 3986's unreserved characters, as Microsoft's SDKs encode ids.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request, before it is dated and signed.
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    /// Without the query.
    pub(crate) path: String,
    /// JSON, or nothing.
    pub(crate) body: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateRequest<'a> {
    create_token_with_scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_minutes: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenRequest<'a> {
    scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_minutes: Option<u32>,
}

impl Call {
    pub(crate) fn create_user() -> Self {
        Self::without_body(Operation::CreateUser, Method::POST, IDENTITIES.to_owned())
    }

    pub(crate) fn create_user_with_token(
        scopes: &[Scope],
        lifetime: Lifetime,
        version: ApiVersion,
    ) -> Result<Self, Error> {
        let call =
            Self::without_body(Operation::CreateUserWithToken, Method::POST, IDENTITIES.to_owned());
        let expires_in_minutes = call.minutes(scopes, lifetime, version)?;
        call.with_json(&CreateRequest { create_token_with_scopes: scopes, expires_in_minutes })
    }

    pub(crate) fn issue_token(
        user: &IdentityId,
        scopes: &[Scope],
        lifetime: Lifetime,
        version: ApiVersion,
    ) -> Result<Self, Error> {
        let path = format!("{}/:issueAccessToken", identity_path(user));
        let call = Self::without_body(Operation::IssueToken, Method::POST, path);
        let expires_in_minutes = call.minutes(scopes, lifetime, version)?;
        call.with_json(&TokenRequest { scopes, expires_in_minutes })
    }

    pub(crate) fn revoke_tokens(user: &IdentityId) -> Self {
        let path = format!("{}/:revokeAccessTokens", identity_path(user));
        Self::without_body(Operation::RevokeTokens, Method::POST, path)
    }

    pub(crate) fn delete_user(user: &IdentityId) -> Self {
        Self::without_body(Operation::DeleteUser, Method::DELETE, identity_path(user))
    }

    /// The request to the resource at `endpoint`, not signed yet.
    pub(crate) fn request(
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
        // hyper leaves it out of a POST without a body, and proxies answer such a POST with 411.
        headers.insert(CONTENT_LENGTH, self.body.len().into());
        if !self.body.is_empty() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        Ok(request)
    }

    fn without_body(operation: Operation, method: Method, path: String) -> Self {
        Self { operation, method, path, body: Bytes::new() }
    }

    fn with_json(self, request: &impl Serialize) -> Result<Self, Error> {
        match serde_json::to_vec(request) {
            Ok(body) => Ok(Self { body: body.into(), ..self }),
            Err(why) => Err(self.not_asked(NotAsked::Unwritable(why.into()))),
        }
    }

    /// The lifetime to send: none where the API version knows none. Refuses what would create an
    /// identity without a token, or a token that lives longer than was asked for.
    fn minutes(
        &self,
        scopes: &[Scope],
        lifetime: Lifetime,
        version: ApiVersion,
    ) -> Result<Option<u32>, Error> {
        match lifetime {
            _ if scopes.is_empty() => Err(self.not_asked(NotAsked::NoScopes)),
            _ if version.knows_lifetimes() => Ok(Some(lifetime.minutes())),
            Lifetime::DEFAULT => Ok(None),
            _ => Err(self.not_asked(NotAsked::NoLifetimes)),
        }
    }

    fn not_asked(&self, why: NotAsked) -> Error {
        Error::new(self.operation, Cause::NotAsked(why))
    }
}

/// `/identities/8%3Aacs%3A…`
fn identity_path(id: &IdentityId) -> String {
    format!("{IDENTITIES}/{}", utf8_percent_encode(id.as_ref(), ENCODED))
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

    fn assert_sends(call: &Call, method: &str, path: &str, body: &str) {
        assert_eq!((call.method.as_str(), call.path.as_str()), (method, path));
        assert_eq!(call.body, body);
    }

    #[test]
    fn operations_without_arguments_send_no_body() {
        assert_sends(&Call::create_user(), "POST", "/identities", "");
        let revoke = "/identities/8%3Aacs%3Aa_b/:revokeAccessTokens";
        assert_sends(&Call::revoke_tokens(&user()), "POST", revoke, "");
        assert_sends(&Call::delete_user(&user()), "DELETE", "/identities/8%3Aacs%3Aa_b", "");
    }

    #[test]
    fn a_token_is_asked_for_with_its_scopes_and_lifetime() {
        let scopes = [Scope::Chat, Scope::VoipJoin];
        assert_sends(
            &Call::create_user_with_token(&scopes, Lifetime::MIN, LATEST()).unwrap(),
            "POST",
            "/identities",
            r#"{"createTokenWithScopes":["chat","voip.join"],"expiresInMinutes":60}"#,
        );
        assert_sends(
            &Call::issue_token(&user(), &scopes, Lifetime::DEFAULT, LATEST()).unwrap(),
            "POST",
            "/identities/8%3Aacs%3Aa_b/:issueAccessToken",
            r#"{"scopes":["chat","voip.join"],"expiresInMinutes":1440}"#,
        );
    }

    #[test]
    fn versions_that_know_no_lifetime_are_not_told_one() {
        let issue = |lifetime, version: &str| {
            Call::issue_token(&user(), &[Scope::Chat], lifetime, version.parse().unwrap())
        };
        let day = issue(Lifetime::DEFAULT, "2022-06-01").unwrap();
        assert_eq!(day.body, r#"{"scopes":["chat"]}"#);
        assert!(issue(Lifetime::MIN, "2022-06-01").err().unwrap().is_rejected());
        let hour = issue(Lifetime::MIN, "2022-10-01").unwrap();
        assert_eq!(hour.body, r#"{"scopes":["chat"],"expiresInMinutes":60}"#);
    }

    #[test]
    fn a_token_without_scopes_would_create_an_identity_for_nothing() {
        let refused = Call::create_user_with_token(&[], Lifetime::DEFAULT, LATEST());
        let error = refused.err().unwrap();
        assert!(error.is_rejected() && !error.is_ambiguous());
        assert_eq!(error.source().unwrap().to_string(), "a token needs at least one scope");
    }

    proptest! {
        #[test]
        fn an_id_is_one_path_segment_that_decodes_to_itself(rest in "[0-9A-Za-z_-]{1,250}") {
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
