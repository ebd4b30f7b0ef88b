//! Server-sent events (WHATWG HTML, 9.2): bytes → events, however they were cut.

use bytes::BytesMut;
use thiserror::Error;

/// The data of the event that ends a stream of chunks.
pub const DONE: &str = "[DONE]";

/// One event, or what stands between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An event with data.
    Event(Event),
    /// A comment, which keeps a connection alive and says nothing. Its text is not kept.
    Comment,
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its type, empty when the stream gives none.
    pub name: String,
    /// Its data, lines joined by line feeds.
    pub data: String,
    /// Its id, where it has one.
    pub id: Option<String>,
}

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SseError {
    /// An event (or a line) is longer than the limit, in bytes.
    #[error("has an event of more than {0} bytes")]
    TooLong(usize),
    /// The bytes are not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
}

/// Reads a stream of events.
pub struct Parser {
    buffer: BytesMut,
    /// How much of the buffer has been searched for the end of a line, in bytes.
    searched: usize,
    /// The line before ended in a carriage return: a line feed now belongs to it.
    after_return: bool,
    at_start: bool,
    event: Event,
    has_data: bool,
    most: usize,
}

impl Parser {
    /// A parser that takes events of at most `most` bytes.
    pub fn new(most: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            after_return: false,
            at_start: true,
            event: Event::default(),
            has_data: false,
            most,
        }
    }

    /// Takes more bytes and gives the items that they complete.
    ///
    /// # Errors
    /// When an event is too long or a line is not UTF-8; the stream is then of no more use.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Item>, SseError> {
        self.buffer.extend_from_slice(bytes);
        let mut items = Vec::new();
        while let Some(line) = self.next_line()? {
            items.extend(self.line(&line)?);
        }
        if self.buffer.len() + self.event.data.len() > self.most {
            return Err(SseError::TooLong(self.most));
        }
        Ok(items)
    }

    /// What is left at the end of the stream: its `[DONE]`, which some send without the blank line after it. Any other
    /// event that breaks off is none.
    pub fn finish(&mut self) -> Option<Item> {
        let is_data = |line: &str| {
            let value = line.strip_prefix("data:").or(line.strip_prefix("\u{feff}data:"));
            value.is_some_and(|value| value.trim() == DONE)
        };
        let line = std::str::from_utf8(&self.buffer).unwrap_or_default();
        let is_done = match self.has_data {
            false => is_data(line),
            true => line.trim().is_empty() && self.event.data.trim() == DONE,
        };
        is_done.then(|| {
            self.buffer.clear();
            self.has_data = false;
            Item::Event(Event::of(DONE.to_owned()))
        })
    }

    /// Whether the stream ended in the middle of an event.
    pub fn is_midway(&self) -> bool {
        !self.buffer.is_empty() || self.has_data
    }

    /// The next whole line, without its end.
    fn next_line(&mut self) -> Result<Option<String>, SseError> {
        if self.after_return
            && let Some(&first) = self.buffer.first()
        {
            if first == b'\n' {
                let _ = self.buffer.split_to(1);
            }
            self.after_return = false;
        }
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(end) = unsearched.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.searched = self.buffer.len();
            return Ok(None);
        };
        let mut line = self.buffer.split_to(self.searched + end + 1);
        self.searched = 0;
        self.after_return = line.last() == Some(&b'\r');
        line.truncate(line.len() - 1);
        let line = String::from_utf8(line.to_vec()).map_err(|_| SseError::NotUtf8)?;
        // A byte order mark at the very start is no part of the first field.
        let first = std::mem::take(&mut self.at_start);
        Ok(Some(match line.strip_prefix('\u{feff}') {
            Some(rest) if first => rest.to_owned(),
            _ => line,
        }))
    }

    fn line(&mut self, line: &str) -> Result<Option<Item>, SseError> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return Ok(std::mem::take(&mut self.has_data).then_some(Item::Event(event)));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => return Ok(Some(Item::Comment)),
            "event" => self.event.name = value.to_owned(),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // `retry` is for the client's own reconnecting, which a request with a body cannot do.
            _ => {}
        }
        if self.event.data.len() > self.most {
            return Err(SseError::TooLong(self.most));
        }
        Ok(None)
    }
}

impl Event {
    /// An event of data alone.
    pub fn of(data: String) -> Self {
        Self { data, ..Self::default() }
    }

    /// Appends the event as it goes over the wire.
    pub fn write(&self, out: &mut String) {
        let name = (!self.name.is_empty()).then_some(&self.name);
        // An empty id ends the one before it.
        for (field, value) in [("event", name), ("id", self.id.as_ref())] {
            if let Some(value) = value {
                out.push_str(field);
                out.push_str(": ");
                out.push_str(value);
                out.push('\n');
            }
        }
        for line in self.data.split('\n') {
            out.push_str("data: ");
            out.push_str(line);
            out.push('\n');
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Event, Item, Parser, SseError};

    fn parse(pieces: &[&[u8]]) -> Vec<Item> {
        let mut parser = Parser::new(1000);
        pieces.iter().flat_map(|piece| parser.push(piece).unwrap()).collect()
    }

    fn data(items: &[Item]) -> Vec<&str> {
        let data = items.iter().map(|item| match item {
            Item::Event(event) => event.data.as_str(),
            Item::Comment => "#",
        });
        data.collect()
    }

    #[test]
    fn lines_end_in_any_of_three_ways() {
        for stream in ["data: a\ndata: b\n\n", "data:a\r\ndata:b\r\n\r\n", "data: a\rdata: b\r\r"] {
            assert_eq!(data(&parse(&[stream.as_bytes()])), ["a\nb"], "{stream:?}");
        }
    }

    #[test]
    fn comments_events_ids_and_unknown_fields() {
        let stream =
            "\u{feff}: hi\n\nevent: x\nid: 7\nretry: 5\nodd\ndata\n\nevent: lone\n\ndata:  two\n\n";
        let items = parse(&[stream.as_bytes()]);
        assert_eq!(data(&items), ["#", "", " two"]);
        let Item::Event(event) = &items[1] else { panic!("no event") };
        assert_eq!((event.name.as_str(), event.id.as_deref()), ("x", Some("7")));
        let Item::Event(event) = &parse(&[b"id\ndata: a\n\n"])[0] else { panic!("no event") };
        let mut written = String::new();
        event.write(&mut written);
        assert_eq!(written, "id: \ndata: a\n\n", "an empty id forgets the one before");
    }

    #[test]
    fn an_event_that_breaks_off_is_none() {
        let mut parser = Parser::new(100);
        assert_eq!(parser.push(b"data: a\n").unwrap(), []);
        assert!(parser.is_midway());
        assert_eq!(parser.push(b"\n").unwrap().len(), 1);
        assert!(!parser.is_midway());
        parser.push(b"da").unwrap();
        assert!(parser.is_midway());
    }

    #[test]
    fn the_last_event_may_lack_its_blank_line() {
        for end in ["data: [DONE]", "data:[DONE]\n", "data: [DONE]\r", "event: x\ndata: [DONE]"] {
            let mut parser = Parser::new(100);
            parser.push(b"data: {}\n\n").unwrap();
            parser.push(end.as_bytes()).unwrap();
            assert_eq!(
                parser.finish(),
                Some(Item::Event(Event::of("[DONE]".to_owned()))),
                "{end:?}"
            );
            assert!(!parser.is_midway(), "{end:?}");
        }
        for end in [
            "data: {}\n",
            "data: [DONE",
            "data: [DONE]\ndata: x",
            "[DONE]",
            "data: a\ndata: [DONE]",
        ] {
            let mut parser = Parser::new(100);
            parser.push(end.as_bytes()).unwrap();
            assert_eq!(parser.finish(), None, "{end:?}");
            assert!(parser.is_midway(), "{end:?}");
        }
    }

    #[test]
    fn endless_lines_and_endless_events_are_errors() {
        assert_eq!(Parser::new(10).push(&[b'a'; 11]), Err(SseError::TooLong(10)));
        let mut parser = Parser::new(10);
        let result = (0..9).map(|_| parser.push(b"data: aa\n")).collect::<Result<Vec<_>, _>>();
        assert_eq!(result, Err(SseError::TooLong(10)));
        assert_eq!(Parser::new(10).push(b"data: \xff\n"), Err(SseError::NotUtf8));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            texts in prop::collection::vec("[^\r]{0,20}", 1..4),
            size in 1usize..7,
        ) {
            let mut stream = String::new();
            for text in &texts {
                Event::of(text.clone()).write(&mut stream);
            }
            let mut parser = Parser::new(1000);
            let mut found = Vec::new();
            for piece in stream.as_bytes().chunks(size) {
                found.extend(parser.push(piece).unwrap());
            }
            prop_assert_eq!(data(&found), texts.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert!(!parser.is_midway());
        }
    }
}
