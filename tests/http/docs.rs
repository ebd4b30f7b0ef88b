//! The documentation: its settings are taken, its written pages are up to date, its links lead
//! somewhere. Its commands are run by `doc_commands`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A fenced block: its language and its text.
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let top = ["README.md", "CHANGELOG.md"].map(|name| root().join(name));
    docs.filter(|path| path.extension().is_some_and(|kind| kind == "md")).chain(top).collect()
}

pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), text: String::new() });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn the_settings_of_the_pages_are_taken() {
    for page in pages() {
        for (at, Block { language, text }) in
            blocks(&std::fs::read_to_string(&page).unwrap()).into_iter().enumerate()
        {
            if language != "toml" {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("settings.toml"), text).unwrap();
            let done =
                crate::support::gateway_command(folder.path()).arg("settings").output().unwrap();
            let error = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{}, block {at}: {error}", page.display());
        }
    }
}

#[test]
fn the_written_pages_are_up_to_date() {
    for (script, argument) in [
        ("scripts/settings-reference", Some(env!("CARGO_BIN_EXE_deid-gateway"))),
        ("scripts/third-party-licences", None),
    ] {
        let done =
            Command::new(root().join(script)).arg("--check").args(argument).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn links_lead_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)#\s]+)(#[^)\s]*)?\)").unwrap();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if !target.contains("://") {
                assert!(
                    page.parent().unwrap().join(target).exists(),
                    "{}: {target}",
                    page.display()
                );
            }
        }
    }
}

/// The names of `section` in `Cargo.toml`.
fn crates(section: &str) -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lines = manifest.lines().skip_while(|line| *line != format!("[{section}]")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned()).collect()
}

/// What stands in backticks in the first column of the tables under `heading`.
fn listed(page: &str, heading: &str) -> Vec<String> {
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    cells.flat_map(|cell| cell.split(", ").map(|name| name.trim_matches('`').to_owned())).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let page = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    for (section, heading) in [("dependencies", "In the program"), ("dev-dependencies", "In tests")]
    {
        let (mut own, mut said) = (crates(section), listed(&page, heading));
        own.sort();
        said.sort();
        assert_eq!(own, said, "docs/dependencies.md, {heading}");
    }
}

/// Every `file::test`, `file::*` and `src/…` that the threat model names in its tables is there.
#[test]
fn the_tests_that_the_threat_model_names_exist() {
    let page = std::fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let mut checked = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        for name in row.split('`').skip(1).step_by(2) {
            if name.starts_with("src/") {
                assert!(root().join(name).exists(), "{name}");
                let file = std::fs::read_to_string(root().join(name)).unwrap();
                assert!(
                    file.contains("#[test]") || file.contains("mod tests;"),
                    "{name} tests nothing"
                );
            } else if let Some((module, test)) = name.split_once("::") {
                let file = root().join("tests/http").join(format!("{module}.rs"));
                let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("no {name}"));
                let wanted =
                    if test == "*" { "#[test]".to_owned() } else { format!("fn {test}()") };
                assert!(text.contains(&wanted), "no {name}");
            } else {
                continue;
            }
            checked += 1;
        }
        // "fuzz target `name`"
        for rest in row.split("fuzz target `").skip(1) {
            let name = rest.split('`').next().unwrap();
            assert!(root().join(format!("tests/fuzz/{name}.rs")).exists(), "fuzz target {name}");
        }
    }
    assert!(checked > 30, "{checked}");
}
