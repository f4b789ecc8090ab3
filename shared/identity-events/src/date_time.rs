//! The date-times that events may hold.

use jiff::Timestamp;

/// Returns the instant that an RFC 3339 (section 5.6) date-time of the years 2000 to 2999 names:
/// in capitals, without leap seconds, to the nanosecond.
///
/// Jiff takes more: a space for the `T`, the name of a zone, offsets of a whole day.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let (moment, rest) = text.split_at_checked(19)?;
    let (fraction, offset) = rest.split_at_checked(rest.find(['Z', '+', '-'])?)?;
    // Jiff takes second 60 as 59: an event must not move, so it is refused.
    let is_moment = shape(moment) == "0000-00-00T00:00:00"
        && moment.starts_with('2')
        && !moment.ends_with("60");
    let is_fraction = match fraction.strip_prefix('.') {
        Some(digits) => {
            (1..=9).contains(&digits.len()) && digits.bytes().all(|d| d.is_ascii_digit())
        }
        None => fraction.is_empty(),
    };
    let is_offset = match offset.strip_prefix(['+', '-']) {
        Some(hours) => shape(hours) == "00:00" && hours < "24",
        None => offset == "Z",
    };
    // The shape is right; whether the day exists, jiff decides.
    if is_moment && is_fraction && is_offset { text.parse().ok() } else { None }
}

/// Returns the text with each digit as `0`.
fn shape(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every RFC 3339 date-time in capitals is taken, whatever its offset.
    #[test]
    fn rfc_3339_is_taken() {
        for (text, second) in [
            ("2026-11-20T12:00:00Z", 1_795_176_000),
            ("2026-11-20T12:00:00.999999999Z", 1_795_176_000),
            ("2026-11-20T13:30:00+01:30", 1_795_176_000),
            ("2026-11-19T12:01:00-23:59", 1_795_176_000),
        ] {
            assert_eq!(parse(text).map(Timestamp::as_second), Some(second), "{text}");
        }
    }

    /// Any other text is refused, though jiff or a person may read a time in it.
    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "soon",
            "1795176000",
            "2026-11-20",
            "2026-11-20T12:00:00",
            "2026-11-20 12:00:00Z",
            "2026-11-20t12:00:00z",
            "2026-11-20T12:00Z",
            "2026-11-20T12:00:60Z",
            "2026-02-30T12:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T12:00:00.Z",
            "2026-11-20T12:00:00.1234567891Z",
            "2026-11-20T12:00:00+24:00",
            "2026-11-20T12:00:00+0100",
            "2026-11-20T12:00:00Z[UTC]",
            "1999-12-31T23:59:59Z",
            "+002026-11-20T12:00:00Z",
            "２026-11-20T12:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
