//! A text written anew for the detectors, and the way back for what they find in it.

use super::entity::Span;

/// One place where the new text differs from the original.
#[derive(Debug)]
struct Edit {
    new: Span,
    original: Span,
}

/// A text that was written anew in some places.
#[derive(Debug)]
pub struct Rewritten {
    text: String,
    edits: Vec<Edit>,
}

impl Rewritten {
    /// The new text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes the new text away; the way back stays.
    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Leads a span of the new text back to whole characters of the original.
    pub fn original(&self, span: Span) -> Span {
        let start = self.back(span.start, Edge::Start);
        Span::new(start, self.back(span.end, Edge::End).max(start))
    }

    fn back(&self, offset: usize, edge: Edge) -> usize {
        // The last edit that begins before the offset, or at it for the start of a span: a span
        // begins after the invisible characters before it, and ends before those after it.
        let count = self.edits.partition_point(|edit| match edge {
            Edge::Start => edit.new.start < offset || edit.new == Span::new(offset, offset),
            Edge::End => edit.new.start < offset,
        });
        let Some(edit) = count.checked_sub(1).and_then(|last| self.edits.get(last)) else {
            return offset;
        };
        if offset >= edit.new.end {
            edit.original.end + (offset - edit.new.end)
        } else {
            match edge {
                Edge::Start => edit.original.start,
                Edge::End => edit.original.end,
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

/// Writes a text anew from left to right; nothing is copied before the first edit.
pub(super) struct Rewriter<'t> {
    source: &'t str,
    /// The end of what was taken over.
    done: usize,
    rewritten: Option<Rewritten>,
}

impl<'t> Rewriter<'t> {
    pub(super) fn of(source: &'t str) -> Self {
        Self { source, done: 0, rewritten: None }
    }

    /// The end of the last edit.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// Puts `new` in the place of `original`, which must not lie before [`Rewriter::done`].
    pub(super) fn put(&mut self, original: Span, new: &str) {
        let source = self.source;
        let rewritten = self.rewritten.get_or_insert_with(|| Rewritten {
            text: String::with_capacity(source.len()),
            edits: Vec::new(),
        });
        rewritten.text.push_str(source.get(self.done..original.start).unwrap_or_default());
        let start = rewritten.text.len();
        rewritten.text.push_str(new);
        rewritten.edits.push(Edit { new: Span::new(start, rewritten.text.len()), original });
        self.done = original.end;
    }

    /// The whole text, or `None` where nothing was changed.
    pub(super) fn finish(self) -> Option<Rewritten> {
        let mut rewritten = self.rewritten?;
        rewritten.text.push_str(self.source.get(self.done..).unwrap_or_default());
        Some(rewritten)
    }
}
