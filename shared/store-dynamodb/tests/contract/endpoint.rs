//! An endpoint that answers by script, or passes requests on to a real one.

use std::collections::VecDeque;
use std::future;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of one request.
pub(crate) enum Reply {
    /// An answer of this status and body.
    Answer(u16, String),
    /// The answer of the real endpoint.
    PassOn,
    /// The real endpoint does as asked; the connection ends before its answer.
    PassOnAndHangUp,
    /// No answer, ever.
    Stall,
    /// The connection ends in the middle of the body.
    CutShort,
}

/// The endpoint; it ends with the test's runtime.
pub(crate) struct Endpoint {
    /// Where it listens.
    pub(crate) url: String,
    exchange: Arc<Mutex<Exchange>>,
}

struct Exchange {
    replies: VecDeque<Reply>,
    requests: Vec<String>,
}

impl Endpoint {
    /// Starts an endpoint that answers one request with each reply, for real requests at `upstream`.
    pub(crate) async fn before(upstream: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let replies = replies.into_iter().collect();
        let exchange = Arc::new(Mutex::new(Exchange { replies, requests: Vec::new() }));
        tokio::spawn(listen(listener, upstream.replace("http://", ""), Arc::clone(&exchange)));
        Self { url, exchange }
    }

    /// Starts an endpoint that only follows its script.
    pub(crate) async fn scripted(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::before("", replies).await
    }

    /// How many replies were not asked for.
    pub(crate) fn left(&self) -> usize {
        self.exchange().replies.len()
    }

    /// The bodies of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let exchange = self.exchange();
        let body = |request: &String| request.split_once("\r\n\r\n").unwrap().1.to_owned();
        exchange.requests.iter().map(body).collect()
    }

    /// The heads of all requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        let exchange = self.exchange();
        let head = |request: &String| request.split_once("\r\n\r\n").unwrap().0.to_owned();
        exchange.requests.iter().map(head).collect()
    }

    fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap()
    }
}

async fn listen(listener: TcpListener, upstream: String, exchange: Arc<Mutex<Exchange>>) {
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(connection, upstream.clone(), Arc::clone(&exchange)));
    }
}

/// Serves one connection until either side ends it.
async fn serve(
    mut connection: TcpStream,
    upstream: String,
    exchange: Arc<Mutex<Exchange>>,
) -> Option<()> {
    loop {
        let request = read_message(&mut connection).await?;
        let reply = {
            let mut exchange = exchange.lock().unwrap();
            exchange.requests.push(String::from_utf8_lossy(&request).into_owned());
            exchange.replies.pop_front().expect("a request too many")
        };
        let answer = match reply {
            Reply::Answer(status, body) => {
                let length = body.len();
                format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\n\r\n{body}")
                    .into_bytes()
            }
            Reply::PassOn => pass_on(&upstream, &request).await?,
            Reply::PassOnAndHangUp => {
                pass_on(&upstream, &request).await?;
                return None;
            }
            Reply::Stall => future::pending().await,
            Reply::CutShort => {
                connection
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")
                    .await
                    .ok()?;
                return None;
            }
        };
        connection.write_all(&answer).await.ok()?;
    }
}

async fn pass_on(upstream: &str, request: &[u8]) -> Option<Vec<u8>> {
    let mut connection = TcpStream::connect(upstream).await.ok()?;
    connection.write_all(request).await.ok()?;
    read_message(&mut connection).await
}

/// Reads one request or answer whole; `None` at the connection's end.
async fn read_message(connection: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if connection.read_buf(&mut message).await.ok()? == 0 {
            return None;
        }
        if message_length(&message).is_some_and(|length| message.len() >= length) {
            return Some(message);
        }
    }
}

/// The length of head and body, once the head is there.
fn message_length(message: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(message);
    let (head, _) = text.split_once("\r\n\r\n")?;
    let body = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    Some(head.len() + 4 + body.unwrap_or(0))
}
