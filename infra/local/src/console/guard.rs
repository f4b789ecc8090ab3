//! Which requests may reach the console and the API under `/dev`.
//!
//! A page elsewhere could give its own name the address 127.0.0.1 (DNS rebinding), or send a form
//! here. Both would be able to read sessions and to drive the stack. Where the gateway listens on
//! more than this machine's own address, another machine could do so with a `Host` of its choice.

use std::net::{IpAddr, SocketAddr};

use acs_emulator::names_this_machine;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::console::problem::Problem;

const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// Signs a user in for any page: apps under development call it.
const SIGN_IN: &str = "/dev/sign-in";

/// From where the page and the calls under `/dev` may come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// The address of this machine on which the gateway listens.
    pub(crate) own: IpAddr,
    /// Whether other machines may do what this one may.
    pub(crate) is_anywhere: bool,
}

impl Reach {
    fn includes(self, peer: IpAddr) -> bool {
        self.is_anywhere || peer == self.own || peer.to_canonical().is_loopback()
    }
}

/// Passes a request on, or refuses it with 421 or 403.
pub(crate) async fn guard(
    State(reach): State<Reach>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let is_near = reach.includes(peer.ip());
    match check(request.method(), request.uri(), request.headers(), is_near) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(method: &Method, uri: &Uri, headers: &HeaderMap, is_near: bool) -> Result<(), Problem> {
    let path = uri.path();
    let is_dev = path == "/dev" || path.starts_with("/dev/");
    if !is_dev && path != "/" && !path.starts_with("/console/") {
        return Ok(());
    }
    // A phone or the Android emulator signs in by an address. A page that attacks needs a name.
    if !(path == SIGN_IN && names_address(headers)) {
        let named = names_this_machine(headers, uri);
        named.map_err(|error| Problem::new(error.status(), error.to_string()))?;
    }
    if !is_near && path != SIGN_IN {
        let detail = "another machine may call this only with the option --dev-from-anywhere";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    if is_dev && path != SIGN_IN && !method.is_safe() && !is_same_origin(headers) {
        let detail = "only the console's own page and programs without Origin may call this";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(())
}

/// Returns whether a request names an IP address, and no other host.
fn names_address(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.to_str().unwrap_or_default();
    host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok()
}

/// Returns whether the page of this origin sent the request, or a program that is not a browser.
fn is_same_origin(headers: &HeaderMap) -> bool {
    match headers.get(SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => !headers.contains_key(ORIGIN),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::connect_info::MockConnectInfo;
    use axum::middleware::from_fn_with_state;
    use http::HeaderValue;
    use http::header::HeaderName;
    use tower_service::Service as _;

    use super::*;

    fn status(method: &Method, path: &str, headers: &[(&'static str, &'static str)]) -> u16 {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(pair).collect();
        match check(method, &path.parse().unwrap(), &headers, true) {
            Ok(()) => 200,
            Err(problem) => problem.into_response().status().as_u16(),
        }
    }

    mod guard {
        use super::*;

        /// A page that gives its name the address 127.0.0.1 reads and drives nothing.
        #[test]
        fn refuses_hosts_of_others() {
            for (host, expected) in [
                ("localhost:8080", 200),
                ("LOCALHOST", 200),
                ("127.0.0.1:8080", 200),
                ("[::1]:8080", 200),
                ("evil.example", 421),
                ("localhost.evil.example", 421),
                ("evil.example@localhost", 421),
                ("localhost/x", 421),
                ("10.0.0.1", 421),
                ("", 421),
            ] {
                for path in ["/", "/dev", "/dev/users", "/dev/events", "/console/main.js"] {
                    assert_eq!(status(&Method::GET, path, &[("host", host)]), expected, "{host}");
                }
                let expected = if host == "10.0.0.1" { 200 } else { expected };
                let sign_in = status(&Method::POST, "/dev/sign-in", &[("host", host)]);
                assert_eq!(sign_in, expected, "{host}");
                assert_eq!(status(&Method::GET, "/v1/token", &[("host", host)]), 200, "{host}");
            }
            assert_eq!(status(&Method::GET, "/dev/users", &[]), 421);
        }

        /// A form on another page cannot delete a user; curl and the console can.
        #[test]
        fn refuses_unsafe_calls_of_other_pages() {
            let host = ("host", "127.0.0.1:8080");
            let own = ("origin", "http://127.0.0.1:8080");
            let other = ("origin", "http://evil.example");
            for (headers, expected) in [
                (vec![host], 200),
                (vec![host, own, ("sec-fetch-site", "same-origin")], 200),
                (vec![host, other], 403),
                (vec![host, other, ("sec-fetch-site", "cross-site")], 403),
                (vec![host, ("sec-fetch-site", "same-site")], 403),
                (vec![host, ("sec-fetch-site", "none")], 403),
            ] {
                let post = |path| status(&Method::POST, path, &headers);
                assert_eq!(post("/dev/operate"), expected, "{headers:?}");
                assert_eq!(post("/dev/sign-in"), 200, "{headers:?}");
            }
        }

        /// Another machine in the network of a phone cannot reset the stack by a forged Host.
        #[tokio::test]
        async fn refuses_other_machines() {
            for (own, is_anywhere, peer, expected) in [
                ("0.0.0.0", false, "127.0.0.1", 200),
                ("::", false, "::ffff:127.0.0.1", 200),
                ("0.0.0.0", false, "192.168.1.9", 403),
                ("192.168.1.5", false, "192.168.1.9", 403),
                ("192.168.1.5", false, "192.168.1.5", 200),
                ("0.0.0.0", true, "172.17.0.1", 200),
            ] {
                let reach = Reach { own: own.parse().unwrap(), is_anywhere };
                let peer = SocketAddr::new(peer.parse().unwrap(), 50_000);
                let router = Router::new()
                    .fallback(async || "")
                    .layer(from_fn_with_state(reach, guard))
                    .layer(MockConnectInfo(peer));
                for (path, expected) in [("/dev/users", expected), ("/dev/sign-in", 200)] {
                    let request = Request::get(path).header(HOST, "localhost");
                    let request = request.body(Body::empty()).unwrap();
                    let response = router.clone().call(request).await.unwrap();
                    assert_eq!(response.status(), expected, "{own} {peer} {path}");
                }
            }
        }
    }
}
