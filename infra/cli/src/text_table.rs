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
    // Text that others wrote must not steer the terminal.
    let printable = |cell: String| cell.replace(char::is_control, "\u{fffd}");
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

/// Returns the text of an absent value.
pub(crate) fn none() -> String {
    "-".to_owned()
}

/// Returns an instant's text, or that of an absent value.
pub(crate) fn or_none(instant: Option<Timestamp>) -> String {
    instant.map_or_else(none, |instant| instant.to_string())
}

/// Returns the text of a duration in seconds, such as `1h 2m 3s`.
pub(crate) fn duration(seconds: i64) -> String {
    format!("{:#}", SignedDuration::from_secs(seconds))
}
