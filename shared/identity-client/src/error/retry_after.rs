//! How long a response asks to wait.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The longest delay that is passed on.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);
/// Azure's own headers, in milliseconds. They are more exact than `Retry-After` and go before it,
/// as in Microsoft's SDKs.
const RETRY_AFTER_MILLIS: [&str; 2] = ["retry-after-ms", "x-ms-retry-after-ms"];

/// Returns the delay of the first header that can be read; `now` turns a date into a delay.
pub(crate) fn read_retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = |name: &str| text(name)?.parse().ok().map(Duration::from_millis);
    let delay = RETRY_AFTER_MILLIS
        .into_iter()
        .find_map(millis)
        .or_else(|| seconds_or_date(text(RETRY_AFTER.as_str())?, now))?;
    Some(delay.min(MAX_RETRY_AFTER))
}

/// Reads the value of `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn seconds_or_date(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(value).ok()?;
    // A date in the past is a delay of zero.
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn delay(headers: &[(&str, &str)]) -> Option<Duration> {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        });
        read_retry_after(&headers.collect(), "2026-11-23T12:00:00Z".parse().unwrap())
    }

    /// `Retry-After` is seconds or a date, and its delay is never longer than a day.
    #[test]
    fn retry_after_is_seconds_or_date() {
        for (value, seconds) in [
            ("5", Some(5)),
            ("0", Some(0)),
            ("Mon, 23 Nov 2026 12:00:30 GMT", Some(30)),
            ("Mon, 23 Nov 2026 11:59:30 GMT", Some(0)),
            ("18446744073709551615", Some(86_400)),
            ("18446744073709551616", None),
            ("-5", None),
            ("1.5", None),
            ("", None),
        ] {
            let read = delay(&[("retry-after", value)]);
            assert_eq!(read, seconds.map(Duration::from_secs), "{value:?}");
        }
        assert_eq!(delay(&[]), None);
    }

    /// Each header in milliseconds is read, and its delay is never longer than a day.
    #[test]
    fn millisecond_headers_are_read() {
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
            for (value, millis) in [
                ("250", Some(250)),
                (" 0 ", Some(0)),
                ("86400001", Some(86_400_000)),
                ("18446744073709551616", None),
                ("-5", None),
                ("1.5", None),
                ("Mon, 23 Nov 2026 12:00:30 GMT", None),
            ] {
                assert_eq!(delay(&[(name, value)]), millis.map(Duration::from_millis), "{value}");
            }
        }
    }

    /// Milliseconds go before seconds; a header that cannot be read gives way to the next.
    #[test]
    fn milliseconds_precede_seconds() {
        let (first, second, last) = ("retry-after-ms", "x-ms-retry-after-ms", "retry-after");
        let all = [(last, "7"), (second, "20"), (first, "10")];
        assert_eq!(delay(&all), Some(Duration::from_millis(10)));
        assert_eq!(delay(&all[..2]), Some(Duration::from_millis(20)));
        let unreadable = [(first, "soon"), (second, ""), (last, "7")];
        assert_eq!(delay(&unreadable), Some(Duration::from_secs(7)));
    }
}
