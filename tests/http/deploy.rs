//! The files in `deploy/`, as far as they can be tried without a cluster or images.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::{NOTE, Setup, gateway_command, standin::StandIn};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn the_kubernetes_manifests_keep_to_their_schemas() {
    let installed =
        Command::new(root().join("scripts/install-venv")).arg("deploy").output().unwrap();
    assert!(installed.status.success(), "{}", text(&installed));
    let validate = |file: &Path| {
        let program = root().join(".tools/venv-deploy/bin/kubernetes-validate");
        Command::new(program).arg("--strict").arg(file).output().unwrap()
    };
    let manifest = root().join("deploy/kubernetes/gateway.yaml");
    let output = validate(&manifest);
    assert!(output.status.success(), "{}", text(&output));
    // What has a typing error does not pass.
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.yaml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    std::fs::write(&wrong, manifest.replace("readinessProbe", "readynessProbe")).unwrap();
    assert!(!validate(&wrong).status.success());
}

#[test]
fn the_compose_file_keeps_to_its_schema() {
    let check = |file: &Path| {
        let mut command = Command::new("docker-compose");
        command.arg("--file").arg(file).args(["config", "--quiet"]);
        command.env("POSTGRES_PASSWORD", "x").output().unwrap()
    };
    let compose = root().join("deploy/compose.yaml");
    let output = check(&compose);
    assert!(output.status.success(), "{}", text(&output));
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("compose.yaml");
    let compose = std::fs::read_to_string(compose).unwrap();
    std::fs::write(&wrong, compose.replace("stop_grace_period", "stop_grace")).unwrap();
    assert!(!check(&wrong).status.success());
}

#[test]
fn the_settings_that_are_deployed_are_taken() {
    let manifest = std::fs::read_to_string(root().join("deploy/kubernetes/gateway.yaml")).unwrap();
    let (_, after) = manifest.split_once("settings.toml: |\n").unwrap();
    let (map, _) = after.split_once("---\n").unwrap();
    let of_map: String = map.lines().flat_map(|line| [line.trim(), "\n"]).collect();
    let of_container = std::fs::read_to_string(root().join("deploy/settings.toml")).unwrap();
    for settings in [of_map, of_container] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, settings).unwrap();
        let mut command = gateway_command(folder.path());
        let output = command.arg("settings").arg("--settings").arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("/var/lib/deid-gateway/audit.jsonl"));
    }
}

#[test]
fn the_systemd_unit_is_understood() {
    // The program that it names is not installed here, so another takes its place.
    let unit = std::fs::read_to_string(root().join("deploy/deid-gateway.service")).unwrap();
    let verify = |unit: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deid-gateway.service");
        std::fs::write(&file, unit).unwrap();
        text(&Command::new("systemd-analyze").arg("verify").arg(&file).output().unwrap())
    };
    let unit = unit.replace("/opt/deid-gateway/bin/deid-gateway", "/bin/true");
    let said = verify(&unit);
    assert!(!said.contains("deid-gateway.service"), "{said}");
    let said = verify(&unit.replace("ProtectHome=true", "ProtectHomes=true"));
    assert!(said.contains("ProtectHomes"), "{said}");
}

#[test]
fn alert_rules_and_dashboard_hold_together() {
    let deploy = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitoring");
    for arguments in [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]] {
        let output =
            std::process::Command::new("promtool").args(arguments).current_dir(&deploy).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
    // Every metric that they name is one that the gateway prints.
    let scene = Setup::default().start(StandIn::echo());
    scene.say(NOTE);
    let printed = scene.get("/metrics", &[]).body;
    let rules = std::fs::read_to_string(deploy.join("alerts.yaml")).unwrap();
    let dashboard = std::fs::read_to_string(deploy.join("dashboard.json")).unwrap();
    let panels: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    // Prometheus understands every query of the dashboard.
    let mut queries = String::from("groups:\n- name: dashboard\n  rules:\n");
    let targets = panels["panels"].as_array().unwrap().iter();
    let mut count = 0;
    for target in targets.filter_map(|panel| panel["targets"].as_array()).flatten() {
        let query = target["expr"].as_str().unwrap().replace("$instance", ".*");
        count += 1;
        queries.push_str(&format!("  - record: dashboard:query_{count}\n    expr: {query:?}\n"));
    }
    assert!(count > 15, "{queries}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queries.yaml");
    for (query, is_good) in [(queries.clone(), true), (queries.replace("sum(", "sum(("), false)] {
        std::fs::write(&file, query).unwrap();
        let output = Command::new("promtool").args(["check", "rules"]).arg(&file).output().unwrap();
        assert_eq!(output.status.success(), is_good, "{}", text(&output));
    }
    let word = regex::Regex::new(r"\bdeid_[a-z_]+").unwrap();
    let mut named: Vec<_> = word.find_iter(&rules).chain(word.find_iter(&dashboard)).collect();
    named.sort_by_key(|found| found.as_str());
    named.dedup_by_key(|found| found.as_str());
    assert!(named.len() > 10);
    for name in named {
        // What has no labels yet prints nothing: a queue without a model.
        let known = printed.contains(name.as_str()) || name.as_str() == "deid_queue_depth";
        assert!(known, "{} is no metric of the gateway", name.as_str());
    }
}
