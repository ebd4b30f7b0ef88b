//! The real program on a free port against a recording stand-in for OpenAI.
//!
//! Every test ends with the same question, asked by [`support::Scene`]: does any of the PHI that
//! was sent stand in what the stand-in received, or in the gateway's log?

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should fail on the spot"
)]
#![recursion_limit = "256"]

mod attacks;
mod audit;
mod audit_failure;
mod bad_input;
mod bad_upstream;
mod campaign;
mod canary;
mod clients;
mod cluster;
mod command_line;
mod credentials;
mod deidentify;
mod deploy;
mod detection;
mod doc_commands;
mod docs;
mod doctor;
mod draining;
mod endpoints;
mod exhaustion;
mod faults;
mod hipaa;
mod hostile_streams;
mod isolation;
mod keys;
mod lifecycle;
mod memory;
mod memory_limits;
mod metrics;
mod model_tooling;
mod models;
mod offsets;
mod openapi;
mod options;
mod playground;
#[path = "../support/postgres.rs"]
mod postgres;
mod presidio;
mod presidio_detector;
mod replies;
mod retention;
mod scrubbing;
mod soak;
mod stand_ins;
mod start;
mod stream_fields;
mod streaming;
mod support;
mod worked_example;
