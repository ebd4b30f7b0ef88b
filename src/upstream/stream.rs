//! A reply that comes as server-sent events.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;

use super::{Reply, UpstreamError};
use crate::wire::sse::{Item, Parser};

/// Largest event that is taken, in bytes: the last one of a response holds all of its text.
const MAX_EVENT_BYTES: usize = 8 << 20;

/// What the upstream answered to a request for a stream.
pub enum Opened {
    /// A success that streams.
    Stream {
        /// Those of its headers that the caller gets.
        headers: Vec<(String, String)>,
        /// Its events.
        stream: Stream,
    },
    /// Anything else, read whole.
    Whole(Reply),
}

type Chunks = Pin<Box<dyn futures_util::Stream<Item = Result<Bytes, UpstreamError>>>>;

/// The events of a reply. Dropping it closes the connection, and so ends the upstream's work.
pub struct Stream {
    chunks: Chunks,
    parser: Parser,
    ready: VecDeque<Item>,
    /// The longest silence that is waited through.
    patience: Duration,
}

impl Stream {
    pub(super) fn new(chunks: Chunks, patience: Duration) -> Self {
        Self { chunks, parser: Parser::new(MAX_EVENT_BYTES), ready: VecDeque::new(), patience }
    }

    /// The next items, at least one; none at the end of the stream.
    ///
    /// # Errors
    /// When the stream breaks off, falls silent, or is no stream of events.
    pub async fn next(&mut self) -> Result<Vec<Item>, UpstreamError> {
        loop {
            if !self.ready.is_empty() {
                return Ok(self.ready.drain(..).collect());
            }
            let next = tokio::time::timeout(self.patience, self.chunks.next()).await;
            match next.map_err(|_| UpstreamError::Timeout)? {
                Some(chunk) => {
                    let items = self.parser.push(&chunk?);
                    self.ready.extend(items.map_err(UpstreamError::Stream)?);
                }
                None => {
                    // Nothing more is asked of what has ended.
                    self.chunks = Box::pin(futures_util::stream::empty());
                    return match self.parser.finish() {
                        Some(last) => Ok(vec![last]),
                        None if self.parser.is_midway() => Err(UpstreamError::BrokeOff),
                        None => Ok(Vec::new()),
                    };
                }
            }
        }
    }
}
