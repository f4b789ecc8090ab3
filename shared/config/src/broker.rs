//! The broker and the ACS client, made from settings.

use std::sync::Arc;

use acs_broker_core::{BrokerSettings, TokenBroker, UniqueId};
use acs_broker_store_dynamodb::DynamoStore;
use identity_client::{ApiVersion, ClientOptions, IdentityClient, Transport};
use thiserror::Error;

use crate::acs::AcsResource;

/// The system gives no random bytes.
#[derive(Debug, Error)]
#[error("the system gives no random bytes")]
pub struct RandomnessError(#[source] getrandom::Error);

/// Returns the client of an ACS resource, whose requests `transport` carries.
#[must_use]
pub fn acs_client(
    acs: AcsResource,
    api_version: ApiVersion,
    transport: impl Transport,
) -> IdentityClient {
    let options = ClientOptions { api_version, ..ClientOptions::default() };
    IdentityClient::new(acs.endpoint, acs.keys, Arc::new(transport), options)
}

/// Returns the broker over a store and an ACS resource.
///
/// # Errors
/// The system gives no random bytes.
pub fn token_broker(
    store: DynamoStore,
    acs: IdentityClient,
    settings: BrokerSettings,
) -> Result<TokenBroker<DynamoStore>, RandomnessError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(RandomnessError)?;
    Ok(TokenBroker::new(store, acs, settings, UniqueId::counted_from(random)))
}
