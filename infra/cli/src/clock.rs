//! Whose time counts, and whether this machine's clock can be trusted with a write.

use std::time::Duration;

use identity_client::Timestamp;
use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::Client;
use thiserror::Error;

use crate::text_table::duration;

/// A `Date` has whole seconds, and a response takes some.
const MAX_SKEW_SECONDS: i64 = 30;
pub(crate) const DATE_TIMEOUT: Duration = Duration::from_secs(8);

/// Reads this machine's clock, moved as far as the stack's own is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    wall: fn() -> Timestamp,
    offset: SignedDuration,
}

/// Tells that this machine's clock is wrong. A cutoff by it would end no session, or lock users out.
#[derive(Debug, Error)]
#[error(
    "this machine's clock is {} {} that of {whose}, so nothing was done: set it, with \
     `timedatectl set-ntp true` for example, and run the command again",
    duration(seconds.abs()),
    if *seconds < 0 { "behind" } else { "ahead of" }
)]
pub(crate) struct SkewError {
    seconds: i64,
    whose: &'static str,
}

impl Clock {
    /// Returns the clock of this machine.
    pub(crate) const fn of(wall: fn() -> Timestamp) -> Self {
        Self { wall, offset: SignedDuration::ZERO }
    }

    /// Returns the clock moved by so many seconds.
    pub(crate) const fn moved(self, seconds: i64) -> Self {
        Self { offset: SignedDuration::from_secs(seconds), ..self }
    }

    /// Returns the time.
    pub(crate) fn now(self) -> Timestamp {
        let now = (self.wall)();
        now.checked_add(self.offset).unwrap_or(now)
    }
}

/// Compares this machine's clock with a server's.
///
/// # Errors
/// They are more than 30 seconds apart.
pub(crate) fn compare(
    here: Timestamp,
    there: Timestamp,
    whose: &'static str,
) -> Result<(), SkewError> {
    let seconds = here.duration_since(there).as_secs();
    if seconds.abs() > MAX_SKEW_SECONDS { Err(SkewError { seconds, whose }) } else { Ok(()) }
}

/// Returns the `Date` of a server's response; `None` if it has none.
///
/// # Errors
/// The server does not respond.
pub(crate) async fn date_of(http: &Client, url: &str) -> Result<Option<Timestamp>, reqwest::Error> {
    let response = http.get(url).timeout(DATE_TIMEOUT).send().await?;
    let date = response.headers().get("date").and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::testing::{now, second};

    /// A wrong clock would lock every user out, or end no session: the operator learns by how much.
    #[test]
    fn wrong_one_is_refused_with_the_difference() {
        for (seconds, expected) in [
            (0, None),
            (30, None),
            (-30, None),
            (31, Some("is 31s ahead of that of ACS, so nothing was done: set it")),
            (-240, Some("is 4m behind that of ACS, so nothing was done: set it")),
            (90_000, Some("is 25h ahead of that of ACS, so nothing was done: set it")),
        ] {
            let compared =
                compare(second(seconds), now(), "ACS").map_err(|error| error.to_string());
            match expected {
                None => assert!(compared.is_ok(), "{seconds}: {compared:?}"),
                Some(text) => assert!(compared.unwrap_err().contains(text), "{seconds}"),
            }
        }
    }

    /// The time is the one that the server's response has.
    #[tokio::test]
    async fn date_is_that_of_the_response() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let _ = connection.read(&mut [0; 4096]).unwrap();
            let date = "Date: Mon, 23 Nov 2026 12:00:00 GMT";
            let head = format!("HTTP/1.1 404 Not Found\r\n{date}\r\nContent-Length: 0\r\n\r\n");
            connection.write_all(head.as_bytes()).unwrap();
        });
        let http = identity_client::http_client(None).unwrap();
        assert_eq!(date_of(&http, &url).await.unwrap(), Some(now()));
        server.join().unwrap();
    }

    /// The time of a moved stack counts.
    #[test]
    fn moved_one_is_ahead() {
        assert_eq!(Clock::of(now).moved(3600).now(), second(3600));
    }
}
