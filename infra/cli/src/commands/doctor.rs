//! `acs-broker doctor`: why does it not work?

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use clap::Args;
use serde::Serialize;

use crate::doctor::{self, CheckReport, DeployedStack, Group, Questions, State, Tools};
use crate::error::CliError;
use crate::exit::Exit;
use crate::report::{Report, print_line};
use crate::session::Session;
use crate::stack::StackTarget;
use crate::style::{Paint, Style};
use crate::text_table::steers_terminals;

const EXAMPLES: &str = "\
Examples:
  acs-broker --local doctor
  acs-broker --stack acs-token-broker doctor --token - < token.txt

Exit codes: 0 nothing fails, 1 something fails, 3 with --strict if something warns.";
/// A token is never longer: API Gateway takes 10,240 bytes of headers.
const MAX_TOKEN_BYTES: u64 = 64 * 1024;

/// Check a stack, and say why it does not work and what to do
///
/// Nothing is changed, unless --write-probe asks for it. With a token the API is called as the app
/// calls it, which creates the user's identity if there is none.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// Judge this file's access token, as the app sends it; - is standard input
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,

    /// Create an identity at ACS and delete it
    #[arg(long)]
    write_probe: bool,

    /// Only these groups of checks
    #[arg(long, value_enum, value_delimiter = ',', value_name = "GROUP")]
    only: Vec<Group>,

    /// Exit with 3 if something warns
    #[arg(long)]
    strict: bool,
}

/// Reports every check.
#[derive(Debug, Serialize)]
pub(crate) struct DoctorReport {
    checks: Vec<CheckReport>,
    #[serde(skip)]
    is_strict: bool,
}

impl DoctorArgs {
    /// Runs the command. Each check is printed as it ends.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let questions = Questions {
            token: self.token.as_deref().map(read_token).transpose()?,
            write_probe: self.write_probe,
            only: self.only.clone(),
        };
        let tools = Tools { http: session.http()?, clock: session.clock() };
        let command = session.command("");
        let (mut checks, facts) = match session.target()? {
            StackTarget::Local(url) => {
                let (report, facts) = doctor::local(url, &tools, command).await;
                (vec![report], facts)
            }
            StackTarget::Deployed { stack: name, region, profile } => {
                let stack = DeployedStack { name, region, profile };
                doctor::deployed(stack, &tools, command).await
            }
        };
        let show = |check: &CheckReport| {
            if !session.is_json() {
                // If standard output is closed, the last line says so.
                let _ = print_line(&text(check, session.paint()));
            }
        };
        checks.iter().for_each(show);
        if let Some(facts) = &facts {
            doctor::run(doctor::checks(facts, &tools, &questions), |check| {
                show(&check);
                checks.push(check);
            })
            .await;
        }
        session.print(&DoctorReport { checks, is_strict: self.strict })
    }
}

fn read_token(file: &Path) -> Result<String, CliError> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().take(MAX_TOKEN_BYTES).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|file| file.take(MAX_TOKEN_BYTES).read_to_string(&mut text))
    };
    read.map_err(|error| CliError::Input(file.to_owned(), error))?;
    let token = text.trim();
    // People paste the whole header.
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    if token.is_empty() {
        return Err(CliError::Usage("--token: there is no token in the file".to_owned()));
    }
    Ok(token.to_owned())
}

/// Returns the lines of a check: what was found; then, if it is not well, why it matters and what
/// to do.
fn text(check: &CheckReport, paint: Paint) -> String {
    let style = match check.state {
        State::Ok => Style::Good,
        State::Warn => Style::Doubtful,
        State::Fail => Style::Bad,
        State::Skip => Style::Faint,
    };
    let printable = |text: &str| text.replace(steers_terminals, "\u{fffd}");
    let state = paint.paint(style, &format!("{:<4}", check.state.text()));
    let mut text = format!("{state}  {:<20} {}\n", check.id, printable(&check.found));
    for (name, line) in [("why", &check.meaning), ("do", &check.remedy)] {
        if let Some(line) = line {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "      {name:<4} {}", printable(line));
        }
    }
    text
}

impl DoctorReport {
    fn count(&self, state: State) -> usize {
        self.checks.iter().filter(|check| check.state == state).count()
    }
}

impl Report for DoctorReport {
    fn exit(&self) -> Exit {
        if self.count(State::Fail) > 0 {
            Exit::Failed
        } else if self.is_strict && self.count(State::Warn) > 0 {
            Exit::Partial
        } else {
            Exit::Done
        }
    }
}

impl fmt::Display for DoctorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ok, warn, fail, skip] =
            [State::Ok, State::Warn, State::Fail, State::Skip].map(|state| self.count(state));
        let warnings = if warn == 1 { "warning" } else { "warnings" };
        let failures = if fail == 1 { "failure" } else { "failures" };
        writeln!(f, "\n{ok} ok, {warn} {warnings}, {fail} {failures}, {skip} skipped")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;

    use super::*;
    use crate::doctor::check::Finding;
    use crate::testing::to_json;

    fn report(finding: Finding) -> CheckReport {
        finding.report(Group::Acs, "acs.key", Duration::from_millis(41))
    }

    fn checks() -> Vec<CheckReport> {
        vec![
            report(Finding::ok("ACS accepts the key in use")),
            report(Finding::fail("ACS refuses the key", "No tokens.", "Copy the key.")),
        ]
    }

    /// Under anything but ok stand the meaning and the remedy.
    #[test]
    fn failure_has_meaning_and_remedy() {
        let lines: String = checks().iter().map(|check| text(check, Paint::PLAIN)).collect();
        assert_snapshot!(lines, @"
        ok    acs.key              ACS accepts the key in use
        FAIL  acs.key              ACS refuses the key
              why  No tokens.
              do   Copy the key.
        ");
        assert_snapshot!(to_json(&checks()[1]), @r#"
        {
          "id": "acs.key",
          "group": "acs",
          "state": "fail",
          "found": "ACS refuses the key",
          "meaning": "No tokens.",
          "remedy": "Copy the key.",
          "tookMs": 41
        }
        "#);
    }

    /// A script sees failures by the exit code, and warnings if it asks for them.
    #[test]
    fn exit_code_tells_failures_and_warnings() {
        let warning = report(Finding::warn("a", "b", "c"));
        for (checks, is_strict, expected) in [
            (vec![checks().remove(0)], true, Exit::Done),
            (vec![warning.clone()], false, Exit::Done),
            (vec![warning.clone()], true, Exit::Partial),
            (checks(), false, Exit::Failed),
        ] {
            assert_eq!(DoctorReport { checks, is_strict }.exit(), expected);
        }
        let report = DoctorReport { checks: vec![warning], is_strict: false };
        assert_snapshot!(report, @"0 ok, 1 warning, 0 failures, 0 skipped");
    }
}
