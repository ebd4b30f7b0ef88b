//! Restores a text that comes in pieces, with the same result however it was cut.
//!
//! Text goes out at once; only a tail that can still become a placeholder is held back. JSON is told
//! by its beginning, since a stream has no other sign: what stands in its string literals is
//! restored with the escapes that keep it JSON, also where such a literal holds JSON again.

use super::{
    placeholder::{Beginning, Placeholder, may_begin, read},
    restore::Lookup,
    scan::Escape,
    stand_in::Found,
};

/// JSON within the strings of JSON is followed this deep; further in it is text.
const DEEPEST: usize = 4;

/// One character of a layer's text, and how it is written in the text that came in.
struct Unit {
    c: char,
    /// The escape sequence that stands for it, where there is one.
    written: Option<Box<str>>,
}

/// What a layer gives out.
enum Piece<'a> {
    /// As it came in, written as it was.
    Kept(&'a Unit),
    /// A value, as text of the layer.
    Inserted(&'a str),
}

type Sink<'s> = dyn FnMut(Piece<'_>) + 's;

/// One text that is being restored.
pub(super) struct Lane(Layer);

impl Lane {
    /// A text that may turn out to be JSON.
    pub(super) fn text() -> Self {
        Self(Layer::new(Form::Undecided, 0))
    }

    /// A text that is JSON by its place, such as the arguments of a tool call.
    pub(super) fn json() -> Self {
        Self(Layer::new(Form::Json { open: 0, forced: true }, 0))
    }

    /// Takes more of the text; what can be told of it is appended to `out`.
    pub(super) fn push(&mut self, text: &str, lookup: &mut dyn Lookup, out: &mut String) {
        let mut rest = text;
        while !rest.is_empty() {
            if self.0.is_plain() && !lookup.has_stand_ins() {
                // Nothing to decide until the next bracket.
                let next = rest.find(begins).unwrap_or(rest.len());
                let (plain, more) = rest.split_at(next);
                out.push_str(plain);
                rest = more;
            }
            let Some(c) = rest.chars().next() else { break };
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            self.0.feed(Unit { c, written: None }, lookup, &mut |piece| append(out, piece));
        }
    }

    /// Whether anything is held back.
    pub(super) fn is_holding(&self) -> bool {
        self.0.is_holding()
    }

    /// The end of the text: appends what was held back.
    pub(super) fn finish(&mut self, lookup: &mut dyn Lookup, out: &mut String) {
        self.0.finish(lookup, &mut |piece| append(out, piece));
    }
}

/// Whether something can begin with `c` that is not to go out as it is.
fn begins(c: char) -> bool {
    c == '\\' || may_begin(c)
}

fn append(out: &mut String, piece: Piece<'_>) {
    match piece {
        Piece::Kept(Unit { written: Some(written), .. }) => out.push_str(written),
        Piece::Kept(unit) => out.push(unit.c),
        Piece::Inserted(value) => out.push_str(value),
    }
}

/// What a layer's text has turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Blank so far.
    Undecided,
    /// A bracket of this kind so far, and blanks.
    Bracket(char),
    /// JSON with so many brackets open; `forced` when it is JSON by its place.
    Json { open: usize, forced: bool },
    /// Anything else.
    Prose,
}

impl Form {
    /// What the text is once `c` has come, outside of a string literal.
    fn after(self, c: char) -> Self {
        let blank = matches!(c, ' ' | '\t' | '\r' | '\n');
        match (self, c) {
            (Self::Undecided, '{' | '[') => Self::Bracket(c),
            (Self::Undecided, _) if blank => self,
            (Self::Bracket(_), _) if blank => self,
            (Self::Bracket('{'), '"') | (Self::Bracket('['), '"' | '-' | '0'..='9') => {
                Self::Json { open: 1, forced: false }
            }
            (Self::Bracket('['), '{') => Self::Json { open: 2, forced: false },
            // `[[1, 2]]` holds nothing to restore, and `[[NAME_1]]` is prose.
            (Self::Bracket('['), '[') => self,
            (Self::Json { open, forced }, '{' | '[') if open > 0 || forced => {
                Self::Json { open: open + 1, forced }
            }
            (Self::Json { open, forced }, '}' | ']') if open > 0 || forced => {
                Self::Json { open: open.saturating_sub(1), forced }
            }
            // What follows the last closing bracket was no JSON after all.
            (Self::Json { open: 0, forced: false }, _) if !blank => Self::Prose,
            (Self::Json { .. }, _) => self,
            _ => Self::Prose,
        }
    }

    fn is_json(self) -> bool {
        matches!(self, Self::Json { .. })
    }
}

/// A text, or the text of a string literal within one.
struct Layer {
    form: Form,
    depth: usize,
    /// The beginning of what may become a placeholder.
    held: Vec<Unit>,
    /// Whether the character before that is of a word.
    in_word: bool,
    /// The text of the string literal that is open.
    literal: Option<Box<Layer>>,
    /// The escape sequence that is open in it.
    escape: Vec<Unit>,
}

impl Layer {
    fn new(form: Form, depth: usize) -> Self {
        let form = if depth < DEEPEST { form } else { Form::Prose };
        Self { form, depth, held: Vec::new(), in_word: false, literal: None, escape: Vec::new() }
    }

    /// Whether only a bracket or a backslash could change anything.
    fn is_plain(&self) -> bool {
        self.form == Form::Prose && self.held.is_empty()
    }

    fn is_holding(&self) -> bool {
        let literal = self.literal.as_ref().is_some_and(|literal| literal.is_holding());
        literal || !self.held.is_empty() || !self.escape.is_empty()
    }

    fn feed(&mut self, unit: Unit, lookup: &mut dyn Lookup, sink: &mut Sink<'_>) {
        if self.literal.is_none() {
            let c = unit.c;
            self.form = self.form.after(c);
            self.outside(unit, lookup, sink);
            if c == '"' && self.form.is_json() {
                self.literal = Some(Box::new(Self::new(Form::Undecided, self.depth + 1)));
            }
        } else if unit.c == '"' && self.escape.is_empty() {
            self.close_literal(lookup, sink);
            self.outside(unit, lookup, sink);
        } else if unit.c == '\\' || !self.escape.is_empty() {
            self.escape.push(unit);
            match unescaped(&self.escape) {
                Escaped::Unfinished => {}
                Escaped::Char(c) => {
                    let written = written(&self.escape);
                    self.escape.clear();
                    self.inside(Unit { c, written: Some(written) }, lookup, sink);
                }
                Escaped::None(c) => {
                    // What came last is read for itself: `\[` is no JSON, and a bracket all the same.
                    let last = self.escape.pop();
                    let written = written(&self.escape);
                    self.escape.clear();
                    self.inside(Unit { c, written: Some(written) }, lookup, sink);
                    if let Some(last) = last {
                        self.feed(last, lookup, sink);
                    }
                }
            }
        } else {
            self.inside(unit, lookup, sink);
        }
    }

    fn finish(&mut self, lookup: &mut dyn Lookup, sink: &mut Sink<'_>) {
        self.close_literal(lookup, sink);
        self.decide(true, lookup, sink);
    }

    /// One character of the open literal's text.
    fn inside(&mut self, unit: Unit, lookup: &mut dyn Lookup, sink: &mut Sink<'_>) {
        if let Some(literal) = &mut self.literal {
            literal.feed(unit, lookup, &mut |piece| escaped(piece, sink));
        }
    }

    fn close_literal(&mut self, lookup: &mut dyn Lookup, sink: &mut Sink<'_>) {
        if let Some(mut literal) = self.literal.take() {
            literal.finish(lookup, &mut |piece| escaped(piece, sink));
        }
        for unit in self.escape.drain(..) {
            sink(Piece::Kept(&unit));
        }
    }

    /// One character of text that is in no literal.
    fn outside(&mut self, unit: Unit, lookup: &mut dyn Lookup, sink: &mut Sink<'_>) {
        if self.held.is_empty() && !begins(unit.c) && (self.in_word || !lookup.may_begin(unit.c)) {
            self.in_word = unit.c.is_alphanumeric();
            return sink(Piece::Kept(&unit));
        }
        self.held.push(unit);
        self.decide(false, lookup, sink);
    }

    /// Gives out what of the characters held back can be told; at the end of the text, all.
    fn decide(&mut self, at_end: bool, lookup: &mut dyn Lookup, sink: &mut Sink<'_>) {
        loop {
            let text: String = self.held.iter().map(|unit| unit.c).collect();
            // `\[NAME\_1\]`: the backslash may belong to the bracket.
            let slash = usize::from(text.starts_with('\\'));
            let bracket = text.get(slash..).unwrap_or_default();
            if text.is_empty() || (bracket.is_empty() && !at_end) {
                return;
            }
            match read(bracket) {
                Beginning::Unfinished if !at_end => return,
                Beginning::Unfinished | Beginning::Other => {
                    let begins = text.chars().next().is_some_and(|c| lookup.may_begin(c));
                    let found = if begins && !self.in_word {
                        lookup.stand_in(&text, at_end)
                    } else {
                        Found::Nothing
                    };
                    match found {
                        Found::Unfinished => return,
                        Found::Nothing => self.release(1, sink),
                        Found::Kept(length) => {
                            let count = text.get(..length).map_or(1, |text| text.chars().count());
                            self.release(count, sink);
                        }
                        Found::Value(value, length) => {
                            let count = text.get(..length).map_or(1, |text| text.chars().count());
                            self.held.drain(..count.min(self.held.len()));
                            self.in_word = true;
                            sink(Piece::Inserted(value.expose_phi()));
                        }
                    }
                }
                Beginning::Placeholder { placeholder, end, escaped, escape } => {
                    if slash == 1 && !escaped {
                        self.release(1, sink);
                    }
                    let with_slash = slash == 1 && escaped;
                    let end = end + usize::from(with_slash);
                    let whole = if with_slash { text.as_str() } else { bracket };
                    let written = whole.get(..end).unwrap_or_default();
                    self.replace(placeholder, escape, written, lookup, sink);
                }
            }
        }
    }

    /// Gives the value of the placeholder that is `written` at the beginning of what is held back.
    fn replace(
        &mut self,
        placeholder: Placeholder,
        escape: Escape,
        written: &str,
        lookup: &mut dyn Lookup,
        sink: &mut Sink<'_>,
    ) {
        let exact = written == placeholder.to_string();
        let length = written.chars().count();
        match lookup.value(placeholder, exact) {
            Some(value) => {
                self.held.drain(..length.min(self.held.len()));
                self.in_word = false;
                if matches!(self.form, Form::Json { forced: true, .. }) && !is_number(value) {
                    // A model that forgot the quotes.
                    sink(Piece::Inserted(&serde_json::Value::from(value).to_string()));
                } else {
                    sink(Piece::Inserted(&escape.apply(value)));
                }
            }
            None => self.release(length, sink),
        }
    }

    fn release(&mut self, count: usize, sink: &mut Sink<'_>) {
        for unit in self.held.drain(..count.min(self.held.len())) {
            self.in_word = unit.c.is_alphanumeric();
            sink(Piece::Kept(&unit));
        }
    }
}

/// Passes on what a literal's text gives out, values with the escapes that a literal needs.
fn escaped(piece: Piece<'_>, sink: &mut Sink<'_>) {
    match piece {
        Piece::Kept(_) => sink(piece),
        Piece::Inserted(value) => {
            let literal = serde_json::Value::from(value).to_string();
            let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            sink(Piece::Inserted(inner.unwrap_or_default()));
        }
    }
}

fn is_number(value: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(value).is_ok()
}

/// What an escape sequence of a literal is so far.
enum Escaped {
    /// It goes on.
    Unfinished,
    /// It stands for this. Half a surrogate pair stands for U+FFFD, which belongs to no placeholder.
    Char(char),
    /// Its last character makes it none; what stands before that is read as this.
    None(char),
}

fn unescaped(sequence: &[Unit]) -> Escaped {
    let Some(second) = sequence.get(1) else { return Escaped::Unfinished };
    Escaped::Char(match second.c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        '"' | '\\' | '/' => second.c,
        'u' => {
            let digits: String = sequence.iter().skip(2).map(|unit| unit.c).collect();
            if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
                return Escaped::None(char::REPLACEMENT_CHARACTER);
            }
            if digits.len() < 4 {
                return Escaped::Unfinished;
            }
            let code = u32::from_str_radix(&digits, 16).ok();
            code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        _ => return Escaped::None('\\'),
    })
}

fn written(sequence: &[Unit]) -> Box<str> {
    let mut text = String::new();
    for unit in sequence {
        match &unit.written {
            Some(written) => text.push_str(written),
            None => text.push(unit.c),
        }
    }
    text.into()
}

#[cfg(test)]
mod tests;
