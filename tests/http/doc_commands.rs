//! Every shell command in the documentation: run as it stands, page by page, or named here with the
//! reason why it cannot be, and then checked as far as it can.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use regex::Regex;

use crate::{
    docs::{Block, blocks, root},
    support::{KEY, NOTE, OPENAI_KEY, Setup, standin::StandIn},
};

/// What a command of ours, or one that needs a machine of its own, begins with: a line like this in
/// any block of a page is a command.
const PROGRAMS: &[&str] = &[
    "deid-gateway",
    "target/release/deid-gateway",
    "/opt/deid-gateway/bin/deid-gateway",
    "make",
    "scripts/",
    "python3",
    "curl",
    "tar",
    "sed",
    "useradd",
    "mkdir",
    "install",
    "cp",
    "runuser",
    "systemctl",
    "docker",
    "kubectl",
    "sudo",
    "apt-get",
    "sqlite3",
    "openssl",
    "kill",
];

/// Commands that the tests do not run, by how they begin, and why.
const NOT_RUN: &[(&str, &str)] = &[
    (
        "make ",
        "builds again, or starts these tests or a service for good; what each target does is tested elsewhere",
    ),
    ("scripts/settings-reference", "its --check is run by docs::the_written_pages_are_up_to_date"),
    (
        "scripts/third-party-licences",
        "its --check is run by docs::the_written_pages_are_up_to_date",
    ),
    ("scripts/fetch-model", "needs Hugging Face's hub; model_tooling runs it against a stand-in"),
    ("scripts/train-model", "trains for most of an hour"),
    ("tar ", "needs the archive; make test-dist unpacks it"),
    ("useradd ", "needs root; make test-dist runs it"),
    ("install ", "needs root; make test-dist runs it"),
    ("runuser ", "needs root, and the archive in /opt; make test-dist runs it there"),
    ("systemctl ", "needs systemd"),
];

/// A command, continued lines and here-documents included, and the block that it stands in.
struct Shell {
    text: String,
    is_synopsis: bool,
}

fn is_command(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    PROGRAMS.iter().any(|program| {
        if program.ends_with('/') { word.starts_with(program) } else { word == *program }
    })
}

fn not_run(command: &str) -> Option<&'static str> {
    NOT_RUN.iter().find(|(begin, _)| command.starts_with(begin)).map(|(_, why)| *why)
}

/// The commands of a block.
fn commands(block: &Block) -> Vec<Shell> {
    let mut all: Vec<Shell> = Vec::new();
    let mut here: Option<String> = None;
    let mut goes_on = false;
    for line in block.text.lines() {
        let starts = !goes_on && here.is_none() && !line.trim().is_empty();
        if starts && !line.starts_with('#') {
            all.push(Shell { text: String::new(), is_synopsis: line.contains('…') });
        }
        if let Some(command) = all.last_mut() {
            command.text.push_str(line);
            command.text.push('\n');
        }
        goes_on = here.is_none() && line.ends_with('\\');
        match &here {
            Some(end) if line == end => here = None,
            Some(_) => {}
            None => {
                let begins = line.split_once("<<'").and_then(|(_, rest)| rest.split_once('\''));
                here = begins.map(|(end, _)| end.to_owned());
            }
        }
    }
    all
}

/// Blocks of commands: those that say so, and indented ones that hold a line like a command.
fn shell_blocks(page: &str) -> Vec<Block> {
    let mut found = blocks(page);
    found.retain(|block| matches!(block.language.as_str(), "sh" | "json"));
    found.extend(indented(page).into_iter().filter(|block| block.text.lines().any(is_command)));
    found
}

/// Blocks that are indented by four blanks.
fn indented(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut fenced = false;
    let mut text = String::new();
    for line in page.lines().chain([""]) {
        fenced ^= line.starts_with("```");
        match line.strip_prefix("    ") {
            Some(inner) if !fenced => {
                text.push_str(inner.trim_start());
                text.push('\n');
            }
            _ if !text.is_empty() => {
                found.push(Block { language: String::new(), text: std::mem::take(&mut text) });
            }
            _ => {}
        }
    }
    found
}

/// What `deid-gateway COMMAND --help` says.
fn help(of: &[&str]) -> String {
    static KNOWN: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let text = known.entry(of.join(" ")).or_insert_with(|| {
        let asked =
            Command::new(env!("CARGO_BIN_EXE_deid-gateway")).args(of).arg("--help").output();
        let asked = asked.unwrap();
        assert!(asked.status.success(), "deid-gateway {} is no command", of.join(" "));
        String::from_utf8(asked.stdout).unwrap()
    });
    text.clone()
}

/// Checks a command that is not run: bash reads it, its target, file, subcommand and options exist.
fn exists(command: &str, place: &str) {
    let parsed = Command::new("bash").args(["-n", "-c", command]).status().unwrap();
    assert!(parsed.success(), "{place}: bash cannot read {command}");
    let words: Vec<&str> = command.split_whitespace().collect();
    let options = || words.iter().filter(|word| word.starts_with("--"));
    match words.as_slice() {
        ["make", target, ..] => {
            let mut make = Command::new("make");
            let asked = make.args(["--dry-run", target]).current_dir(root()).output().unwrap();
            assert!(asked.status.success(), "{place}: make {target} is no target");
        }
        [script, ..] if script.starts_with("scripts/") => {
            let text = fs::read_to_string(root().join(script));
            let text = text.unwrap_or_else(|_| panic!("{place}: {script} is not there"));
            for option in options() {
                assert!(text.contains(*option), "{place}: {script} knows no {option}");
            }
        }
        [program, rest @ ..] if program.ends_with("deid-gateway") => {
            let rest: Vec<&str> =
                rest.iter().copied().skip_while(|word| word.starts_with("--")).collect();
            subcommand(&rest, options().copied(), place);
        }
        _ => {}
    }
}

/// Checks a command line of the program: its subcommand, and every option.
fn subcommand<'a>(words: &[&'a str], options: impl Iterator<Item = &'a str>, place: &str) {
    let names: Vec<&str> = words
        .iter()
        .copied()
        .take_while(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
        .take(if matches!(words.first(), Some(&"keys" | &"audit")) { 2 } else { 1 })
        .collect();
    let text = help(&names) + &help(&[]);
    for option in options {
        let name = option.split('=').next().unwrap();
        assert!(text.contains(name), "{place}: deid-gateway {} knows no {name}", names.join(" "));
    }
}

/// A folder in which the commands of a page find what they speak of.
fn prepare(folder: &Path, program: &Path) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("settings.toml", "[detectors]\nner = []\n");
    write("note.txt", NOTE);
    write("notes/monday.txt", NOTE);
    write("notes/tuesday.txt", "Mrs. Doe called, MRN: 44710093.");
    let marked: String = (0..200)
        .map(|n| format!("@@@ phone note | desk\ncall {n} to [[NAME:Ann Lee]], ok\n"))
        .collect();
    write("my-notes/calls.txt", &marked);
    write(
        "gold.jsonl",
        "{\"id\": \"1\", \"text\": \"SSN 536-22-8145.\", \"spans\": [{\"start\": 4, \"end\": 15, \"label\": \"SSN\"}]}\n",
    );
    for name in ["scripts", "models"] {
        std::os::unix::fs::symlink(root().join(name), folder.join(name)).unwrap();
    }
    fs::create_dir_all(folder.join("target/release")).unwrap();
    std::os::unix::fs::symlink(program, folder.join("target/release/deid-gateway")).unwrap();
}

fn pages() -> Vec<PathBuf> {
    let mut pages = crate::docs::pages();
    pages.extend(["SECURITY.md", "deploy/README.md"].map(|name| root().join(name)));
    pages.retain(|page| !page.ends_with("CHANGELOG.md"));
    pages.sort();
    pages
}

#[test]
fn the_commands_do_what_the_pages_say() {
    let scene = Setup::default().start(StandIn::echo());
    let program = Path::new(env!("CARGO_BIN_EXE_deid-gateway"));
    // The id of a key that the commands before have made; `$$` is a dollar sign.
    const OURS: &str = "keys revoke $$(deid-gateway keys list | sed -n '2s/ .*//p')";
    let key_id = Regex::new(r"keys revoke \S+").unwrap();
    let mut run = 0;
    for page in pages() {
        let place = page.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&page).unwrap();
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path(), program);
        let mut output = String::new();
        for block in shell_blocks(&text) {
            if block.language == "json" {
                // What the commands before it print, up to the ellipsis.
                let start = block.text.split('…').next().unwrap().trim();
                assert!(output.contains(start), "{place} says {start}, it is {output}");
                continue;
            }
            let mut script = String::new();
            for Shell { text: command, is_synopsis } in commands(&block) {
                if is_synopsis || not_run(&command).is_some() {
                    exists(&command, &place);
                } else {
                    script.push_str(&command);
                }
            }
            if script.is_empty() {
                continue;
            }
            let script = key_id.replace(&script, OURS);
            let script = script.replace("http://127.0.0.1:8080", &scene.url(""));
            let done = Command::new("bash")
                .args(["-euo", "pipefail", "-c", &script])
                .current_dir(folder.path())
                .env_clear()
                .env("PATH", format!("{}:/usr/bin:/bin", program.parent().unwrap().display()))
                .env("GATEWAY_KEY", KEY)
                .env("OPENAI_API_KEY", OPENAI_KEY)
                .output()
                .unwrap();
            let error = String::from_utf8_lossy(&done.stderr);
            output = String::from_utf8_lossy(&done.stdout).into_owned();
            assert!(done.status.success(), "{place}: {script}\n{output}\n{error}");
            run += 1;
        }
    }
    assert!(run > 10, "only {run} blocks were run");
}

/// Commands within sentences: `make target`, `scripts/name` and `deid-gateway command --option`.
#[test]
fn what_the_sentences_name_is_there() {
    let code = Regex::new(r"`([^`\n]+)`").unwrap();
    for page in pages() {
        let place = page.strip_prefix(root()).unwrap().display().to_string();
        for found in code.captures_iter(&fs::read_to_string(&page).unwrap()) {
            let command = &found[1];
            let is_ours =
                ["make ", "scripts/", "deid-gateway "].iter().any(|p| command.starts_with(p));
            if is_ours && !command.contains(['…', '[']) {
                exists(command, &place);
            }
        }
    }
}

/// A reason that covers nothing hides what it once covered.
#[test]
fn every_reason_is_needed() {
    let texts = pages().into_iter().map(|page| fs::read_to_string(page).unwrap());
    let blocks: Vec<Block> = texts.flat_map(|text| shell_blocks(&text)).collect();
    let all: Vec<String> = blocks.iter().flat_map(commands).map(|command| command.text).collect();
    for (begin, _) in NOT_RUN {
        assert!(all.iter().any(|own| own.starts_with(begin)), "no command begins with {begin}");
    }
}
