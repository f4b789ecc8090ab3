//! The client: one method for each operation.

use std::sync::Arc;

use crate::credentials::access_key::AccessKey;
use crate::credentials::connection_string::ConnectionString;
use crate::credentials::credential::Credential;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::models::created_identity::CreatedIdentity;
use crate::models::endpoint::Endpoint;
use crate::models::identity_id::IdentityId;
use crate::models::lifetime::Lifetime;
use crate::models::responses;
use crate::models::scope::Scope;
use crate::models::token::UserToken;
use crate::pipeline::api_request::ApiRequest;
use crate::pipeline::options::ClientOptions;
use crate::pipeline::outage::Outage;
use crate::pipeline::sender::Sender;
use crate::transport::Transport;
use crate::transport::http_client::{BuildError, http_client};
use crate::transport::reqwest_transport::ReqwestTransport;

/// A client of one Communication Services resource's identities. Clones share everything.
#[derive(Clone, Debug)]
pub struct IdentityClient(Arc<Sender>);

impl IdentityClient {
    /// Returns a client for the resource at `endpoint`, which authorizes its requests with
    /// `credential`.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        credential: impl Into<Credential>,
        transport: Arc<dyn Transport>,
        options: ClientOptions,
    ) -> Self {
        let keys = credential.into().into_key_ring();
        let outage = Outage::default();
        Self(Arc::new(Sender { endpoint, keys, transport, options, outage }))
    }

    /// Returns a client for the resource that the connection string names, over a network
    /// connection of its own and with default options.
    ///
    /// # Errors
    /// When the connection string is wrong or not `https`, or the HTTP client cannot be built.
    pub fn from_connection_string(text: &str) -> Result<Self, BuildError> {
        let ConnectionString { endpoint, access_key } = text.parse()?;
        let transport = Arc::new(ReqwestTransport::new(http_client(None)?));
        Ok(Self::new(endpoint, access_key, transport, ClientOptions::default()))
    }

    /// Returns the resource's address.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// Returns the access key that signs now. ACS kills the tokens of a key that is regenerated, so
    /// a caller who keeps tokens drops them when this key changes.
    #[must_use]
    pub fn key_in_use(&self) -> AccessKey {
        self.0.keys.key_in_use()
    }

    /// Creates an identity. Keep its id: ACS has no list of identities.
    ///
    /// # Errors
    /// See [`Error`]. After an ambiguous error there may be an identity whose id is lost.
    pub async fn create_user(&self, deadline: &Deadline) -> Result<IdentityId, Error> {
        self.0.send_and_read(&ApiRequest::create_user(), responses::read_identity, deadline).await
    }

    /// Creates an identity together with a first token, in one request. The token is a result of
    /// its own: ACS may leave it out.
    ///
    /// # Errors
    /// As for [`IdentityClient::create_user`]; also when `scopes` is empty.
    pub async fn create_user_with_token(
        &self,
        scopes: &[Scope],
        lifetime: Lifetime,
        deadline: &Deadline,
    ) -> Result<CreatedIdentity, Error> {
        let version = self.0.options.api_version;
        let request = ApiRequest::create_user_with_token(scopes, lifetime, version)?;
        let created = self.0.send_and_read(&request, responses::read_created, deadline).await?;
        if let Err(error) = &created.token {
            tracing::warn!(%error, "ACS created an identity without a usable token");
        }
        Ok(created)
    }

    /// Issues a token to `user`.
    ///
    /// # Errors
    /// See [`Error`]; also when `scopes` is empty.
    pub async fn issue_token(
        &self,
        user: &IdentityId,
        scopes: &[Scope],
        lifetime: Lifetime,
        deadline: &Deadline,
    ) -> Result<UserToken, Error> {
        let version = self.0.options.api_version;
        let request = ApiRequest::issue_token(user, scopes, lifetime, version)?;
        let token = self.0.send_and_read(&request, responses::read_token, deadline).await?;
        Ok(UserToken { identity: user.clone(), token })
    }

    /// Revokes every token that was issued to `user` until now. It can take ACS up to 15 minutes to
    /// make that known everywhere.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn revoke_tokens(&self, user: &IdentityId, deadline: &Deadline) -> Result<(), Error> {
        self.0.send(&ApiRequest::revoke_tokens(user), deadline).await.map(drop)
    }

    /// Deletes `user`, its tokens, and what ACS has stored for it.
    ///
    /// # Errors
    /// See [`Error`]. That the identity does not exist (any more) is an error too; whether it
    /// matters is the caller's decision.
    pub async fn delete_user(&self, user: &IdentityId, deadline: &Deadline) -> Result<(), Error> {
        self.0.send(&ApiRequest::delete_user(user), deadline).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
