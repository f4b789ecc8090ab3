//! The attempts of a call: which failures are repeated, when, and with which signature.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::client::IdentityClient;
use crate::models::lifetime::Lifetime;
use crate::models::scope::Scope;
use crate::testing::scripted_transport::{ScriptedTransport, Step};

fn deadline() -> Deadline {
    Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::from_secs(20))
}

fn client(transport: &Arc<ScriptedTransport>) -> IdentityClient {
    transport.client(ClientOptions::default())
}

fn client_with_attempts(transport: &Arc<ScriptedTransport>, max_attempts: u32) -> IdentityClient {
    transport.client(ClientOptions { max_attempts, ..ClientOptions::default() })
}

fn created() -> Step {
    Step::respond(201, r#"{"identity":{"id":"8:acs:a_b"}}"#)
}

async fn delete(client: &IdentityClient) -> Result<(), Error> {
    client.delete_user(&"8:acs:a_b".parse().unwrap(), &deadline()).await
}

/// The seconds between each request and the one before.
fn waits(transport: &ScriptedTransport) -> Vec<f64> {
    let sent: Vec<Instant> = transport.sent().iter().map(|(at, _)| *at).collect();
    sent.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
}

/// The values of a header of each request.
fn headers(transport: &ScriptedTransport, name: &str) -> Vec<String> {
    let value = |request: &Request<Bytes>| request.headers()[name].to_str().unwrap().to_owned();
    transport.sent().iter().map(|(_, request)| value(request)).collect()
}

mod retries {
    use super::*;

    /// An operation that is safe to repeat is repeated after every transient failure.
    #[tokio::test(start_paused = true)]
    async fn transient_failures_are_repeated() {
        for status in [408, 429, 500, 502, 503, 504] {
            let transport =
                ScriptedTransport::new([Step::respond(status, ""), Step::respond(204, "")]);
            delete(&client(&transport)).await.unwrap();
            assert_eq!(waits(&transport), [0.1], "{status}");
        }
        for failure in [Step::NotSent, Step::Interrupted] {
            let transport = ScriptedTransport::new([failure.clone(), Step::respond(204, "")]);
            delete(&client(&transport)).await.unwrap();
            assert_eq!(waits(&transport), [0.0], "{failure:?} is repeated at once");
        }
    }

    /// A lasting failure is not repeated.
    #[tokio::test(start_paused = true)]
    async fn lasting_failures_are_not_repeated() {
        for failure in [
            Step::respond(302, ""),
            Step::respond(400, ""),
            Step::respond(403, ""),
            Step::respond(404, ""),
            Step::respond(501, ""),
            Step::TooLarge,
        ] {
            let transport = ScriptedTransport::new([failure]);
            delete(&client(&transport)).await.unwrap_err();
            assert_eq!(transport.sent().len(), 1);
        }
    }

    /// A page with status 200 has deleted nothing.
    #[tokio::test(start_paused = true)]
    async fn other_success_status_is_ambiguous() {
        for status in [200, 201, 202, 206] {
            let transport = ScriptedTransport::new([Step::respond(status, "<html>")]);
            let error = delete(&client(&transport)).await.unwrap_err();
            assert!(error.is_unavailable() && error.is_ambiguous(), "{status}");
        }
    }

    /// The attempts end, and the waits between them double.
    #[tokio::test(start_paused = true)]
    async fn waits_double_until_attempts_end() {
        let transport = ScriptedTransport::new((0..7).map(|_| Step::respond(503, "")));
        let error = delete(&client_with_attempts(&transport, 7)).await.unwrap_err();
        assert!(error.is_unavailable() && error.is_ambiguous());
        assert_eq!(waits(&transport), [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]);

        let transport = ScriptedTransport::new((0..3).map(|_| Step::respond(503, "")));
        delete(&client(&transport)).await.unwrap_err();
        assert_eq!(waits(&transport).len(), 2);
    }

    /// The service can ask for a longer wait, but not for a shorter one.
    #[tokio::test(start_paused = true)]
    async fn service_can_lengthen_the_wait() {
        for (retry_after, wait) in [
            ("3", 3.0),
            ("0", 0.1),
            ("Mon, 23 Nov 2026 12:00:07 GMT", 7.0),
            ("Mon, 23 Nov 2026 11:00:00 GMT", 0.1),
            ("soon", 0.1),
        ] {
            let throttled = Step::respond_retry_after(429, retry_after);
            let transport = ScriptedTransport::new([throttled, Step::respond(204, "")]);
            delete(&client(&transport)).await.unwrap();
            assert_eq!(waits(&transport), [wait], "{retry_after}");
        }
    }

    /// A wait that outlasts the deadline is left to the caller.
    #[tokio::test(start_paused = true)]
    async fn overlong_wait_is_not_begun() {
        let transport = ScriptedTransport::new([Step::respond_retry_after(429, "20")]);
        let began = Instant::now();
        let error = delete(&client(&transport)).await.unwrap_err();
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(error.is_throttled() && !error.is_ambiguous());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(20)));
    }

    /// A clear response does not settle what the attempt before has done.
    #[tokio::test(start_paused = true)]
    async fn earlier_attempt_keeps_error_ambiguous() {
        let gone = r#"{"error":{"code":"IdentityNotFound"}}"#;
        let transport = ScriptedTransport::new([Step::Interrupted, Step::respond(404, gone)]);
        let error = delete(&client(&transport)).await.unwrap_err();
        assert!(error.is_no_such_identity() && error.is_ambiguous());
    }
}

mod creations {
    use super::*;

    /// A creation that may have happened is never repeated.
    #[tokio::test(start_paused = true)]
    async fn possible_creation_is_never_repeated() {
        let mut failures = vec![Step::Interrupted, Step::TooLarge, Step::Silence];
        failures.extend([408, 500, 502, 503, 504].map(|n| Step::respond_retry_after(n, "0")));
        failures.extend(["", "{", r#"{"identity":{}}"#].map(|body| Step::respond(201, body)));
        for failure in failures {
            let transport = ScriptedTransport::new([failure.clone(), failure.clone()]);
            let client = client(&transport);
            let error = client.create_user(&deadline()).await.unwrap_err();
            assert!(error.is_ambiguous() && error.is_unavailable(), "{failure:?}");
            assert_eq!(transport.sent().len(), 1, "{failure:?}");

            let deadline = deadline();
            let created = client.create_user_with_token(&[Scope::Chat], Lifetime::MAX, &deadline);
            assert!(created.await.unwrap_err().is_ambiguous(), "{failure:?}");
            assert_eq!(transport.sent().len(), 2, "{failure:?}");
        }
    }

    /// A creation that cannot have happened is repeated.
    #[tokio::test(start_paused = true)]
    async fn impossible_creation_is_repeated() {
        let transport = ScriptedTransport::new([Step::NotSent, Step::respond(429, ""), created()]);
        client(&transport).create_user(&deadline()).await.unwrap();
        assert_eq!(waits(&transport), [0.0, 0.2]);

        let transport = ScriptedTransport::new([Step::NotSent, Step::Interrupted]);
        let error = client(&transport).create_user(&deadline()).await.unwrap_err();
        assert!(error.is_ambiguous());
    }
}

mod deadlines {
    use super::*;

    /// A silent service costs each attempt its timeout, and the call its deadline.
    #[tokio::test(start_paused = true)]
    async fn silent_service_ends_at_deadline() {
        let transport = ScriptedTransport::new((0..9).map(|_| Step::Silence));
        let began = Instant::now();
        let error = delete(&client_with_attempts(&transport, 9)).await.unwrap_err();
        assert_eq!(began.elapsed(), Duration::from_secs(20));
        assert_eq!(waits(&transport), [5.0, 5.2, 5.4]);
        assert!(error.is_unavailable() && error.is_ambiguous());
    }

    /// Nothing is sent after the deadline.
    #[tokio::test(start_paused = true)]
    async fn expired_call_sends_nothing() {
        let transport = ScriptedTransport::new([]);
        let over = Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::ZERO);
        let error = client(&transport).create_user(&over).await.unwrap_err();
        assert!(error.is_unavailable() && !error.is_ambiguous(), "{error:?}");
    }
}

mod signatures {
    use super::*;

    /// Every attempt is signed at its own time.
    #[tokio::test(start_paused = true)]
    async fn every_attempt_has_its_date() {
        let script = [Step::respond_retry_after(429, "2"), Step::respond(204, "")];
        let transport = ScriptedTransport::new(script);
        delete(&client(&transport)).await.unwrap();
        let dates = ["Mon, 23 Nov 2026 12:00:00 GMT", "Mon, 23 Nov 2026 12:00:02 GMT"];
        assert_eq!(headers(&transport, "x-ms-date"), dates);
        let authorizations = headers(&transport, "authorization");
        assert_ne!(authorizations[0], authorizations[1]);
    }

    /// A request whose date has passed on the way is signed anew, with the present time.
    #[tokio::test(start_paused = true)]
    async fn first_refusal_is_signed_anew() {
        let deadline = Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::MAX);
        let script = [Step::Frozen(Duration::from_mins(30), 401), Step::respond(204, "")];
        let transport = ScriptedTransport::new(script);
        let user = "8:acs:a_b".parse().unwrap();
        client(&transport).delete_user(&user, &deadline).await.unwrap();
        let dates = ["Mon, 23 Nov 2026 12:00:00 GMT", "Mon, 23 Nov 2026 12:30:00 GMT"];
        assert_eq!(headers(&transport, "x-ms-date"), dates);
        let authorizations = headers(&transport, "authorization");
        assert_ne!(authorizations[0], authorizations[1]);
    }

    /// A second refusal in the same call is final, also after an outage between them; the error is
    /// that of the first.
    #[tokio::test(start_paused = true)]
    async fn second_refusal_is_final() {
        let refused =
            |code: &str| Step::respond(401, &format!(r#"{{"error":{{"code":"{code}"}}}}"#));
        let transport = ScriptedTransport::new([refused("One"), refused("Two")]);
        let error = delete(&client(&transport)).await.unwrap_err();
        assert!(error.is_unauthorized() && !error.is_ambiguous());
        assert_eq!((error.code(), transport.sent().len()), (Some("One"), 2));

        let script = [refused("One"), Step::respond(503, ""), refused("Two")];
        let transport = ScriptedTransport::new(script);
        let error = delete(&client(&transport)).await.unwrap_err();
        assert_eq!((error.code(), transport.sent().len()), (Some("Two"), 3));
    }

    /// A refused creation is signed anew too: ACS has not done what it has not authorized.
    #[tokio::test(start_paused = true)]
    async fn refused_creation_is_signed_anew() {
        let transport = ScriptedTransport::new([Step::respond(401, ""), created()]);
        client(&transport).create_user(&deadline()).await.unwrap();
        assert_eq!(transport.sent().len(), 2);
    }
}

mod outages {
    use super::*;

    /// While ACS is out of service a user hears so at once, and only one request a second waits
    /// for ACS. Its first word ends that.
    #[tokio::test(start_paused = true)]
    async fn outage_fails_calls_at_once() {
        let out = (0..8).map(|_| Step::Silence);
        let back = [Step::respond(404, ""), Step::respond(204, "")];
        let transport = ScriptedTransport::new(out.chain(back));
        let client = client(&transport);
        for _ in 0..3 {
            delete(&client).await.unwrap_err();
        }
        let sent = transport.sent().len();
        let error = delete(&client).await.unwrap_err();
        assert_eq!(transport.sent().len(), sent, "no request was sent");
        assert!(error.is_unavailable() && !error.is_ambiguous());
        assert!(error.retry_after().unwrap() <= Duration::from_secs(1));

        tokio::time::advance(Duration::from_secs(1)).await;
        delete(&client).await.unwrap_err();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(delete(&client).await.unwrap_err().status() == Some(404));
        delete(&client).await.unwrap();
    }
}
