//! The HTTP API in front of the functions: it treats requests as API Gateway does.

pub(crate) mod authorization_error;
pub(crate) mod authorizer;
pub(crate) mod bearer;
pub(crate) mod claims;
pub(crate) mod connection;
pub(crate) mod cors;
pub(crate) mod event;
pub(crate) mod gateway_faults;
pub(crate) mod path;
pub(crate) mod request_body;
pub(crate) mod request_headers;
pub(crate) mod request_id;
pub(crate) mod response;
pub(crate) mod routes;
pub(crate) mod server;
pub(crate) mod token_lifetime;
pub(crate) mod wire;
