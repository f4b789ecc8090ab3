//! The lines that the stack writes while it runs: for people, or the functions' own in JSON.

pub(crate) mod line;
pub(crate) mod refusals;
pub(crate) mod remark;
pub(crate) mod trace;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use crate::log::line::{RequestLine, Style};

/// How the stack writes its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One readable line for each request, with the user's name.
    Text,
    /// The functions' lines as on Lambda, without anybody's name.
    Json,
}

/// Writes the lines. A clone writes to the same place.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    format: LogFormat,
    style: Style,
    clock: fn() -> Timestamp,
    write: Box<dyn Fn(&str) + Send + Sync>,
    /// What functions wrote about requests that the gateway has not responded to yet.
    awaited: Mutex<HashMap<String, Option<Value>>>,
}

impl Log {
    /// Writes in `format`, in colours if `is_coloured`; `write` takes one line without its end.
    pub fn new(
        format: LogFormat,
        is_coloured: bool,
        clock: fn() -> Timestamp,
        write: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let (style, write) = (Style { is_coloured }, Box::new(write));
        Self(Arc::new(Inner { format, style, clock, write, awaited: Mutex::default() }))
    }

    /// Returns whether the lines are for people.
    #[must_use]
    pub(crate) fn is_text(&self) -> bool {
        self.0.format == LogFormat::Text
    }

    /// Takes the line of JSON that a function wrote about an invocation.
    pub(crate) fn function_line(&self, line: &str) {
        if !self.is_text() {
            return (self.0.write)(line);
        }
        let Ok(parsed) = serde_json::from_str::<Value>(line) else {
            return (self.0.write)(line);
        };
        let request_id = parsed.get("requestId").and_then(Value::as_str).unwrap_or_default();
        if let Some(awaited) = self.awaited().get_mut(request_id) {
            *awaited = Some(parsed);
            return;
        }
        self.write_text(&line::escaped(&remark::of_invocation(&parsed)));
    }

    /// Keeps what a function writes about this request for the gateway's own line.
    #[must_use]
    pub(crate) fn await_function(&self, request_id: &str) -> Awaited {
        self.awaited().insert(request_id.to_owned(), None);
        Awaited { log: self.clone(), request_id: request_id.to_owned() }
    }

    /// Writes a request's line, for people only.
    pub(crate) fn request(&self, line: &RequestLine<'_>) {
        if self.is_text() {
            self.write_text(&line.text(self.0.style));
        }
    }

    /// Writes what became of a connection without a request, for people only.
    pub(crate) fn connection(&self, text: &str) {
        if self.is_text() {
            self.write_text(&line::escaped(text));
        }
    }

    /// Writes a text without control characters other than colours.
    fn write_text(&self, text: &str) {
        let time = line::time((self.0.clock)());
        (self.0.write)(&format!("{}  {text}", self.0.style.faint(&time)));
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<String, Option<Value>>> {
        self.0.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Log").field("format", &self.0.format).finish_non_exhaustive()
    }
}

/// A request that waits for its function. Once dropped, a function that ends later, because its
/// caller has gone, writes a line of its own.
#[derive(Debug)]
pub(crate) struct Awaited {
    log: Log,
    request_id: String,
}

impl Awaited {
    /// Returns what the function wrote, if it wrote anything.
    pub(crate) fn line(&self) -> Option<Value> {
        self.log.awaited().get_mut(&self.request_id).and_then(Option::take)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.log.awaited().remove(&self.request_id);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A log, and the lines that it has written.
    pub(crate) fn collected(format: LogFormat) -> (Log, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        let clock = || Timestamp::constant(1_700_000_000, 0);
        let write = move |line: &str| written.lock().unwrap().push(line.to_owned());
        (Log::new(format, false, clock, write), lines)
    }

    mod function_line {
        use super::*;

        const LINE: &str = r#"{"operation":"issueToken","requestId":"id-1","status":200}"#;

        /// Programs that read the log get the functions' lines unchanged.
        #[test]
        fn stays_as_it_is_in_json() {
            let (log, lines) = collected(LogFormat::Json);
            let _awaited = log.await_function("id-1");
            log.function_line(LINE);
            assert_eq!(*lines.lock().unwrap(), [LINE]);
        }

        /// A request has one line, the gateway's.
        #[test]
        fn is_kept_for_the_gateway() {
            let (log, lines) = collected(LogFormat::Text);
            let awaited = log.await_function("id-1");
            log.function_line(LINE);
            assert_eq!(awaited.line().unwrap()["status"], 200);
            assert!(lines.lock().unwrap().is_empty());
        }

        /// A function whose caller has gone away still leaves a line.
        #[test]
        fn stands_alone_without_a_caller() {
            let (log, lines) = collected(LogFormat::Text);
            drop(log.await_function("id-1"));
            log.function_line(LINE);
            assert_eq!(*lines.lock().unwrap(), ["22:13:20  issueToken  200"]);
        }
    }
}
