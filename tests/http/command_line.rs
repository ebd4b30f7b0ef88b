//! `deid-gateway deidentify` and `reidentify`, on standard input, files and folders.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::support::{NOTE, gateway_command};

fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = gateway_command(folder);
    let mut child = command.args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.toml"), "[detectors]\nner = []\n").unwrap();
    folder
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_text_goes_out_with_placeholders_and_comes_back() {
    let folder = folder();
    let folder = folder.path();
    let done = run(folder, &["deidentify", "--mapping", "map.json"], NOTE);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("[SSN_1]") && !text.contains("536-22-8145"), "{text}");
    let back = run(folder, &["reidentify", "--mapping", "map.json"], &text);
    assert_eq!(String::from_utf8(back.stdout).unwrap(), NOTE);

    // Surrogates and moved dates come back too.
    fs::write(
        folder.join("note.txt"),
        "Patient: John Doe, 11/02/2025, (617) 555-0142, SSN 536-22-8145",
    )
    .unwrap();
    let settings = "[policy]\ndefault = \"surrogate\"\n[policy.labels]\nDATE = \"date_shift\"\n[detectors]\nner = []\n";
    fs::write(folder.join("other.toml"), settings).unwrap();
    let other = ["--settings", "other.toml", "deidentify", "note.txt", "--mapping", "other.json"];
    let text = String::from_utf8(run(folder, &other, "").stdout).unwrap();
    assert!(text.contains("Alexis Aldwin") && text.contains("(202) 555-01"), "{text}");
    let back = run(folder, &["reidentify", "--mapping", "other.json"], &text);
    assert_eq!(String::from_utf8(back.stdout).unwrap(), read(folder, "note.txt"));

    // A mapping is the only way back, so it is not written over.
    let again = run(folder, &["deidentify", "--mapping", "map.json"], NOTE);
    assert_eq!(again.status.code(), Some(1));
    let json = run(folder, &["deidentify", "--json"], NOTE);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(json["entities"].as_array().unwrap().len() > 3 && json["text"].is_string());
}

#[test]
fn a_folder_is_worked_through_and_resumed() {
    let temporary = folder();
    let folder = temporary.path();
    fs::create_dir_all(folder.join("notes/ward")).unwrap();
    fs::write(folder.join("notes/a.txt"), "SSN 536-22-8145").unwrap();
    fs::write(folder.join("notes/ward/b.txt"), "SSN 536-22-8146").unwrap();
    fs::write(folder.join("notes/broken.txt"), b"\xff").unwrap();
    let arguments = ["deidentify", "notes", "--output", "notes/out", "--mapping", "maps"];
    let first = run(folder, &arguments, "");
    assert_eq!(first.status.code(), Some(1));
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(said.contains("1 of 3 files failed") && said.contains("broken.txt"), "{said}");
    assert_eq!(read(folder, "notes/out/a.txt"), "SSN [SSN_1]");
    assert_eq!(read(folder, "notes/out/ward/b.txt"), "SSN [SSN_1]");
    assert!(read(folder, "maps/ward/b.txt.mapping.json").contains("536-22-8146"));
    assert_eq!(read(folder, "notes/a.txt"), "SSN 536-22-8145");

    // What is finished is skipped, and results are no inputs.
    fs::write(folder.join("notes/out/a.txt"), "finished").unwrap();
    fs::write(folder.join("notes/broken.txt"), "SSN 536-22-8147").unwrap();
    let second = run(folder, &arguments, "");
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(read(folder, "notes/out/a.txt"), "finished");
    assert_eq!(read(folder, "notes/out/broken.txt"), "SSN [SSN_1]");
    assert!(!folder.join("notes/out/out").exists());

    // A result of what is no longer there is not taken for that of what is.
    fs::write(folder.join("notes/a.txt"), "SSN 536-22-8148").unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let input = fs::File::options().write(true).open(folder.join("notes/a.txt")).unwrap();
    input.set_modified(later).unwrap();
    let third = run(folder, &arguments, "");
    assert_eq!(third.status.code(), Some(1));
    let said = String::from_utf8_lossy(&third.stderr).into_owned();
    assert!(said.contains("1 of 3 files failed") && said.contains("a.txt"), "{said}");
    assert_eq!(read(folder, "notes/out/a.txt"), "finished");
}

#[test]
fn an_input_is_never_written_over() {
    let temporary = folder();
    let folder = temporary.path();
    fs::create_dir(folder.join("notes")).unwrap();
    fs::write(folder.join("notes/a.txt"), "SSN 536-22-8145").unwrap();
    let done = run(folder, &["deidentify", "notes/a.txt", "--output", "notes"], "");
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(read(folder, "notes/a.txt"), "SSN 536-22-8145");
    let none = run(folder, &["deidentify", "notes"], "");
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn a_folder_goes_there_and_back() {
    let temporary = folder();
    let folder = temporary.path();
    fs::create_dir_all(folder.join("notes/ward")).unwrap();
    let notes = [
        ("a.txt", format!("\u{feff}{NOTE}\r\n")),
        ("ward/b.txt", format!("é\u{301} {NOTE} [NAME_1]")),
        ("c.txt", String::new()),
    ];
    for (name, text) in &notes {
        fs::write(folder.join("notes").join(name), text).unwrap();
    }
    let done =
        run(folder, &["deidentify", "notes", "-o", "out", "--mapping", "maps", "--jobs", "3"], "");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let back = ["reidentify", "out", "-o", "back", "--mapping", "maps"];
    let done = run(folder, &back, "");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for (name, text) in &notes {
        assert!(!read(folder, &format!("out/{name}")).contains("536-22-8145"));
        assert_eq!(read(folder, &format!("back/{name}")), *text, "{name}");
    }
    use std::os::unix::fs::PermissionsExt;
    let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("back/a.txt"), mode("maps/a.txt.mapping.json")), (0o600, 0o600));

    // What is finished is skipped; what has no mapping fails by itself.
    fs::write(folder.join("back/a.txt"), "finished").unwrap();
    fs::write(folder.join("out/new.txt"), "[NAME_1]").unwrap();
    let again = run(folder, &back, "");
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(said.contains("1 of 4 files failed") && said.contains("new.txt"), "{said}");
    assert_eq!(read(folder, "back/a.txt"), "finished");
    let none = run(folder, &["reidentify", "out", "--mapping", "maps"], "");
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn no_way_of_naming_files_harms_one() {
    let temporary = folder();
    let folder = temporary.path();
    let secret = "SSN 536-22-8145";
    for name in ["in", "far", "out", "maps"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    fs::write(folder.join("in/a.txt"), secret).unwrap();
    fs::write(folder.join("far/b.txt"), "SSN 536-22-8146").unwrap();
    // Links within a folder are not followed, a file that is named is, and pipes and the like fail by themselves.
    std::os::unix::fs::symlink(folder.join("far"), folder.join("in/link")).unwrap();
    std::os::unix::fs::symlink(folder.join("far/b.txt"), folder.join("in/b.txt")).unwrap();
    std::os::unix::fs::symlink(folder.join("in"), folder.join("in/loop")).unwrap();
    let done = run(folder, &["deidentify", "in", "-o", "out", "--mapping", "maps"], "");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(read(folder, "out/a.txt"), "SSN [SSN_1]");
    assert_eq!(fs::read_dir(folder.join("out")).unwrap().count(), 1);

    let fails = |arguments: &[&str], why: &str| {
        let done = run(folder, arguments, "");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{arguments:?}");
        assert!(said.contains(why) && !said.contains("536-22"), "{arguments:?}: {said}");
        assert_eq!(read(folder, "in/a.txt"), secret);
        assert_eq!(read(folder, "far/b.txt"), "SSN 536-22-8146");
    };
    // The result would stand where an input stands: by another name, through a link, before it is whole.
    fails(&["deidentify", "in", "-o", "in"], "is an input");
    fails(&["deidentify", "in", "-o", "far/../in"], "is an input");
    fails(&["deidentify", "far/b.txt", "in/b.txt", "-o", "out"], "two results");
    fails(&["deidentify", "far/b.txt", "-o", "in"], "is an input");
    fs::write(folder.join("far/c.txt.unfinished"), "SSN 536-22-8147").unwrap();
    fs::write(folder.join("in/c.txt"), secret).unwrap();
    fails(&["deidentify", "in/c.txt", "far/c.txt.unfinished", "-o", "far"], "is an input");
    assert_eq!(read(folder, "far/c.txt.unfinished"), "SSN 536-22-8147");
    fails(&["deidentify", "in/none.txt", "-o", "out"], "none.txt");
    // An older mapping is the only way back from an older result elsewhere.
    fs::write(folder.join("in/a.txt"), "SSN 536-22-8199").unwrap();
    let other = run(folder, &["deidentify", "in/a.txt", "-o", "out2", "--mapping", "maps"], "");
    assert_eq!(other.status.code(), Some(1));
    assert!(read(folder, "maps/a.txt.mapping.json").contains("536-22-8145"));
    assert!(!folder.join("out2/a.txt").exists());
    // A file that is there and is none of ours is not taken for finished.
    fs::write(folder.join("out/c.txt"), "a letter").unwrap();
    let foreign = run(folder, &["deidentify", "in/c.txt", "-o", "out", "--mapping", "maps"], "");
    assert_eq!(foreign.status.code(), Some(1));
    assert_eq!(read(folder, "out/c.txt"), "a letter");
}
