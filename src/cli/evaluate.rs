//! `deid-gateway evaluate`

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::{CliResult, files};
use crate::{
    deidentify::Deidentifier,
    evaluate::{self, Document, Evaluation, Found, Kind, Misses, Report},
    settings::{Overrides, load},
};

/// Options of the evaluation.
#[derive(Args)]
pub(super) struct Evaluate {
    /// Gold files: {"id","text","spans":[{"start","end","label"}]} a line, offsets in code points
    #[arg(required = true, value_name = "GOLD.jsonl")]
    gold: Vec<PathBuf>,
    /// List the entities that are not covered whole
    #[arg(long)]
    misses: bool,
    /// List what was found where nothing is
    #[arg(long)]
    false_alarms: bool,
    /// Write what was found, a line a document: {"id","spans"}
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Score what another program found, a line a document of all gold files in order:
    /// {"id","spans"}; no detector runs
    #[arg(long, value_name = "FILE", conflicts_with = "predictions")]
    score: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    pub(super) fn run(self, file: Option<&Path>) -> CliResult {
        let sets = self.gold.iter().map(|path| Ok((path, evaluate::read(path)?)));
        let sets: Vec<(&PathBuf, Vec<Document>)> =
            sets.collect::<Result<_, evaluate::GoldError>>()?;
        if let Some(predictions) = &self.score {
            return self.score(predictions, &sets);
        }
        let settings = load(file, &Overrides::default())?;
        let evaluation = Evaluation::start(&settings)?;
        actix_rt::System::new().block_on(self.measure(&evaluation, &sets))
    }

    /// Scores what another program found.
    fn score(&self, predictions: &Path, sets: &[(&PathBuf, Vec<Document>)]) -> CliResult {
        let all: Vec<Document> = sets.iter().flat_map(|(_, documents)| documents.clone()).collect();
        let mut found = evaluate::read_predictions(predictions, &all)?;
        let mut reports = Vec::new();
        for (path, documents) in sets {
            let rest = found.split_off(documents.len());
            let report = Report::of_predictions(path.display().to_string(), documents, &found);
            self.print(&report, documents, &found);
            reports.push(report);
            found = rest;
        }
        self.print_json(&reports)
    }

    async fn measure(
        &self,
        evaluation: &Evaluation,
        sets: &[(&PathBuf, Vec<Document>)],
    ) -> CliResult {
        let passes = if evaluation.models.is_some() { 3 } else { 2 };
        let documents: usize = sets.iter().map(|(_, documents)| documents.len()).sum();
        let bar = files::progress(documents * passes);
        let mut predictions = match &self.predictions {
            Some(path) => Some(BufWriter::new(File::create(path)?)),
            None => None,
        };
        let mut reports = Vec::new();
        for (path, documents) in sets {
            let start = Instant::now();
            let both = search(&evaluation.both, documents, &bar).await?;
            let took = start.elapsed();
            let rules = search(&evaluation.rules, documents, &bar).await?;
            let models = match &evaluation.models {
                Some(models) => Some(search(models, documents, &bar).await?),
                None => None,
            };
            let set = path.display().to_string();
            let report = Report::new(set, documents, &both, &rules, models.as_deref(), took);
            if let Some(file) = &mut predictions {
                write_predictions(file, documents, &both)?;
            }
            bar.suspend(|| self.print(&report, documents, &both));
            reports.push(report);
        }
        bar.finish_and_clear();
        if let Some(mut file) = predictions {
            file.flush()?;
        }
        self.print_json(&reports)
    }

    /// Prints the table of one set and the lists that were asked for.
    #[expect(clippy::print_stdout, reason = "this is what the command is for")]
    fn print(&self, report: &Report, documents: &[Document], found: &[Found]) {
        if self.json {
            return;
        }
        println!("{report}");
        if self.misses {
            println!("{}", Misses::of(documents, found));
        }
        if self.false_alarms {
            println!("{}", Misses::false_alarms(documents, found));
        }
    }

    #[expect(clippy::print_stdout, reason = "this is what the command is for")]
    fn print_json(&self, reports: &[Report]) -> CliResult {
        if self.json {
            println!("{}", serde_json::to_string_pretty(reports)?);
        }
        Ok(())
    }
}

async fn search(
    detectors: &Deidentifier,
    documents: &[Document],
    bar: &ProgressBar,
) -> Result<Vec<Found>, Box<dyn std::error::Error>> {
    let mut found = Vec::with_capacity(documents.len());
    for document in documents {
        found.push(evaluate::search(detectors, document).await?);
        bar.inc(1);
    }
    Ok(found)
}

fn write_predictions(
    file: &mut impl Write,
    documents: &[Document],
    found: &[Found],
) -> std::io::Result<()> {
    for (document, found) in documents.iter().zip(found) {
        let spans: Vec<_> = found
            .iter()
            .map(|span| {
                let label = match span.kind {
                    Kind::Phi(label) => label.as_str(),
                    Kind::Neutral => "",
                };
                json!({"start": span.start, "end": span.end, "label": label, "detector": span.detector.as_deref()})
            })
            .collect();
        writeln!(file, "{}", json!({"id": document.id, "spans": spans}))?;
    }
    Ok(())
}
