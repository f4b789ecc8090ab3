//! The ACS Identity REST API: a request passes the handler, and an operation executes it.

pub(crate) mod auth;
pub(crate) mod error;
pub(crate) mod handler;
pub(crate) mod operations;
pub(crate) mod quotas;
pub(crate) mod response;
pub(crate) mod route;
pub(crate) mod tokens;
pub(crate) mod versions;
