//! The list of users, and one user.

use std::sync::Arc;

use acs_broker_core::{
    EpochSeconds, Record, RecordKey, StoreError, Stored, UserSnapshot, UserStore as _,
};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::app::{Console, UserView};
use crate::console::problem::Problem;
use crate::console::view::state;

/// How many users a page of the list has unless it is asked for fewer, and at most.
const MAX_LIMIT: usize = 100;
/// How many records are read at once.
const PAGE_SIZE: usize = 200;
/// How many users without a record the list shows: those who signed in last.
const MAX_NEW: usize = 50;

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// A part of the subject or of the identity.
    search: Option<String>,
    /// The state in a word.
    state: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    limit: Option<usize>,
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
    let after = after.map(str::parse).transpose()?;
    let filter = Filter::new(&query);
    let deadline = console.deadline();
    let all_users = console.store.read(&RecordKey::AllUsers, &deadline).await?;
    let global_cutoff = all_users.record.sessions_valid_after;
    let mut users = match after {
        None => console.new_users(&filter).await?,
        Some(_) => Vec::new(),
    };
    let (known, next) = console.known_users(&filter, after, limit, global_cutoff).await?;
    users.extend(known);
    Ok(Json(json!({"users": users, "next": next.map(|key| key.to_text())})))
}

/// `GET /dev/user`.
pub(crate) async fn one(
    State(console): State<Arc<Console>>,
    Query(query): Query<UserQuery>,
) -> Result<Json<Value>, Problem> {
    let user = console.user(query.issuer.as_deref(), &query.subject)?;
    let view = console.view(&user).await?;
    Ok(Json(view.detail(&user, (console.clock)())))
}

impl Console {
    /// Returns the users who signed in last and have no record yet.
    async fn new_users(&self, filter: &Filter) -> Result<Vec<Value>, StoreError> {
        let mut users = Vec::new();
        for subject in self.sessions.subjects(MAX_NEW) {
            let Ok(user) = self.user(None, &subject) else { continue };
            if !filter.admits(&user, &Record::default()) {
                continue;
            }
            let view = self.view(&user).await?;
            if view.snapshot.stored.record == Record::default() {
                users.push(view.summary(&user, (self.clock)()));
            }
        }
        Ok(users)
    }

    /// Returns at most `limit` users that have a record, and the key after which the next page
    /// begins.
    async fn known_users(
        &self,
        filter: &Filter,
        mut after: Option<RecordKey>,
        limit: usize,
        global_cutoff: Option<EpochSeconds>,
    ) -> Result<(Vec<Value>, Option<RecordKey>), StoreError> {
        let mut users = Vec::new();
        loop {
            let page = self.store.list(after.as_ref(), PAGE_SIZE, &self.deadline()).await?;
            for (key, record) in page.records {
                if !filter.admits(&key, &record) {
                    continue;
                }
                if users.len() >= limit {
                    // The rest of this page comes with the next one.
                    return Ok((users, after));
                }
                let view = self.view_of_record(&key, record, global_cutoff);
                users.push(view.summary(&key, (self.clock)()));
                after = Some(key);
            }
            after = page.next;
            if after.is_none() {
                return Ok((users, None));
            }
        }
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
