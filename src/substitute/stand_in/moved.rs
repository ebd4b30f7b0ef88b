//! Dates that move by the same number of days.

use super::StandIns;
use crate::substitute::dates::{Moved, shifted};

impl StandIns {
    /// Keeps in mind the dates of a text that are sent as they stand: in a reply they are not moved either. `piece` is
    /// the text, or what of it stands between two values that are replaced.
    pub(in crate::substitute) fn keep_dates(&mut self, piece: &str) {
        let Some((_, order)) = self.shift else { return };
        let mut before = None;
        for (at, c) in piece.char_indices() {
            let begins = c.is_ascii_alphanumeric() && !before.is_some_and(char::is_alphanumeric);
            before = Some(c);
            let rest = piece.get(at..).unwrap_or_default();
            if begins && let Ok(Some(Moved { end, .. })) = shifted(rest, order, 0, true) {
                self.kept.insert(rest.get(..end).unwrap_or_default().to_lowercase());
            }
        }
    }

    /// The date `value`, moved; `None` where it is not a whole date, or could not be told from another in a reply.
    pub(in crate::substitute) fn date(&mut self, value: &str) -> Option<String> {
        let (days, order) = self.shift?;
        let moved = shifted(value, order, days, true).ok().flatten()?;
        // The time of day stays.
        let time = value.get(moved.end..).filter(|time| time.is_empty() || is_time(time))?;
        let text = moved.text + time;
        let lower = text.to_lowercase();
        let is_anothers = self.back.get(&lower).is_some_and(|other| {
            let folded = |text: &str| text.to_lowercase();
            folded(other.expose_phi()) != folded(value)
                && !self.is_same_day(other.expose_phi(), value)
        });
        if self.kept.contains(&lower) || is_anothers {
            return None;
        }
        self.back(&text, value);
        for (new, old) in moved.parts {
            self.part(&new, &old, &new);
        }
        Some(text)
    }

    /// Whether two spellings are one day: the first form seen comes back then.
    fn is_same_day(&self, one: &str, other: &str) -> bool {
        let Some((_, order)) = self.shift else { return false };
        let day = |text: &str| {
            let moved = shifted(text, order, 0, true).ok().flatten()?;
            Some((moved.day, text.get(moved.end..)?.to_owned()))
        };
        day(one).is_some() && day(one) == day(other)
    }
}

/// `T10:15:00Z` and the like.
fn is_time(text: &str) -> bool {
    text.strip_prefix(['T', 't']).is_some_and(|time| {
        time.starts_with(|c: char| c.is_ascii_digit())
            && time.chars().all(|c| c.is_ascii_digit() || ":.+-Zz".contains(c))
    })
}
