//! What was found in texts that come again: a conversation repeats its history at every turn.
//!
//! No text is kept: an entry is a SHA-256 of a random key of this process and the text, with what
//! was found in it, as offsets. A cache belongs to one set of detectors, so their settings need not
//! be part of the key.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::entity::Detection;
use crate::phi::PhiText;

/// A text's name in the cache.
pub(super) type Key = [u8; 32];

/// The share of the room that one text may take.
const LARGEST_SHARE: usize = 8;

/// What was found, by text.
pub(super) struct Cache {
    secret: Zeroizing<[u8; 32]>,
    /// Most texts and finds, together.
    room: usize,
    entries: Mutex<Entries>,
}

/// Two generations: what is used moves to the young one, and when that is half of the room, the
/// old one goes.
#[derive(Default)]
struct Entries {
    young: HashMap<Key, Arc<[Detection]>>,
    old: HashMap<Key, Arc<[Detection]>>,
    /// What the young ones take.
    taken: usize,
}

impl Cache {
    /// A cache of at most `room` texts and finds, together.
    pub(super) fn new(room: usize) -> Self {
        Self { secret: Zeroizing::new(rand::random()), room, entries: Mutex::default() }
    }

    /// The name of `text`.
    pub(super) fn key(&self, text: &PhiText) -> Key {
        let keyed = Sha256::new().chain_update(*self.secret);
        keyed.chain_update(text.expose_phi()).finalize().into()
    }

    /// What was found in the text of that name.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<[Detection]>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = entries.young.get(key) {
            return Some(Arc::clone(found));
        }
        let found = entries.old.remove(key)?;
        entries.put(*key, Arc::clone(&found), self.room);
        Some(found)
    }

    /// Remembers what was found.
    pub(super) fn put(&self, key: Key, found: &[Detection]) {
        if weight(found) > self.room / LARGEST_SHARE {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.put(key, found.into(), self.room);
    }
}

impl Entries {
    fn put(&mut self, key: Key, found: Arc<[Detection]>, room: usize) {
        if self.taken + weight(&found) > room / 2 {
            self.old = std::mem::take(&mut self.young);
            self.taken = 0;
        }
        self.taken += weight(&found);
        if let Some(before) = self.young.insert(key, found) {
            self.taken = self.taken.saturating_sub(weight(&before));
        }
    }
}

fn weight(found: &[Detection]) -> usize {
    1 + found.len()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Cache;
    use crate::{
        deidentify::entity::{Detection, Label, Span},
        phi::PhiText,
    };

    fn found(count: usize) -> Vec<Detection> {
        let one = |at| Detection {
            label: Label::Name,
            span: Span::new(at, at + 1),
            score: 0.9,
            detector: Arc::from("test"),
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_text_is_known_again_and_another_is_not() {
        let cache = Cache::new(100);
        let key = cache.key(&PhiText::from("Ann Lee"));
        assert!(cache.get(&key).is_none());
        cache.put(key, &found(2));
        assert_eq!(cache.get(&cache.key(&PhiText::from("Ann Lee"))).unwrap()[..], found(2)[..]);
        assert!(cache.get(&cache.key(&PhiText::from("Ann Lee "))).is_none());
        assert_ne!(Cache::new(100).key(&PhiText::from("Ann Lee")), key, "every key is random");
    }

    #[test]
    fn it_stays_within_its_room_and_keeps_what_is_used() {
        let cache = Cache::new(100);
        let kept = cache.key(&PhiText::from("kept"));
        cache.put(kept, &found(3));
        for number in 0..1000 {
            cache.put(cache.key(&PhiText::new(number.to_string())), &found(4));
            assert!(cache.get(&kept).is_some(), "{number}");
            let entries = cache.entries.lock().unwrap();
            let all = entries.young.values().chain(entries.old.values());
            assert!(all.map(|found| 1 + found.len()).sum::<usize>() <= 100);
        }
        let large = cache.key(&PhiText::from("large"));
        cache.put(large, &found(50));
        assert!(cache.get(&large).is_none(), "one text may not drive out all others");
    }
}
