//! Users who are called almost as a name that nobody has.

use acs_broker_core::{RecordKey, StoreError, Subject, UserStore};
use strsim::osa_distance;

use crate::records::Records;

/// So many letters may be wrong in a name, and fewer in a short one.
const MAX_DISTANCE: usize = 2;
const LETTERS_PER_MISTAKE: usize = 3;
const MAX_SIMILAR: usize = 3;
/// A suggestion is worth 10,000 rows, and not a table of millions.
const SIMILAR_PAGE: usize = 500;
const MAX_SIMILAR_PAGES: usize = 20;

/// Returns the users of the same issuer who are called almost as somebody whom nobody knows.
pub(crate) async fn similar<T: UserStore>(
    subject: &Subject,
    records: &Records<T>,
) -> Result<Vec<String>, StoreError> {
    let wanted = subject.as_str().to_lowercase();
    let max_distance = MAX_DISTANCE.min(wanted.chars().count() / LETTERS_PER_MISTAKE);
    let mut found = Vec::new();
    let mut after = None;
    for _ in 0..MAX_SIMILAR_PAGES {
        let page = records.table.list(after.as_ref(), SIMILAR_PAGE, &records.deadline()).await?;
        for (key, _) in page.records {
            let RecordKey::User(issuer, other) = key else { continue };
            let distance = osa_distance(&wanted, &other.as_str().to_lowercase());
            if issuer == records.issuer && distance <= max_distance {
                found.push((distance, other.as_str().to_owned()));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, subject)| subject).take(MAX_SIMILAR).collect())
}
