//! The operations.

use std::{sync::Arc, time::Duration};

use crate::{
    ApiVersion, BuildError, ConnectionString, Credential, Deadline, Endpoint, Error, IdentityId,
    KeyRing, Lifetime, ReqwestTransport, Scope, Transport, UserToken, answer, call::Call,
    http_client, sender::Sender,
};

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version of the Identity API that is spoken; `2023-10-01` by default.
    pub api_version: ApiVersion,
    /// The longest that one attempt may take; 5 seconds by default. The call's deadline may cut it short.
    pub attempt_timeout: Duration,
    /// How often a request is sent at most; 3 by default. No value allows none at all.
    pub max_attempts: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            api_version: ApiVersion::default(),
            attempt_timeout: Duration::from_secs(5),
            max_attempts: 3,
        }
    }
}

/// A client of one Communication Services resource's identities. Clones share everything.
#[derive(Clone, Debug)]
pub struct IdentityClient(Arc<Sender>);

impl IdentityClient {
    /// A client for the resource at `endpoint`, which authorises its requests with `credential`.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        credential: impl Into<Credential>,
        transport: Arc<dyn Transport>,
        options: Options,
    ) -> Self {
        let keys = match credential.into() {
            Credential::AccessKey(key) => KeyRing::new(key, Vec::new()),
            Credential::KeyRing(keys) => keys,
        };
        Self(Arc::new(Sender { endpoint, keys, transport, options }))
    }

    /// A client for the resource that the connection string names, over a network connection of its own
    /// and with default options.
    ///
    /// # Errors
    /// When the connection string is wrong or not `https`, or the HTTP client cannot be made.
    pub fn from_connection_string(text: &str) -> Result<Self, BuildError> {
        let ConnectionString { endpoint, access_key } = text.parse()?;
        let transport = Arc::new(ReqwestTransport::new(http_client(None)?));
        Ok(Self::new(endpoint, access_key, transport, Options::default()))
    }

    /// The resource's address.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// Creates an identity. Keep its id: ACS lists none.
    ///
    /// # Errors
    /// See [`Error`]. After an ambiguous error there may be an identity that nobody knows.
    pub async fn create_user(&self, deadline: &Deadline) -> Result<IdentityId, Error> {
        let created: answer::Created = self.0.ask(&Call::create_user(), deadline).await?;
        Ok(created.identity.id)
    }

    /// Creates an identity together with a first token, in one request.
    ///
    /// # Errors
    /// As for [`IdentityClient::create_user`]; also when `scopes` is empty.
    pub async fn create_user_with_token(
        &self,
        scopes: &[Scope],
        lifetime: Lifetime,
        deadline: &Deadline,
    ) -> Result<UserToken, Error> {
        let call = Call::create_user_with_token(scopes, lifetime, self.0.options.api_version)?;
        let created: answer::CreatedWithToken = self.0.ask(&call, deadline).await?;
        Ok(UserToken { identity: created.identity.id, token: created.access_token.0 })
    }

    /// Issues a token to `user`. Without a user, creates one and returns it with the token.
    ///
    /// # Errors
    /// See [`Error`]; also when `scopes` is empty. Without a user, as for
    /// [`IdentityClient::create_user`].
    pub async fn issue_token(
        &self,
        user: Option<&IdentityId>,
        scopes: &[Scope],
        lifetime: Lifetime,
        deadline: &Deadline,
    ) -> Result<UserToken, Error> {
        let Some(user) = user else {
            return self.create_user_with_token(scopes, lifetime, deadline).await;
        };
        let call = Call::issue_token(user, scopes, lifetime, self.0.options.api_version)?;
        let answer::Token(token) = self.0.ask(&call, deadline).await?;
        Ok(UserToken { identity: user.clone(), token })
    }

    /// Revokes every token that was issued to `user` until now. It can take ACS up to 15 minutes to make
    /// that known everywhere.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn revoke_tokens(&self, user: &IdentityId, deadline: &Deadline) -> Result<(), Error> {
        self.0.send(&Call::revoke_tokens(user), deadline).await.map(drop)
    }

    /// Deletes `user`, its tokens, and what ACS has stored for it.
    ///
    /// # Errors
    /// See [`Error`]. That the identity does not exist (any more) is an error too; whether it matters is
    /// the caller's decision.
    pub async fn delete_user(&self, user: &IdentityId, deadline: &Deadline) -> Result<(), Error> {
        self.0.send(&Call::delete_user(user), deadline).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::scripted_transport::{ScriptedTransport, Step};

    const ID: &str = "8:acs:a_b";
    const TOKEN: &str = r#"{"token":"eyJsecret","expiresOn":"2026-11-24T12:00:00.5+00:00"}"#;

    fn deadline() -> Deadline {
        Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::from_secs(20))
    }

    fn user() -> IdentityId {
        ID.parse().unwrap()
    }

    /// Method and target of the one request that was sent.
    fn only_request(transport: &ScriptedTransport) -> String {
        let sent = transport.sent();
        assert_eq!(sent.len(), 1);
        let (_, request) = &sent[0];
        let has_json = request.headers().get("content-type").is_some();
        assert_eq!(has_json, !request.body().is_empty());
        assert_eq!(request.headers()["content-length"], request.body().len().to_string());
        format!("{} {}", request.method(), request.uri().path_and_query().unwrap())
    }

    #[tokio::test]
    async fn a_user_is_created_and_its_id_returned() {
        let answer = format!(r#"{{"identity":{{"id":"{ID}"}}}}"#);
        let transport = ScriptedTransport::new([Step::answer(201, &answer)]);
        let client = transport.client(Options::default());
        assert_eq!(client.create_user(&deadline()).await.unwrap(), user());
        assert_eq!(only_request(&transport), "POST /identities?api-version=2023-10-01");
    }

    #[tokio::test]
    async fn a_token_for_nobody_creates_a_user_and_returns_both() {
        let answer = format!(r#"{{"identity":{{"id":"{ID}"}},"accessToken":{TOKEN}}}"#);
        let transport = ScriptedTransport::new([Step::answer(201, &answer)]);
        let client = transport.client(Options::default());
        let scopes = [Scope::Chat];
        let issued = client.issue_token(None, &scopes, Lifetime::MIN, &deadline()).await.unwrap();
        assert_eq!(issued.identity, user());
        assert_eq!(issued.token.secret(), "eyJsecret");
        assert_eq!(issued.token.expires_on().to_string(), "2026-11-24T12:00:00.5Z");
        assert_eq!(only_request(&transport), "POST /identities?api-version=2023-10-01");
    }

    #[tokio::test]
    async fn a_token_is_issued_in_the_version_that_was_chosen() {
        let transport = ScriptedTransport::new([Step::answer(200, TOKEN)]);
        let api_version = "2022-10-01".parse().unwrap();
        let client = transport.client(Options { api_version, ..Options::default() });
        let issued = client
            .issue_token(Some(&user()), &[Scope::Voip], Lifetime::MAX, &deadline())
            .await
            .unwrap();
        assert_eq!((issued.identity, issued.token.into_secret()), (user(), "eyJsecret".to_owned()));
        assert_eq!(
            only_request(&transport),
            "POST /identities/8%3Aacs%3Aa_b/:issueAccessToken?api-version=2022-10-01"
        );
    }

    #[tokio::test]
    async fn tokens_are_revoked_and_users_deleted() {
        let transport = ScriptedTransport::new([Step::answer(204, "")]);
        let client = transport.client(Options::default());
        client.revoke_tokens(&user(), &deadline()).await.unwrap();
        assert_eq!(
            only_request(&transport),
            "POST /identities/8%3Aacs%3Aa_b/:revokeAccessTokens?api-version=2023-10-01"
        );

        let transport = ScriptedTransport::new([Step::answer(204, "")]);
        let client = transport.client(Options::default());
        client.delete_user(&user(), &deadline()).await.unwrap();
        assert_eq!(
            only_request(&transport),
            "DELETE /identities/8%3Aacs%3Aa_b?api-version=2023-10-01"
        );
    }

    #[tokio::test]
    async fn a_created_user_without_a_usable_token_is_an_ambiguous_error_without_secrets() {
        for rest in [
            "",
            r#","accessToken":null"#,
            r#","accessToken":"eyJsecret""#,
            r#","accessToken":{"token":"eyJsecret"}"#,
            r#","accessToken":{"token":"eyJsecret","expiresOn":"eyJsecret"}"#,
            r#","accessToken":{"token":["eyJsecret"],"expiresOn":"2026-11-24T12:00:00Z"}"#,
        ] {
            let answer = format!(r#"{{"identity":{{"id":"{ID}"}}{rest}}}"#);
            let transport = ScriptedTransport::new([Step::answer(201, &answer)]);
            let client = transport.client(Options::default());
            let error = client
                .create_user_with_token(&[Scope::Chat], Lifetime::DEFAULT, &deadline())
                .await
                .unwrap_err();
            assert!(error.is_ambiguous() && error.is_unavailable(), "{error:?}");
            let shown = format!("{error} {error:?} {}", error.source().unwrap());
            assert!(!shown.contains("secret") && !shown.contains(ID), "{shown}");
        }
    }

    #[tokio::test]
    async fn an_id_that_is_none_is_not_passed_on() {
        for answer in [r#"{"identity":{"id":"../x"}}"#, r#"{"identity":{}}"#, "{}", "null", "[]"] {
            let transport = ScriptedTransport::new([Step::answer(201, answer)]);
            let client = transport.client(Options::default());
            assert!(client.create_user(&deadline()).await.unwrap_err().is_ambiguous(), "{answer}");
        }
    }

    #[test]
    fn debug_of_a_client_does_not_print_its_key() {
        let client = ScriptedTransport::new([]).client(Options::default());
        assert!(!format!("{client:?}").contains("c2Vj"), "{client:?}");
    }
}
