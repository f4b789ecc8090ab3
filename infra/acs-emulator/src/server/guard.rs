//! Which requests may reach a port that is for programs of this machine, and for no web page.
//!
//! A page elsewhere can send simple requests to any port of its reader's machine. With a name that
//! leads to 127.0.0.1 (DNS rebinding) it can read the responses as well.

use std::net::Ipv4Addr;

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::json;

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// A request that is not for this port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignRequestError {
    /// It names another host than this machine, or none.
    #[error("Host must be localhost, 127.0.0.1 or [::1]")]
    Host,
    /// A web page sent it.
    #[error("programs may call this, and web pages may not")]
    Page,
}

impl ForeignRequestError {
    /// Returns the status of the response.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Page => StatusCode::FORBIDDEN,
        }
    }
}

/// Passes a request on unless a web page sent it.
pub(super) async fn keep_pages_out(request: Request, next: Next) -> Response {
    pass_or_refuse(sent_by_program(request.headers()), request, next).await
}

/// Passes a request on unless it names another host.
pub(super) async fn keep_other_hosts_out(request: Request, next: Next) -> Response {
    let checked = names_this_machine(request.headers(), request.uri());
    pass_or_refuse(checked, request, next).await
}

async fn pass_or_refuse(
    checked: Result<(), ForeignRequestError>,
    request: Request,
    next: Next,
) -> Response {
    match checked {
        Ok(()) => next.run(request).await,
        Err(error) => (error.status(), Json(json!({ "error": error.to_string() }))).into_response(),
    }
}

/// Checks that no web page sent a request. Browsers name the page's origin, or say that the user
/// typed the address.
///
/// # Errors
/// [`ForeignRequestError::Page`]
pub fn sent_by_program(headers: &HeaderMap) -> Result<(), ForeignRequestError> {
    let is_typed = headers.get(SEC_FETCH_SITE).is_none_or(|site| site == "none");
    if is_typed && !headers.contains_key(ORIGIN) { Ok(()) } else { Err(ForeignRequestError::Page) }
}

/// Checks that a request names this machine.
///
/// # Errors
/// [`ForeignRequestError::Host`]
pub fn names_this_machine(headers: &HeaderMap, uri: &Uri) -> Result<(), ForeignRequestError> {
    let mut hosts = headers.get_all(HOST).iter();
    let is_ours = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(is_local),
        // HTTP/2 has it in the target.
        (None, _) => uri.authority().is_some_and(|authority| is_local(authority.as_str())),
        (Some(_), Some(_)) => false,
    };
    if is_ours { Ok(()) } else { Err(ForeignRequestError::Host) }
}

/// Returns whether a host with or without ports is this machine. One SDK sends its port twice.
fn is_local(host: &str) -> bool {
    let end = host.find(']').map_or_else(|| host.find(':'), |bracket| Some(bracket + 1));
    let (name, ports) = host.split_at(end.unwrap_or(host.len()));
    let is_name = name.eq_ignore_ascii_case("localhost")
        || name == "[::1]"
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    is_name && ports.bytes().all(|byte| byte == b':' || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    mod guard {
        use super::*;

        /// A page whose name leads to 127.0.0.1 reads nothing; programs of this machine do.
        #[test]
        fn knows_this_machines_names() {
            let path = Uri::from_static("/");
            for (host, is_ours) in [
                ("localhost:8081", true),
                ("LOCALHOST", true),
                ("127.0.0.1:8081", true),
                ("127.0.0.1:8081:8081", true),
                ("[::1]:8081", true),
                ("evil.example", false),
                ("localhost.evil.example", false),
                ("localhost:1@evil.example", false),
                ("localhost/x", false),
                ("10.0.0.1", false),
                ("[::1].evil.example", false),
                ("", false),
            ] {
                let checked = names_this_machine(&headers(&[("host", host)]), &path);
                assert_eq!(checked.is_ok(), is_ours, "{host}");
            }
            let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
            assert!(names_this_machine(&two, &path).is_err());
            assert!(names_this_machine(&headers(&[]), &path).is_err());
            let target = Uri::from_static("https://localhost:8082/x");
            assert!(names_this_machine(&headers(&[]), &target).is_ok());
        }

        /// A page cannot regenerate the key; curl and a browser's address line can.
        #[test]
        fn knows_pages_by_their_headers() {
            for (pairs, is_program) in [
                (vec![], true),
                (vec![("sec-fetch-site", "none")], true),
                (vec![("sec-fetch-site", "cross-site")], false),
                (vec![("sec-fetch-site", "same-site")], false),
                (vec![("origin", "http://evil.example")], false),
                (vec![("origin", "null")], false),
            ] {
                assert_eq!(sent_by_program(&headers(&pairs)).is_ok(), is_program, "{pairs:?}");
            }
        }
    }
}
