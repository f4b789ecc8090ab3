//! The list of users, and one user.

use std::ops::Range;
use std::sync::Arc;

use acs_broker_core::{
    EpochSeconds, KeyError, Record, RecordKey, Stored, UserSnapshot, UserStore as _,
};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::app::{Console, UserView};
use crate::console::directory::{User, Users};
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
    let filter = Filter::new(&query);
    let range = after..after.saturating_add(limit);
    let (total, users) = console.matching_users(&filter, query.sort, range).await?;
    let now = console.now();
    let page: Vec<_> = users
        .into_iter()
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
    /// Returns how many users match, those with a record and those who only signed in, and some of
    /// them.
    async fn matching_users(
        &self,
        filter: &Filter,
        sort: Sort,
        range: Range<usize>,
    ) -> Result<(usize, Vec<(RecordKey, Record)>), Problem> {
        let changes = &self.parts.route.rows.changes;
        let users = self.directory.users(&self.store, changes, &self.deadline()).await?;
        let now = self.now();
        let issuer = self.parts.provider.issuer();
        let signed_in = self.sessions.subjects().into_iter();
        let signed_in = signed_in.filter(|subject| self.user(None, subject).is_ok());
        let names = signed_in.map(|subject| (subject, issuer.to_owned()));
        let new: Users = names
            .filter(|name| !users.contains_key(name))
            .map(|name| (name.clone(), User::new(&name.0, Record::default())))
            .collect();
        let admitted = users.iter().filter(|(_, user)| !user.record.has_expired(now));
        let admitted = admitted.chain(&new).filter(|(_, user)| filter.admits(user));
        let mut matching: Vec<_> = admitted.collect();
        match sort {
            Sort::Subject => matching.sort_by_key(|(name, _)| *name),
            Sort::State => matching.sort_by_cached_key(|(name, user)| (state(&user.record), *name)),
            Sort::Identity => matching
                .sort_by_key(|(name, user)| (user.identity().is_none(), user.identity(), *name)),
        }
        let some = matching.iter().take(range.end).skip(range.start);
        let some = some.map(|((subject, issuer), user)| {
            Ok((self.user(Some(issuer), subject)?, user.record.clone()))
        });
        Ok((matching.len(), some.collect::<Result<_, KeyError>>()?))
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

    fn admits(&self, user: &User) -> bool {
        user.contains(&self.search)
            && self.state.as_deref().is_none_or(|wanted| wanted == state(&user.record))
    }
}
