//! One call: signed, sent, and repeated as often as its deadline and [`retry`] allow.

use std::error;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use tokio::time::{Instant, sleep};

use crate::credentials::access_key::AccessKey;
use crate::credentials::key_ring::{KeyRing, KeySelector};
use crate::credentials::signing;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::error::cause::{Cause, NotSentError};
use crate::error::error_response::ErrorResponse;
use crate::models::endpoint::Endpoint;
use crate::models::unreadable_response::UnreadableResponseError;
use crate::pipeline::api_request::ApiRequest;
use crate::pipeline::options::ClientOptions;
use crate::pipeline::outage::Outage;
use crate::pipeline::retry;
use crate::transport::Transport;

/// Sends calls to one resource.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) endpoint: Endpoint,
    pub(crate) keys: KeyRing,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) options: ClientOptions,
    pub(crate) outage: Outage,
}

impl Sender {
    /// Sends a call and reads its response with `read`.
    pub(crate) async fn send_and_read<T>(
        &self,
        request: &ApiRequest,
        read: fn(&Bytes) -> Result<T, UnreadableResponseError>,
        deadline: &Deadline,
    ) -> Result<T, Error> {
        let body = self.send(request, deadline).await?;
        read(&body).map_err(|why| Error::new(request.operation, Cause::Unreadable(why)))
    }

    /// Sends a call as often as [`retry`] and the deadline allow. Returns the body of the
    /// successful response.
    pub(crate) async fn send(
        &self,
        request: &ApiRequest,
        deadline: &Deadline,
    ) -> Result<Bytes, Error> {
        let mut keys = self.keys.selector();
        let (mut attempt, mut is_ambiguous) = (1, false);
        loop {
            let error = match self.attempt(request, &mut keys, deadline).await {
                Ok(body) => return Ok(body),
                Err(cause) => Error::new(request.operation, cause).after_attempt(is_ambiguous),
            };
            // A wait that outlasts the deadline is left to the caller, who may come back later.
            let wait = retry::wait_before_retry(&error, attempt)
                .filter(|wait| attempt < self.options.max_attempts && *wait < deadline.remaining());
            let Some(wait) = wait else { return Err(error) };
            let (operation, status) = (request.operation, error.status());
            tracing::debug!(?operation, attempt, ?wait, status, "repeats a request");
            sleep(wait).await;
            is_ambiguous = error.is_ambiguous();
            attempt += 1;
        }
    }

    /// Sends a call until ACS accepts its signature. ACS does nothing that it has not authorized,
    /// so that with another signature even a *create* may be sent again.
    async fn attempt(
        &self,
        request: &ApiRequest,
        keys: &mut KeySelector<'_>,
        deadline: &Deadline,
    ) -> Result<Bytes, Cause> {
        let mut first_refusal = None;
        loop {
            let refusal = match self.attempt_once(request, keys.key(), deadline).await {
                Err(Cause::Response(response)) if response.is_signature_refusal() => {
                    first_refusal.take().unwrap_or(response)
                }
                Ok(body) => {
                    keys.accept();
                    return Ok(body);
                }
                failure => return failure,
            };
            match keys.next(deadline.expires_at()).await {
                Ok(true) if !deadline.remaining().is_zero() => first_refusal = Some(refusal),
                Ok(_) => return Err(Cause::Response(refusal)),
                Err(why) => return Err(Cause::Response(refusal.without_fresh_keys(why))),
            }
        }
    }

    /// Signs a call with the present time and sends it once.
    async fn attempt_once(
        &self,
        request: &ApiRequest,
        key: &AccessKey,
        deadline: &Deadline,
    ) -> Result<Bytes, Cause> {
        if deadline.remaining().is_zero() {
            return Err(Cause::NotSent(NotSentError::DeadlinePassed));
        }
        let until = deadline.capped_at(self.options.attempt_timeout).expires_at();
        let signed = self
            .signed(request, key, deadline)
            .map_err(|why| Cause::NotSent(NotSentError::Unwritable(why)))?;
        self.outage
            .admit(Instant::now())
            .map_err(|retry_after| Cause::NotSent(NotSentError::Outage { retry_after }))?;
        let sent = self.transport.send(signed, until).await;
        let is_served = sent.as_ref().is_ok_and(|response| !response.status().is_server_error());
        self.outage.note(is_served, Instant::now());
        let response = sent.map_err(Cause::Transport)?;
        if response.status() == request.operation.success_status() {
            Ok(response.into_body())
        } else {
            Err(Cause::Response(ErrorResponse::new(&response, deadline.now())))
        }
    }

    fn signed(
        &self,
        request: &ApiRequest,
        key: &AccessKey,
        deadline: &Deadline,
    ) -> Result<Request<Bytes>, Box<dyn error::Error + Send + Sync>> {
        let mut request = request.to_http(&self.endpoint, self.options.api_version)?;
        signing::sign_request(&mut request, key, &self.endpoint, deadline.now())?;
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
