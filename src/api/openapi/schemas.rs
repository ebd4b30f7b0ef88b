//! The shapes of requests and replies, as far as the gateway checks or makes them. Every other
//! field of OpenAI's passes through.

mod local;
mod openai;
mod precise;
mod presidio;

pub(super) use self::{local::*, openai::*, precise::precise, presidio::*};
