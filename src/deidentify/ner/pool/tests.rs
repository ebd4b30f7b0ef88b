//! Who gets which work.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use tokio::sync::oneshot::{self, Receiver};

use super::{Answer, Job, Limits, Next, Piece, Pool, Task};
use crate::deidentify::ner::{
    encode::{Input, Window},
    fast::Pass,
    thresholds::Thresholds,
};

fn job() -> (Job, Receiver<Answer>) {
    let (answer, found) = oneshot::channel();
    let thresholds = Arc::new(Thresholds::new(0.5, &BTreeMap::new()));
    (Job { texts: Arc::new([]), thresholds, taken: None, answer }, found)
}

fn pool(waiting: usize, batch: usize, threads: usize) -> Pool {
    Pool::new(Limits { waiting, batch, threads, help: None })
}

/// Opens a request with windows of these lengths.
fn open(pool: &Pool, lengths: &[usize]) -> (Arc<Task>, Receiver<Answer>) {
    let (job, found) = job();
    let piece = |&length: &usize| Piece {
        text: 0,
        window: Window { start: 0, end: length },
        input: Input::probe(100, length),
    };
    let pieces: VecDeque<Piece> = lengths.iter().map(piece).collect();
    (pool.open(job, Vec::new(), pieces), found)
}

/// The lengths of the windows of the next share.
fn share(pool: &Pool) -> Vec<usize> {
    match pool.next() {
        Next::Infer(share, 0) => share.iter().map(|(_, piece)| piece.tokens()).collect(),
        _ => panic!("no windows"),
    }
}

#[test]
fn a_full_queue_gives_the_request_back() {
    let pool = pool(2, 8, 1);
    let (jobs, answers): (Vec<_>, Vec<_>) = (0..3).map(|_| job()).unzip();
    let taken: Vec<bool> = jobs.into_iter().map(|job| pool.add(job).is_ok()).collect();
    assert_eq!(taken, [true, true, false]);
    drop(answers);
    let (job, _answer) = job();
    assert!(pool.add(job).is_ok(), "those who left have made room");
}

#[test]
fn the_windows_of_one_text_are_shared_by_the_threads() {
    let pool = pool(8, 8, 2);
    let (_task, _found) = open(&pool, &[128, 128, 62]);
    assert_eq!(share(&pool), [128]);
    assert_eq!(share(&pool), [128]);
    assert_eq!(share(&pool), [62]);
}

#[test]
fn requests_take_turns_and_run_together() {
    let pool = pool(8, 3, 1);
    let (_long, _found) = open(&pool, &[100, 101, 102, 103]);
    let (_short, _other) = open(&pool, &[10]);
    assert_eq!(share(&pool), [100, 10, 101], "the short one does not wait for all of the long");
    assert_eq!(share(&pool), [102, 103]);
}

#[test]
fn an_idle_thread_helps_with_what_is_worth_it() {
    let help = Some(20);
    let pool = Arc::new(Pool::new(Limits { waiting: 8, batch: 2, threads: 2, help }));
    let next = || match pool.next() {
        Next::Infer(share, helpers) => {
            let pass = Arc::new(Pass::new(&[], 1 + helpers));
            pool.call(&pass, helpers);
            (share.iter().map(|(_, piece)| piece.tokens()).collect::<Vec<_>>(), helpers)
        }
        _ => panic!("no windows"),
    };
    let (_task, _found) = open(&pool, &[90, 91, 92, 93, 94]);
    assert_eq!(next(), (vec![90, 91], 0), "nobody is idle");
    let (helped, told) = std::sync::mpsc::channel();
    let other = Arc::clone(&pool);
    let thread = std::thread::spawn(move || {
        // The windows that are left, and then it waits to be called.
        while let next @ (Next::Infer(..) | Next::Help(..)) = other.next() {
            helped.send(matches!(next, Next::Help(_, 1))).unwrap();
        }
    });
    let patience = std::time::Duration::from_secs(60);
    assert!(!told.recv_timeout(patience).unwrap());
    assert!(!told.recv_timeout(patience).unwrap());
    while pool.state().idle == 0 {
        std::thread::yield_now();
    }
    let (_task, _found) = open(&pool, &[30]);
    assert_eq!(next(), (vec![30], 0), "too little for two");
    let (_task, _found) = open(&pool, &[31, 32, 33, 34, 35]);
    assert_eq!(next(), (vec![31, 32, 33, 34], 1));
    assert!(told.recv_timeout(patience).unwrap());
    pool.end();
    thread.join().unwrap();
}

#[test]
fn who_is_bound_helps_after_the_end_too() {
    let help = Some(20);
    let pool = Arc::new(Pool::new(Limits { waiting: 8, batch: 2, threads: 2, help }));
    let (helped, told) = std::sync::mpsc::channel();
    let other = Arc::clone(&pool);
    let thread = std::thread::spawn(move || {
        while let next @ Next::Help(..) = other.next() {
            helped.send(matches!(next, Next::Help(_, 1))).unwrap();
        }
    });
    while pool.state().idle == 0 {
        std::thread::yield_now();
    }
    let (task, _found) = open(&pool, &[31, 32, 33, 34, 35]);
    let Next::Infer(_, 1) = pool.next() else { panic!("nobody helps") };
    // The engine is dropped between the share and the call.
    pool.end();
    while pool.state().idle == 0 {
        std::thread::yield_now();
    }
    pool.call(&Arc::new(Pass::new(&[], 2)), 1);
    assert!(told.recv_timeout(std::time::Duration::from_secs(60)).unwrap());
    thread.join().unwrap();
    drop(task);
}

#[test]
fn what_nobody_waits_for_is_dropped() {
    let pool = pool(8, 8, 1);
    let (left, found) = open(&pool, &[50, 51]);
    drop(found);
    let (_task, _found) = open(&pool, &[20]);
    assert_eq!(share(&pool), [20]);
    assert!(left.is_left());
    pool.end();
    assert!(matches!(pool.next(), Next::End));
}

#[test]
fn a_request_is_answered_once_and_after_its_last_window() {
    let pool = pool(8, 8, 1);
    let (task, mut found) = open(&pool, &[5, 6]);
    assert!(task.add(0, |_| ()).is_none());
    assert!(task.add(0, |_| ()).is_some());
    task.answer(Ok(Vec::new()));
    task.answer(Ok(vec![Vec::new()]));
    assert!(found.try_recv().unwrap().unwrap().is_empty());
    assert!(task.is_left());
}
