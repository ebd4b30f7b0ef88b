//! `deid-gateway doctor`, the real program.

use serde_json::Value;

use crate::support::{gateway_command, model_folder};

struct Run {
    status: Option<i32>,
    report: Value,
    text: String,
}

fn doctor(settings: &str, arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, settings).unwrap();
    let mut command = gateway_command(folder.path());
    let command = command.args(["doctor", "--report", "report.json", "--settings"]).arg(&file);
    let output = command.args(arguments).output().unwrap();
    let report = std::fs::read(folder.path().join("report.json")).unwrap_or_default();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let report = serde_json::from_slice(&report).unwrap_or_else(|_| panic!("no report: {text}"));
    Run { status: output.status.code(), report, text }
}

fn checks<'a>(report: &'a Value, outcome: &str) -> Vec<&'a Value> {
    let all = report["checks"].as_array().unwrap().iter();
    all.filter(|check| check["outcome"] == outcome).collect()
}

fn holds_no_text(run: &Run) {
    let all = format!("{}{}", run.text, run.report);
    for secret in ["Oyelaran", "Okonkwo", "8145", "Larkspur", "44710093", "dg_doctor", "sk-secret"]
    {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn the_shipped_detectors_let_nothing_through() {
    let model = model_folder();
    let settings = format!(
        "[upstream]\napi_key = \"sk-secret\"\n[[detectors.ner]]\nname = \"phi-ner\"\nmodel = {model:?}\n"
    );
    let run = doctor(&settings, &[]);
    assert_eq!(run.status, Some(0), "{}", run.text);
    assert_eq!(run.report["passed"], true);
    assert!(run.text.contains("nothing would leak"), "{}", run.text);
    assert!(checks(&run.report, "failed").is_empty());
    let passed = checks(&run.report, "passed");
    for area in ["endpoint", "reply", "stream"] {
        assert!(
            passed.iter().filter(|check| check["area"] == area).count() >= 3,
            "{area}: {}",
            run.text
        );
    }
    holds_no_text(&run);
}

#[test]
fn a_configuration_that_leaks_is_found_out() {
    // Without the built-in rules and without a model next to nothing is found.
    let run = doctor(
        "[detectors]\nner = []\n[detectors.rules]\nenabled = false\n[[detectors.custom]]\nname = \
         \"ssn\"\nlabel = \"SSN\"\npattern = '\\d{3}-\\d\\d-\\d{4}'\n",
        &[],
    );
    assert_eq!(run.status, Some(1), "{}", run.text);
    assert_eq!(run.report["passed"], false);
    let failed = checks(&run.report, "failed");
    let details: String = failed.iter().map(|check| check["detail"].to_string()).collect();
    assert!(details.contains("NAME would leave from /"), "{details}");
    assert!(details.contains("DATE would leave from"), "{details}");
    assert!(!details.contains("SSN would leave"), "{details}");
    assert!(run.text.contains("NOT FIT FOR PHI"), "{}", run.text);
    holds_no_text(&run);
}

#[test]
fn what_the_policy_keeps_is_a_warning() {
    let run = doctor("[detectors]\nner = []\n[policy.labels]\nURL = \"keep\"\n", &["--json"]);
    let printed: Value =
        serde_json::from_str(run.text.split("\ndeid-gateway:").next().unwrap()).unwrap();
    assert_eq!(printed, run.report);
    let warnings = checks(&run.report, "warning");
    assert!(warnings.iter().any(|check| check["check"] == "URL is replaced"), "{}", run.text);
    assert!(warnings.iter().any(|check| check["check"] == "a model runs"), "{}", run.text);
    holds_no_text(&run);
}

#[test]
fn a_model_that_is_not_there_fails() {
    let run = doctor("[[detectors.ner]]\nname = \"m\"\nmodel = \"nowhere\"\n", &[]);
    assert_eq!(run.status, Some(1));
    let failed = checks(&run.report, "failed");
    assert!(
        failed.iter().any(|check| check["check"] == "the model \"m\" is there"),
        "{}",
        run.text
    );
}
