//! An ACS in the same process whose requests pass an interceptor: it counts, delays, loses or
//! refuses them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;

use crate::transport::{Transport, TransportError};

/// Stands between a client and ACS.
pub trait AcsInterceptor: fmt::Debug + Send + Sync + 'static {
    /// Returns what the client gets. `serve` has ACS do its work; an interceptor runs it once,
    /// never, or after the client is gone.
    fn intercept(
        &self,
        request: &Request<Bytes>,
        until: Instant,
        serve: impl FnOnce() -> Response<Bytes> + Send + 'static,
    ) -> impl Future<Output = Result<Response<Bytes>, TransportError>> + Send;
}

/// A transport to an ACS that is a function, behind an interceptor.
pub struct InterceptedTransport<I> {
    interceptor: I,
    acs: Arc<Acs>,
}

type Acs = dyn Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync;

impl<I: AcsInterceptor> InterceptedTransport<I> {
    /// Returns a transport to `acs`.
    pub fn new(
        interceptor: I,
        acs: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { interceptor, acs: Arc::new(acs) })
    }
}

impl<I: AcsInterceptor> Transport for InterceptedTransport<I> {
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        let request = Arc::new(request);
        let (acs, served) = (Arc::clone(&self.acs), Arc::clone(&request));
        Box::pin(
            async move { self.interceptor.intercept(&request, until, move || acs(&served)).await },
        )
    }
}

impl<I: fmt::Debug> fmt::Debug for InterceptedTransport<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InterceptedTransport").field(&self.interceptor).finish()
    }
}
