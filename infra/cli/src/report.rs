//! Reports: a table for people or one JSON document for programs.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::error::CliError;
use crate::exit::Exit;
use crate::style::Paint;
use crate::text_table::printable;
use acs_broker_config::error_chain;

/// Is the result of a command: `Display` prints the table, `Serialize` the JSON document.
pub(crate) trait Report: Display + Serialize {
    /// Returns the table with its colours.
    fn painted(&self, _paint: Paint) -> String {
        self.to_string()
    }

    /// Writes the result for programs: one document, in one line.
    fn write_json(&self, output: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *output, self)?;
        writeln!(output)
    }

    /// Returns the exit code for this result.
    fn exit(&self) -> Exit {
        Exit::Done
    }
}

/// Prints a report to standard output.
pub(crate) fn print(report: &impl Report, json: bool, paint: Paint) -> io::Result<Exit> {
    let mut output = io::stdout().lock();
    if json {
        report.write_json(&mut output)?;
    } else {
        write!(output, "{}", report.painted(paint))?;
    }
    output.flush()?;
    Ok(report.exit())
}

/// Prints a part of a report as soon as it is known.
pub(crate) fn print_line(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Prints text that is not a report, such as a script, to standard output.
pub(crate) fn print_text(text: &[u8]) -> io::Result<Exit> {
    let mut output = io::stdout().lock();
    output.write_all(text)?;
    output.flush()?;
    Ok(Exit::Done)
}

/// Prints to standard error why there is no report.
pub(crate) fn print_error(error: &CliError, json: bool) {
    // If standard error is closed, the text has no reader.
    let _ = writeln!(io::stderr(), "{}", error_text(error, json));
}

fn error_text(error: &CliError, json: bool) -> String {
    let message = error_chain(error);
    if !json {
        return printable(&format!("acs-broker: {message}"));
    }
    let kind = if error.exit() == Exit::Usage { "usage" } else { "failed" };
    json!({"error": {"kind": kind, "message": message}}).to_string()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::Value;

    use super::*;
    use crate::subject_file::SubjectFileError;

    /// The name of a file's column cannot steer the operator's terminal.
    #[test]
    fn error_does_not_steer_the_terminal() {
        let error = CliError::Usage("a\u{1b}]0;x\u{7}\u{202e}b\u{2028}c\nd".to_owned());
        let text = error_text(&error, false);
        assert_eq!(text, "acs-broker: a\u{fffd}]0;x\u{fffd}\u{fffd}b\u{fffd}c\nd");
    }

    /// A script can tell its own mistakes from failures.
    #[test]
    fn error_kind_is_usage_or_failed() {
        let file = CliError::SubjectFile("users".into(), SubjectFileError::Empty);
        let document: Value = serde_json::from_str(&error_text(&file, true)).unwrap();
        assert_eq!(document["error"]["kind"], "usage");
        let message = &document["error"]["message"];
        assert_eq!(message, "users: there is no subject in the file");
        let document: Value = serde_json::from_str(&error_text(&CliError::Declined, true)).unwrap();
        assert_eq!(document["error"]["kind"], "failed");
        let text = error_text(&CliError::Declined, false);
        assert_snapshot!(text, @"acs-broker: not confirmed; nothing was done");
    }
}
