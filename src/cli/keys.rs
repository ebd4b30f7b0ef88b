//! `deid-gateway keys create`, `keys list` and `keys revoke`

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use super::CliResult;
use crate::{
    settings::{Overrides, load},
    store::{Backend, KeyRecord, Limits, NewKey, Place, now},
};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Make a key, and print it once, alone on the last line
    Create(Create),
    /// List all keys
    List,
    /// Revoke a key: every gateway refuses it within seconds
    Revoke {
        /// The key's id, as `keys list` prints it
        id: String,
    },
}

#[derive(Args)]
pub(super) struct Create {
    /// Whose key it is; stands in the audit log
    #[arg(long, value_parser = name)]
    name: String,
    /// When it ends: a day (2027-01-31, its end in UTC), a time (2027-01-31T12:00:00Z) or a span (90d, 12h)
    #[arg(long, value_name = "D", value_parser = expiry)]
    expires: Option<i64>,
    /// Requests within a minute
    #[arg(long, value_name = "N", value_parser = limit)]
    requests_per_minute: Option<u64>,
    /// Requests within a day, UTC
    #[arg(long, value_name = "N", value_parser = limit)]
    requests_per_day: Option<u64>,
    /// Tokens, of prompts and completions, within a month, UTC
    #[arg(long, value_name = "N", value_parser = limit)]
    tokens_per_month: Option<u64>,
}

impl Keys {
    pub(super) fn run(self, file: Option<&Path>) -> CliResult {
        let settings = load(file, &Overrides::default())?;
        let place = Place::parse(settings.store.url.expose_secret())?;
        // A key that was printed must not be lost with the machine's power, nor its revocation.
        let mut store = place.open(true)?;
        match self {
            Self::Create(create) => create.run(store.as_mut())?,
            Self::List => list(&store.keys()?),
            Self::Revoke { id } => {
                if !store.revoke_key(&id)? {
                    return Err(format!("there is no key with the id {id:?}").into());
                }
                say(&format!("revoked {id}"));
            }
        }
        Ok(())
    }
}

impl Create {
    fn run(self, store: &mut dyn Backend) -> CliResult {
        let limits = Limits {
            requests_per_minute: self.requests_per_minute,
            requests_per_day: self.requests_per_day,
            tokens_per_month: self.tokens_per_month,
        };
        let new = NewKey { name: self.name, expires_at: self.expires, limits };
        let (key, record) = KeyRecord::generate(new, now());
        store.create_key(&record)?;
        say(&format!("key {} of {}; it is shown this once:", record.id, record.name));
        say(key.expose_secret());
        Ok(())
    }
}

/// The keys as a table.
fn list(keys: &[KeyRecord]) {
    let now = now();
    let mut rows = vec![
        ["ID", "NAME", "STATE", "CREATED", "EXPIRES", "LAST USED", "LIMITS"].map(str::to_owned),
    ];
    rows.extend(keys.iter().map(|key| {
        [
            key.id.clone(),
            key.name.clone(),
            key.state(now).to_string(),
            time(Some(key.created_at)),
            time(key.expires_at),
            time(key.last_used_at),
            limits(&key.limits),
        ]
    }));
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells: Vec<_> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        say(cells.join("  ").trim_end());
    }
}

fn time(seconds: Option<i64>) -> String {
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}

fn limits(limits: &Limits) -> String {
    let parts = [
        (limits.requests_per_minute, "requests/min"),
        (limits.requests_per_day, "requests/day"),
        (limits.tokens_per_month, "tokens/month"),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter_map(|(limit, unit)| limit.map(|limit| format!("{limit} {unit}")))
        .collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

#[expect(clippy::print_stdout, reason = "this is what the command is for")]
fn say(line: &str) {
    println!("{line}");
}

/// A name stands in lists and logs, so it is one line.
fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 100 || text.chars().any(char::is_control) {
        return Err("must be 1 to 100 characters on one line".to_owned());
    }
    Ok(text.to_owned())
}

fn limit(text: &str) -> Result<u64, String> {
    // The database's numbers have a sign.
    match text.parse::<i64>() {
        Ok(number @ 1..) => Ok(number.unsigned_abs()),
        _ => Err("must be a number from 1 on".to_owned()),
    }
}

/// When a key ends, in seconds since 1970.
fn expiry(text: &str) -> Result<i64, String> {
    let end = if let Ok(date) = text.parse::<civil::Date>() {
        let next = date.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC));
        next.map_err(|error| error.to_string())?.timestamp()
    } else if let Ok(time) = text.parse::<Timestamp>() {
        time
    } else {
        let (digits, hours) = match (text.strip_suffix('d'), text.strip_suffix('h')) {
            (Some(digits), _) => (digits, 24),
            (_, Some(digits)) => (digits, 1),
            _ => (text, 0),
        };
        let span = digits.parse::<u32>().ok().filter(|_| hours > 0);
        let span = span.ok_or("must be a day, a time with its zone, or a span such as 90d")?;
        let span = SignedDuration::from_hours(i64::from(span) * hours);
        Timestamp::now().checked_add(span).map_err(|error| error.to_string())?
    };
    if end <= Timestamp::now() {
        return Err("is in the past".to_owned());
    }
    Ok(end.as_second())
}

#[cfg(test)]
mod tests {
    use super::{expiry, limit, name, now};

    #[test]
    fn an_expiry_is_a_day_a_time_or_a_span() {
        assert_eq!(expiry("2999-12-31"), Ok(32_503_680_000));
        assert_eq!(expiry("2999-12-31T12:00:00Z"), Ok(32_503_636_800));
        let day = expiry("1d").unwrap() - now();
        assert!((86_300..=86_500).contains(&day), "{day}");
        assert_eq!(expiry("2000-01-01"), Err("is in the past".to_owned()));
        for text in ["", "d", "0d", "-1d", "soon", "12", "2999-13-01", "99999999999d"] {
            assert!(expiry(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_are_from_one_on_and_names_one_line() {
        assert_eq!(limit("9223372036854775807"), Ok(i64::MAX.unsigned_abs()));
        for text in ["0", "-1", "x", "9223372036854775808", ""] {
            assert!(limit(text).is_err(), "{text}");
        }
        assert_eq!(name(" Ward 3 "), Ok("Ward 3".to_owned()));
        for text in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert!(name(text).is_err(), "{text}");
        }
    }
}
