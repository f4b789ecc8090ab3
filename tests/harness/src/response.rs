//! A response of the gateway.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// A response of the gateway, with its whole body.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Response {
    /// A header as text; empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; null if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The `code` of a problem; empty if the response is not a problem.
    #[must_use]
    pub fn code(&self) -> String {
        self.member("/code")
    }

    /// The outcome of each user in the response to an operator; empty if it is another response.
    #[must_use]
    pub fn outcomes(&self) -> Vec<String> {
        let json = self.json();
        let results = json["results"].as_array().into_iter().flatten();
        results.map(|one| one["outcome"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The ACS token.
    ///
    /// # Panics
    /// The response has none.
    #[must_use]
    pub fn token(&self) -> String {
        self.granted("/token")
    }

    /// The ACS identity that the token is for.
    ///
    /// # Panics
    /// The response has none.
    #[must_use]
    pub fn identity(&self) -> String {
        self.granted("/user/communicationUserId")
    }

    fn granted(&self, pointer: &str) -> String {
        let text = self.member(pointer);
        assert!(self.status == StatusCode::OK && !text.is_empty(), "no token: {self:?}");
        text
    }

    fn member(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}
