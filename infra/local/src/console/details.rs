//! The steps behind the newest rows of the timeline, within a bound of memory.

use std::collections::VecDeque;

use serde_json::json;

use crate::hosting::steps::Collected;

/// How much memory the details may take, in bytes. The oldest are dropped.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The details as texts: their size is then their length.
#[derive(Debug, Default)]
pub(crate) struct Details {
    kept: VecDeque<(u64, String)>,
    bytes: usize,
}

impl Details {
    /// Keeps what was collected for a row; later rows have higher numbers.
    pub(crate) fn add(&mut self, seq: u64, collected: &Collected) {
        if collected.steps.is_empty() && collected.log.is_empty() {
            return;
        }
        let text = json!({"steps": collected.steps, "log": collected.log}).to_string();
        self.bytes += text.len();
        self.kept.push_back((seq, text));
        while self.bytes > MAX_BYTES
            && let Some((_, dropped)) = self.kept.pop_front()
        {
            self.bytes -= dropped.len();
        }
    }

    /// Returns the JSON of a row's details, while they are kept.
    pub(crate) fn of(&self, seq: u64) -> Option<&str> {
        let at = self.kept.binary_search_by_key(&seq, |(seq, _)| *seq).ok()?;
        self.kept.get(at).map(|(_, text)| text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    mod details {
        use super::*;

        /// Long bodies of many requests must not fill the memory.
        #[test]
        fn keep_within_their_bound() {
            let mut details = Details::default();
            let log = vec![json!("x".repeat(1024 * 1024))];
            let collected = Collected { steps: Vec::new(), log };
            for seq in 1..=20 {
                details.add(seq, &collected);
            }
            assert!(details.bytes <= MAX_BYTES);
            assert!(details.of(1).is_none() && details.of(20).is_some());
            details.add(21, &Collected::default());
            assert!(details.of(21).is_none());
        }
    }
}
