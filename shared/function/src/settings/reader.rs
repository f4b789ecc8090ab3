/// Reads settings one by one, and collects what is wrong with them. An empty value is none.
///
/// A parser's error is the rule that the value breaks, in words that follow the setting's name:
/// `must be …`. It repeats no secret.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    wrong: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, wrong: Vec::new() }
    }

    /// Every setting that was missing or wrong, `NAME rule`.
    pub(super) fn into_wrong(self) -> Vec<String> {
        self.wrong
    }

    /// The text as it is, if there is any.
    pub(super) fn set(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A setting that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.set(name).is_none() {
            return self.refuse(name, "is missing");
        }
        self.checked(name, parse)
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
        match parse(value) {
            Ok(parsed) => Some(parsed),
            Err(rule) => self.refuse(name, &rule),
        }
    }

    fn refuse<T>(&mut self, name: &str, rule: &str) -> Option<T> {
        self.wrong.push(format!("{name} {rule}"));
        None
    }
}
