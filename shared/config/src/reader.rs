//! How settings are read one by one, and what is wrong with them is collected.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::settings_error::{SettingError, SettingsError};

/// Looks up a setting by its name: in the process's environment, or in a test's.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The settings that a secret holds. Another name is most likely one of these, misspelt.
pub(crate) const SECRET_NAMES: [&str; 3] =
    ["ACS_CONNECTION_STRING", "ACS_SECONDARY_CONNECTION_STRING", "USER_HASH_KEY"];

/// Reads settings one by one, and collects what is wrong with them. An empty value counts as missing.
///
/// A parser's error is the rule that the value breaks, in words that follow the setting's name:
/// `must be …`. It repeats no secret.
pub(crate) struct Reader<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    secret: InSecret,
    wrong: Vec<SettingError>,
}

/// What is known about the settings that a secret may hold.
enum InSecret {
    Nothing,
    Settings(BTreeMap<String, String>),
    /// There is a secret, and it is not read yet.
    Unknown,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { environment, secret: InSecret::Nothing, wrong: Vec::new() }
    }

    /// Counts nothing as missing that a secret may hold, until its settings are added.
    pub(crate) fn expect_secret(&mut self) {
        self.secret = InSecret::Unknown;
    }

    /// Adds the settings of a secret. Those of the environment come first.
    pub(crate) fn add(&mut self, settings: BTreeMap<String, String>) {
        self.secret = InSecret::Settings(settings);
    }

    /// Returns whether nothing was missing or wrong so far.
    pub(crate) const fn is_valid(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Returns what was read.
    ///
    /// # Errors
    /// Every setting that was missing or wrong.
    pub(crate) fn finish<T>(self, read: Option<T>) -> Result<T, SettingsError> {
        read.filter(|_| self.wrong.is_empty()).ok_or(SettingsError(self.wrong))
    }

    /// Returns the text as it is, if there is any.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let is_any = |value: &String| !value.is_empty();
        (self.environment)(name).filter(is_any).or_else(|| match &self.secret {
            InSecret::Settings(settings) => settings.get(name).filter(|text| is_any(text)).cloned(),
            InSecret::Nothing | InSecret::Unknown => None,
        })
    }

    /// Returns a setting that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.text(name).is_some() {
            return self.optional(name, parse);
        }
        let may_be_in_secret = SECRET_NAMES.contains(&name);
        if !(may_be_in_secret && matches!(self.secret, InSecret::Unknown)) {
            self.refuse(name, "is missing");
        }
        None
    }

    /// Returns a setting with a default.
    pub(crate) fn with_default<T>(
        &mut self,
        name: &str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.text(name);
        self.parse(name, value.as_deref().unwrap_or(default), parse)
    }

    /// Returns a setting that may be missing.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.text(name)?;
        self.parse(name, &value, parse)
    }

    fn parse<T>(
        &mut self,
        name: &str,
        value: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        parse(value).map_err(|rule| self.refuse(name, &rule)).ok()
    }

    /// Notes what is wrong with a setting.
    pub(crate) fn refuse(&mut self, name: &str, rule: &str) {
        let (name, rule) = (name.to_owned(), rule.to_owned());
        self.wrong.push(SettingError { name, rule });
    }
}
