//! Identity events, alone and in batches of a queue.

use std::sync::{Arc, LazyLock};

use acs_broker_core::{Accepted, BrokerError, Completion, Operation};
use acs_broker_identity_events::{
    Cognito, Okta, OktaSubject, Parsed, ProviderEvent, Sources, is_deletion, parse,
};
use acs_broker_lambda::{EventOutcome, Invocation, serve_queue};
use futures_util::FutureExt as _;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;

use crate::requests::app;
use crate::{CANARY, NOW};

static SOURCES: LazyLock<Sources> = LazyLock::new(|| Sources {
    issuer: "https://idp.example.com".parse().expect("an issuer"),
    cognito: Some(Cognito {
        user_pool: "eu-west-1_EXAMPLE".to_owned(),
        account: "111122223333".to_owned(),
        ignored_roles: Vec::new(),
    }),
    auth0: vec!["aws.partner/auth0.com/example/logs".to_owned()],
    okta: Some(Okta {
        source: "aws.partner/okta.com/example".to_owned(),
        subject: OktaSubject::Id,
    }),
    generic: Some("com.example.accounts".to_owned()),
});

/// An event that calls for a deletion is one for the rules too, which choose its queue; an event has
/// not happened in the future; and an error repeats no text of the event that is not a kind's name.
pub(crate) fn identity_event(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let text = &text.replace("KEY", CANARY);
    match parse(&SOURCES, text, NOW) {
        Ok(Parsed::Event(event)) => {
            let envelope: Value = serde_json::from_str(text).expect("JSON that was read before");
            assert_eq!(event.operation == Operation::Delete, is_deletion(&envelope), "{event:?}");
            assert!(event.occurred_at - acs_broker_core::MAX_CLOCK_SKEW <= NOW);
        }
        Ok(_) => {}
        Err(error) => {
            assert!(!error.to_string().contains(CANARY), "{error}");
        }
    }
}

/// Fails for every other user, by the length of the name.
async fn handle(invocation: Arc<Invocation<ProviderEvent>>) -> EventOutcome {
    if invocation.payload.user.to_text().len().is_multiple_of(2) {
        return Err(BrokerError::IdentityBusy);
    }
    Ok(Accepted { completion: Completion::Done, was_known: true })
}

/// A batch ends in an error, or in the ids of its messages that the queue is to keep.
pub(crate) fn queue_batch(data: &[u8]) {
    let Ok(payload) = serde_json::from_slice::<Value>(data) else { return };
    let ids: Vec<_> = payload["Records"]
        .as_array()
        .map(|records| records.iter().map(|record| record["messageId"].clone()).collect())
        .unwrap_or_default();
    let event = LambdaEvent::new(payload, Context::default());
    let served = serve_queue(app(), handle, event).now_or_never().expect("nothing to wait for");
    for failure in served.into_iter().flat_map(|response| response.batch_item_failures) {
        assert!(ids.contains(&failure.item_identifier.clone().into()), "{failure:?}");
    }
}
