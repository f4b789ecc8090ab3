//! Which key signs, when ACS refuses one or all of them.

mod harness;

use tokio::task::JoinSet;
use tokio::time::sleep;

use self::harness::{Acs, FIRST, FOURTH, SECOND, Source, THIRD, client, ring, signer};
use super::*;
use crate::client::IdentityClient;
use crate::deadline::Deadline;
use crate::testing::scripted_transport::{ScriptedTransport, Step};

async fn delete_within(
    client: &IdentityClient,
    budget: Duration,
) -> Result<(), crate::error::Error> {
    let deadline = Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), budget);
    client.delete_user(&"8:acs:a_b".parse().unwrap(), &deadline).await
}

async fn delete(client: &IdentityClient) -> Result<(), crate::error::Error> {
    delete_within(client, Duration::from_secs(20)).await
}

/// Sends twenty requests at once.
async fn delete_20(client: &IdentityClient) -> Vec<Result<(), crate::error::Error>> {
    let client = client.clone();
    let requests: JoinSet<_> = (0..20)
        .map(|_| client.clone())
        .map(|client| async move { delete(&client).await })
        .collect();
    requests.join_all().await
}

/// Returns the sentences of a refusal, from the outermost to the innermost.
fn refusal(outcome: Result<(), crate::error::Error>) -> Vec<String> {
    let error = outcome.unwrap_err();
    assert!(error.is_unauthorized() && !error.is_ambiguous(), "{error:?}");
    let mut cause: Option<&dyn Error> = Some(&error);
    let mut sentences = Vec::new();
    while let Some(error) = cause {
        sentences.push(error.to_string());
        cause = error.source();
    }
    sentences
}

/// A regenerated key costs two requests, and the other key stays in use.
#[tokio::test(start_paused = true)]
async fn accepted_key_stays_in_use() {
    let acs = Acs::accepting(&[SECOND]);
    let client = client(ring(), acs.clone());
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [FIRST, FIRST, SECOND]);
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [SECOND]);

    acs.accept(&[FIRST]);
    delete(&client.clone()).await.unwrap();
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [SECOND, SECOND, FIRST, FIRST]);
}

/// A key that was refused by mistake signs again after five minutes.
#[tokio::test(start_paused = true)]
async fn first_key_returns_after_five_minutes() {
    let acs = Acs::accepting(&[SECOND]);
    let client = client(ring(), acs.clone());
    delete(&client).await.unwrap();
    acs.accept(&[FIRST, SECOND]);
    sleep(Duration::from_secs(299)).await;
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [FIRST, FIRST, SECOND, SECOND]);
    sleep(Duration::from_secs(1)).await;
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [FIRST], "tokens made with the other key may die with it");
}

/// Requests that are refused together agree on one key.
#[tokio::test(start_paused = true)]
async fn concurrent_refusals_select_one_key() {
    let acs = Acs::accepting(&[SECOND]);
    let client = client(ring(), acs.clone());
    assert!(delete_20(&client).await.iter().all(Result::is_ok));
    delete(&client).await.unwrap();
    let expected = [[FIRST; 40].as_slice(), &[SECOND; 20], &[SECOND]].concat();
    assert_eq!(acs.signed_by(), expected);
}

/// A slow request that was signed with the old key does not bring that key back.
#[tokio::test(start_paused = true)]
async fn slow_request_keeps_new_key() {
    let acs = Acs::accepting(&[FIRST, SECOND]);
    let ring = ring();
    let slow = ring.selector();
    let mut refused = ring.selector();
    for _ in 0..2 {
        assert!(refused.next(Instant::now()).await.unwrap());
    }
    refused.accept();
    slow.accept();
    delete(&client(ring, acs.clone())).await.unwrap();
    assert_eq!(acs.signed_by(), [SECOND]);
}

/// When ACS refuses both keys, the source is called once for all requests.
#[tokio::test(start_paused = true)]
async fn source_is_called_once_for_all() {
    let acs = Acs::accepting(&[FOURTH]);
    let source = Source::of(&[FIRST, THIRD, FOURTH]);
    let client = client(ring().with_refresh(source.clone()), acs.clone());
    assert!(delete_20(&client).await.iter().all(Result::is_ok));
    assert_eq!(source.calls(), 1);
    let signed_by = acs.signed_by();
    // Only the first key signs a request twice.
    for (key, most) in [(FIRST, 40), (SECOND, 20), (THIRD, 20), (FOURTH, 20)] {
        let signed = signed_by.iter().filter(|by| **by == key).count();
        assert!(signed <= most, "{key} signed {signed} requests");
    }
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [FOURTH]);
}

/// When the keys are not at fault, the source is called once a minute.
#[tokio::test(start_paused = true)]
async fn source_is_called_once_a_minute() {
    let acs = Acs::accepting(&[]);
    let source = Source::of(&[SECOND, FIRST]);
    let client = client(ring().with_refresh(source.clone()), acs.clone());
    assert_eq!(refusal(delete(&client).await).len(), 2);
    assert_eq!((acs.signed_by(), source.calls()), (vec![FIRST, FIRST, SECOND], 1));

    assert!(delete_20(&client).await.iter().all(Result::is_err));
    sleep(Duration::from_secs(57)).await;
    delete(&client).await.unwrap_err();
    assert_eq!(source.calls(), 1);
    sleep(Duration::from_secs(2)).await;
    assert!(delete_20(&client).await.iter().all(Result::is_err));
    assert_eq!(source.calls(), 2);
}

/// After the source has failed, each refusal contains its error until it is called again.
#[tokio::test(start_paused = true)]
async fn failed_source_explains_each_refusal() {
    let source = Arc::new(Source::default());
    let client = client(ring().with_refresh(source.clone()), Acs::accepting(&[THIRD]));
    for outcome in [vec![delete(&client).await], delete_20(&client).await].into_iter().flatten() {
        assert_eq!(
            refusal(outcome),
            [
                "could not delete a user: the credential was not accepted",
                "the response was 401",
                "fresh keys could not be fetched",
                "the vault is closed",
            ]
        );
    }
    assert_eq!(source.calls(), 1);

    *source.keys.lock().unwrap() = Some(vec![THIRD]);
    sleep(Duration::from_mins(1)).await;
    delete(&client).await.unwrap();
}

/// A slow source keeps no request past its deadline.
#[tokio::test(start_paused = true)]
async fn slow_source_respects_deadlines() {
    let client = client(ring().with_refresh(Source::of(&[THIRD])), Acs::accepting(&[THIRD]));
    let began = Instant::now();
    let (calling, waiting) =
        tokio::join!(delete_within(&client, Duration::from_millis(500)), async {
            // The other request is the first to call the source.
            sleep(Duration::from_millis(1)).await;
            delete_within(&client, Duration::from_millis(400)).await
        },);
    assert_eq!(began.elapsed(), Duration::from_millis(500));
    for outcome in [calling, waiting] {
        assert_eq!(refusal(outcome)[2..], ["fresh keys did not come in time"]);
    }
}

/// A request that is dropped while it calls the source does not let others call it again.
#[tokio::test(start_paused = true)]
async fn dropped_request_counts_as_call() {
    let source = Source::of(&[THIRD]);
    let client = client(ring().with_refresh(source.clone()), Acs::accepting(&[THIRD]));
    let dropped = tokio::time::timeout(Duration::from_millis(500), delete(&client));
    assert!(dropped.await.is_err());
    assert_eq!(refusal(delete(&client).await)[2..], ["fresh keys did not come in time"]);
    assert_eq!(source.calls(), 1);
}

/// An empty list of fresh keys leaves the old ones in use.
#[tokio::test(start_paused = true)]
async fn empty_refresh_keeps_old_keys() {
    let acs = Acs::accepting(&[]);
    let client = client(ring().with_refresh(Source::of(&[])), acs.clone());
    delete(&client).await.unwrap_err();
    acs.accept(&[SECOND]);
    delete(&client).await.unwrap();
}

/// A refused creation is signed anew, then sent once with each further key, and no more.
#[tokio::test(start_paused = true)]
async fn refused_creation_tries_each_key() {
    let refused = |message: &str| {
        Step::respond(401, &format!(r#"{{"error":{{"code":"Denied","message":"{message}"}}}}"#))
    };
    let deadline = Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::from_secs(20));
    let created = Step::respond(201, r#"{"identity":{"id":"8:acs:a_b"}}"#);
    let transport = ScriptedTransport::new([refused("one"), refused("again"), created]);
    client(ring(), transport.clone()).create_user(&deadline).await.unwrap();
    let signers: Vec<_> = transport.sent().iter().map(|(_, request)| signer(request)).collect();
    assert_eq!(signers, [FIRST, FIRST, SECOND]);

    let script = ["one", "again", "two"].map(refused);
    let transport = ScriptedTransport::new(script);
    let error = client(ring(), transport.clone()).create_user(&deadline).await.unwrap_err();
    assert!(error.is_unauthorized() && !error.is_ambiguous());
    assert_eq!((error.message(), transport.sent().len()), (Some("one"), 3));

    let transport = ScriptedTransport::new([refused("one"), refused("again"), Step::Interrupted]);
    let error = client(ring(), transport.clone()).create_user(&deadline).await.unwrap_err();
    assert!(error.is_unavailable() && error.is_ambiguous());
}

/// Refused signatures do not use up the attempts that follow an outage.
#[tokio::test(start_paused = true)]
async fn refusals_do_not_count_as_attempts() {
    let script = [401, 401, 503, 503, 204].map(|status| Step::respond(status, ""));
    delete(&client(ring(), ScriptedTransport::new(script))).await.unwrap();
}

/// A refusal that another signature would not change is final.
#[tokio::test(start_paused = true)]
async fn other_refusals_are_final() {
    let not_owned = r#"{"error":{"code":"IdentityNotOwned"}}"#;
    let no_such = r#"{"error":{"code":"IdentityNotFound"}}"#;
    for (status, body) in [(401, not_owned), (401, no_such), (403, ""), (404, ""), (400, "")] {
        let source = Source::of(&[THIRD]);
        let transport = ScriptedTransport::new([Step::respond(status, body)]);
        let keys = ring().with_refresh(source.clone());
        delete(&client(keys, transport.clone())).await.unwrap_err();
        assert_eq!((transport.sent().len(), source.calls()), (1, 0), "{status} {body}");
    }
}

/// `Debug` of a ring shows nothing of its keys.
#[test]
fn debug_hides_the_keys() {
    assert_eq!(format!("{:?}", ring().with_refresh(Source::of(&[THIRD]))), "KeyRing { .. }");
}
