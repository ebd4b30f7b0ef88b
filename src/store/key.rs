//! Gateway keys: how they are made, what of them is kept, and what they may do.
//!
//! A key is `dg_`, an id of 8 characters, `_`, and 256 random bits in lower-case base 32. The id is
//! no secret: it names the key in lists and logs. Only the SHA-256 of the whole is kept, which is
//! enough for a secret that nobody can guess.

use std::fmt;

use super::Limits;
use crate::settings::{KeyHash, Secret};

/// What every key starts with.
const PREFIX: &str = "dg_";
/// Length of an id, in bytes.
const ID_LENGTH: usize = 8;
/// RFC 4648's base 32, in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What is asked for when a key is made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose it is.
    pub name: String,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// What it may do.
    pub limits: Limits,
}

/// What the store keeps of a key.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// Its id, which is part of the key and no secret.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// The SHA-256 of the whole key.
    pub hash: KeyHash,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// When it ends.
    pub expires_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// When it was last used, give or take [`super::LAST_USED_EVERY`].
    pub last_used_at: Option<i64>,
    /// What it may do.
    pub limits: Limits,
}

/// Whether a key can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        })
    }
}

impl KeyRecord {
    /// Makes a key. The key itself is nowhere but in what is returned.
    pub fn generate(new: NewKey, now: i64) -> (Secret, Self) {
        let id: String = base32(&rand::random::<[u8; 5]>());
        let key = zeroize::Zeroizing::new(rand::random::<[u8; 32]>());
        let text = Secret::new(format!("{PREFIX}{id}_{}", base32(&key[..])));
        let record = Self {
            id,
            name: new.name,
            hash: KeyHash::of(text.expose_secret()),
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
            limits: new.limits,
        };
        (text, record)
    }

    /// Whether it can be used at `now`, in seconds since 1970.
    pub fn state(&self, now: i64) -> KeyState {
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            KeyState::Expired
        } else {
            KeyState::Active
        }
    }
}

/// The id in a key, if it has the form of one: any other need not be looked for.
pub fn id_of(key: &str) -> Option<&str> {
    let (id, secret) = key.strip_prefix(PREFIX)?.split_once('_')?;
    let fits = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| ALPHABET.contains(&byte))
    };
    (fits(id, ID_LENGTH) && fits(secret, 52)).then_some(id)
}

/// Base 32 without padding; what is left of the last five bits is zero.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut buffer, mut bits) = (0u32, 0);
    let mut push = |index: u32| {
        text.push(char::from(ALPHABET.get(index as usize & 31).copied().unwrap_or_default()));
    };
    for byte in bytes {
        buffer = (buffer << 8 | u32::from(*byte)) & 0xffff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(buffer >> bits);
        }
    }
    if bits > 0 {
        push(buffer << (5 - bits));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{KeyRecord, KeyState, NewKey, base32, id_of};
    use crate::{settings::KeyHash, store::Limits};

    fn new() -> NewKey {
        NewKey { name: "ward 3".into(), expires_at: Some(100), limits: Limits::default() }
    }

    #[test]
    fn base32_is_rfc_4648s() {
        for (bytes, text) in
            [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foobar", "mzxw6ytboi")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_key_carries_its_id_and_is_kept_as_its_hash_alone() {
        let (key, record) = KeyRecord::generate(new(), 5);
        let text = key.expose_secret();
        assert_eq!(id_of(text), Some(record.id.as_str()));
        assert!(record.hash.matches(&KeyHash::of(text)));
        let shown = format!("{record:?}");
        let secret = text.rsplit('_').next().unwrap();
        assert!(!shown.contains(secret), "{shown}");
        let (other, _) = KeyRecord::generate(new(), 5);
        assert_ne!(other.expose_secret(), text);
    }

    #[test]
    fn what_has_not_the_form_of_a_key_has_no_id() {
        let secret = "a".repeat(52);
        for text in [
            "".to_owned(),
            "dg_".to_owned(),
            "dg_local_abc".to_owned(),
            format!("dg_abcdefgh{secret}"),
            format!("sk_abcdefgh_{secret}"),
            format!("dg_ABCDEFGH_{secret}"),
            format!("dg_abcdefgh_{secret}a"),
            format!("dg_abcdefg'_{secret}"),
        ] {
            assert_eq!(id_of(&text), None, "{text}");
        }
    }

    #[test]
    fn a_key_ends_at_its_time_or_when_it_is_revoked() {
        let (_, mut record) = KeyRecord::generate(new(), 5);
        assert_eq!(record.state(99), KeyState::Active);
        assert_eq!(record.state(100), KeyState::Expired);
        record.revoked_at = Some(7);
        assert_eq!(record.state(8), KeyState::Revoked);
    }
}
