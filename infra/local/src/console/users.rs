//! The list of users, and one user.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use acs_broker_core::{
    EpochSeconds, Record, RecordKey, StoreError, Stored, UserSnapshot, UserStore as _,
};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::app::{Console, UserView};
use crate::console::directory::subject;
use crate::console::problem::Problem;
use crate::console::view::{STATES, state};

/// How many users a page of the list has unless it is asked for fewer, and at most.
const MAX_LIMIT: usize = 100;

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// A part of the subject or of the identity.
    search: Option<String>,
    /// The state in a word.
    state: Option<String>,
    /// What the list is sorted by.
    #[serde(default)]
    sort: Sort,
    /// The `next` of the page before.
    after: Option<String>,
    limit: Option<usize>,
}

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    #[default]
    Subject,
    /// The state's word, then the subject.
    State,
    /// The ACS identity, which is older the smaller it is; users without one come last.
    Identity,
}

/// The query for one user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserQuery {
    subject: String,
    issuer: Option<String>,
}

/// `GET /dev/users`.
pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let limit = query.limit.unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT);
    let after = query.after.as_deref().filter(|text| !text.is_empty());
    let wrong = |_| Problem::invalid("after: the next of another page");
    let after: usize = after.map_or(Ok(0), str::parse).map_err(wrong)?;
    let state = query.state.as_deref().filter(|state| !state.is_empty());
    if state.is_some_and(|state| !STATES.contains(&state)) {
        return Err(Problem::invalid(format!("state: one of {}", STATES.join(", "))));
    }
    let all_users = console.store.read(&RecordKey::AllUsers, &console.deadline()).await?;
    let global_cutoff = all_users.record.sessions_valid_after;
    let users = console.matching_users(&Filter::new(&query), query.sort).await?;
    let (total, now) = (users.len(), console.now());
    let page: Vec<_> = users
        .into_iter()
        .skip(after)
        .take(limit)
        .map(|(key, record)| console.view_of_record(&key, record, global_cutoff).summary(&key, now))
        .collect();
    let end = after + page.len();
    let next = (end < total).then(|| end.to_string());
    Ok(Json(json!({"users": page, "total": total, "next": next})))
}

/// `GET /dev/user`.
pub(crate) async fn one(
    State(console): State<Arc<Console>>,
    Query(query): Query<UserQuery>,
) -> Result<Json<Value>, Problem> {
    let user = console.user(query.issuer.as_deref(), &query.subject)?;
    let view = console.view(&user).await?;
    Ok(Json(view.detail(&user, console.now())))
}

impl Console {
    /// Returns the users with a record, and those who only signed in.
    async fn matching_users(
        &self,
        filter: &Filter,
        sort: Sort,
    ) -> Result<Vec<(RecordKey, Record)>, StoreError> {
        let version = self.parts.route.rows.version();
        let records = self.directory.records(&self.store, version, &self.deadline()).await?;
        let now = self.now();
        let known: HashSet<_> = records.iter().map(|(key, _)| key).collect();
        let signed_in = self.sessions.subjects().into_iter();
        let signed_in = signed_in.filter_map(|subject| self.user(None, &subject).ok());
        let new: Vec<_> = signed_in
            .filter(|key| !known.contains(key) && filter.admits(key, &Record::default()))
            .map(|key| (key, Record::default()))
            .collect();
        let admitted = records
            .iter()
            .filter(|(key, record)| !record.has_expired(now) && filter.admits(key, record));
        let mut users: Vec<_> = admitted.cloned().chain(new).collect();
        users.sort_by(|(a, one), (b, other)| {
            let by_sort = match sort {
                Sort::Subject => Ordering::Equal,
                Sort::State => state(one).cmp(state(other)),
                Sort::Identity => identity_order(one).cmp(&identity_order(other)),
            };
            by_sort.then_with(|| subject(a).cmp(&subject(b)))
        });
        Ok(users)
    }

    fn view_of_record(
        &self,
        user: &RecordKey,
        record: Record,
        global_cutoff: Option<EpochSeconds>,
    ) -> UserView {
        let identity = record.bound().map(|bound| bound.id.to_string());
        UserView {
            tokens: identity.map(|id| self.tokens(&id)).unwrap_or_default(),
            sessions: self.sessions_of(user),
            snapshot: UserSnapshot { stored: Stored { record, revision: None }, global_cutoff },
        }
    }
}

/// Returns what sorts a record by its identity.
fn identity_order(record: &Record) -> (bool, Option<String>) {
    let identity = record.bound().map(|bound| bound.id.to_string());
    (identity.is_none(), identity)
}

/// Which users the list shows.
#[derive(Debug)]
struct Filter {
    search: String,
    state: Option<String>,
}

impl Filter {
    fn new(query: &ListQuery) -> Self {
        let search = query.search.as_deref().unwrap_or_default().trim().to_lowercase();
        Self { search, state: query.state.clone().filter(|state| !state.is_empty()) }
    }

    fn admits(&self, key: &RecordKey, record: &Record) -> bool {
        let RecordKey::User(_, subject) = key else { return false };
        let identity = record.bound().map(|bound| bound.id.to_string());
        let has = |text: &str| text.to_lowercase().contains(&self.search);
        let is_found = has(subject.as_str()) || identity.is_some_and(|identity| has(&identity));
        is_found && self.state.as_deref().is_none_or(|wanted| wanted == state(record))
    }
}
