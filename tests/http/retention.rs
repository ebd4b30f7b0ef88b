//! Nothing is stored on disk. What of it is in memory, [`crate::memory`] looks for.

use std::{collections::BTreeSet, fs};

use serde_json::json;

use crate::support::{OPENAI_KEY, Setup, standin::StandIn};

/// Words that stand nowhere but in these requests. They are made up at run time, so that neither the
/// program nor its model can know them.
pub(crate) fn canaries() -> Vec<String> {
    (0..8u32).map(|n| format!("Zq{:x}vanterpool{}", 0xabc0 + n, std::process::id())).collect()
}

pub(crate) fn note(canaries: &[String], number: usize) -> String {
    let [a, b, ..] = canaries else { unreachable!() };
    format!(
        "Patient: {a} {b}, MRN: 77{number:06}, DOB 03/14/1962, {a}.{b}@example.org. \
         Mrs. {b} was seen by Dr. {} {} for headaches.",
        canaries[2 + number % 3],
        canaries[5 + number % 3]
    )
}

#[test]
fn no_file_that_the_process_writes_holds_anything_of_a_request() {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let scene = Setup::default()
        .with_model()
        .under(
            "strace",
            &[
                "-f",
                "-qq",
                "-e",
                "trace=open,openat,creat,rename,renameat2",
                "-o",
                trace.path().to_str().unwrap(),
            ],
        )
        .start(StandIn::echo());
    let canaries = canaries();
    let key = scene.create_key(&["--tokens-per-month", "1000000"]);
    for number in 0..10 {
        assert_eq!(scene.say_with(&key, &note(&canaries, number)).status, 200);
        let body = json!({"text": note(&canaries, number)});
        assert_eq!(scene.ask("/v1/deidentify", &body).status, 200);
    }
    assert_eq!(scene.chat(&json!({"model": canaries[0], "messages": canaries})).status, 400);
    assert_eq!(scene.get(&format!("/{}", canaries[0]), &[]).status, 404);

    let mut written = BTreeSet::new();
    for line in fs::read_to_string(trace.path()).unwrap().lines() {
        let writes =
            ["O_WRONLY", "O_RDWR", "O_CREAT", "creat(", "rename"].iter().any(|w| line.contains(w));
        if writes && !line.contains("ENOENT") {
            // Relative paths are relative to the folder that it runs in.
            written
                .extend(line.split('"').skip(1).step_by(2).map(|path| scene.folder().join(path)));
        }
    }
    let own: Vec<_> = written.iter().filter(|path| path.starts_with(scene.folder())).collect();
    assert!(own.len() >= 3, "store, audit log and its head at least: {written:?}");
    let mut looked_through = 0;
    for path in &written {
        if path.starts_with("/dev") || path.starts_with("/proc") {
            continue;
        }
        let Ok(bytes) = fs::read(path) else { continue };
        looked_through += 1;
        for secret in canaries.iter().map(String::as_str).chain([
            "77000001",
            "03/14/1962",
            key.as_str(),
            OPENAI_KEY,
        ]) {
            let found = bytes
                .windows(secret.len())
                .any(|part| part.eq_ignore_ascii_case(secret.as_bytes()));
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
    assert!(looked_through >= 3);
}
