//! The exit codes of the tool.

use std::process::ExitCode;

/// Documents the exit codes in the help of the tool.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  everything is done and confirmed; the report counts users of whom nothing was known
  1  failed
  2  the command line is wrong; nothing was done
  3  partly done: some users or messages failed, were not tried, or are deferred to the sweep;
     or nobody is known whom show, search or whois looks for";

/// Tells a script how a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything is done and confirmed.
    Done = 0,
    /// Nothing is done.
    Failed = 1,
    /// The command line is wrong, and nothing was done.
    Usage = 2,
    /// Something is done, and something is not; or nobody is known.
    Partial = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
