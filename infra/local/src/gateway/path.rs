//! The path of a request as an HTTP API understands it.
//!
//! The service decodes the path before it routes, cuts it at a decoded `?`, and decodes it a second
//! time (captured on an HTTP API: github.com/hotsock/voker, `vokerhttp/testdata/ingress-paths.json`).
//! So a name in a path can become another route. That is why no subject stands in a path here.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Returns the path that routes and functions see; `None` where the service responds with 400.
#[must_use]
pub(crate) fn routed_path(raw: &str) -> Option<String> {
    let once = decoded(raw)?;
    let path = once.split('?').next().unwrap_or_default();
    decoded(path)
}

/// Decodes a path once; `None` where a `%` begins no byte, or the bytes are not UTF-8.
fn decoded(path: &str) -> Option<String> {
    let is_byte = |rest: &str| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !path.split('%').skip(1).all(is_byte) {
        return None;
    }
    percent_decode_str(path).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    mod path {
        use super::super::routed_path;

        /// A developer must see here what the real gateway would do to a path.
        #[test]
        fn is_decoded_as_captured() {
            for (raw, routed) in [
                ("/v1/users/a%3Fb/token", Some("/v1/users/a")),
                ("/v1/users/a%25b/token", None),
                ("/v1/users/a%252Fb/token", Some("/v1/users/a/b/token")),
                ("/v1/users/a%252Ftoken", Some("/v1/users/a/token")),
                ("/v1/users/a%253Fb/token", Some("/v1/users/a?b/token")),
                ("/v1/users/a%2525b/token", Some("/v1/users/a%b/token")),
                ("/v1/%74oken", Some("/v1/token")),
            ] {
                assert_eq!(routed_path(raw).as_deref(), routed, "{raw}");
            }
        }

        /// A path that is not text is refused before a function sees it.
        #[test]
        fn refuses_what_is_not_text() {
            for raw in ["/v1/%FF", "/v1/%", "/v1/%4", "/v1/%zz"] {
                assert_eq!(routed_path(raw), None, "{raw}");
            }
        }
    }
}
