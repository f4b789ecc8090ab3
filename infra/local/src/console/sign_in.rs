//! Sign-ins at the identity provider, noted as sessions.

use std::error::Error;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::timeline::{Entry, Kind};
use crate::dev::identity_provider::{Session, SignInError};

/// `POST /dev/sign-in`.
pub(crate) async fn sign_in(
    State(console): State<Arc<Console>>,
    body: Bytes,
) -> Result<Json<Session>, Problem> {
    console.sign_in(&body).map(Json)
}

impl Console {
    /// Signs a user in, whom the body of `POST /dev/sign-in` names.
    ///
    /// # Errors
    /// The body breaks a rule, or nothing can be signed.
    pub(crate) fn sign_in(&self, body: &[u8]) -> Result<Session, Problem> {
        let now = self.now();
        let session = self.parts.provider.sign_in(body, now).map_err(|error| match error {
            SignInError::Malformed(rule) => Problem::invalid(rule.to_string()),
            SignInError::Unavailable => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            }
            SignInError::Signing(_) => {
                tracing::error!(error = &error as &dyn Error, "nobody can sign in");
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        })?;
        if let Some(signed) = self.claims.read(&session.token) {
            let mut entry = Entry::new(Kind::SignIn, "sign-in", "done");
            entry.subject = Some(signed.subject.clone());
            self.sessions.note(signed);
            self.timeline.add(entry, now);
        }
        Ok(session)
    }
}
