use std::{fs, path::Path};

use super::{Audit, AuditError, Entry, Fault, Tokens, verify, writer::full_files};
use crate::settings::{AuditSettings, OnFailure};

fn settings(path: &Path, max_file_bytes: u64) -> AuditSettings {
    AuditSettings { path: path.to_owned(), max_file_bytes, ..AuditSettings::default() }
}

fn write(path: &Path, count: usize, max: u64) {
    let audit = Audit::open(&settings(path, max)).unwrap();
    for number in 0..count {
        let route = format!("/v1/{number}");
        assert!(audit.write(&Entry { route, status: 200, method: "POST", ..Entry::default() }));
    }
}

#[test]
fn the_chain_goes_on_over_restarts_and_full_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("audit.jsonl");
    write(&path, 5, 1 << 20);
    write(&path, 40, 4096);
    write(&path, 3, 1 << 20);
    assert!(full_files(&path).unwrap().len() > 1);
    let verified = verify(&path, false).unwrap();
    assert_eq!((verified.first, verified.last), (1, 48));
    let text = fs::read_to_string(&path).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["hash"], verified.hash);
    assert_eq!(last["seq"], 48);

    fs::remove_file(full_files(&path).unwrap().remove(0)).unwrap();
    assert!(matches!(verify(&path, false), Err(Fault::Beginning(_))));
    assert_eq!(verify(&path, true).unwrap().last, 48);
}

#[test]
fn what_was_done_to_a_log_is_found() {
    type Deed = fn(&mut Vec<String>);
    type Is = fn(&Fault) -> bool;
    let deeds: [(&str, Deed, Is); 8] = [
        (
            "change",
            |l| l[2] = l[2].replace("200", "201"),
            |f| matches!(f, Fault::Changed { line: 3, .. }),
        ),
        ("blank", |l| l.insert(1, String::new()), |f| matches!(f, Fault::Changed { line: 2, .. })),
        (
            "remove",
            |l| drop(l.remove(2)),
            |f| matches!(f, Fault::Order { line: 3, before: 2, found: 4, .. }),
        ),
        (
            "swap",
            |l| l.swap(1, 2),
            |f| matches!(f, Fault::Order { line: 2, before: 1, found: 3, .. }),
        ),
        ("double", |l| l.insert(1, l[0].clone()), |f| matches!(f, Fault::Order { .. })),
        ("cut", |l| l.truncate(4), |f| matches!(f, Fault::End { found: 4, expected: 6 })),
        ("behead", |l| drop(l.remove(0)), |f| matches!(f, Fault::Beginning(2))),
        ("empty", Vec::clear, |f| matches!(f, Fault::End { found: 0, expected: 6 })),
    ];
    for (name, deed, is) in deeds {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        write(&path, 6, 1 << 20);
        verify(&path, false).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        deed(&mut lines);
        fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let fault = verify(&path, false).unwrap_err();
        assert!(is(&fault), "{name}: {fault}");
    }
}

#[test]
fn lines_of_another_log_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
    write(&path, 3, 1 << 20);
    write(&other, 3, 1 << 20);
    let (text, others) = (fs::read_to_string(&path).unwrap(), fs::read_to_string(&other).unwrap());
    let (own, theirs): (Vec<_>, Vec<_>) = (text.lines().collect(), others.lines().collect());
    fs::write(&path, format!("{}\n{}\n{}\n", own[0], theirs[1], own[2])).unwrap();
    // Two lines of the same time and content would be the same line.
    if own[1] != theirs[1] {
        assert!(matches!(verify(&path, false), Err(Fault::Replaced { .. })));
    }
    fs::write(&path, format!("{}\n{}\n{}\n", own[0], own[1], theirs[2])).unwrap();
    if own[2] != theirs[2] {
        assert!(verify(&path, false).is_err());
    }
    fs::write(&path, &text).unwrap();
    fs::remove_file(folder.path().join("a.jsonl.head")).unwrap();
    assert!(matches!(verify(&path, false), Err(Fault::NoHead(_))));
}

#[test]
fn a_log_has_one_writer_and_survives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let first = Audit::open(&settings(&path, 1 << 20)).unwrap();
    assert!(matches!(Audit::open(&settings(&path, 1 << 20)), Err(AuditError::Taken(_))));
    first.write(&Entry::default());
    drop(first);
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}{}", whole.get(..40).unwrap())).unwrap();
    assert!(verify(&path, false).is_err());
    write(&path, 1, 1 << 20);
    assert_eq!(verify(&path, false).unwrap().last, 2);
    let aside = fs::read_dir(folder.path()).unwrap().flatten();
    assert!(aside.into_iter().any(|e| e.file_name().to_string_lossy().contains(".torn-")));

    fs::write(&path, "no line of ours\n").unwrap();
    assert!(matches!(Audit::open(&settings(&path, 1 << 20)), Err(AuditError::Foreign(_))));
}

#[test]
fn a_log_that_cannot_be_written_stops_the_service_unless_set_otherwise() {
    // Every write to this device fails as on a full disk.
    let full = Path::new("/dev/full");
    let folder = tempfile::tempdir().unwrap();
    for (on_failure, goes_on) in [(OnFailure::Refuse, false), (OnFailure::Allow, true)] {
        let path = folder.path().join(format!("{on_failure:?}.jsonl"));
        std::os::unix::fs::symlink(full, &path).unwrap();
        let settings = AuditSettings { on_failure, ..settings(&path, 1 << 20) };
        let audit = Audit::open(&settings).unwrap();
        assert!(audit.is_ready());
        assert_eq!(audit.write(&Entry::default()), goes_on);
        assert_eq!(audit.is_ready(), goes_on);
    }
    let path = folder.path().join("none.jsonl");
    let off = AuditSettings { enabled: false, ..settings(&path, 1 << 20) };
    assert!(Audit::open(&off).unwrap().write(&Entry::default()));
    assert!(!path.exists());
}

#[test]
fn lines_that_were_never_written_leave_a_gap_that_shows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let audit = Audit::open(&settings(&path, 1 << 20)).unwrap();
    assert!(!audit.write(&Entry::default()));
    drop(audit);
    // Another disk, and the service starts anew.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "").unwrap();
    assert!(matches!(verify(&path, false), Err(Fault::End { found: 0, expected: 1 })));
    write(&path, 1, 1 << 20);
    assert!(matches!(verify(&path, false), Err(Fault::Beginning(2))));
}

#[test]
fn lines_that_do_not_reach_the_disk_stop_the_service() {
    let folder = tempfile::tempdir().unwrap();
    for (on_failure, goes_on) in [(OnFailure::Refuse, false), (OnFailure::Allow, true)] {
        let path = folder.path().join(format!("{on_failure:?}.jsonl"));
        // It takes every line, and none can be synced.
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        let audit = Audit::open(&AuditSettings { on_failure, ..settings(&path, 1 << 20) }).unwrap();
        assert!(audit.write(&Entry::default()));
        let begun = std::time::Instant::now();
        while !audit.unsynced.load(std::sync::atomic::Ordering::Acquire) {
            assert!(begun.elapsed().as_secs() < 60, "it is never synced");
            std::thread::yield_now();
        }
        assert_eq!(audit.is_ready(), goes_on);
    }
}

#[test]
fn tokens_are_read_in_every_form() {
    let read = |json: &str| Tokens::read(&serde_json::from_str(json).unwrap());
    let tokens = |prompt, completion, total| Some(Tokens { prompt, completion, total });
    assert_eq!(
        read(r#"{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}"#),
        tokens(9, 12, 21)
    );
    assert_eq!(read(r#"{"input_tokens":3,"output_tokens":4}"#), tokens(3, 4, 7));
    assert_eq!(read(r#"{"prompt_tokens":5,"total_tokens":5}"#), tokens(5, 0, 5));
    assert_eq!(read("null"), None);
    assert_eq!(read(r#"{"prompt_tokens":"many"}"#), None);
}
