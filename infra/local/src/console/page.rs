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

/// The token refresher that the documents show and the tests run, and where its part for them lies.
const REFRESHER: &str = include_str!("../../../../tests/sdk/js/refresher.mjs");
const SHOWN: [&str; 2] = ["// The page begins\n", "// The page ends\n"];
/// The package that it imports, and where this page has it.
const PACKAGE: [&str; 2] = ["@azure/communication-common", "/console/communication-common.js"];

/// The files under `/console/`: name, media type, content.
const FILES: [(&str, &str, &str); 16] = [
    (
        "CommunicationCredential.kt",
        TEXT,
        include_str!("../../../../docs/clients/CommunicationCredential.kt"),
    ),
    (
        "CommunicationCredential.swift",
        TEXT,
        include_str!("../../../../docs/clients/CommunicationCredential.swift"),
    ),
    ("console.css", CSS, include_str!("../../console/console.css")),
    ("api.js", JAVASCRIPT, include_str!("../../console/api.js")),
    (
        "communication-common.js",
        JAVASCRIPT,
        include_str!("../../console/vendor/communication-common.js"),
    ),
    ("demo.js", JAVASCRIPT, include_str!("../../console/demo.js")),
    ("dom.js", JAVASCRIPT, include_str!("../../console/dom.js")),
    ("events.js", JAVASCRIPT, include_str!("../../console/events.js")),
    ("faults.js", JAVASCRIPT, include_str!("../../console/faults.js")),
    ("main.js", JAVASCRIPT, include_str!("../../console/main.js")),
    ("people.js", JAVASCRIPT, include_str!("../../console/people.js")),
    ("snippets.js", JAVASCRIPT, include_str!("../../console/snippets.js")),
    ("stack.js", JAVASCRIPT, include_str!("../../console/stack.js")),
    ("steps.js", JAVASCRIPT, include_str!("../../console/steps.js")),
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
    match name.as_str() {
        "refresher.mjs" => return respond(TEXT, shown_refresher().to_owned()),
        "refresher.js" => {
            let [package, here] = PACKAGE;
            return respond(JAVASCRIPT, shown_refresher().replace(package, here));
        }
        _ => {}
    }
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, media_type, content)) => respond(media_type, (*content).to_owned()),
        None => Problem::new(StatusCode::NOT_FOUND, "the page has no such file").into_response(),
    }
}

/// Returns the part of the refresher that the documents show.
fn shown_refresher() -> &'static str {
    let [begin, end] = SHOWN;
    let shown = REFRESHER.split_once(begin).and_then(|(_, rest)| rest.split_once(end));
    shown.map_or(REFRESHER, |(shown, _)| shown)
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
    use base64::Engine as _;

    use super::*;

    mod page {
        use super::*;

        const VENDORED: &str = "communication-common.js";

        /// The page needs no network and stays small.
        #[test]
        fn has_under_eighty_kilobytes() {
            let own = FILES.iter().filter(|(name, ..)| *name != VENDORED);
            let size: usize = own.map(|(_, _, content)| content.len()).sum();
            assert!(size + INDEX.len() < 80_000, "{size}");
        }

        /// The package in the page is the one whose build its README describes.
        #[test]
        fn has_the_package_of_its_pin() {
            let (_, _, content) = FILES.iter().find(|(name, ..)| *name == VENDORED).unwrap();
            assert!(content.len() < 100_000, "{}", content.len());
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content.as_bytes());
            let hash = base64::engine::general_purpose::STANDARD.encode(digest);
            let readme = include_str!("../../console/vendor/README.md");
            assert!(readme.contains(&hash), "{hash}");
            let [package, _] = PACKAGE;
            assert!(
                shown_refresher().contains(package) && !shown_refresher().contains("page ends")
            );
        }

        /// The policy forbids inline code, so a single line of it would be a dead button.
        #[test]
        fn holds_no_inline_code() {
            for forbidden in ["<style", " style=", " onclick=", "javascript:", "<script>"] {
                assert!(!INDEX.contains(forbidden), "{forbidden}");
                let is_script = |file: &&(&str, &str, &str)| file.1 == JAVASCRIPT;
                let own = FILES.iter().filter(is_script).filter(|(name, ..)| *name != VENDORED);
                for (name, _, content) in own {
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
