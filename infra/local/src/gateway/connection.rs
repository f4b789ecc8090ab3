//! The gateway's connections: how long a client may take for its headers, and what becomes of bytes
//! that are not HTTP.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acs_broker_config::error_chain;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_service::Service as _;

use crate::gateway::wire::Wire;
use crate::log::Log;

/// How long a client may take for a request's line and headers, as at the service. A connection
/// that stays idle for that long is closed, too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after the system could not accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves every connection until `stopped`, then finishes the requests under way.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    log: Log,
    stopped: impl Future<Output = ()>,
) {
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (router, log) = (router.clone(), log.clone());
                    connections.spawn(converse(stream, peer, router, log, stopping.clone()));
                }
                Err(error) => pause_after(&error).await,
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
    drop((listener, stop));
    while connections.join_next().await.is_some() {}
}

/// Waits where the error is the system's, such as too many open files, and not one connection's.
async fn pause_after(error: &io::Error) {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if ![ConnectionAborted, ConnectionRefused, ConnectionReset].contains(&error.kind()) {
        tracing::error!(error = error as &dyn std::error::Error, "connections are not accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Serves one connection to its end.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    log: Log,
    mut stopping: watch::Receiver<()>,
) {
    // A small response must not wait for the client's acknowledgement of its head.
    let _slower = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    let is_unfinished = Arc::new(AtomicBool::new(false));
    let wire = Wire::new(stream, Arc::clone(&is_unfinished));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(wire), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    match ended {
        Err(error) if error.is_parse() => {
            log.connection(&format!("refused: the request is not HTTP: {}", error_chain(&error)));
        }
        Err(error) if error.is_timeout() && is_unfinished.load(Ordering::Relaxed) => {
            let seconds = HEADER_TIMEOUT.as_secs();
            log.connection(&format!("closed: headers were unfinished after {seconds} s"));
        }
        // The client has gone.
        Ok(()) | Err(_) => {}
    }
}
