//! One call: signed, sent, and repeated as often as its deadline and [`retry`] allow.

use std::{error, sync::Arc};

use bytes::Bytes;
use http::Request;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use crate::{
    AccessKey, Deadline, Endpoint, Error, KeyRing, Options, Transport, answer,
    call::Call,
    cause::{Cause, NotAsked},
    error_answer::ErrorAnswer,
    key_ring::KeyChoice,
    retry,
};

/// Sends calls to one resource.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) endpoint: Endpoint,
    pub(crate) keys: KeyRing,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) options: Options,
}

impl Sender {
    /// Sends a call and reads the JSON of its answer.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        call: &Call,
        deadline: &Deadline,
    ) -> Result<T, Error> {
        let body = self.send(call, deadline).await?;
        answer::read(&body).map_err(|why| Error::new(call.operation, Cause::Unreadable(why)))
    }

    /// Sends a call as often as [`retry`] and the deadline allow; returns the body of success.
    pub(crate) async fn send(&self, call: &Call, deadline: &Deadline) -> Result<Bytes, Error> {
        let mut keys = self.keys.choice();
        let (mut attempt, mut ambiguous) = (1, false);
        loop {
            let error = match self.attempt(call, &mut keys, deadline).await {
                Ok(body) => return Ok(body),
                Err(cause) => Error::new(call.operation, cause).after(ambiguous),
            };
            let wait = retry::wait_before_repeat(&error, attempt)
                .filter(|wait| attempt < self.options.max_attempts && *wait < deadline.remaining());
            let Some(wait) = wait else { return Err(error) };
            tracing::debug!(operation = ?call.operation, attempt, ?wait, status = error.status(), "repeats a request");
            sleep(wait).await;
            ambiguous = error.is_ambiguous();
            attempt += 1;
        }
    }

    /// Sends a call until ACS accepts the key. What it has not authorised it has not done, so that with
    /// another key even a *create* may be sent again.
    async fn attempt(
        &self,
        call: &Call,
        keys: &mut KeyChoice<'_>,
        deadline: &Deadline,
    ) -> Result<Bytes, Cause> {
        let mut first = None;
        loop {
            let refusal = match self.exchange(call, keys.key(), deadline).await {
                Err(Cause::Answer(answer)) if answer.refuses_the_key() => {
                    first.take().unwrap_or(answer)
                }
                Ok(body) => {
                    keys.keep();
                    return Ok(body);
                }
                failure => return failure,
            };
            match keys.change(deadline.instant()).await {
                Ok(true) if !deadline.remaining().is_zero() => first = Some(refusal),
                Ok(_) => return Err(Cause::Answer(refusal)),
                Err(why) => return Err(Cause::Answer(refusal.without_fresh_keys(why))),
            }
        }
    }

    /// Signs and sends a call once.
    async fn exchange(
        &self,
        call: &Call,
        key: &AccessKey,
        deadline: &Deadline,
    ) -> Result<Bytes, Cause> {
        if deadline.remaining().is_zero() {
            return Err(Cause::NotAsked(NotAsked::DeadlinePassed));
        }
        let until = deadline.sooner(self.options.attempt_timeout).instant();
        let request = self
            .request(call, key, deadline)
            .map_err(|why| Cause::NotAsked(NotAsked::Unwritable(why)))?;
        let answer = self.transport.send(request, until).await.map_err(Cause::Transport)?;
        if answer.status() == call.operation.success() {
            Ok(answer.into_body())
        } else {
            Err(Cause::Answer(ErrorAnswer::new(&answer, deadline.now())))
        }
    }

    /// Writes a call's request and signs it as of now.
    fn request(
        &self,
        call: &Call,
        key: &AccessKey,
        deadline: &Deadline,
    ) -> Result<Request<Bytes>, Box<dyn error::Error + Send + Sync>> {
        let mut request = call.request(&self.endpoint, self.options.api_version)?;
        key.authorize(&mut request, &self.endpoint, deadline.now())?;
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::{
        IdentityClient, Lifetime, Scope,
        scripted_transport::{ScriptedTransport, Step},
    };

    fn deadline() -> Deadline {
        Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::from_secs(20))
    }

    fn created() -> Step {
        Step::answer(201, r#"{"identity":{"id":"8:acs:a_b"}}"#)
    }

    async fn delete(client: &IdentityClient) -> Result<(), Error> {
        client.delete_user(&"8:acs:a_b".parse().unwrap(), &deadline()).await
    }

    /// The seconds between each request and the one before.
    fn waits(transport: &ScriptedTransport) -> Vec<f64> {
        let sent: Vec<Instant> = transport.sent().iter().map(|(at, _)| *at).collect();
        sent.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_harmless_operation_is_repeated_after_every_passing_failure() {
        for status in [408, 429, 500, 502, 503, 504] {
            let transport =
                ScriptedTransport::new([Step::answer(status, ""), Step::answer(204, "")]);
            delete(&transport.client(Options::default())).await.unwrap();
            assert_eq!(waits(&transport), [0.1], "{status}");
        }
        for failure in [Step::NotSent, Step::Interrupted] {
            let transport = ScriptedTransport::new([failure.clone(), Step::answer(204, "")]);
            delete(&transport.client(Options::default())).await.unwrap();
            assert_eq!(waits(&transport), [0.0], "{failure:?} is repeated at once");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_failure_is_not_repeated() {
        for failure in [
            Step::answer(302, ""),
            Step::answer(400, ""),
            Step::answer(401, ""),
            Step::answer(403, ""),
            Step::answer(404, ""),
            Step::answer(501, ""),
            Step::TooLarge,
        ] {
            let transport = ScriptedTransport::new([failure]);
            delete(&transport.client(Options::default())).await.unwrap_err();
            assert_eq!(transport.sent().len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_says_200_has_deleted_nothing() {
        for status in [200, 201, 202, 206] {
            let transport = ScriptedTransport::new([Step::answer(status, "<html>")]);
            let error = delete(&transport.client(Options::default())).await.unwrap_err();
            assert!(error.is_unavailable() && error.is_ambiguous(), "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_create_that_may_have_happened_is_never_repeated() {
        let mut failures = vec![Step::Interrupted, Step::TooLarge, Step::Silence];
        failures.extend([408, 500, 502, 503, 504].map(|n| Step::answer_retry_after(n, "0")));
        failures.extend(["", "{", r#"{"identity":{}}"#].map(|body| Step::answer(201, body)));
        for failure in failures {
            let transport = ScriptedTransport::new([failure.clone(), failure.clone()]);
            let client = transport.client(Options::default());
            let error = client.create_user(&deadline()).await.unwrap_err();
            assert!(error.is_ambiguous() && error.is_unavailable(), "{failure:?}");
            assert_eq!(transport.sent().len(), 1, "{failure:?}");

            let deadline = deadline();
            let created = client.issue_token(None, &[Scope::Chat], Lifetime::MAX, &deadline);
            assert!(created.await.unwrap_err().is_ambiguous(), "{failure:?}");
            assert_eq!(transport.sent().len(), 2, "{failure:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_create_that_cannot_have_happened_is_repeated() {
        let transport = ScriptedTransport::new([Step::NotSent, Step::answer(429, ""), created()]);
        transport.client(Options::default()).create_user(&deadline()).await.unwrap();
        assert_eq!(waits(&transport), [0.0, 0.2]);

        let transport = ScriptedTransport::new([Step::NotSent, Step::Interrupted]);
        let error =
            transport.client(Options::default()).create_user(&deadline()).await.unwrap_err();
        assert!(error.is_ambiguous());
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_end_and_the_waits_between_them_double() {
        let transport = ScriptedTransport::new((0..7).map(|_| Step::answer(503, "")));
        let options = Options { max_attempts: 7, ..Options::default() };
        let error = delete(&transport.client(options)).await.unwrap_err();
        assert!(error.is_unavailable() && error.is_ambiguous());
        assert_eq!(waits(&transport), [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]);

        let transport = ScriptedTransport::new((0..3).map(|_| Step::answer(503, "")));
        delete(&transport.client(Options::default())).await.unwrap_err();
        assert_eq!(waits(&transport).len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_service_can_ask_for_a_longer_wait_but_not_for_a_shorter_one() {
        for (retry_after, wait) in [
            ("3", 3.0),
            ("0", 0.1),
            ("Mon, 23 Nov 2026 12:00:07 GMT", 7.0),
            ("Mon, 23 Nov 2026 11:00:00 GMT", 0.1),
            ("soon", 0.1),
        ] {
            let throttled = Step::answer_retry_after(429, retry_after);
            let transport = ScriptedTransport::new([throttled, Step::answer(204, "")]);
            delete(&transport.client(Options::default())).await.unwrap();
            assert_eq!(waits(&transport), [wait], "{retry_after}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_does_not_fit_is_left_to_the_caller() {
        let transport = ScriptedTransport::new([Step::answer_retry_after(429, "20")]);
        let began = Instant::now();
        let error = delete(&transport.client(Options::default())).await.unwrap_err();
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(error.is_throttled() && !error.is_ambiguous());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(20)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_service_costs_an_attempt_its_time_and_the_call_its_deadline() {
        let transport = ScriptedTransport::new((0..9).map(|_| Step::Silence));
        let options = Options { max_attempts: 9, ..Options::default() };
        let began = Instant::now();
        let error = delete(&transport.client(options)).await.unwrap_err();
        assert_eq!(began.elapsed(), Duration::from_secs(20));
        assert_eq!(waits(&transport), [5.0, 5.2, 5.4]);
        assert!(error.is_unavailable() && error.is_ambiguous());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_after_the_deadline() {
        let transport = ScriptedTransport::new([]);
        let over = Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::ZERO);
        let error = transport.client(Options::default()).create_user(&over).await.unwrap_err();
        assert!(error.is_unavailable() && !error.is_ambiguous(), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_clear_answer_does_not_clear_up_the_attempt_before() {
        let gone = r#"{"error":{"code":"IdentityNotFound"}}"#;
        let transport = ScriptedTransport::new([Step::Interrupted, Step::answer(404, gone)]);
        let error = delete(&transport.client(Options::default())).await.unwrap_err();
        assert!(error.is_no_such_identity() && error.is_ambiguous());
    }

    #[tokio::test(start_paused = true)]
    async fn every_attempt_is_signed_at_its_own_time() {
        let script = [Step::answer_retry_after(429, "2"), Step::answer(204, "")];
        let transport = ScriptedTransport::new(script);
        delete(&transport.client(Options::default())).await.unwrap();
        let sent = transport.sent();
        let header = |index: usize, name: &str| sent[index].1.headers()[name].clone();
        assert_eq!(header(0, "x-ms-date"), "Mon, 23 Nov 2026 12:00:00 GMT");
        assert_eq!(header(1, "x-ms-date"), "Mon, 23 Nov 2026 12:00:02 GMT");
        assert_ne!(header(0, "authorization"), header(1, "authorization"));
    }
}
