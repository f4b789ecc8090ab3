//! The bytes of a connection. hyper refuses what it cannot parse by itself, with an empty body; the
//! service, and so this gateway, gives every refusal a `message`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const END: &[u8] = b"\r\n\r\n";
const EMPTY: &str = "content-length: 0\r\n";

/// The refusals that hyper sends by itself.
const REFUSALS: [(&str, &str); 3] = [
    ("HTTP/1.1 400 ", "Bad Request"),
    ("HTTP/1.1 414 ", "URI Too Long"),
    ("HTTP/1.1 431 ", "Request Header Fields Too Large"),
];

/// A socket on which no refusal has an empty body.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    socket: S,
    /// What is left to write of a refusal with its body.
    refusal: Bytes,
    is_unfinished: Arc<AtomicBool>,
}

impl<S> Wire<S> {
    /// Wraps a socket. `is_unfinished` tells whether bytes came to which nothing was responded yet.
    pub(crate) fn new(socket: S, is_unfinished: Arc<AtomicBool>) -> Self {
        Self { socket, refusal: Bytes::new(), is_unfinished }
    }
}

/// Returns the refusal at the end of `written` with a body; `None` if there is none without.
fn with_message(written: &[u8]) -> Option<Bytes> {
    let head = written.strip_suffix(END)?;
    let start = head.windows(END.len()).rposition(|window| window == END);
    let start = start.map_or(0, |place| place + END.len());
    let text = std::str::from_utf8(written.get(start..)?).ok()?;
    let (_, message) = REFUSALS.into_iter().find(|(line, _)| text.starts_with(line))?;
    if !text.contains(EMPTY) {
        return None;
    }
    let body = json!({ "message": message }).to_string();
    let length = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    let earlier = written.get(..start)?;
    Some([earlier, text.replace(EMPTY, &length).as_bytes(), body.as_bytes()].concat().into())
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.is_unfinished.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

/// Vectored writes stay off, which is the default: hyper then writes a head in one piece.
impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.is_unfinished.store(false, Ordering::Relaxed);
        if this.refusal.is_empty() {
            match with_message(bytes) {
                Some(refusal) => this.refusal = refusal,
                None => return Pin::new(&mut this.socket).poll_write(context, bytes),
            }
        }
        // Until all of it is written the caller comes back with the same bytes.
        while !this.refusal.is_empty() {
            let written = ready!(Pin::new(&mut this.socket).poll_write(context, &this.refusal))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.refusal.advance(written);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    mod refusal {
        use super::super::*;

        /// A refusal behind an earlier response gets its message, too.
        #[test]
        fn gets_a_message_after_another_response() {
            let written = b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 400 Bad Request\r\n\
                content-length: 0\r\nconnection: close\r\n\r\n";
            let text = String::from_utf8(with_message(written).unwrap().to_vec()).unwrap();
            assert!(text.starts_with("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 400"), "{text}");
            assert!(text.ends_with("\r\n\r\n{\"message\":\"Bad Request\"}"), "{text}");
            assert!(text.contains("content-length: 25\r\n"), "{text}");
        }

        /// What the functions respond passes unchanged.
        #[test]
        fn with_body_stays_as_it_is() {
            for written in [
                &b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}"[..],
                b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n",
                b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
                b"",
            ] {
                assert_eq!(with_message(written), None);
            }
        }
    }
}
