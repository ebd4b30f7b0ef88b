//! The figures as tables for people, and as JSON for programs.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{
    Found,
    gold::{Document, Kind, Span},
    score::{Scores, false_alarms, misses, score},
    statistics::Share,
};

/// The figures of one set of documents, by detector.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The file that the documents come from.
    pub set: String,
    /// Rules and models together, or what another program found.
    pub both: Scores,
    /// The rules alone; `None` for what another program found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Scores>,
    /// The models alone, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Scores>,
    /// Time that rules and models together took for 1,000 characters of text, in milliseconds, one
    /// document at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds_per_1000: Option<f64>,
}

impl Report {
    /// Scores what each kind of detector found; `took` is the time that both together needed.
    pub fn new(
        set: String,
        documents: &[Document],
        both: &[Found],
        rules: &[Found],
        models: Option<&[Found]>,
        took: Duration,
    ) -> Self {
        let characters: usize = documents.iter().map(|one| one.text.chars().count()).sum();
        let thousands = characters as f64 / 1000.0;
        Self {
            set,
            both: score(documents, both),
            rules: Some(score(documents, rules)),
            models: models.map(|models| score(documents, models)),
            milliseconds_per_1000: (characters > 0)
                .then(|| took.as_secs_f64() * 1000.0 / thousands),
        }
    }

    /// Scores what another program found.
    pub fn of_predictions(set: String, documents: &[Document], found: &[Found]) -> Self {
        let both = score(documents, found);
        Self { set, both, rules: None, models: None, milliseconds_per_1000: None }
    }
}

/// `99.31 [98.70-99.65]`
struct Percent<'a>(&'a Share);

impl fmt::Display for Percent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Share { value, low, high, of, .. } = self.0;
        if *of == 0 {
            return f.pad("-");
        }
        f.pad(&format!("{:.2} [{:.2}-{:.2}]", 100.0 * value, 100.0 * low, 100.0 * high))
    }
}

/// `3.10 [2.00-4.40]`
struct PerThousand<'a>(&'a Share);

impl fmt::Display for PerThousand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Share { value, low, high, .. } = self.0;
        f.pad(&format!("{:.2} [{:.2}-{:.2}]", 1000.0 * value, 1000.0 * low, 1000.0 * high))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} documents (95 % confidence intervals)\n",
            self.set, self.both.documents
        )?;
        let all = if self.rules.is_none() {
            "predictions"
        } else if self.models.is_none() {
            "rules"
        } else {
            "rules and models"
        };
        let mut columns: Vec<(&str, &Scores)> = vec![(all, &self.both)];
        if let (Some(rules), Some(models)) = (&self.rules, &self.models) {
            columns.extend([("rules alone", rules), ("models alone", models)]);
        }
        write!(f, "{:34}", "")?;
        for (name, _) in &columns {
            write!(f, "{name:>24}")?;
        }
        writeln!(f)?;
        let mut row = |name: &str, cell: &dyn Fn(&Scores) -> String| {
            write!(f, "{name:34}")?;
            for (_, scores) in &columns {
                write!(f, "{:>24}", cell(scores))?;
            }
            writeln!(f)
        };
        row("recall by character, %", &|s| Percent(&s.character_recall).to_string())?;
        row("recall by entity, %", &|s| Percent(&s.entity_recall).to_string())?;
        row("precision by character, %", &|s| Percent(&s.character_precision).to_string())?;
        row("masked of 1,000 clean characters", &|s| PerThousand(&s.masked_per_1000).to_string())?;
        row("documents with a leak, %", &|s| Percent(&s.leaking_documents).to_string())?;
        if let Some(took) = self.milliseconds_per_1000 {
            writeln!(f, "{:34}{took:>24.2}", "milliseconds for 1,000 characters")?;
        }
        writeln!(
            f,
            "\n{:16}{:>9}{:>24}{:>24}",
            "label", "entities", "by entity, %", "by character, %"
        )?;
        for (label, scores) in &self.both.labels {
            let (entities, characters) = (Percent(&scores.entities), Percent(&scores.characters));
            writeln!(f, "{label:16}{:>9}{entities:>24}{characters:>24}", scores.entities.of)?;
        }
        Ok(())
    }
}

/// What was missed, or found where nothing is, with the text around it. It quotes the documents.
pub struct Misses(Vec<String>);

impl Misses {
    /// The entities that are not covered whole.
    pub fn of(documents: &[Document], found: &[Found]) -> Self {
        let lines = documents.iter().zip(found).flat_map(|(document, found)| {
            misses(document, found)
                .into_iter()
                .map(|span| line("missed", document, span))
                .collect::<Vec<_>>()
        });
        Self(lines.collect())
    }

    /// What was found beside everything that the gold file names.
    pub fn false_alarms(documents: &[Document], found: &[Found]) -> Self {
        let lines = documents.iter().zip(found).flat_map(|(document, found)| {
            let alarms = false_alarms(document, found);
            alarms.iter().map(|span| line("false alarm", document, span)).collect::<Vec<_>>()
        });
        Self(lines.collect())
    }
}

impl fmt::Display for Misses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// `missed NAME doc-7: …seen by «Ann Lee» today…`, for a detection with its detector at the end.
fn line(what: &str, document: &Document, span: &Span) -> String {
    const AROUND: usize = 30;
    let piece = |from: usize, to: usize| {
        let letters = document.text.chars().skip(from).take(to.saturating_sub(from));
        letters.collect::<String>().replace(['\n', '\r'], "⏎")
    };
    let label = match span.kind {
        Kind::Phi(label) => label.as_str(),
        Kind::Neutral => "-",
    };
    let before = piece(span.start.saturating_sub(AROUND), span.start);
    let (value, after) = (piece(span.start, span.end), piece(span.end, span.end + AROUND));
    let detector = span.detector.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{what} {label} {}: …{before}«{value}»{after}…{detector}", document.id)
}
