//! Users to begin with: one or more in each state, made by the operations that lead there.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{Initiator, Operation, Record};
use axum::Json;
use axum::extract::{Path, State};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::app::{Console, call};
use crate::console::problem::Problem;

/// Why a state cannot be made.
const FAILED: &str = "the users could not be made; the timeline shows which request failed";
/// How long a token may take, a retried one too.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The users that the stack can begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Seed {
    /// 20 users in several states.
    Demo,
}

/// What is done for a user, after the sign-in.
#[derive(Clone, Copy)]
enum Story {
    SignsIn,
    GetsToken,
    GetsTwoTokens,
    IsOperatedUpon(Operation),
    IsSuspendedByProvider,
    /// The operation, while ACS refuses it.
    IsPending(Operation, &'static str),
    /// The identity's creation, while ACS does not respond.
    IsCreatedInVain,
}

const REVOKE: Operation = Operation::Revoke { keep_sessions: false };

/// The users by their beginning, how many, and their story.
const DEMO: [(&str, usize, Story); 10] = [
    ("demo-active", 6, Story::GetsToken),
    ("demo-two-sessions", 2, Story::GetsTwoTokens),
    ("demo-signed-in", 2, Story::SignsIn),
    ("demo-suspended", 1, Story::IsOperatedUpon(Operation::Suspend)),
    ("demo-suspended-by-provider", 1, Story::IsSuspendedByProvider),
    ("demo-revoked", 3, Story::IsOperatedUpon(REVOKE)),
    ("demo-deleted", 2, Story::IsOperatedUpon(Operation::Delete)),
    ("demo-revocation-pending", 1, Story::IsPending(REVOKE, "revoke")),
    ("demo-deletion-pending", 1, Story::IsPending(Operation::Delete, "delete")),
    ("demo-identity-unconfirmed", 1, Story::IsCreatedInVain),
];

/// `POST /dev/seed/{name}`.
pub(crate) async fn seed(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let unknown = |_| Problem::new(StatusCode::NOT_FOUND, "there is one seed: demo");
    let seed: Seed = serde_json::from_value(json!(name)).map_err(unknown)?;
    Ok(Json(console.seed(seed).await?))
}

impl Console {
    /// Adds the users of a seed, except those that are there already.
    ///
    /// # Errors
    /// A part of the stack does not do what the story asks, for instance because of a fault.
    pub(crate) async fn seed(&self, seed: Seed) -> Result<Value, Problem> {
        let Seed::Demo = seed;
        let (mut added, mut present) = (0, 0);
        for (name, users, story) in DEMO {
            for number in 1..=users {
                let subject = format!("{name}-{number:02}");
                if self.is_known(&subject).await? {
                    present += 1;
                    continue;
                }
                self.tell(story, &subject).await?;
                added += 1;
            }
        }
        let sentence = match present {
            0 => format!("{added} users in several states."),
            _ => format!(
                "{added} users in several states. {present} were there already, and stay as they are."
            ),
        };
        self.note_state("seed demo", Some(sentence));
        Ok(json!({"users": added}))
    }

    /// Returns whether a user has a record: an earlier seed made it, or somebody used the name.
    async fn is_known(&self, subject: &str) -> Result<bool, Problem> {
        let record = self.view(&self.user(None, subject)?).await?.snapshot.stored.record;
        Ok(record != Record::default() && !record.has_expired(self.now()))
    }

    async fn tell(&self, story: Story, subject: &str) -> Result<(), Problem> {
        let session = self.sign_in(json!({"subject": subject}).to_string().as_bytes())?;
        match story {
            Story::SignsIn => Ok(()),
            Story::GetsToken => self.get_token(&session.token).await,
            Story::GetsTwoTokens => {
                self.get_token(&session.token).await?;
                let session = self.sign_in(json!({"subject": subject}).to_string().as_bytes())?;
                self.get_token(&session.token).await
            }
            Story::IsOperatedUpon(operation) => {
                self.get_token(&session.token).await?;
                self.carry_out_as(Initiator::Operator, operation, subject).await
            }
            Story::IsSuspendedByProvider => {
                self.get_token(&session.token).await?;
                let initiator = Initiator::IdentityProvider { occurred_at: self.now() };
                self.carry_out_as(initiator, Operation::Suspend, subject).await
            }
            Story::IsPending(operation, name) => {
                self.get_token(&session.token).await?;
                let fault = json!({"operation": name, "effect": {"status": 403}});
                let work = self.carry_out_as(Initiator::Operator, operation, subject);
                self.during(fault, work).await
            }
            Story::IsCreatedInVain => {
                let fault = json!({"operation": "create", "effect": {"drop": true}});
                // That it fails is the point: nobody knows whether ACS created the identity.
                let work = async {
                    let _fails = self.get_token(&session.token).await;
                    Ok(())
                };
                self.during(fault, work).await
            }
        }
    }

    async fn get_token(&self, session: &str) -> Result<(), Problem> {
        let url = format!("{}/v1/token", self.parts.provider.issuer());
        let request = self.parts.http.post(url).bearer_auth(session).timeout(TIMEOUT);
        let is_done = request.send().await.is_ok_and(|response| response.status().is_success());
        let failed = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, FAILED);
        is_done.then_some(()).ok_or_else(failed)
    }

    async fn carry_out_as(
        &self,
        initiator: Initiator,
        operation: Operation,
        subject: &str,
    ) -> Result<(), Problem> {
        let user = self.user(None, subject)?;
        let ctx = call(self.deadline());
        let accepted = Box::pin(self.broker().execute(&user, operation, initiator, &ctx)).await;
        let failed = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, FAILED);
        accepted.map(drop).map_err(failed)
    }

    /// Does something while ACS has a fault. The newest fault is the one that was added.
    async fn during(
        &self,
        fault: Value,
        work: impl Future<Output = Result<(), Problem>>,
    ) -> Result<(), Problem> {
        self.command_acs(Method::POST, "faults", &fault)?;
        let faults = self.read_acs("faults")?;
        let newest = faults.get("faults").and_then(Value::as_array).and_then(|all| all.last());
        let id = newest.and_then(|fault| fault.get("id")).and_then(Value::as_u64);
        let result = work.await;
        let path = format!("faults/{}", id.unwrap_or_default());
        self.command_acs(Method::DELETE, &path, &Value::Null)?;
        result
    }
}
