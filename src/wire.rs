//! OpenAI's request and reply shapes: what their strings are, and how to walk them.

mod admit;
pub mod chat;
pub mod check;
pub mod endpoint;
pub mod fields;
pub mod json_text;
mod legacy;
pub mod reply;
mod responses;
pub mod sse;
pub mod table;
pub mod walk;
