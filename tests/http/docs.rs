//! The documentation: its commands work, its settings are taken, its links lead somewhere.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{KEY, OPENAI_KEY, Setup, standin::StandIn};

/// Pages whose `sh` blocks are run as they stand, one after the other, in an empty folder.
const RUN: [&str; 5] = [
    "README.md",
    "docs/getting-started.md",
    "docs/adding-detectors.md",
    "docs/settings.md",
    "docs/contributing.md",
];

/// A fenced block: its language and its text.
struct Block {
    language: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let top = ["README.md", "CHANGELOG.md"].map(|name| root().join(name));
    docs.filter(|path| path.extension().is_some_and(|kind| kind == "md")).chain(top).collect()
}

fn blocks(page: &str) -> Vec<Block> {
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

/// Commands that would start all of this again, or the service, are looked up and not run.
fn is_only_named(line: &str) -> bool {
    line.starts_with("make ") || line.starts_with("scripts/")
}

/// `make TARGET` has its target, and `scripts/NAME` is there.
fn exists(line: &str) {
    let mut words = line.split_whitespace();
    let (program, argument) = (words.next().unwrap(), words.next());
    if program == "make" {
        let target = argument.unwrap();
        let asked = Command::new("make").args(["--question", target]).current_dir(root()).output();
        let status = asked.unwrap().status;
        assert!(status.code().is_some_and(|code| code < 2), "make {target} is no target");
    } else {
        assert!(root().join(program).is_file(), "{program} is not there");
    }
}

#[test]
fn the_commands_do_what_the_pages_say() {
    let scene = Setup::default().start(StandIn::echo());
    let program = Path::new(env!("CARGO_BIN_EXE_deid-gateway")).parent().unwrap();
    for name in RUN {
        let page = std::fs::read_to_string(root().join(name)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut output = String::new();
        for Block { language, text } in blocks(&page) {
            match language.as_str() {
                "sh" => {
                    let (named, run): (Vec<_>, Vec<_>) =
                        text.lines().partition(|line| is_only_named(line));
                    named.into_iter().for_each(exists);
                    let script = run.join("\n").replace("http://127.0.0.1:8080", &scene.url(""));
                    let done = Command::new("bash")
                        .args(["-euo", "pipefail", "-c", &script])
                        .current_dir(folder.path())
                        .env_clear()
                        .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
                        .env("GATEWAY_KEY", KEY)
                        .env("OPENAI_API_KEY", OPENAI_KEY)
                        .output()
                        .unwrap();
                    let error = String::from_utf8_lossy(&done.stderr);
                    output = String::from_utf8_lossy(&done.stdout).into_owned();
                    assert!(done.status.success(), "{name}: {script}\n{output}\n{error}");
                }
                // What the commands before it print, up to the ellipsis.
                "json" => {
                    let start = text.split('…').next().unwrap().trim();
                    assert!(output.contains(start), "{name} says {start}, it is {output}");
                }
                _ => {}
            }
        }
    }
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
