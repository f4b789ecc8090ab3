//! Lambda's Runtime API for one function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:bench";
const DEADLINE_MS: i64 = 600_000;

/// An event on its way to the function.
pub struct Event {
    pub id: usize,
    pub body: Bytes,
}

/// What a function does.
pub enum Message {
    /// It asks for an event, which is sent to it here.
    Next(oneshot::Sender<Event>),
    /// It responds to the event of this id.
    Response { id: usize, body: Bytes, at: Instant },
    /// It fails; the body says why.
    Failure(String),
}

pub struct RuntimeApi {
    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    pub messages: mpsc::UnboundedReceiver<Message>,
}

impl RuntimeApi {
    /// Serves on a free port until the process ends.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (sender, messages) = mpsc::unbounded_channel();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::task::spawn_local(async move {
                    let _ = stream.set_nodelay(true);
                    let service = service_fn(|request| respond(request, sender.clone()));
                    // A function that goes away is no error.
                    let io = TokioIo::new(stream);
                    let _ = http1::Builder::new().serve_connection(io, service).await;
                });
            }
        });
        Ok(Self { address, messages })
    }
}

async fn respond(
    request: Request<Incoming>,
    sender: mpsc::UnboundedSender<Message>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    if request.method() == Method::GET && path.ends_with("/invocation/next") {
        let (to_function, event) = oneshot::channel();
        let _ = sender.send(Message::Next(to_function));
        return Ok(match event.await {
            Ok(event) => invocation(event),
            Err(_) => {
                Response::builder().status(410).body(Full::default()).expect("constant parts")
            }
        });
    }
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let id = path.strip_suffix("/response").and_then(|path| path.rsplit('-').next()?.parse().ok());
    let _ = sender.send(match id {
        Some(id) => Message::Response { id, body, at: Instant::now() },
        None => Message::Failure(format!("{path}: {}", String::from_utf8_lossy(&body))),
    });
    let accepted = Response::builder().status(202).header("content-type", "application/json");
    Ok(accepted.body(Full::from(r#"{"status":"OK"}"#)).expect("constant parts"))
}

fn invocation(event: Event) -> Response<Full<Bytes>> {
    let deadline = jiff::Timestamp::now().as_millisecond() + DEADLINE_MS;
    Response::builder()
        .header("content-type", "application/json")
        .header(
            "lambda-runtime-aws-request-id",
            format!("8476a536-e9f4-11e8-9739-{:012}", event.id),
        )
        .header("lambda-runtime-deadline-ms", deadline)
        .header("lambda-runtime-invoked-function-arn", ARN)
        .header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0")
        .body(Full::new(event.body))
        .expect("header values of ASCII")
}
