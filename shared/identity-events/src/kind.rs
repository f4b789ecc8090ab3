//! The providers' names for kinds of events: tables of them, and the form that is safe in a log.

const MAX_LENGTH: usize = 64;

/// Returns the row of a table of kinds.
pub(crate) fn lookup<T: Copy>(
    table: &'static [(&'static str, T)],
    kind: &str,
) -> Option<(&'static str, T)> {
    table.iter().find(|(known, _)| *known == kind).copied()
}

/// Returns the kind if it has the form of a name, else `other`: an event may hold any text there,
/// personal data too, and a kind is logged.
pub(crate) fn loggable(kind: &str) -> &str {
    let fits = (1..=MAX_LENGTH).contains(&kind.len());
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if fits && kind.bytes().all(is_name_byte) { kind } else { "other" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind that is not a name does not reach a log.
    #[test]
    fn only_names_are_logged() {
        for name in ["user.account.lock", "forgotPassword_POST", "a-b", &"k".repeat(64)] {
            assert_eq!(loggable(name), name);
        }
        for text in ["", "two words", "alice@example.com", "a\nb", "é", &"k".repeat(65)] {
            assert_eq!(loggable(text), "other", "{text:?}");
        }
    }
}
