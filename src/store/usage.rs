//! What a key has used, and whether it may go on: the arithmetic of quotas, the same on every store.
//!
//! A minute begins with the first request after the last one has ended; days and months are those of
//! the calendar, in UTC. Times are in seconds since 1970.

use jiff::{Timestamp, tz::TimeZone};

/// What a key may do; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests within a minute.
    pub requests_per_minute: Option<u64>,
    /// Requests within a day, UTC.
    pub requests_per_day: Option<u64>,
    /// Tokens, of prompts and completions, within a month, UTC.
    pub tokens_per_month: Option<u64>,
}

impl Limits {
    /// Whether there is any.
    pub fn is_limited(&self) -> bool {
        *self != Self::default()
    }
}

/// What a key has used in its current minute, day and month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// When the minute began.
    pub minute_start: i64,
    /// Requests in it.
    pub minute_requests: u64,
    /// The day, counted from 1970-01-01.
    pub day: i64,
    /// Requests in it.
    pub day_requests: u64,
    /// The month, counted from January of the year 0.
    pub month: i64,
    /// Tokens in it.
    pub month_tokens: u64,
}

/// How much of a limit is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The limit.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// Seconds until it is whole again.
    pub reset_s: u64,
}

/// Which limit is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// Requests per minute: soon over.
    Minute,
    /// Requests per day.
    Day,
    /// Tokens per month.
    Month,
}

/// What a request was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The limit that refuses it, and after how many seconds it would not.
    pub refused: Option<(Exhausted, u64)>,
    /// Requests: of the minute's and the day's, what is scarcer.
    pub requests: Option<Allowance>,
    /// Tokens of the month.
    pub tokens: Option<Allowance>,
}

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

impl Usage {
    /// Counts a request at `now`, unless a limit refuses it.
    pub fn admit(&mut self, limits: &Limits, now: i64) -> Verdict {
        self.roll(now);
        // In the order of how long they last: who waits for the month need not try at the minute.
        let full = |used: u64, limit: Option<u64>| limit.is_some_and(|limit| used >= limit);
        let exhausted = if full(self.month_tokens, limits.tokens_per_month) {
            Some((Exhausted::Month, self.month_ends_in(now)))
        } else if full(self.day_requests, limits.requests_per_day) {
            Some((Exhausted::Day, self.day_ends_in(now)))
        } else if full(self.minute_requests, limits.requests_per_minute) {
            Some((Exhausted::Minute, self.minute_ends_in(now)))
        } else {
            self.minute_requests += 1;
            self.day_requests += 1;
            None
        };
        let allowance = |limit: Option<u64>, used: u64, reset_s: u64| {
            limit.map(|limit| Allowance { limit, remaining: limit.saturating_sub(used), reset_s })
        };
        let minute =
            allowance(limits.requests_per_minute, self.minute_requests, self.minute_ends_in(now));
        let day = allowance(limits.requests_per_day, self.day_requests, self.day_ends_in(now));
        Verdict {
            refused: exhausted,
            requests: minute.into_iter().chain(day).min_by_key(|allowance| allowance.remaining),
            tokens: allowance(limits.tokens_per_month, self.month_tokens, self.month_ends_in(now)),
        }
    }

    /// Counts tokens at `now`.
    pub fn charge(&mut self, tokens: u64, now: i64) {
        self.roll(now);
        self.month_tokens = self.month_tokens.saturating_add(tokens);
    }

    /// Begins what has ended anew.
    fn roll(&mut self, now: i64) {
        if !(self.minute_start..self.minute_start.saturating_add(MINUTE)).contains(&now) {
            (self.minute_start, self.minute_requests) = (now, 0);
        }
        if self.day != now.div_euclid(DAY) {
            (self.day, self.day_requests) = (now.div_euclid(DAY), 0);
        }
        if self.month != month_of(now) {
            (self.month, self.month_tokens) = (month_of(now), 0);
        }
    }

    fn minute_ends_in(&self, now: i64) -> u64 {
        seconds(self.minute_start.saturating_add(MINUTE) - now)
    }

    fn day_ends_in(&self, now: i64) -> u64 {
        seconds((self.day + 1).saturating_mul(DAY) - now)
    }

    fn month_ends_in(&self, now: i64) -> u64 {
        seconds(start_of_month(self.month + 1) - now)
    }
}

/// At least one: who is told to wait should.
fn seconds(span: i64) -> u64 {
    u64::try_from(span).unwrap_or(0).max(1)
}

/// The month of `now`, counted from January of the year 0.
fn month_of(now: i64) -> i64 {
    let Ok(time) = Timestamp::from_second(now) else { return 0 };
    let date = time.to_zoned(TimeZone::UTC).date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// When a month began.
fn start_of_month(month: i64) -> i64 {
    let (year, number) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let date = i16::try_from(year).ok().zip(i8::try_from(number).ok());
    let date = date.and_then(|(year, number)| jiff::civil::Date::new(year, number, 1).ok());
    let start = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    start.map_or(i64::MAX, |start| start.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Exhausted, Limits, Usage};

    /// 2026-11-30T23:59:50Z: ten seconds before the end of a minute, a day and a month.
    const NOW: i64 = 1_796_083_190;

    fn limits(minute: u64, day: u64, tokens: u64) -> Limits {
        Limits {
            requests_per_minute: Some(minute),
            requests_per_day: Some(day),
            tokens_per_month: Some(tokens),
        }
    }

    #[test]
    fn a_minute_begins_with_its_first_request_and_refuses_the_one_too_many() {
        let (mut usage, limits) = (Usage::default(), limits(2, 9, 9));
        let first = usage.admit(&limits, NOW);
        assert_eq!(first.requests, Some(Allowance { limit: 2, remaining: 1, reset_s: 60 }));
        assert_eq!(usage.admit(&limits, NOW + 1).refused, None);
        let third = usage.admit(&limits, NOW + 5);
        assert_eq!(third.refused, Some((Exhausted::Minute, 55)));
        assert_eq!(third.requests, Some(Allowance { limit: 2, remaining: 0, reset_s: 55 }));
        assert_eq!(usage.admit(&limits, NOW + 59).refused, Some((Exhausted::Minute, 1)));
        assert_eq!(usage.admit(&limits, NOW + 60).refused, None);
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let (mut usage, limits) = (Usage::default(), limits(9, 1, 9));
        assert_eq!(usage.admit(&limits, NOW).refused, None);
        assert_eq!(usage.admit(&limits, NOW + 1).refused, Some((Exhausted::Day, 9)));
        assert_eq!(usage.admit(&limits, NOW + 10).refused, None);
    }

    #[test]
    fn a_months_tokens_end_with_the_month() {
        let (mut usage, limits) = (Usage::default(), limits(9, 9, 100));
        usage.charge(99, NOW);
        let verdict = usage.admit(&limits, NOW);
        assert_eq!(verdict.refused, None);
        assert_eq!(verdict.tokens, Some(Allowance { limit: 100, remaining: 1, reset_s: 10 }));
        usage.charge(5, NOW + 1);
        let verdict = usage.admit(&limits, NOW + 2);
        assert_eq!(verdict.refused, Some((Exhausted::Month, 8)));
        assert_eq!(verdict.tokens.map(|tokens| tokens.remaining), Some(0));
        assert_eq!(usage.admit(&limits, NOW + 10).refused, None);
        // The longest wait is told, and a refused request is not counted.
        usage.charge(100, NOW + 11);
        assert_eq!(usage.minute_requests, 2);
        let verdict = usage.admit(&limits, NOW + 11);
        assert_eq!(verdict.refused, Some((Exhausted::Month, 31 * 86_400 - 1)));
        assert_eq!(usage.minute_requests, 2);
    }

    #[test]
    fn without_limits_nothing_is_refused_or_told() {
        let verdict = Usage::default().admit(&Limits::default(), NOW);
        assert_eq!((verdict.refused, verdict.requests, verdict.tokens), (None, None, None));
    }
}
