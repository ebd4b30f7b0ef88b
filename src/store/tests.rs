//! The same suite on SQLite and on PostgreSQL.

#[path = "../../tests/support/postgres.rs"]
mod server;

use std::{sync::Arc, thread};

use super::{Backend, Charge, Exhausted, KeyRecord, KeyState, Limits, NewKey, Place, now};

/// 2026-11-15T12:00:00Z
const NOON: i64 = 1_794_744_000;

fn new(name: &str, limits: Limits) -> NewKey {
    NewKey { name: name.to_owned(), expires_at: Some(NOON), limits }
}

fn limits(minute: Option<u64>, day: Option<u64>, tokens: Option<u64>) -> Limits {
    Limits { requests_per_minute: minute, requests_per_day: day, tokens_per_month: tokens }
}

/// Makes a key and gives its id.
fn create(store: &mut dyn Backend, limits: Limits) -> String {
    let (_, record) = KeyRecord::generate(new("a", limits), 1);
    store.create_key(&record).unwrap();
    record.id
}

fn suite(place: &Place) {
    let mut store = place.open(true).unwrap();
    let store = store.as_mut();
    keys_come_back_as_they_were_made(store);
    keys_are_revoked_once(store);
    requests_are_counted(store);
    tokens_are_counted(store);
    requests_are_counted_exactly_from_many_connections(place);
    store.ping().unwrap();
    // Opening it again finds everything in its place.
    let before = store.keys().unwrap().len();
    assert_eq!(place.open(false).unwrap().keys().unwrap().len(), before);
}

fn keys_come_back_as_they_were_made(store: &mut dyn Backend) {
    assert!(store.keys().unwrap().is_empty());
    assert!(store.find_key("absent").unwrap().is_none());
    let (_, first) = KeyRecord::generate(new("Ward 3 “é'; --", limits(Some(1), None, Some(9))), 5);
    let (_, second) = KeyRecord::generate(new("b", Limits::default()), 6);
    store.create_key(&first).unwrap();
    store.create_key(&second).unwrap();
    assert!(store.create_key(&first).is_err(), "one id, one key");
    let found = store.find_key(&first.id).unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{first:?}"));
    assert_eq!(found.hash.to_text(), first.hash.to_text());
    let names: Vec<_> = store.keys().unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(names, [first.name, second.name]);
}

fn keys_are_revoked_once(store: &mut dyn Backend) {
    let id = create(store, Limits::default());
    assert!(!store.revoke_key("absent").unwrap());
    assert!(store.revoke_key(&id).unwrap());
    let revoked = store.find_key(&id).unwrap().unwrap();
    assert_eq!(revoked.state(0), KeyState::Revoked);
    assert!((now() - revoked.revoked_at.unwrap()).abs() < 3600);
    assert!(store.revoke_key(&id).unwrap());
    assert_eq!(store.find_key(&id).unwrap().unwrap().revoked_at, revoked.revoked_at);
}

fn requests_are_counted(store: &mut dyn Backend) {
    let limits = limits(Some(2), Some(3), None);
    let (id, other) = (create(store, limits), create(store, limits));
    let mut refused = |id: &str, at| store.admit(id, &limits, Some(at)).unwrap().refused;
    assert_eq!(refused(&id, NOON), None);
    assert_eq!(refused(&id, NOON + 1), None);
    assert_eq!(refused(&id, NOON + 2), Some((Exhausted::Minute, 58)));
    assert_eq!(refused(&other, NOON + 2), None, "a key's use is its own");
    assert_eq!(refused(&id, NOON + 60), None);
    assert_eq!(refused(&id, NOON + 61), Some((Exhausted::Day, 43_139)));
    // By the database's own clock it is another day.
    assert_eq!(store.admit(&id, &limits, None).unwrap().refused, None);
    assert!(store.admit("absent", &limits, None).is_err());
}

fn tokens_are_counted(store: &mut dyn Backend) {
    let limits = limits(None, None, Some(10));
    let id = create(store, limits);
    let charge = |key_id: &str, tokens, used_at| Charge { key_id: key_id.into(), tokens, used_at };
    let charges = [charge(&id, 4, 7), charge("static:00000000", 5, 8), charge(&id, 5, 9)];
    store.charge(&charges, Some(NOON)).unwrap();
    let verdict = store.admit(&id, &limits, Some(NOON)).unwrap();
    assert_eq!(verdict.tokens.unwrap().remaining, 1);
    store.charge(&[charge(&id, 0, 6)], Some(NOON)).unwrap();
    assert_eq!(store.find_key(&id).unwrap().unwrap().last_used_at, Some(9));
    store.charge(&[charge(&id, 1, 10)], Some(NOON)).unwrap();
    let verdict = store.admit(&id, &limits, Some(NOON)).unwrap();
    assert_eq!(verdict.refused.unwrap().0, Exhausted::Month);
}

fn requests_are_counted_exactly_from_many_connections(place: &Place) {
    let limits = limits(None, Some(50), None);
    let id: Arc<str> = create(place.open(true).unwrap().as_mut(), limits).into();
    let admitted = || {
        let mut store = place.open(false).unwrap();
        let id = Arc::clone(&id);
        thread::spawn(move || {
            let tries = (0..40).map(|_| store.admit(&id, &limits, Some(NOON)).unwrap());
            tries.filter(|verdict| verdict.refused.is_none()).count()
        })
    };
    let threads: Vec<_> = (0..4).map(|_| admitted()).collect();
    let all: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(all, 50);
}

#[test]
fn the_suite_passes_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new").join("gateway.db");
    suite(&Place::Sqlite(file.clone()));
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(file.parent().unwrap()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others can read the store");
    }
}

#[test]
fn the_suite_passes_on_postgres() {
    let mut server = server::Postgres::start();
    let place = Place::parse(&server.url()).unwrap();
    suite(&place);

    // Gateways that start together on an empty database make its tables once.
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let place = place.clone();
            thread::spawn(move || place.open(false).map(|_| ()).unwrap())
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());

    // A connection that has broken is made again.
    let mut store = place.open(false).unwrap();
    let before = store.keys().unwrap().len();
    server.stop();
    assert!(store.keys().is_err() && store.ping().is_err());
    server.start_again();
    assert_eq!(store.keys().unwrap().len(), before);
}

#[test]
fn a_store_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.db");
    Place::Sqlite(file.clone()).open(true).unwrap();
    let later = rusqlite::Connection::open(&file).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    let refused = Place::Sqlite(file).open(true).err().unwrap().to_string();
    assert!(refused.contains("newer"), "{refused}");
}

#[test]
fn an_address_of_another_kind_is_refused_without_being_quoted() {
    for url in ["mysql://root:hunter2@db/x", "sqlite://", "postgres://u:hunter2@:x:/", "hunter2"] {
        let refused = Place::parse(url).unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    for url in ["sqlite://a", "postgres://u@127.0.0.1/x", "postgresql://u@db:1,db2:2/x"] {
        assert!(Place::parse(url).is_ok(), "{url}");
    }
}
