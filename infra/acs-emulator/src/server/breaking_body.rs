//! A response body that breaks off, for faults.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Promises its full length, sends less and then fails, which makes hyper close the connection.
#[derive(Debug)]
pub(super) struct BreakingBody {
    promised: u64,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// Send these bytes.
    Send(Bytes),
    /// Yield once: hyper then flushes what it has buffered, at least the head.
    Flush,
    /// Fail.
    Break,
}

impl BreakingBody {
    /// A body that fails at once. Hyper has buffered the head but not flushed it, so nothing is
    /// sent at all.
    pub(super) fn silent() -> Self {
        Self { promised: 1, step: Step::Break }
    }

    /// A body that sends the head and the first `keep` bytes of `body`.
    pub(super) fn truncated(body: &Bytes, keep: usize) -> Self {
        let kept = body.slice(..keep.min(body.len()));
        let step = if kept.is_empty() { Step::Flush } else { Step::Send(kept) };
        Self { promised: body.len() as u64, step }
    }
}

impl Body for BreakingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match std::mem::replace(&mut self.step, Step::Break) {
            Step::Send(bytes) => {
                self.step = Step::Flush;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Step::Flush => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Break => Poll::Ready(Some(Err(io::Error::other("a fault demands this")))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
