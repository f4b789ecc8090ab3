mod stage;

use tokio::{task::JoinSet, time::sleep};

use super::*;
use crate::{
    Deadline, IdentityClient,
    scripted_transport::{ScriptedTransport, Step},
};
use stage::{Acs, FIRST, FOURTH, SECOND, Source, THIRD, client, key, ring, signer};

async fn delete_within(client: &IdentityClient, budget: Duration) -> Result<(), crate::Error> {
    let deadline = Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), budget);
    client.delete_user(&"8:acs:a_b".parse().unwrap(), &deadline).await
}

async fn delete(client: &IdentityClient) -> Result<(), crate::Error> {
    delete_within(client, Duration::from_secs(20)).await
}

/// Twenty requests at once.
async fn delete_20(client: &IdentityClient) -> Vec<Result<(), crate::Error>> {
    let client = client.clone();
    let requests: JoinSet<_> = (0..20)
        .map(|_| client.clone())
        .map(|client| async move { delete(&client).await })
        .collect();
    requests.join_all().await
}

/// The words of a refusal, from the outermost to the innermost.
fn refusal(outcome: Result<(), crate::Error>) -> Vec<String> {
    let error = outcome.unwrap_err();
    assert!(error.is_unauthorized() && !error.is_ambiguous(), "{error:?}");
    let mut cause: Option<&dyn Error> = Some(&error);
    let mut said = Vec::new();
    while let Some(error) = cause {
        said.push(error.to_string());
        cause = error.source();
    }
    said
}

#[tokio::test(start_paused = true)]
async fn a_regenerated_key_costs_one_request_and_the_other_key_stays_in_use() {
    let acs = Acs::accepting(&[SECOND]);
    let client = client(ring(), acs.clone());
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [FIRST, SECOND]);
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [SECOND]);

    acs.accept(&[FIRST]);
    delete(&client.clone()).await.unwrap();
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [SECOND, FIRST, FIRST]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_refused_by_mistake_signs_again_after_five_minutes() {
    let acs = Acs::accepting(&[SECOND]);
    let client = client(ring(), acs.clone());
    delete(&client).await.unwrap();
    acs.accept(&[FIRST, SECOND]);
    sleep(Duration::from_secs(299)).await;
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [FIRST, SECOND, SECOND]);
    sleep(Duration::from_secs(1)).await;
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [FIRST], "tokens made with the other key may die with it");
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_refused_together_settle_on_one_key() {
    let acs = Acs::accepting(&[SECOND]);
    let client = client(ring(), acs.clone());
    assert!(delete_20(&client).await.iter().all(Result::is_ok));
    delete(&client).await.unwrap();
    assert_eq!(
        acs.signed_by(),
        [[FIRST; 20], [SECOND; 20]].concat().into_iter().chain([SECOND]).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_with_the_old_key_does_not_bring_it_back() {
    let acs = Acs::accepting(&[FIRST, SECOND]);
    let ring = ring();
    let slow = ring.choice();
    let mut refused = ring.choice();
    assert!(refused.change(Instant::now()).await.unwrap());
    refused.keep();
    slow.keep();
    delete(&client(ring, acs.clone())).await.unwrap();
    assert_eq!(acs.signed_by(), [SECOND]);
}

#[tokio::test(start_paused = true)]
async fn when_both_keys_are_refused_the_source_is_asked_once_for_all_requests() {
    let acs = Acs::accepting(&[FOURTH]);
    let source = Source::of(&[FIRST, THIRD, FOURTH]);
    let client = client(ring().renewed_by(source.clone()), acs.clone());
    assert!(delete_20(&client).await.iter().all(Result::is_ok));
    assert_eq!(source.asked(), 1);
    let signed_by = acs.signed_by();
    for key in [FIRST, SECOND, THIRD, FOURTH] {
        let signed = signed_by.iter().filter(|by| **by == key).count();
        assert!(signed <= 20, "{key} signed {signed} requests");
    }
    delete(&client).await.unwrap();
    assert_eq!(acs.signed_by(), [FOURTH]);
}

#[tokio::test(start_paused = true)]
async fn when_the_keys_are_not_at_fault_the_source_is_asked_once_a_minute() {
    let acs = Acs::accepting(&[]);
    let source = Source::of(&[SECOND, FIRST]);
    let client = client(ring().renewed_by(source.clone()), acs.clone());
    assert_eq!(refusal(delete(&client).await).len(), 2);
    assert_eq!((acs.signed_by(), source.asked()), (vec![FIRST, SECOND], 1));

    assert!(delete_20(&client).await.iter().all(Result::is_err));
    sleep(Duration::from_secs(57)).await;
    delete(&client).await.unwrap_err();
    assert_eq!(source.asked(), 1);
    sleep(Duration::from_secs(2)).await;
    assert!(delete_20(&client).await.iter().all(Result::is_err));
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_leaves_the_refusal_and_says_why_until_it_is_asked_again() {
    let source = Arc::new(Source::default());
    let client = client(ring().renewed_by(source.clone()), Acs::accepting(&[THIRD]));
    for outcome in [vec![delete(&client).await], delete_20(&client).await].into_iter().flatten() {
        assert_eq!(
            refusal(outcome),
            [
                "could not delete a user: the credential was not accepted",
                "the answer was 401",
                "fresh keys could not be had",
                "the vault is closed",
            ]
        );
    }
    assert_eq!(source.asked(), 1);

    *source.keys.lock().unwrap() = Some(vec![THIRD]);
    sleep(Duration::from_mins(1)).await;
    delete(&client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_slow_keeps_nobody_past_the_deadline() {
    let client = client(ring().renewed_by(Source::of(&[THIRD])), Acs::accepting(&[THIRD]));
    let began = Instant::now();
    let (asking, waiting) = tokio::join!(
        delete_within(&client, Duration::from_millis(500)),
        delete_within(&client, Duration::from_millis(400)),
    );
    assert_eq!(began.elapsed(), Duration::from_millis(500));
    for outcome in [asking, waiting] {
        assert_eq!(refusal(outcome)[2..], ["fresh keys did not come in time"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_while_the_source_is_asked_does_not_make_room_for_more_questions()
{
    let source = Source::of(&[THIRD]);
    let client = client(ring().renewed_by(source.clone()), Acs::accepting(&[THIRD]));
    let dropped = tokio::time::timeout(Duration::from_millis(500), delete(&client));
    assert!(dropped.await.is_err());
    assert_eq!(refusal(delete(&client).await)[2..], ["fresh keys did not come in time"]);
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_fresh_keys_at_all_leave_those_that_there_are() {
    let acs = Acs::accepting(&[]);
    let client = client(ring().renewed_by(Source::of(&[])), acs.clone());
    delete(&client).await.unwrap_err();
    acs.accept(&[SECOND]);
    delete(&client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_create_is_sent_once_more_with_each_key_and_no_further() {
    let refused = |message: &str| {
        Step::answer(401, &format!(r#"{{"error":{{"code":"Denied","message":"{message}"}}}}"#))
    };
    let deadline = Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::from_secs(20));
    let created = Step::answer(201, r#"{"identity":{"id":"8:acs:a_b"}}"#);
    let transport = ScriptedTransport::new([refused("one"), created]);
    client(ring(), transport.clone()).create_user(&deadline).await.unwrap();
    let signers: Vec<_> = transport.sent().iter().map(|(_, request)| signer(request)).collect();
    assert_eq!(signers, [FIRST, SECOND]);

    let transport = ScriptedTransport::new([refused("one"), refused("two")]);
    let error = client(ring(), transport.clone()).create_user(&deadline).await.unwrap_err();
    assert!(error.is_unauthorized() && !error.is_ambiguous());
    assert_eq!((error.message(), transport.sent().len()), (Some("one"), 2));

    let transport = ScriptedTransport::new([refused("one"), Step::Interrupted]);
    let error = client(ring(), transport.clone()).create_user(&deadline).await.unwrap_err();
    assert!(error.is_unavailable() && error.is_ambiguous());
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_use_up_the_repetitions_after_an_outage() {
    let script = [401, 503, 503, 204].map(|status| Step::answer(status, ""));
    delete(&client(ring(), ScriptedTransport::new(script))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_another_key_would_not_change_is_not_tried_with_it() {
    let not_owned = r#"{"error":{"code":"IdentityNotOwned"}}"#;
    let no_such = r#"{"error":{"code":"IdentityNotFound"}}"#;
    for (status, body) in [(401, not_owned), (401, no_such), (403, ""), (404, ""), (400, "")] {
        let source = Source::of(&[THIRD]);
        let transport = ScriptedTransport::new([Step::answer(status, body)]);
        let keys = ring().renewed_by(source.clone());
        delete(&client(keys, transport.clone())).await.unwrap_err();
        assert_eq!((transport.sent().len(), source.asked()), (1, 0), "{status} {body}");
    }
}

#[test]
fn a_ring_shows_nothing_of_its_keys() {
    assert_eq!(format!("{:?}", ring().renewed_by(Source::of(&[THIRD]))), "KeyRing { .. }");
}

#[test]
fn keys_are_equal_when_they_sign_alike() {
    assert_eq!(key(FIRST), key(" Zmlyc3Q= "));
    assert_ne!(key(FIRST), key(SECOND));
}
