//! `deid-gateway`: an OpenAI-compatible gateway that keeps protected health information (PHI) in
//! the clinic.
//!
//! The way of a request, and of this crate's modules:
//! [`server`] and [`api`] take it in, [`gateway`] leads it through [`wire`] (which of its strings
//! are text), [`deidentify`] (what is PHI in them), [`substitute`] (placeholders for it),
//! [`upstream`] (the call) and back through [`substitute`] (the originals). [`keys`] and [`store`] say
//! who may ask; [`audit`], [`metrics`] and [`logging`] what was done, and never with what. [`phi`] is text
//! that does not print, [`memory`] wipes what is freed. [`presidio`] speaks Presidio's words over the same
//! detectors; [`evaluate`] and [`doctor`] measure and try it all.

pub mod api;
pub mod audit;
pub mod cli;
pub mod deidentify;
pub mod doctor;
pub mod error;
pub mod evaluate;
pub mod gateway;
pub mod keys;
pub mod logging;
pub mod memory;
pub mod metrics;
pub mod phi;
pub mod presidio;
pub mod server;
pub mod settings;
pub mod store;
pub mod substitute;
pub mod upstream;
pub mod wire;
