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
