//! How a line for people looks.

use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

/// The longest part of a line that a caller chooses, in characters.
const MAX_PART: usize = 80;

/// Whether a line has colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub is_coloured: bool,
}

impl Style {
    /// Returns the text, less bright than the rest.
    pub(crate) fn faint(self, text: &str) -> String {
        self.coloured("2", text)
    }

    fn status(self, status: StatusCode) -> String {
        let code = match status.as_u16() {
            500.. => "31",
            400.. => "33",
            _ => "32",
        };
        self.coloured(code, status.as_str())
    }

    fn coloured(self, code: &str, text: &str) -> String {
        if self.is_coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// One request and its response.
#[derive(Debug)]
pub(crate) struct RequestLine<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// As the request names it, without the query, in which a token may stand by mistake.
    pub path: &'a str,
    /// The signed-in user.
    pub subject: Option<&'a str>,
    /// The response's status.
    pub status: StatusCode,
    /// How long the response took.
    pub elapsed: Duration,
    /// What happened, or why the request was refused.
    pub remark: &'a str,
}

impl RequestLine<'_> {
    /// Returns the line without its time.
    pub(crate) fn text(&self, style: Style) -> String {
        let (path, subject) = (part(self.path), part(self.subject.unwrap_or("-")));
        let (status, elapsed) = (style.status(self.status), self.elapsed.as_millis());
        let mut text = format!("{} {path}  {subject}  {status}  {elapsed} ms", self.method);
        if !self.remark.is_empty() {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "  {}", escaped(self.remark));
        }
        text
    }
}

/// Returns the time of day in UTC, as the responses and the functions' lines have it.
pub(crate) fn time(now: Timestamp) -> String {
    now.strftime("%H:%M:%S").to_string()
}

fn part(text: &str) -> String {
    let mut part = escaped(text).chars().take(MAX_PART + 1).collect::<String>();
    if part.chars().count() > MAX_PART {
        part.pop();
        part.push('…');
    }
    part
}

/// Returns the text with its control characters spelt out, so that no caller can move the cursor
/// or begin a line.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    mod request_line {
        use super::super::*;

        const LINE: RequestLine<'static> = RequestLine {
            method: "POST",
            path: "/v1/token",
            subject: Some("alice"),
            status: StatusCode::OK,
            elapsed: Duration::from_micros(29_400),
            remark: "identity created",
        };

        /// A developer finds the user's name and what happened.
        #[test]
        fn names_user_and_event() {
            let text = LINE.text(Style { is_coloured: false });
            assert_eq!(text, "POST /v1/token  alice  200  29 ms  identity created");
        }

        /// A refusal is seen at a glance on a terminal.
        #[test]
        fn colours_the_status() {
            let line = RequestLine { status: StatusCode::UNAUTHORIZED, remark: "", ..LINE };
            let text = line.text(Style { is_coloured: true });
            assert_eq!(text, "POST /v1/token  alice  \u{1b}[33m401\u{1b}[0m  29 ms");
        }

        /// A user's name must not write a second line or clear the screen.
        #[test]
        fn escapes_control_characters() {
            let line = RequestLine { subject: Some("a\n\u{1b}[2J"), remark: "b\r", ..LINE };
            let text = line.text(Style { is_coloured: false });
            assert_eq!(text, r"POST /v1/token  a\n\u{1b}[2J  200  29 ms  b\r");
        }
    }
}
