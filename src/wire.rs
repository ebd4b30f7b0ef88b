//! OpenAI's request and reply shapes: what their strings are, and how to walk them.

pub mod chat;
pub mod fields;
pub mod json_text;
pub mod walk;
