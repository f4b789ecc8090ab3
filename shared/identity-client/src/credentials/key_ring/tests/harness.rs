//! ACS and a source of keys that take their time, and a client with two keys between them.

use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tokio::time::{Instant, sleep};

use crate::client::IdentityClient;
use crate::credentials::access_key::AccessKey;
use crate::credentials::key_ring::{FreshKeys, KeyRing, KeySource};
use crate::credentials::signing;
use crate::pipeline::options::ClientOptions;
use crate::transport::{Transport, TransportError};

pub(super) const FIRST: &str = "Zmlyc3Q=";
pub(super) const SECOND: &str = "c2Vjb25k";
pub(super) const THIRD: &str = "dGhpcmQ=";
pub(super) const FOURTH: &str = "Zm91cnRo";

/// ACS, which takes a moment for each request and knows by the signature which key made it.
#[derive(Debug)]
pub(super) struct Acs {
    accepted: Mutex<Vec<&'static str>>,
    signed_by: Mutex<Vec<&'static str>>,
}

impl Acs {
    pub(super) fn accepting(keys: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { accepted: Mutex::new(keys.to_vec()), signed_by: Mutex::default() })
    }

    pub(super) fn accept(&self, keys: &[&'static str]) {
        *self.accepted.lock().unwrap() = keys.to_vec();
    }

    /// Returns the keys whose signatures arrived since the last time.
    pub(super) fn signed_by(&self) -> Vec<&'static str> {
        mem::take(&mut self.signed_by.lock().unwrap())
    }
}

/// Returns the key that signed a request.
pub(super) fn signer(request: &Request<Bytes>) -> &'static str {
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    let (path, hash) = (request.uri().path_and_query().unwrap(), header("x-ms-content-sha256"));
    let (date, host) = (header("x-ms-date"), header("host"));
    let text = signing::string_to_sign(request.method(), path.as_str(), date, host, hash);
    let signed = |key: &&str| signing::authorization(&key.parse().unwrap(), &text);
    let keys = [FIRST, SECOND, THIRD, FOURTH];
    keys.into_iter().find(|key| signed(key) == header("authorization")).unwrap()
}

impl Transport for Acs {
    fn send(
        &self,
        request: Request<Bytes>,
        _until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        let key = signer(&request);
        Box::pin(async move {
            sleep(Duration::from_millis(10)).await;
            self.signed_by.lock().unwrap().push(key);
            let mut response = Response::new(Bytes::new());
            let accepted = self.accepted.lock().unwrap().contains(&key);
            *response.status_mut() =
                if accepted { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
            Ok(response)
        })
    }
}

/// A source that responds after a second, with keys or, when it has none, with an error.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) keys: Mutex<Option<Vec<&'static str>>>,
    calls: AtomicUsize,
}

impl Source {
    pub(super) fn of(keys: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { keys: Mutex::new(Some(keys.to_vec())), calls: AtomicUsize::new(0) })
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl KeySource for Source {
    fn keys(&self) -> FreshKeys<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Box::pin(async {
            sleep(Duration::from_secs(1)).await;
            let keys = self.keys.lock().unwrap().clone().ok_or("the vault is closed")?;
            Ok(keys.into_iter().map(key).collect())
        })
    }
}

pub(super) fn key(text: &str) -> AccessKey {
    text.parse().unwrap()
}

pub(super) fn ring() -> KeyRing {
    KeyRing::new(key(FIRST), vec![key(SECOND)])
}

pub(super) fn client(keys: KeyRing, transport: Arc<dyn Transport>) -> IdentityClient {
    let endpoint = "https://contoso.example".parse().unwrap();
    IdentityClient::new(endpoint, keys, transport, ClientOptions::default())
}
