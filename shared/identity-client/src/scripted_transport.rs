//! A transport that answers from a script and remembers what was sent.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::RETRY_AFTER};
use tokio::time::{Instant, sleep_until};

use crate::{AccessKey, Endpoint, IdentityClient, Options, Transport, TransportError};

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Answer(Response<Bytes>),
    NotSent,
    Interrupted,
    TooLarge,
    /// Nothing, until the client has no more patience.
    Silence,
}

impl Step {
    pub(crate) fn answer(status: u16, body: &str) -> Self {
        let mut answer = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        Self::Answer(answer)
    }

    pub(crate) fn answer_retry_after(status: u16, retry_after: &str) -> Self {
        let Self::Answer(mut answer) = Self::answer(status, "") else { unreachable!() };
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_str(retry_after).unwrap());
        Self::Answer(answer)
    }
}

#[derive(Debug)]
pub(crate) struct ScriptedTransport {
    script: Mutex<VecDeque<Step>>,
    sent: Mutex<Vec<(Instant, Request<Bytes>)>>,
}

impl ScriptedTransport {
    pub(crate) fn new(script: impl IntoIterator<Item = Step>) -> Arc<Self> {
        let script = Mutex::new(script.into_iter().collect());
        Arc::new(Self { script, sent: Mutex::default() })
    }

    pub(crate) fn client(self: &Arc<Self>, options: Options) -> IdentityClient {
        let endpoint: Endpoint = "https://contoso.example".parse().unwrap();
        let key: AccessKey = "c2VjcmV0LXNlY3JldA==".parse().unwrap();
        IdentityClient::new(endpoint, key, self.clone(), options)
    }

    /// The requests so far, each with the moment it was sent.
    pub(crate) fn sent(&self) -> Vec<(Instant, Request<Bytes>)> {
        self.sent.lock().unwrap().clone()
    }
}

impl Transport for ScriptedTransport {
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        self.sent.lock().unwrap().push((Instant::now(), request));
        let step = self.script.lock().unwrap().pop_front().expect("one request too many");
        Box::pin(async move {
            match step {
                Step::Answer(answer) => Ok(answer),
                Step::NotSent => Err(TransportError::not_sent("connection refused")),
                Step::Interrupted => Err(TransportError::interrupted("connection reset")),
                Step::TooLarge => Err(TransportError::too_large(10)),
                Step::Silence => {
                    sleep_until(until).await;
                    Err(TransportError::interrupted("timed out"))
                }
            }
        })
    }
}
