use super::SettingsError;
use crate::secret::SecretSettings;

/// Reads settings one by one, and collects what is wrong with them. An empty value is none.
///
/// A parser's error is the rule that the value breaks, in words that follow the setting's name:
/// `must be …`. It repeats no secret.
pub(super) struct Reader<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    secret: InSecret,
    wrong: Vec<String>,
}

/// What is known of the settings that a secret may hold.
enum InSecret {
    Nothing,
    Settings(SecretSettings),
    /// There is a secret, and it was not read yet.
    Unknown,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { environment, secret: InSecret::Nothing, wrong: Vec::new() }
    }

    /// Misses nothing that a secret may hold, until its settings are added.
    pub(super) fn expect_secret(&mut self) {
        self.secret = InSecret::Unknown;
    }

    /// Adds the settings of a secret. The environment's own come first.
    pub(super) fn add(&mut self, settings: SecretSettings) {
        self.secret = InSecret::Settings(settings);
    }

    /// Whether nothing was missing or wrong so far.
    pub(super) const fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// What was read, or every setting that was missing or wrong, `NAME rule`.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, SettingsError> {
        read.filter(|_| self.wrong.is_empty()).ok_or(SettingsError(self.wrong))
    }

    /// The text as it is, if there is any.
    pub(super) fn set(&self, name: &str) -> Option<String> {
        let is_any = |value: &String| !value.is_empty();
        (self.environment)(name).filter(is_any).or_else(|| match &self.secret {
            InSecret::Settings(settings) => settings.get(name).filter(|text| is_any(text)).cloned(),
            InSecret::Nothing | InSecret::Unknown => None,
        })
    }

    /// A setting that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.set(name).is_some() {
            return self.checked(name, parse);
        }
        let may_be_in_secret = SecretSettings::NAMES.contains(&name);
        if !(may_be_in_secret && matches!(self.secret, InSecret::Unknown)) {
            self.refuse(name, "is missing");
        }
        None
    }

    /// A setting with a default.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.set(name);
        self.parse(name, value.as_deref().unwrap_or(default), parse)
    }

    /// A setting that may be missing.
    pub(super) fn checked<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.set(name)?;
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

    /// Says what is wrong with a setting.
    pub(super) fn refuse(&mut self, name: &str, rule: &str) {
        self.wrong.push(format!("{name} {rule}"));
    }
}
