//! What the product answered.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// An answer of the gateway, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// A header as text; empty where it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The `code` of a problem; empty where the answer is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.member("/code")
    }

    /// The ACS token.
    ///
    /// # Panics
    /// When the answer has none.
    #[must_use]
    pub fn token(&self) -> String {
        self.granted("/token")
    }

    /// The ACS identity for which the token is.
    ///
    /// # Panics
    /// When the answer has none.
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
