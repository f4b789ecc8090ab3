//! The whole state as a text: exported, imported, and forgotten.
//!
//! Each line is a JSON object: first what the state is of, then the table's rows, what happened at
//! ACS, the sessions, and the tokens that clients got.

use std::sync::Arc;

use acs_emulator::JournalEntry;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinError;

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::seed::Seed;
use crate::console::timeline::{Entry, Kind};
use crate::hosting::rows::RowsError;

const FORMAT: &str = "acs-broker-local";
const VERSION: u32 = 1;
const MEDIA_TYPE: &str = "application/x-ndjson";

/// The first line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    /// The issuer of the users.
    issuer: String,
    /// The ACS resource of the identities.
    resource_id: String,
    /// The key that signed the sessions.
    key_id: String,
}

/// A further line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    /// A row of the table, as DynamoDB's API has it.
    Row(Value),
    /// A change at ACS.
    Change(Value),
    /// An access token that the identity provider signed.
    Session(String),
    /// The fingerprint of an ACS token that a client got.
    HandedOut(String),
}

/// All lines but the first, by their kind.
#[derive(Debug, Default)]
struct Lines {
    rows: Vec<Value>,
    /// The number of each row's line.
    row_numbers: Vec<usize>,
    changes: Vec<Value>,
    sessions: Vec<String>,
    handed_out: Vec<String>,
}

/// The query of a reset.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetQuery {
    /// What to begin with.
    seed: Option<Seed>,
}

/// `GET /dev/export`.
pub(crate) async fn export(State(console): State<Arc<Console>>) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], console.export().await?).into_response())
}

/// `POST /dev/import`.
pub(crate) async fn import(
    State(console): State<Arc<Console>>,
    body: String,
) -> Result<Json<Value>, Problem> {
    to_its_end(async move {
        let _alone = console.whole_state.lock().await;
        Ok(Json(console.import(&body).await?))
    })
    .await
}

/// `POST /dev/reset`.
pub(crate) async fn reset(
    State(console): State<Arc<Console>>,
    Query(ResetQuery { seed }): Query<ResetQuery>,
) -> Result<Json<Value>, Problem> {
    to_its_end(async move {
        let _alone = console.whole_state.lock().await;
        console.forget().await?;
        console.note_state("everything forgotten", None);
        match seed {
            Some(seed) => Ok(Json(console.seed(seed).await?)),
            None => Ok(Json(json!({"users": 0}))),
        }
    })
    .await
}

/// Does work to its end, though the caller may go away before that.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let failed = |error: JoinError| {
        tracing::error!(error = &error as &dyn std::error::Error, "the state may be incomplete");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the work was cut off")
    };
    tokio::spawn(work).await.map_err(failed)?
}

impl Console {
    /// Returns the whole state as a text. The same state gives the same text.
    ///
    /// # Errors
    /// The table or the emulator fails.
    pub(crate) async fn export(&self) -> Result<String, Problem> {
        let exported = self.read_acs("export")?;
        let changes = exported.get("changes").and_then(Value::as_array).cloned();
        let rows = self.parts.route.rows.all().await?.into_iter().map(Line::Row);
        let changes = changes.into_iter().flatten().map(Line::Change);
        let sessions = self.sessions.tokens().into_iter().map(Line::Session);
        let handed_out = self.handed_out.fingerprints().into_iter().map(Line::HandedOut);
        let mut text = json!(self.header()).to_string();
        for line in rows.chain(changes).chain(sessions).chain(handed_out) {
            text.push('\n');
            text.push_str(&json!(line).to_string());
        }
        text.push('\n');
        Ok(text)
    }

    /// Replaces the whole state by an exported one. The users and identities of another stack
    /// become this one's; its sessions do not, because another key signed them.
    ///
    /// # Errors
    /// The text is not an exported state, which the text of the error explains with its line; or
    /// the table or the emulator fails.
    pub(crate) async fn import(&self, text: &str) -> Result<Value, Problem> {
        let first = text.lines().next().unwrap_or_default();
        let header = serde_json::from_str::<Header>(first).ok();
        let header = header.filter(|header| header.format == FORMAT && header.version == VERSION);
        let header = header.ok_or_else(|| {
            Problem::invalid(format!("line 1: not the state of a local stack, version {VERSION}"))
        })?;
        let here = self.header();
        let text = text
            .replace(&header.issuer, &here.issuer)
            .replace(&header.resource_id, &here.resource_id);
        let lines = Lines::read(&text)?;
        let (rows, changes) = (lines.rows.len(), lines.changes.len());
        let checked =
            self.parts.route.rows.check(lines.rows).await.map_err(|error| match error {
                RowsError::Refused(place, rule) => {
                    let number = lines.row_numbers.get(place).copied().unwrap_or_default();
                    Problem::invalid(format!("line {number}: {rule}"))
                }
                error => error.into(),
            })?;
        self.replace(checked, "import", json!({"changes": lines.changes})).await?;
        self.sessions.clear();
        if header.key_id == here.key_id {
            for session in lines.sessions.iter().filter_map(|token| self.claims.read(token)) {
                self.sessions.note(session);
            }
        }
        self.handed_out.replace(lines.handed_out, self.now());
        self.note_state("state imported", Some(format!("Rows of the table: {rows}.")));
        Ok(json!({"rows": rows, "changes": changes}))
    }

    /// Forgets users, identities, tokens, sessions and faults, and sets the clock back.
    async fn forget(&self) -> Result<(), Problem> {
        self.replace(Vec::new(), "reset", Value::Null).await?;
        self.clear_faults();
        self.sessions.clear();
        self.handed_out.replace(Vec::new(), self.now());
        Ok(())
    }

    /// Replaces the table's rows, and what ACS knows by a command of its control API. Where one of
    /// the two fails, the rows are put back. Then the functions forget.
    async fn replace(&self, rows: Vec<Value>, command: &str, body: Value) -> Result<(), Problem> {
        let table = &self.parts.route.rows;
        let before = table.all().await?;
        let replaced = match table.replace(rows).await {
            Ok(()) => self.change_acs(Method::POST, command, body).await.map(drop),
            Err(error) => Err(error.into()),
        };
        if replaced.is_err()
            && let Err(error) = table.replace(before).await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "rows are lost");
        }
        replaced?;
        self.empty_memory().map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a function cannot start");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the functions remember what was")
        })
    }

    /// Notes that the whole state has changed.
    pub(crate) fn note_state(&self, title: &str, sentence: Option<String>) {
        let entry = Entry { sentence, ..Entry::new(Kind::State, title, "done") };
        self.timeline.add(entry, self.now());
    }

    fn header(&self) -> Header {
        let keys = self.parts.provider.key_set().keys;
        let key_id = keys.first().and_then(|key| key.common.key_id.clone());
        Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            issuer: self.parts.provider.issuer().to_owned(),
            resource_id: self.parts.emulator.resource_id().to_owned(),
            key_id: key_id.unwrap_or_default(),
        }
    }
}

impl Lines {
    fn read(text: &str) -> Result<Self, Problem> {
        let mut lines = Self::default();
        for (line, number) in text.lines().zip(1..).skip(1).filter(|(line, _)| !line.is_empty()) {
            let wrong =
                |rule: serde_json::Error| Problem::invalid(format!("line {number}: {rule}"));
            match serde_json::from_str(line).map_err(wrong)? {
                Line::Row(row) => {
                    lines.row_numbers.push(number);
                    lines.rows.push(row);
                }
                Line::Change(change) => {
                    JournalEntry::deserialize(&change).map_err(wrong)?;
                    lines.changes.push(change);
                }
                Line::Session(token) => lines.sessions.push(token),
                Line::HandedOut(fingerprint) => lines.handed_out.push(fingerprint),
            }
        }
        Ok(lines)
    }
}
