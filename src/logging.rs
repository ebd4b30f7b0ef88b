//! The program's log: one line an event on standard error, as text or JSON, with the id of the
//! request that it belongs to.
//!
//! Nothing of a request's content is logged on any level. Of other crates, whose messages could quote
//! one, only warnings of those that never see a body are taken.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write as _},
    sync::Arc,
};

use jiff::Timestamp;
use log::{Level, LevelFilter, Log, Metadata, Record};
use serde_json::json;

use crate::settings::{LogFormat, LogLevel, LogSettings};

/// Crates that see addresses, sockets and databases, and no bodies.
const OTHERS: [&str; 4] = ["actix_server", "mio", "rustls", "tokio_postgres"];
/// The variable that sets the level over the settings: `error`, `warn`, `info` or `debug`.
const ENV_LEVEL: &str = "RUST_LOG";

tokio::task_local! {
    /// The id of the request that is being worked on, as it may stand in the log.
    pub static REQUEST_ID: Arc<str>;
}

struct Logger {
    format: LogFormat,
    level: LevelFilter,
    colour: bool,
}

/// Starts the log.
pub fn start(settings: LogSettings) {
    let level = match std::env::var(ENV_LEVEL).ok().and_then(|level| level.parse().ok()) {
        Some(level) => level,
        None => match settings.level {
            LogLevel::Error => LevelFilter::Error,
            LogLevel::Warn => LevelFilter::Warn,
            LogLevel::Info => LevelFilter::Info,
            LogLevel::Debug => LevelFilter::Debug,
        },
    };
    let colour = settings.format == LogFormat::Text && std::io::stderr().is_terminal();
    // A second start, in a test, keeps the first logger.
    if log::set_boxed_logger(Box::new(Logger { format: settings.format, level, colour })).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target().split("::").next().unwrap_or_default();
        if target == env!("CARGO_CRATE_NAME") {
            metadata.level() <= self.level
        } else {
            metadata.level() <= self.level.min(LevelFilter::Warn) && OTHERS.contains(&target)
        }
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let id = REQUEST_ID.try_with(Arc::clone).ok();
        let line = line(self.format, self.colour, record, id.as_deref());
        // One call, so that lines of different threads do not mix. Nobody can be told of a failure.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

fn line(format: LogFormat, colour: bool, record: &Record<'_>, id: Option<&str>) -> String {
    let now = Timestamp::now();
    match format {
        LogFormat::Json => {
            let line = json!({
                "time": format!("{now:.3}"), "level": record.level().as_str(),
                "request_id": id, "message": record.args().to_string(),
            });
            format!("{line}\n")
        }
        LogFormat::Text => {
            let (on, off) = match record.level() {
                _ if !colour => ("", ""),
                Level::Error => ("\x1b[31m", "\x1b[0m"),
                Level::Warn => ("\x1b[33m", "\x1b[0m"),
                Level::Info | Level::Debug | Level::Trace => ("\x1b[2m", "\x1b[0m"),
            };
            let mut line = String::with_capacity(192);
            let (level, id) = (record.level(), id.unwrap_or("-"));
            // Writing to a string does not fail.
            let _ = write!(line, "{now:.3} {on}{level:5}{off} request_id={id} ");
            let message = line.len();
            let _ = write!(line, "{}", record.args());
            // A line is a line, whatever a message holds.
            if line.get(message..).is_some_and(|message| message.contains(['\n', '\r'])) {
                line = line.replace(['\n', '\r'], " ");
            }
            line.push('\n');
            line
        }
    }
}

#[cfg(test)]
mod tests {
    use log::{Level, LevelFilter, Log, Metadata, Record};

    use super::{LogFormat, Logger, line};

    #[test]
    fn both_formats_carry_the_request_id_on_one_line() {
        let record = |format, id| {
            let args = format_args!("first\nsecond \"quoted\"");
            let record = Record::builder().level(Level::Warn).args(args).build();
            line(format, false, &record, id)
        };
        let text = record(LogFormat::Text, Some("req_1"));
        assert!(text.ends_with(" WARN  request_id=req_1 first second \"quoted\"\n"), "{text}");
        assert!(record(LogFormat::Text, None).contains(" request_id=- "));
        let json = record(LogFormat::Json, Some("req_1"));
        assert_eq!(json.matches('\n').count(), 1);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["request_id"], "req_1");
        assert_eq!(json["message"], "first\nsecond \"quoted\"");
        assert_eq!(json["level"], "WARN");
        assert!(json["time"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn other_crates_are_heard_only_where_they_never_see_a_body() {
        let logger = Logger { format: LogFormat::Text, level: LevelFilter::Trace, colour: false };
        let enabled = |target, level| {
            logger.enabled(&Metadata::builder().target(target).level(level).build())
        };
        assert!(enabled("deid_gateway::gateway", Level::Debug));
        assert!(enabled("rustls::server", Level::Warn));
        for (target, level) in [
            ("actix_http::h1::dispatcher", Level::Error),
            ("awc", Level::Error),
            ("h2::codec", Level::Trace),
            ("rustls::server", Level::Debug),
            ("deid_gateway_other", Level::Error),
        ] {
            assert!(!enabled(target, level), "{target}");
        }
    }
}
