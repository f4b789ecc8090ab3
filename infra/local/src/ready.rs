//! What the stack prints when it is ready.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::hosting::acs::AcsAccess;
use crate::hosting::table::TableAccess;

/// How to use the running stack: as text for people, serialized for programs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// The gateway's URL, without a trailing slash.
    pub gateway: String,
    /// The identity provider, which has the same URL.
    pub issuer: String,
    /// The ACS emulator.
    pub acs: AcsAccess,
    /// The user table.
    pub table: TableAccess,
    /// Signs in and fetches a token.
    pub curl: String,
    /// The environment for functions that run elsewhere.
    pub settings: BTreeMap<&'static str, String>,
    /// Whether they do.
    #[serde(skip)]
    pub functions_run_elsewhere: bool,
}

/// A command to copy and paste, for a POSIX shell.
#[must_use]
pub(crate) fn curl(gateway: &str) -> String {
    format!(
        r#"curl -sS -X POST {gateway}/v1/token -H "Authorization: Bearer $(curl -sS {gateway}/dev/sign-in -d '{{"subject":"alice"}}' | sed -E 's/.*"token":"([^"]+)".*/\1/')""#
    )
}

/// One word of a POSIX shell, whatever the text.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl fmt::Display for Ready {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acs = &self.acs;
        writeln!(formatter, "gateway            {}", self.gateway)?;
        writeln!(formatter, "identity provider  {}", self.issuer)?;
        writeln!(formatter, "table              {} ({})", self.table.endpoint, self.table.name)?;
        writeln!(formatter, "ACS emulator       {}", acs.http)?;
        writeln!(formatter, "  connection       {}", acs.connection_string)?;
        writeln!(formatter, "  over TLS         {}", acs.https)?;
        writeln!(formatter, "  connection       {}", acs.https_connection_string)?;
        writeln!(formatter, "  certificate      {}", acs.ca_file.display())?;
        if self.functions_run_elsewhere {
            writeln!(formatter, "\nThe functions need this environment:\n")?;
            for (name, value) in &self.settings {
                writeln!(formatter, "export {name}={}", quoted(value))?;
            }
        }
        writeln!(formatter, "\nSign in and fetch a token:\n\n{}", self.curl)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_a_setting_as_it_is_whatever_is_in_it() {
        for text in ["", "it's", "''", "a;b $HOME `id` \"c\" \\ '", "line\nline"] {
            let script = format!("printf %s {}", quoted(text));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{script}");
        }
    }

    #[test]
    fn the_command_quotes_what_a_shell_would_read() {
        assert_eq!(
            curl("http://127.0.0.1:8080"),
            "curl -sS -X POST http://127.0.0.1:8080/v1/token -H \"Authorization: Bearer \
             $(curl -sS http://127.0.0.1:8080/dev/sign-in -d '{\"subject\":\"alice\"}' \
             | sed -E 's/.*\"token\":\"([^\"]+)\".*/\\1/')\""
        );
    }
}
