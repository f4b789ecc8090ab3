//! Settings that are missing or wrong.

use std::fmt;

use thiserror::Error;

/// One setting that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// The setting's name.
    pub name: String,
    /// The rule that it breaks, as it follows the name: `must be …`, `is missing`. It repeats no
    /// value.
    pub rule: String,
}

/// Every setting that is missing or wrong.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("settings: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SettingsError(pub Vec<SettingError>);

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.rule)
    }
}
