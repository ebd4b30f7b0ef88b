//! The report: what was looked at and what came of it, and nothing of any text.

use std::fmt;

use serde::Serialize;
use sha2::Digest;

use crate::settings::Settings;

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// As the settings have it, and somebody should know.
    Warning,
    /// Identifiers would leave, or nothing would work.
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What it is about.
    pub area: &'static str,
    /// What should be so.
    pub check: String,
    /// Whether it is.
    pub outcome: Outcome,
    /// What else there is to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Everything that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The program's version.
    pub version: &'static str,
    /// When it was looked at, in UTC (RFC 3339).
    pub examined_at: String,
    /// SHA-256 of the effective settings, secrets masked: which configuration this is about.
    pub settings_sha256: String,
    /// Whether nothing failed.
    pub passed: bool,
    /// One by one.
    pub checks: Vec<Check>,
}

impl Report {
    pub(super) fn new(settings: &Settings) -> Self {
        let printed = toml::to_string(settings).unwrap_or_default();
        let hash = sha2::Sha256::digest(printed.as_bytes());
        let now = jiff::Timestamp::now();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            examined_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            settings_sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            passed: true,
            checks: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        area: &'static str,
        check: &str,
        outcome: Outcome,
        detail: String,
    ) {
        self.passed &= outcome != Outcome::Failed;
        self.checks.push(Check { area, check: check.to_owned(), outcome, detail });
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "deid-gateway {}: examined at {}", self.version, self.examined_at)?;
        writeln!(f, "settings, secrets masked: sha256 {}", self.settings_sha256)?;
        let mut area = "";
        for check in &self.checks {
            if check.area != area {
                area = check.area;
                writeln!(f, "\n{area}")?;
            }
            let mark = match check.outcome {
                Outcome::Passed => "ok",
                Outcome::Warning => "warning",
                Outcome::Failed => "FAILED",
            };
            let detail = if check.detail.is_empty() { "" } else { ": " };
            writeln!(f, "  {mark:<8}{}{detail}{}", check.check, check.detail)?;
        }
        let (failed, warnings) = (self.count(Outcome::Failed), self.count(Outcome::Warning));
        let verdict = if self.passed { "nothing would leak" } else { "NOT FIT FOR PHI" };
        let checks = self.checks.len();
        write!(f, "\n{verdict}: {checks} checks, {failed} failed, {warnings} warnings")
    }
}
