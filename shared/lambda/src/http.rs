//! Requests that come through the gateway, and their responses.

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod claims;
pub(crate) mod event;
pub(crate) mod member;
pub(crate) mod operators;
pub(crate) mod problem;
pub(crate) mod problem_code;
pub(crate) mod query;
pub(crate) mod response;
pub(crate) mod route;
pub(crate) mod service;
