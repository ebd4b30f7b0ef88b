//! Surrogates of addresses: other numbers and another street, the same kind of it.

use super::{
    StandIns,
    made_up::{CITIES, same_format},
};
use crate::{deidentify::entity::Label, phi::PhiText};

/// Words of an address that tell nobody.
const KINDS: [&str; 68] = [
    "alley",
    "apartment",
    "apt",
    "ave",
    "avenue",
    "bed",
    "bldg",
    "blvd",
    "boulevard",
    "box",
    "building",
    "cir",
    "circle",
    "close",
    "code",
    "county",
    "court",
    "crescent",
    "ct",
    "dr",
    "drive",
    "e",
    "east",
    "expressway",
    "fl",
    "floor",
    "highway",
    "hwy",
    "lane",
    "ln",
    "n",
    "ne",
    "north",
    "nw",
    "o",
    "of",
    "p",
    "park",
    "parkway",
    "pkwy",
    "pl",
    "place",
    "plaza",
    "po",
    "rd",
    "rm",
    "road",
    "room",
    "route",
    "row",
    "rte",
    "s",
    "se",
    "south",
    "sq",
    "square",
    "st",
    "ste",
    "street",
    "suite",
    "sw",
    "terrace",
    "unit",
    "w",
    "ward",
    "way",
    "west",
    "zip",
];

/// A piece of an address: how it is written now, and where it stands in the value, in bytes.
struct Piece {
    kind: Kind,
    made: String,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Number,
    Zip,
}

impl StandIns {
    /// A surrogate of an address with digits in it: each run of names has one made-up name, numbers have as many
    /// digits, ZIP codes are of those that the Postal Service has not given out (all below 00501). `None` where no name
    /// and no ZIP code would tell it from any other number.
    pub(super) fn place(&mut self, value: &str) -> Option<String> {
        let fits = |c: char| c.is_alphanumeric() || c.is_whitespace() || ".,'’#-".contains(c);
        if !value.chars().all(fits) {
            return None;
        }
        let pieces = self.pieces(value)?;
        if pieces.iter().all(|piece| piece.kind == Kind::Number) {
            return None;
        }
        let mut out = String::with_capacity(value.len() + 8);
        let mut done = 0;
        for piece in &pieces {
            out.push_str(value.get(done..piece.start)?);
            out.push_str(&piece.made);
            done = piece.end;
        }
        out.push_str(value.get(done..)?);
        if !self.is_free(&out) {
            return None;
        }
        // The name of the street alone leads back, and so does the house.
        let mut before: Option<&Piece> = None;
        for piece in &pieces {
            let own = value.get(piece.start..piece.end)?;
            if piece.kind == Kind::Zip {
                self.part(&piece.made, own, &piece.made);
            }
            if let Some(house) = before.filter(|before| before.kind == Kind::Number)
                && let Some(between) = value.get(house.end..piece.start)
            {
                let made = &house.made;
                let whole = value.get(house.start..piece.end)?;
                let twin = format!("{made}{between}{own}");
                self.part(&format!("{made}{between}{}", piece.made), whole, &twin);
            }
            before = Some(piece);
        }
        Some(out)
    }

    /// What of an address is replaced, in order.
    fn pieces(&mut self, value: &str) -> Option<Vec<Piece>> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut from = 0;
        // Whether the word before was the beginning of a name.
        let mut in_name = false;
        for word in value.split_whitespace() {
            let at = from + value.get(from..)?.find(word)?;
            from = at + word.len();
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            let start = at + word.find(bare)?;
            let end = start + bare.len();
            if bare.is_empty() || KINDS.contains(&bare.to_lowercase().as_str()) || is_state(bare) {
                in_name = false;
                continue;
            }
            if bare.chars().any(|c| c.is_ascii_digit()) {
                let kind = if is_zip(bare) { Kind::Zip } else { Kind::Number };
                let number = self.next("number");
                let made = if kind == Kind::Zip { zip(bare, number)? } else { other(bare, number) };
                pieces.push(Piece { kind, made, start, end });
            } else if let Some(name) = pieces.last_mut().filter(|_| in_name) {
                // The rest of a name goes with its first word.
                name.end = end;
            } else {
                pieces.push(Piece { kind: Kind::Name, made: String::new(), start, end });
            }
            let is_name = pieces.last().is_some_and(|piece| piece.kind == Kind::Name);
            in_name = is_name && end == from;
        }
        for piece in pieces.iter_mut().filter(|piece| piece.kind == Kind::Name) {
            piece.made = self.town(value.get(piece.start..piece.end)?)?;
        }
        Some(pieces)
    }

    /// The made-up town that stands for `name`, the same wherever it stands alone.
    fn town(&mut self, name: &str) -> Option<String> {
        let folded = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let key = (Label::Location, PhiText::new(folded));
        if let Some(known) = self.given_out.get(&key) {
            return Some(known.clone());
        }
        let town = loop {
            let town = CITIES.get(self.next(Label::Location.as_str()) - 1)?;
            if self.is_free(town) {
                break (*town).to_owned();
            }
        };
        self.back(&town, name);
        self.given_out.insert(key, town.clone());
        Some(town)
    }
}

/// Two capitals: `MA`.
fn is_state(word: &str) -> bool {
    word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Five digits, or five and four.
fn is_zip(word: &str) -> bool {
    let (five, four) = word.split_once('-').unwrap_or((word, "0000"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    five.len() == 5 && four.len() == 4 && digits(five) && digits(four)
}

fn zip(like: &str, number: usize) -> Option<String> {
    let tail = if like.len() > 5 { "-0000" } else { "" };
    (number < 500).then(|| format!("{number:05}{tail}"))
}

/// Other digits in the places of those of `word`; letters stay, as in `4B` or `21st`.
fn other(word: &str, number: usize) -> String {
    let digits = same_format(word, number);
    let pairs = word.chars().zip(digits.chars());
    let one = |(own, made): (char, char)| match (own.is_ascii_digit(), made) {
        (false, _) => own,
        // No house is number 0.
        (true, '0') => '7',
        (true, made) => made,
    };
    pairs.map(one).collect()
}
