//! The timeline as server-sent events, which a reader resumes by `Last-Event-ID`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::sync::watch;

use crate::console::timeline::{Row, Signal, Timeline};

const PING_INTERVAL: Duration = Duration::from_secs(15);

/// A reader on its way through the timeline.
struct Reader {
    timeline: Arc<Timeline>,
    signal: watch::Receiver<Signal>,
    /// The number of the last row that was read.
    seq: u64,
    ready: VecDeque<Event>,
}

/// Returns the rows after `last_event_id`, and then each new one until the stack ends.
pub(crate) fn respond(
    timeline: Arc<Timeline>,
    last_event_id: Option<&str>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let signal = timeline.subscribe();
    let mut ready = VecDeque::new();
    let seq = match last_event_id.map(|id| resume(id, timeline.run())) {
        Some(None) => {
            // The reader knows the rows of an earlier run.
            ready.push_back(Event::default().event("restart").data("{}"));
            0
        }
        Some(Some(seq)) => seq,
        None => 0,
    };
    let reader = Reader { timeline, signal, seq, ready };
    let events = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(PING_INTERVAL).text("ping"))
}

/// Returns the number of the row that an id names, unless it is of another run.
fn resume(id: &str, run: i64) -> Option<u64> {
    let (other_run, seq) = id.rsplit_once('-')?;
    (other_run == run.to_string()).then(|| seq.parse().ok()).flatten()
}

impl Reader {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.signal.borrow_and_update().closed {
                return None;
            }
            self.read();
            if self.ready.is_empty() {
                self.signal.changed().await.ok()?;
            }
        }
    }

    fn read(&mut self) {
        let slice = self.timeline.after(self.seq);
        if slice.dropped > 0 {
            let gap = json!({"dropped": slice.dropped});
            self.ready.push_back(Event::default().event("gap").data(gap.to_string()));
        }
        for row in slice.rows {
            self.seq = row.seq;
            self.ready.push_back(self.event(&row));
        }
    }

    fn event(&self, row: &Row) -> Event {
        let data = serde_json::to_string(row).unwrap_or_default();
        Event::default().id(format!("{}-{}", self.timeline.run(), row.seq)).event("row").data(data)
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use jiff::Timestamp;

    use super::*;
    use crate::console::timeline::{Entry, Kind, MAX_ROWS};

    /// The whole stream of a timeline that ends.
    async fn read_all(count: usize, last_event_id: Option<&str>) -> String {
        let timeline = Arc::new(Timeline::new(Timestamp::UNIX_EPOCH));
        for _ in 0..count {
            timeline.add(Entry::new(Kind::Sweep, "sweep", "done"), Timestamp::UNIX_EPOCH);
        }
        let response = respond(Arc::clone(&timeline), last_event_id).into_response();
        let reading = tokio::spawn(axum::body::to_bytes(response.into_body(), usize::MAX));
        // The reader takes all rows before it sees the end.
        tokio::task::yield_now().await;
        timeline.close();
        String::from_utf8(reading.await.unwrap().unwrap().to_vec()).unwrap()
    }

    mod stream {
        use super::*;

        /// A page that reconnects goes on where it was.
        #[tokio::test]
        async fn resumes_after_last_event_id() {
            let text = read_all(3, Some("0-2")).await;
            assert!(text.contains("id: 0-3\n") && !text.contains("id: 0-2\n"), "{text}");
        }

        /// A page that outlives the stack starts again with the next one.
        #[tokio::test]
        async fn restarts_after_another_run() {
            let text = read_all(1, Some("77-9")).await;
            assert!(text.starts_with("event: restart\n"), "{text}");
            assert!(text.contains("id: 0-1\n"), "{text}");
        }

        /// A reader learns that rows are missing.
        #[tokio::test]
        async fn names_the_dropped_rows() {
            let text = read_all(MAX_ROWS + 2, None).await;
            assert!(text.starts_with("event: gap\ndata: {\"dropped\":2}\n"), "{}", &text[..80]);
        }
    }
}
