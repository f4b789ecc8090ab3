//! One run: the function starts, takes its first event, warms up, and takes the events that count.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use acs_emulator::Introspection;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::counts::{COUNTERS, Counted};
use crate::process::Function;
use crate::runtime_api::{Event, Message, RuntimeApi};
use crate::upstream::{Upstream, subject};
use crate::{AnyError, Options};

/// How long a function may stay silent; under valgrind on a busy machine it is slow.
const TIMEOUT: Duration = Duration::from_secs(180);
/// How long a function gets to sleep before its CPU time is read.
const SETTLE: Duration = Duration::from_millis(20);

/// An event like API Gateway's, with the place of its user.
const EVENT: &str = include_str!("event.json");
const SUBJECT: &str = "SUBJECT";

/// What a run measures. Times are in nanoseconds.
#[derive(Serialize)]
pub struct Report {
    init: Phase,
    first: Phase,
    warm_up: Phase,
    measured: Phase,
    #[serde(flatten)]
    samples: Samples,
    peak_rss_kb: u64,
    threads: u64,
    event_bytes: usize,
}

/// What is read during the invocations that count.
#[derive(Default, Serialize)]
struct Samples {
    /// CPU time of each invocation and the gap behind it; empty without gaps.
    cpu_ns: Vec<u64>,
    /// From sending an event to its response, for each invocation.
    wall_ns: Vec<u64>,
    /// Resident memory in kB after each chunk of invocations.
    rss_kb: Vec<u64>,
    /// Threads after each chunk.
    threads_at: Vec<u64>,
    /// Open files and sockets after each chunk.
    open_files: Vec<u64>,
    /// The size of the last response.
    response_bytes: usize,
}

/// A stretch of the run until the function sleeps again.
#[derive(Serialize)]
struct Phase {
    invocations: usize,
    cpu_ns: u64,
    wall_ns: u64,
    rss_kb: u64,
    log_bytes: u64,
    #[serde(flatten)]
    counted: Counted,
}

/// The state at the begin of a phase.
struct Mark {
    at: Instant,
    cpu_ns: u64,
    log_bytes: u64,
    counts: [u64; COUNTERS],
}

struct Response {
    id: usize,
    body: Bytes,
    wall: Duration,
}

pub struct Run<'a> {
    options: &'a Options,
    upstream: &'a Upstream,
    function: &'a Function,
    api: RuntimeApi,
    event: String,
    waiting: VecDeque<oneshot::Sender<Event>>,
    sent: Vec<Instant>,
    tokens: HashSet<String>,
    responses: usize,
}

impl<'a> Run<'a> {
    pub fn new(
        options: &'a Options,
        upstream: &'a Upstream,
        function: &'a Function,
        api: RuntimeApi,
    ) -> Result<Self, AnyError> {
        let event = serde_json::from_str::<Value>(EVENT)?.to_string();
        let (waiting, sent, tokens) = (VecDeque::new(), Vec::new(), HashSet::new());
        Ok(Self { options, upstream, function, api, event, waiting, sent, tokens, responses: 0 })
    }

    pub async fn complete(mut self) -> Result<Report, AnyError> {
        let start =
            Mark { at: self.function.started, cpu_ns: 0, log_bytes: 0, counts: [0; COUNTERS] };
        self.invoke(0).await?;
        let asked = start.at.elapsed();
        let init = Phase { wall_ns: nanoseconds(asked), ..self.end(start, &[]).await? };

        let mark = self.mark()?;
        let responses = self.invoke(1).await?;
        let first = self.end(mark, &responses).await?;
        let first = Phase { wall_ns: nanoseconds(responses[0].wall), ..first };

        let mark = self.mark()?;
        let responses = self.invoke(self.options.warm_up).await?;
        let warm_up = self.end(mark, &responses).await?;

        let (measured, samples) = self.measure().await?;
        self.check_minted()?;
        Ok(Report {
            init,
            first,
            warm_up,
            measured,
            samples,
            peak_rss_kb: self.function.status("VmHWM")?,
            threads: self.function.status("Threads")?,
            event_bytes: self.event.len() - SUBJECT.len() + subject(0).len(),
        })
    }

    /// Takes the invocations that count: one by one with gaps, or in chunks without.
    async fn measure(&mut self) -> Result<(Phase, Samples), AnyError> {
        let (mark, mut total, mut samples) = (self.mark()?, 0, Samples::default());
        let chunk = self.options.gap_ms.map_or(self.options.chunk, |_| 1);
        let mut left = self.options.invocations;
        while left > 0 {
            let before = self.function.cpu_ns()?;
            let responses = self.invoke(chunk.min(left)).await?;
            sleep(self.options.gap_ms.map_or(SETTLE, Duration::from_millis)).await;
            let cpu = self.function.cpu_ns()? - before;
            left -= responses.len();
            total += cpu;
            if self.options.gap_ms.is_some() {
                samples.cpu_ns.push(cpu);
            } else {
                samples.rss_kb.push(self.function.status("VmRSS")?);
                samples.threads_at.push(self.function.status("Threads")?);
                samples.open_files.push(self.function.open_files()?);
            }
            samples.wall_ns.extend(responses.iter().map(|response| nanoseconds(response.wall)));
            samples.response_bytes = responses.last().map_or(0, |response| response.body.len());
            self.check(&responses)?;
        }
        // What the function does between the chunks is not an invocation's.
        let phase = Phase { cpu_ns: total, ..self.end(mark, &[]).await? };
        Ok((Phase { invocations: self.options.invocations, ..phase }, samples))
    }

    fn mark(&self) -> Result<Mark, AnyError> {
        Ok(Mark {
            at: Instant::now(),
            cpu_ns: self.function.cpu_ns()?,
            log_bytes: self.function.log_bytes()?,
            counts: self.upstream.counts.now(),
        })
    }

    /// Ends a phase once the function sleeps.
    async fn end(&mut self, mark: Mark, responses: &[Response]) -> Result<Phase, AnyError> {
        sleep(SETTLE).await;
        let phase = Phase {
            invocations: responses.len(),
            cpu_ns: self.function.cpu_ns()? - mark.cpu_ns,
            wall_ns: nanoseconds(mark.at.elapsed()),
            rss_kb: self.function.status("VmRSS")?,
            log_bytes: self.function.log_bytes()? - mark.log_bytes,
            counted: self.upstream.counts.since(mark.counts),
        };
        self.check(responses)?;
        Ok(phase)
    }

    /// Sends so many events, and returns when all have a response and the function waits for more.
    async fn invoke(&mut self, events: usize) -> Result<Vec<Response>, AnyError> {
        let last = self.sent.len() + events;
        let mut responses = Vec::with_capacity(events);
        loop {
            while self.sent.len() < last
                && let Some(function) = self.waiting.pop_front()
            {
                let id = self.sent.len();
                let user = subject(id % self.options.users);
                let body = self.event.replace(SUBJECT, &user).into();
                self.sent.push(Instant::now());
                let event = Event { id, body };
                function.send(event).map_err(|_| "the function no longer waits for an event")?;
            }
            if responses.len() == events && self.waiting.len() >= self.options.in_flight {
                return Ok(responses);
            }
            match timeout(TIMEOUT, self.api.messages.recv()).await? {
                Some(Message::Next(function)) => self.waiting.push_back(function),
                Some(Message::Response { id, body, at }) => {
                    let sent = self.sent.get(id).ok_or("a response to an unknown event")?;
                    responses.push(Response { id, body, wall: at.duration_since(*sent) });
                }
                Some(Message::Failure(text)) => return Err(text.into()),
                None => return Err("the Runtime API has ended".into()),
            }
        }
    }

    /// Fails unless each response has a live token of the right user's identity.
    fn check(&mut self, responses: &[Response]) -> Result<(), AnyError> {
        self.responses += responses.len();
        if self.options.without_tokens {
            return Ok(());
        }
        for Response { id, body, .. } in responses {
            let text = || String::from_utf8_lossy(body);
            let response: Value = serde_json::from_slice(body)?;
            let inner = response.get("body").and_then(Value::as_str).unwrap_or_default();
            let token = serde_json::from_str::<Value>(inner).ok();
            let token = token.as_ref().and_then(|body| body.get("token")?.as_str());
            let token = token.ok_or_else(|| format!("a response without a token: {}", text()))?;
            let user = format!("_{:08x}-", id % self.options.users);
            match self.upstream.emulator.introspect(token, Timestamp::now()) {
                Introspection::Active(token) if token.identity.contains(&user) => {}
                other => return Err(format!("not a live token of {user}: {other:?}").into()),
            }
            // The signature at the end tells tokens apart.
            self.tokens.insert(token[token.len().saturating_sub(32)..].to_owned());
        }
        Ok(())
    }

    /// Fails if a token was handed out again without being read again, or minted in vain.
    fn check_minted(&self) -> Result<(), AnyError> {
        let minted = self.upstream.counts.since([0; COUNTERS]).acs_calls;
        let tokens = self.tokens.len() as u64;
        if self.options.without_tokens || minted == tokens {
            return Ok(());
        }
        Err(format!("{tokens} different tokens of {minted} calls to ACS").into())
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
