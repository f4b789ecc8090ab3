//! The page: its HTML, its style and its scripts, embedded in the program.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderMap, HeaderName, StatusCode};

use crate::console::app::Console;
use crate::console::problem::Problem;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
const NO_SNIFF: HeaderName = http::header::X_CONTENT_TYPE_OPTIONS;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

const INDEX: &str = include_str!("../../console/index.html");

/// The files under `/console/`: name, media type, content.
const FILES: [(&str, &str, &str); 9] = [
    ("console.css", CSS, include_str!("../../console/console.css")),
    ("api.js", JAVASCRIPT, include_str!("../../console/api.js")),
    ("dom.js", JAVASCRIPT, include_str!("../../console/dom.js")),
    ("faults.js", JAVASCRIPT, include_str!("../../console/faults.js")),
    ("main.js", JAVASCRIPT, include_str!("../../console/main.js")),
    ("people.js", JAVASCRIPT, include_str!("../../console/people.js")),
    ("snippets.js", JAVASCRIPT, include_str!("../../console/snippets.js")),
    ("timeline.js", JAVASCRIPT, include_str!("../../console/timeline.js")),
    ("user.js", JAVASCRIPT, include_str!("../../console/user.js")),
];

/// `GET /`: the page for a browser, a short text for a program.
pub(crate) async fn index(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        return respond(HTML, INDEX.to_owned());
    }
    respond(TEXT, addresses(console.parts.provider.issuer()))
}

/// `GET /console/{file}`.
pub(crate) async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, media_type, content)) => respond(media_type, (*content).to_owned()),
        None => Problem::new(StatusCode::NOT_FOUND, "the page has no such file").into_response(),
    }
}

fn respond(media_type: &'static str, content: String) -> Response {
    let headers = [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
        (NO_SNIFF, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, content).into_response()
}

fn addresses(gateway: &str) -> String {
    let curl = crate::ready::curl(gateway);
    format!(
        "The local stack of acs-token-broker. docs/local.md describes each address.\n\n\
         {gateway}/                          this console, in a browser\n\
         {gateway}/v1/token                  POST a token, DELETE revokes; the rest of the contract\n\
         {gateway}/dev/sign-in               POST {{\"subject\":\"alice\"}} signs in\n\
         {gateway}/dev                       the rest of this stack's API, a call in a line\n\n\
         Sign in and fetch a token:\n\n{curl}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    mod page {
        use super::*;

        /// The page needs no network and stays small.
        #[test]
        fn has_under_eighty_kilobytes() {
            let size: usize = FILES.iter().map(|(_, _, content)| content.len()).sum();
            assert!(size + INDEX.len() < 80_000, "{size}");
        }

        /// The policy forbids inline code, so a single line of it would be a dead button.
        #[test]
        fn holds_no_inline_code() {
            for forbidden in ["<style", " style=", " onclick=", "javascript:", "<script>"] {
                assert!(!INDEX.contains(forbidden), "{forbidden}");
                let is_script = |file: &&(&str, &str, &str)| file.1 == JAVASCRIPT;
                for (name, _, content) in FILES.iter().filter(is_script) {
                    assert!(!content.contains(forbidden), "{name}: {forbidden}");
                    assert!(!content.contains("innerHTML"), "{name}");
                }
            }
            for part in INDEX.split("/console/").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(FILES.iter().any(|(known, ..)| *known == name), "{name}");
            }
        }
    }
}
