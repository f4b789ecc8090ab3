#![doc = include_str!("../README.md")]
// The imports inside this crate go one way, from the last of these rooms to the first:
// `deadline` and `models`, `credentials`, `transport`, `error`, `pipeline`, `client`.
// A file imports from the module that owns an item, not from the list below.

mod client;
mod credentials;
mod deadline;
mod error;
mod models;
mod pipeline;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod transport;

pub use jiff::Timestamp;

pub use crate::client::IdentityClient;
pub use crate::credentials::access_key::{AccessKey, AccessKeyError};
pub use crate::credentials::connection_string::{
    ConnectionString, ConnectionStringError, ConnectionStringPart,
};
pub use crate::credentials::credential::Credential;
pub use crate::credentials::key_ring::{FreshKeys, KeyRing, KeySource};
pub use crate::credentials::signing;
pub use crate::deadline::Deadline;
pub use crate::error::Error;
pub use crate::models::api_version::{ApiVersion, ApiVersionError};
pub use crate::models::created_identity::{CreatedIdentity, FirstTokenError};
pub use crate::models::endpoint::{Endpoint, EndpointError};
pub use crate::models::identity_id::{IdentityId, IdentityIdError};
pub use crate::models::lifetime::{Lifetime, LifetimeError};
pub use crate::models::scope::{Scope, ScopeError};
pub use crate::models::token::{AccessToken, UserToken};
pub use crate::models::unreadable_response::UnreadableResponseError;
pub use crate::pipeline::options::ClientOptions;
pub use crate::transport::http_client::{BuildError, http_client, tls_config};
pub use crate::transport::reqwest_transport::ReqwestTransport;
pub use crate::transport::{Transport, TransportError};
