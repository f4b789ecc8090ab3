//! An error with all its causes as one text.

use std::error::Error;
use std::fmt::Write as _;

/// Returns the error with all its causes, `outer: middle: inner`. `Display` shows the outermost
/// alone, and so do the loggers of Lambda.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // A transparent error shows its cause's text already.
        if !text.ends_with(&message) {
            // Writing to a `String` cannot fail.
            let _ = write!(text, ": {message}");
        }
        cause = error.source();
    }
    text
}
