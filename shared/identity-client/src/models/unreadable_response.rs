//! Why the JSON of a successful response cannot be read.

/// A successful response is not the JSON that the API promises.
///
/// The error keeps the place where it went wrong, but not the parser's text, which may quote a
/// token.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the response cannot be read ({category:?} error at line {line}, column {column})")]
pub struct UnreadableResponseError {
    category: serde_json::error::Category,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for UnreadableResponseError {
    fn from(error: serde_json::Error) -> Self {
        Self { category: error.classify(), line: error.line(), column: error.column() }
    }
}
