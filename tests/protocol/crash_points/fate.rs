//! What happens at each call of the operation under test: the calls are counted as they are made, so
//! that a step which is added to the code is a step here.

use std::fmt;
use std::future::{Future, pending};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use acs_broker_core::StoreError;
use acs_broker_store_dynamodb::testing::{Interceptor, StoreCall};
use bytes::Bytes;
use http::{Request, Response};
use identity_client::testing::AcsInterceptor;
use identity_client::{Deadline, TransportError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The request never arrives.
    RequestLost,
    /// The request takes effect, and its reply never arrives.
    ReplyLost,
    /// The process dies before the request leaves it.
    KilledBefore,
    /// The process dies after the request has taken effect.
    KilledAfter,
    /// This request and all that follow never arrive.
    Dark,
}

pub(crate) const FATES: [Fate; 5] =
    [Fate::RequestLost, Fate::ReplyLost, Fate::KilledBefore, Fate::KilledAfter, Fate::Dark];

/// Something that another process does while the operation under test waits for a reply.
pub(crate) type Interruption = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Counts the calls of the operation under test, and decides about each.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Shared>);

#[derive(Default)]
struct Shared {
    plan: Mutex<Plan>,
    death: Notify,
}

#[derive(Default)]
struct Plan {
    is_armed: bool,
    steps: Vec<String>,
    fault: Option<(usize, Fate)>,
    interruption: Option<(usize, Interruption)>,
}

/// What one call does.
struct Turn {
    fate: Option<Fate>,
    interruption: Option<Interruption>,
}

impl Script {
    /// Counts from now on.
    pub(crate) fn arm(
        &self,
        fault: Option<(usize, Fate)>,
        interruption: Option<(usize, Interruption)>,
    ) {
        *self.plan() = Plan { is_armed: true, steps: Vec::new(), fault, interruption };
    }

    /// Lets every call pass from now on, and returns those that were counted.
    pub(crate) fn disarm(&self) -> Vec<String> {
        mem::take(&mut *self.plan()).steps
    }

    /// Returns when the process under test is to die.
    pub(crate) async fn death(&self) {
        self.0.death.notified().await;
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap()
    }

    fn turn(&self, what: impl FnOnce() -> String) -> Turn {
        let mut plan = self.plan();
        if !plan.is_armed {
            return Turn { fate: None, interruption: None };
        }
        let step = plan.steps.len();
        plan.steps.push(what());
        let fate = plan.fault.and_then(|(at, fate)| match fate {
            Fate::Dark => (at <= step).then_some(Fate::RequestLost),
            fate => (at == step).then_some(fate),
        });
        let interruption = plan.interruption.take_if(|(at, _)| *at == step);
        Turn { fate, interruption: interruption.map(|(_, action)| action) }
    }

    /// Carries one call out: `None` means that its sender has no reply.
    async fn call<T>(&self, what: impl FnOnce() -> String, serve: impl FnOnce() -> T) -> Option<T> {
        let Turn { fate, interruption } = self.turn(what);
        match fate {
            Some(Fate::RequestLost | Fate::Dark) => return None,
            Some(Fate::KilledBefore) => self.die().await,
            Some(Fate::ReplyLost | Fate::KilledAfter) | None => {}
        }
        let reply = serve();
        if let Some(interruption) = interruption {
            let was_armed = mem::replace(&mut self.plan().is_armed, false);
            interruption().await;
            self.plan().is_armed = was_armed;
        }
        match fate {
            Some(Fate::ReplyLost) => None,
            Some(Fate::KilledAfter) => self.die().await,
            _ => Some(reply),
        }
    }

    async fn die<T>(&self) -> T {
        self.0.death.notify_one();
        pending().await
    }
}

impl Interceptor for Script {
    async fn intercept<T: Send + 'static>(
        &self,
        call: StoreCall,
        _deadline: &Deadline,
        serve: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lost = || Err(StoreError::unavailable("enumerated"));
        self.call(|| format!("{call:?}"), serve).await.unwrap_or_else(lost)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

impl AcsInterceptor for Script {
    async fn intercept(
        &self,
        request: &Request<Bytes>,
        _until: Instant,
        serve: impl FnOnce() -> Response<Bytes> + Send + 'static,
    ) -> Result<Response<Bytes>, TransportError> {
        let what = || match request.uri().path().rsplit('/').next() {
            Some("identities") => "create".to_owned(),
            Some(action) if action.starts_with(':') => action.to_owned(),
            _ => request.method().to_string(),
        };
        let reply = self.call(what, serve).await;
        reply.ok_or_else(|| TransportError::interrupted("enumerated"))
    }
}
