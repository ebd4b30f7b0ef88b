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
use log::{
    Level, LevelFilter, Log, Metadata, Record,
    kv::{self, VisitSource, VisitValue},
};
use serde_json::{Map, Value, json};

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
            let mut fields = Fields(Map::new());
            // It ends early only where a value cannot be read, and ours can.
            let _ = record.key_values().visit(&mut fields);
            let mut line = fields.0;
            line.insert("time".to_owned(), format!("{now:.3}").into());
            line.insert("level".to_owned(), record.level().as_str().into());
            line.insert("request_id".to_owned(), json!(id));
            line.insert("message".to_owned(), record.args().to_string().into());
            format!("{}\n", Value::Object(line))
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
            let _ = record.key_values().visit(&mut Pairs(&mut line));
            // A line is a line, whatever a message holds.
            if line.get(message..).is_some_and(|message| message.contains(['\n', '\r'])) {
                line = line.replace(['\n', '\r'], " ");
            }
            line.push('\n');
            line
        }
    }
}

/// What an event says beside its message, such as the status of a request, as ` key=value`.
struct Pairs<'a>(&'a mut String);

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        write!(self.0, " {key}={value}").map_err(kv::Error::from)
    }
}

/// The same as fields of JSON, in which numbers stay numbers.
struct Fields(Map<String, Value>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        let mut field = Field(Value::Null);
        value.visit(&mut field)?;
        self.0.insert(key.to_string(), field.0);
        Ok(())
    }
}

struct Field(Value);

impl VisitValue<'_> for Field {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        self.0 = value.to_string().into();
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.0 = value.into();
        Ok(())
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
    fn what_an_event_says_beside_its_message_has_fields_of_its_own() {
        let beside: [(&str, log::kv::Value<'_>); 2] =
            [("route", "/v1/models".into()), ("status", 404_u16.into())];
        let said = |format| {
            let args = format_args!("request");
            let record =
                Record::builder().level(Level::Info).args(args).key_values(&beside).build();
            line(format, false, &record, Some("req_1"))
        };
        let text = said(LogFormat::Text);
        assert!(text.ends_with("request_id=req_1 request route=/v1/models status=404\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&said(LogFormat::Json)).unwrap();
        assert_eq!(json["route"], "/v1/models");
        assert_eq!(json["status"], 404);
        assert_eq!(json["message"], "request");
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
