//! Plain columns of text, which can be read, searched and copied.

use comfy_table::{Table, presets};
use identity_client::Timestamp;
use jiff::SignedDuration;

/// Returns rows as aligned columns, with a header where one is given.
pub(crate) fn columns<const N: usize>(
    header: Option<[&str; N]>,
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(header) = header {
        table.set_header(header);
    }
    let printable = |cell: String| cell.replace(steers_terminals, "\u{fffd}");
    table.add_rows(rows.into_iter().map(|row| row.map(printable)));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns whether a character of text that others wrote could move the cursor or turn text around
/// (Unicode Standard Annex #9, section 2).
pub(crate) fn steers_terminals(c: char) -> bool {
    let is_bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_bidi
}

/// Returns text of several lines without the characters that steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.replace(|c: char| c != '\n' && steers_terminals(c), "\u{fffd}")
}

/// Returns the text of an absent value.
pub(crate) fn none() -> String {
    "-".to_owned()
}

/// Returns an instant's text, or that of an absent value.
pub(crate) fn or_none(instant: Option<Timestamp>) -> String {
    instant.map_or_else(none, |instant| instant.to_string())
}

/// Returns how far an instant is from now, with the instant itself: `5m ago, 2026-…`.
pub(crate) fn when(instant: Timestamp, now: Timestamp) -> String {
    let seconds = instant.duration_since(now).as_secs();
    let distance = match seconds.abs() {
        0 => return format!("now, {instant}"),
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ ..3_600 => format!("{}m", seconds / 60),
        seconds @ ..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    };
    if seconds < 0 {
        format!("{distance} ago, {instant}")
    } else {
        format!("in {distance}, {instant}")
    }
}

/// Returns the text of a duration in seconds, such as `1h 2m 3s`.
pub(crate) fn duration(seconds: i64) -> String {
    format!("{:#}", SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{now, second};

    /// A person sees at a glance how long ago something was, and a searcher the instant.
    #[test]
    fn instants_are_relative_and_absolute() {
        for (seconds, expected) in [
            (0, "now, "),
            (-59, "59s ago, "),
            (-300, "5m ago, "),
            (7_200, "in 2h, "),
            (-172_800, "2d ago, "),
        ] {
            let text = when(second(seconds), now());
            assert_eq!(text, format!("{expected}{}", second(seconds)));
        }
    }
}
