use serde_json::json;

use super::assert_prints;
use crate::commands::dead_letters::{DeadLetter, Listing, Replay, Replayed};
use crate::outcome::Outcome;
use crate::queues::{DeadLetterQueue, EventQueue};

#[test]
fn dead_letters_that_cannot_steer_the_terminal() {
    let letter = DeadLetter {
        queue: DeadLetterQueue::Rule,
        message_id: Some("m-1".to_owned()),
        age_seconds: Some(90_061),
        receive_count: Some(6),
        source: Some("com.example\u{1b}[2J\n".to_owned()),
        detail_type: Some("PasswordChanged".to_owned()),
        event_id: None,
        event_time: None,
        reason: Some("NO_PERMISSIONS".to_owned()),
    };
    let text = "\
QUEUE  AGE        RECEIVED  SOURCE            DETAIL TYPE      EVENT ID  EVENT TIME  REASON
rule   25h 1m 1s  6         com.example�[2J�  PasswordChanged  -         -           NO_PERMISSIONS
";
    let document = json!({"deadLetters": [{
        "queue": "rule",
        "messageId": "m-1",
        "ageSeconds": 90_061,
        "receiveCount": 6,
        "source": "com.example\u{1b}[2J\n",
        "detailType": "PasswordChanged",
        "eventId": null,
        "eventTime": null,
        "reason": "NO_PERMISSIONS",
    }]});
    assert_prints(&Listing { dead_letters: vec![letter] }, text, &document);
}

#[test]
fn what_became_of_replayed_messages() {
    let message = |outcome| Replayed {
        queue: DeadLetterQueue::Rule,
        to: EventQueue::Delete,
        message_id: Some("m-1".to_owned()),
        event_id: Some("e-1".to_owned()),
        outcome,
    };
    let failed = Some(Outcome::Failed("no answer".to_owned()));
    let messages = vec![message(Some(Outcome::Done)), message(failed), message(None)];
    let text = "\
FROM  TO      EVENT ID  RESULT
rule  delete  e-1       put back
rule  delete  e-1       failed             no answer
rule  delete  e-1       would be put back
";
    let basis = json!({"queue": "rule", "to": "delete", "messageId": "m-1", "eventId": "e-1"});
    let with = |more: serde_json::Value| {
        let mut document = basis.clone();
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    let document = json!({"dryRun": false, "messages": [
        with(json!({"outcome": "done"})),
        with(json!({"outcome": "failed", "why": "no answer"})),
        basis,
    ]});
    assert_prints(&Replay { dry_run: false, messages }, text, &document);
}
