//! The operations, each with the request that it sends and the response that it reads.

use std::error::Error as _;
use std::time::Duration;

use super::*;
use crate::models::created_identity::FirstTokenError;
use crate::testing::scripted_transport::{ScriptedTransport, Step};

const ID: &str = "8:acs:a_b";
const TOKEN: &str = r#"{"token":"eyJsecret","expiresOn":"2026-11-24T12:00:00.5+00:00"}"#;

fn deadline() -> Deadline {
    Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::from_secs(20))
}

fn user() -> IdentityId {
    ID.parse().unwrap()
}

fn scripted(status: u16, body: &str) -> (Arc<ScriptedTransport>, IdentityClient) {
    let transport = ScriptedTransport::new([Step::respond(status, body)]);
    let client = transport.client(ClientOptions::default());
    (transport, client)
}

/// The method and the target of the one request that was sent.
fn only_request(transport: &ScriptedTransport) -> String {
    let sent = transport.sent();
    assert_eq!(sent.len(), 1);
    let (_, request) = &sent[0];
    let has_json = request.headers().get("content-type").is_some();
    assert_eq!(has_json, !request.body().is_empty());
    assert_eq!(request.headers()["content-length"], request.body().len().to_string());
    format!("{} {}", request.method(), request.uri().path_and_query().unwrap())
}

/// A user is created, and its id is returned.
#[tokio::test]
async fn create_user_returns_the_id() {
    let (transport, client) = scripted(201, &format!(r#"{{"identity":{{"id":"{ID}"}}}}"#));
    assert_eq!(client.create_user(&deadline()).await.unwrap(), user());
    assert_eq!(only_request(&transport), "POST /identities?api-version=2023-10-01");
}

/// A user is created with a token, and both are returned.
#[tokio::test]
async fn create_with_token_returns_both() {
    let body = format!(r#"{{"identity":{{"id":"{ID}"}},"accessToken":{TOKEN}}}"#);
    let (transport, client) = scripted(201, &body);
    let created =
        client.create_user_with_token(&[Scope::Chat], Lifetime::MIN, &deadline()).await.unwrap();
    assert_eq!(created.identity, user());
    let token = created.token.unwrap();
    assert_eq!(token.secret(), "eyJsecret");
    assert_eq!(token.expires_on().to_string(), "2026-11-24T12:00:00.5Z");
    assert_eq!(only_request(&transport), "POST /identities?api-version=2023-10-01");
}

/// A user who is created without a usable token is returned all the same; the reason why there is
/// no token shows no secret.
#[tokio::test]
async fn created_identity_survives_bad_token() {
    for (rest, is_missing) in [
        ("", true),
        (r#","accessToken":null"#, true),
        (r#","accessToken":"eyJsecret""#, false),
        (r#","accessToken":{"token":"eyJsecret"}"#, false),
        (r#","accessToken":{"token":"eyJsecret","expiresOn":"eyJsecret"}"#, false),
        (r#","accessToken":{"token":"eyJsecret","expiresOn":"2026-11-24T12:00:00"}"#, false),
        (r#","accessToken":{"token":["eyJsecret"],"expiresOn":"2026-11-24T12:00:00Z"}"#, false),
    ] {
        let (transport, client) =
            scripted(201, &format!(r#"{{"identity":{{"id":"{ID}"}}{rest}}}"#));
        let created = client
            .create_user_with_token(&[Scope::Chat], Lifetime::DEFAULT, &deadline())
            .await
            .unwrap();
        assert_eq!((created.identity, transport.sent().len()), (user(), 1));
        let error = created.token.unwrap_err();
        assert_eq!(error == FirstTokenError::Missing, is_missing, "{rest}");
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        let shown = format!("{error} {error:?} {source}");
        assert!(!shown.contains("secret") && !shown.contains(ID), "{shown}");
    }
}

/// A token is issued in the version that the options name.
#[tokio::test]
async fn issue_token_uses_chosen_version() {
    let transport = ScriptedTransport::new([Step::respond(200, TOKEN)]);
    let api_version = "2022-10-01".parse().unwrap();
    let client = transport.client(ClientOptions { api_version, ..ClientOptions::default() });
    let issued =
        client.issue_token(&user(), &[Scope::Voip], Lifetime::MAX, &deadline()).await.unwrap();
    assert_eq!((issued.identity, issued.token.into_secret()), (user(), "eyJsecret".to_owned()));
    assert_eq!(
        only_request(&transport),
        "POST /identities/8%3Aacs%3Aa_b/:issueAccessToken?api-version=2022-10-01"
    );
}

/// A token that cannot be read is an error without secrets.
#[tokio::test]
async fn unreadable_issued_token_is_error() {
    let (_, client) = scripted(200, r#"{"token":"eyJsecret"}"#);
    let issued = client.issue_token(&user(), &[Scope::Chat], Lifetime::MAX, &deadline()).await;
    let error = issued.unwrap_err();
    assert!(error.is_ambiguous() && error.is_unavailable(), "{error:?}");
    let shown = format!("{error} {error:?} {}", error.source().unwrap());
    assert!(!shown.contains("secret") && !shown.contains(ID), "{shown}");
}

/// Tokens are revoked.
#[tokio::test]
async fn revoke_tokens_names_the_user() {
    let (transport, client) = scripted(204, "");
    client.revoke_tokens(&user(), &deadline()).await.unwrap();
    assert_eq!(
        only_request(&transport),
        "POST /identities/8%3Aacs%3Aa_b/:revokeAccessTokens?api-version=2023-10-01"
    );
}

/// A user is deleted.
#[tokio::test]
async fn delete_user_names_the_user() {
    let (transport, client) = scripted(204, "");
    client.delete_user(&user(), &deadline()).await.unwrap();
    assert_eq!(only_request(&transport), "DELETE /identities/8%3Aacs%3Aa_b?api-version=2023-10-01");
}

/// A text that is not an id is not passed on.
#[tokio::test]
async fn malformed_id_is_ambiguous_error() {
    for body in [r#"{"identity":{"id":"../x"}}"#, r#"{"identity":{}}"#, "{}", "null", "[]"] {
        let (_, client) = scripted(201, body);
        assert!(client.create_user(&deadline()).await.unwrap_err().is_ambiguous(), "{body}");
    }
}

/// `Debug` of a client does not print its key.
#[test]
fn debug_hides_the_key() {
    let client = ScriptedTransport::new([]).client(ClientOptions::default());
    assert!(!format!("{client:?}").contains("c2Vj"), "{client:?}");
}
