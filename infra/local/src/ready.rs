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
    /// Whether other machines reach the gateway.
    #[serde(skip)]
    pub is_reachable_from_elsewhere: bool,
    /// What becomes of the state at the end, as a clause.
    #[serde(skip)]
    pub fate_of_state: String,
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
    /// One screen: the command to try first, then the addresses.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acs = &self.acs;
        let policy = self.settings.get("SCOPE_POLICY").map(String::as_str).unwrap_or_default();
        writeln!(formatter, "Ready: open {}/ in a browser.", self.gateway)?;
        writeln!(formatter, "Ctrl-C stops it; {}.\n", self.fate_of_state)?;
        if self.is_reachable_from_elsewhere {
            let port = self.gateway.rsplit(':').next().unwrap_or_default();
            writeln!(formatter, "WARNING: anyone who reaches port {port} can sign in as")?;
            writeln!(formatter, "anybody, with any claims. Use it in a network you trust.\n")?;
        }
        if self.functions_run_elsewhere {
            writeln!(formatter, "The functions need this environment:\n")?;
            for (name, value) in &self.settings {
                writeln!(formatter, "export {name}={}", quoted(value))?;
            }
            writeln!(formatter)?;
        }
        writeln!(formatter, "Try it: sign alice in and fetch a token for her.\n\n{}\n", self.curl)?;
        writeln!(formatter, "API, sign-in       {}", self.gateway)?;
        writeln!(formatter, "scope policy       {policy}")?;
        writeln!(formatter, "table              {} ({})", self.table.endpoint, self.table.name)?;
        writeln!(formatter, "ACS emulator       {}", acs.http)?;
        writeln!(formatter, "  connection       {}", acs.connection_string)?;
        writeln!(formatter, "  over TLS         {}", acs.https)?;
        writeln!(formatter, "  connection       {}", acs.https_connection_string)?;
        writeln!(formatter, "  certificate      {}", acs.ca_file.display())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A shell reads a setting as it is, whatever is in it.
    #[test]
    fn shell_reads_any_setting_unchanged() {
        for text in ["", "it's", "''", "a;b $HOME `id` \"c\" \\ '", "line\nline"] {
            let script = format!("printf %s {}", quoted(text));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{script}");
        }
    }

    /// The command to try first can be pasted into a shell.
    #[test]
    fn command_is_quoted_for_a_shell() {
        assert_eq!(
            curl("http://127.0.0.1:8080"),
            "curl -sS -X POST http://127.0.0.1:8080/v1/token -H \"Authorization: Bearer \
             $(curl -sS http://127.0.0.1:8080/dev/sign-in -d '{\"subject\":\"alice\"}' \
             | sed -E 's/.*\"token\":\"([^\"]+)\".*/\\1/')\""
        );
    }
}
