//! The events of `tracing` in the form of the other lines, so that one terminal has one format.

use std::fmt;

use jiff::Timestamp;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::log::line::{Style, time};

/// Writes `12:03:01  WARN  message field=value`.
#[derive(Debug)]
pub struct EventFormat {
    clock: fn() -> Timestamp,
}

impl EventFormat {
    /// Takes the time from `clock`.
    #[must_use]
    pub fn new(clock: fn() -> Timestamp) -> Self {
        Self { clock }
    }
}

impl<S, N> FormatEvent<S, N> for EventFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let style = Style { is_coloured: writer.has_ansi_escapes() };
        let time = style.faint(&time((self.clock)()));
        write!(writer, "{time}  {}  ", event.metadata().level())?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
