//! The HTTP client of the path that serves every token: hyper's own, over rustls.
//!
//! A request through `reqwest` passes layers for redirects, cookies, proxies and retries, and its
//! URL is parsed anew in two of them. This path needs none of them, and each token takes two
//! requests. Everything else, such as the AWS SDK, goes through the one `reqwest` client.

mod client;
mod connector;

pub use crate::client::{HttpClient, SendError};
