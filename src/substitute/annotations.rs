//! Positions that an annotation of a reply gives in its text, led to the same places of the restored
//! text.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::{mapping::Mapping, placeholder::may_begin, restore::Restorer};

/// Keys of positions, in characters of the text that the annotation belongs to.
const POSITIONS: [&str; 2] = ["start_index", "end_index"];

/// Moves the positions in `fields.annotations` from the text as the model wrote it, which stands in
/// `fields` too, to the text as it will be restored. To be called before that.
pub(super) fn shift(fields: &mut Map<String, Value>, mapping: &Mapping) {
    let text = ["text", "content"].iter().find_map(|key| fields.get(*key)?.as_str());
    let has_some =
        matches!(fields.get("annotations"), Some(Value::Array(items)) if !items.is_empty());
    let Some(text) = text
        .filter(|text| {
            let may_change = |c| c == '\\' || may_begin(c);
            has_some && (!mapping.stand_ins.is_empty() || text.contains(may_change))
        })
        .map(str::to_owned)
    else {
        return;
    };
    if let Some(annotations) = fields.get_mut("annotations") {
        shift_in(annotations, &text, mapping);
    }
}

/// Moves the positions in `annotations` from `text`, as the model wrote it, to the text as it is restored.
pub(super) fn shift_in(annotations: &mut Value, text: &str, mapping: &Mapping) {
    let mut known = HashMap::new();
    let mut shifted = |position: u64| {
        *known.entry(position).or_insert_with(|| {
            let before: String =
                text.chars().take(usize::try_from(position).unwrap_or(usize::MAX)).collect();
            // What comes before a position is restored to what comes before it.
            let restored = Restorer::new(mapping).text(&before);
            position
                .saturating_add(restored.chars().count() as u64)
                .saturating_sub(before.chars().count() as u64)
        })
    };
    visit(annotations, &mut shifted);
}

/// Most that is kept of the texts of one stream, in bytes.
const MOST_HEARD: usize = 1 << 20;

/// The texts of a stream as the model wrote them: what the positions of an annotation count in that comes by itself.
pub(super) struct Heard<P> {
    texts: BTreeMap<P, String>,
    bytes: usize,
}

impl<P: Ord> Heard<P> {
    pub(super) fn new() -> Self {
        Self { texts: BTreeMap::new(), bytes: 0 }
    }

    /// Keeps a piece of the text at `place`, for as long as the stream is of an ordinary length.
    pub(super) fn hear(&mut self, place: P, piece: &str) {
        self.bytes = self.bytes.saturating_add(piece.len());
        if self.bytes <= MOST_HEARD {
            self.texts.entry(place).or_default().push_str(piece);
        } else {
            self.texts.clear();
        }
    }

    /// Moves the positions in `annotations` of the text at `place`.
    pub(super) fn shift(&self, annotations: &mut Value, place: &P, mapping: &Mapping) {
        if let Some(text) = self.texts.get(place) {
            shift_in(annotations, text, mapping);
        }
    }
}

fn visit(value: &mut Value, shifted: &mut dyn FnMut(u64) -> u64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, shifted)),
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match value.as_u64().filter(|_| POSITIONS.contains(&key.as_str())) {
                    Some(position) => *value = Value::from(shifted(position)),
                    None => visit(value, shifted),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        deidentify::entity::Label,
        substitute::{Mapping, Restorer},
    };

    #[test]
    fn an_annotation_stays_with_its_words() {
        let mut mapping = Mapping::default();
        mapping.placeholder(Label::Name, "Anneliese Okonkwo");
        let mut reply = json!({"choices": [{"message": {
            "content": "é [NAME_1] has asthma (source).",
            "annotations": [
                {"type": "url_citation", "url_citation": {"start_index": 22, "end_index": 30, "title": "[NAME_1]"}},
                {"type": "url_citation", "url_citation": {"start_index": 2, "end_index": 10}},
            ],
        }}]});
        Restorer::new(&mapping).reply(&mut reply);
        let message = &reply["choices"][0]["message"];
        let content: Vec<char> = message["content"].as_str().unwrap().chars().collect();
        let marked = |at: usize| {
            let citation = &message["annotations"][at]["url_citation"];
            let index = |key: &str| usize::try_from(citation[key].as_u64().unwrap()).unwrap();
            content[index("start_index")..index("end_index")].iter().collect::<String>()
        };
        assert_eq!(marked(0), "(source)");
        assert_eq!(marked(1), "Anneliese Okonkwo");
        assert_eq!(message["annotations"][0]["url_citation"]["title"], "Anneliese Okonkwo");
    }

    #[test]
    fn positions_beyond_the_text_and_texts_without_placeholders_are_left() {
        let mapping = Mapping::default();
        let mut part = json!({"text": "plain [1]", "annotations": [{"start_index": 900, "end_index": 3, "index": 4}]});
        Restorer::new(&mapping).reply(&mut part);
        assert_eq!(part["annotations"][0], json!({"start_index": 900, "end_index": 3, "index": 4}));
    }
}
