//! What is done with one entity: Presidio's built-in operators.

use aes::{Aes128, Aes192, Aes256};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit, block_padding::Pkcs7};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use super::{PresidioError, present, whole};

/// The operators of `POST /anonymize`, by name.
pub(super) const ANONYMIZERS: [&str; 6] = ["encrypt", "hash", "keep", "mask", "redact", "replace"];
/// Those of `POST /deanonymize`.
pub(super) const DEANONYMIZERS: [&str; 2] = ["decrypt", "deanonymize_keep"];

/// AES works on blocks of 16 bytes, and CBC wants as much to start from.
const IV_BYTES: usize = 16;
/// Shorter salts are guessed: 128 bits.
const LEAST_SALT_BYTES: usize = 16;

/// An operator with its parameters, checked.
pub(super) enum Operator {
    Replace(Option<String>),
    Redact,
    Mask {
        with: char,
        count: usize,
        from_end: bool,
    },
    Hash {
        sha512: bool,
        salt: Option<Zeroizing<Vec<u8>>>,
    },
    Encrypt(Key),
    Decrypt(Key),
    /// The name that the caller gave it.
    Keep(&'static str),
}

/// A key of 128, 192 or 256 bits.
pub(super) struct Key(Zeroizing<Vec<u8>>);

impl Operator {
    /// One of [`ANONYMIZERS`], or one of [`DEANONYMIZERS`] on the way back.
    pub(super) fn new(parameters: &Value, back: bool) -> Result<Self, PresidioError> {
        let wrong = |message: &str| Err(PresidioError::Parameter(message.to_owned()));
        let Some(parameters) = parameters.as_object() else {
            return wrong("Invalid input, an operator must be an object");
        };
        let name = parameters.get("type").and_then(Value::as_str).unwrap_or_default();
        match (name, back) {
            ("", _) => wrong("Invalid input, operator config must contain operator_name"),
            ("replace", false) => match present(parameters, "new_value") {
                None => Ok(Self::Replace(None)),
                Some(Value::String(value)) if value.is_empty() => Ok(Self::Replace(None)),
                Some(Value::String(value)) => Ok(Self::Replace(Some(value.clone()))),
                Some(_) => wrong("Invalid parameter value for new_value. Expecting string."),
            },
            ("redact", false) => Ok(Self::Redact),
            ("mask", false) => mask(parameters),
            ("hash", false) => hash(parameters),
            ("encrypt", false) => Ok(Self::Encrypt(Key::new(parameters)?)),
            ("keep", false) => Ok(Self::Keep("keep")),
            ("decrypt", true) => Ok(Self::Decrypt(Key::new(parameters)?)),
            ("deanonymize_keep", true) => Ok(Self::Keep("deanonymize_keep")),
            // A function of the caller's own cannot come in JSON.
            ("custom", _) => wrong("Invalid operator class 'custom': it takes a Python function."),
            _ => {
                let known: &[&str] = if back { &DEANONYMIZERS } else { &ANONYMIZERS };
                wrong(&format!("Invalid operator class. It is one of {}.", known.join(", ")))
            }
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Replace(_) => "replace",
            Self::Redact => "redact",
            Self::Mask { .. } => "mask",
            Self::Hash { .. } => "hash",
            Self::Encrypt(_) => "encrypt",
            Self::Decrypt(_) => "decrypt",
            Self::Keep(name) => name,
        }
    }

    /// What stands in the place of `text`, an entity of type `entity`.
    pub(super) fn apply(&self, text: &str, entity: &str) -> Result<String, PresidioError> {
        Ok(match self {
            Self::Replace(Some(value)) => value.clone(),
            Self::Replace(None) => format!("<{entity}>"),
            Self::Redact => String::new(),
            Self::Keep(_) => text.to_owned(),
            Self::Mask { with, count, from_end } => {
                let length = text.chars().count();
                let masked = (*count).min(length);
                let is_masked =
                    |at: usize| if *from_end { at >= length - masked } else { at < masked };
                let letters = text.chars().enumerate();
                letters.map(|(at, letter)| if is_masked(at) { *with } else { letter }).collect()
            }
            Self::Hash { sha512, salt } => {
                let random;
                let salt: &[u8] = match salt {
                    Some(salt) => salt,
                    None => {
                        random = rand::random::<[u8; 32]>();
                        &random
                    }
                };
                let salted = Zeroizing::new([text.as_bytes(), salt].concat());
                if *sha512 {
                    hexadecimal(&Sha512::digest(salted.as_slice()))
                } else {
                    hexadecimal(&Sha256::digest(salted.as_slice()))
                }
            }
            Self::Encrypt(key) => key.encrypt(text)?,
            Self::Decrypt(key) => key.decrypt(text)?,
        })
    }
}

fn mask(parameters: &Map<String, Value>) -> Result<Operator, PresidioError> {
    let wrong = |message: &str| Err(PresidioError::Parameter(message.to_owned()));
    let with = match present(parameters, "masking_char") {
        Some(Value::String(text)) => {
            let mut letters = text.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => letter,
                _ => return wrong("Invalid input, masking_char must be a character"),
            }
        }
        None => return wrong("Expected parameter masking_char"),
        Some(_) => return wrong("Invalid parameter value for masking_char. Expecting string."),
    };
    let count = match present(parameters, "chars_to_mask") {
        Some(value) if value.is_u64() || whole(value).is_some() => {
            // More than there can be is all, and less than none is none.
            whole(value).map_or(usize::MAX, |number| usize::try_from(number).unwrap_or(0))
        }
        None => return wrong("Expected parameter chars_to_mask"),
        Some(_) => return wrong("Invalid parameter value for chars_to_mask. Expecting number."),
    };
    let from_end = match present(parameters, "from_end") {
        Some(Value::Bool(from_end)) => *from_end,
        // Its documentation says that it may be left out.
        None => false,
        Some(_) => return wrong("Invalid parameter value for from_end. Expecting boolean."),
    };
    Ok(Operator::Mask { with, count, from_end })
}

fn hash(parameters: &Map<String, Value>) -> Result<Operator, PresidioError> {
    let wrong = |message: &str| Err(PresidioError::Parameter(message.to_owned()));
    let sha512 = match present(parameters, "hash_type") {
        None => false,
        Some(Value::String(kind)) if kind == "sha256" => false,
        Some(Value::String(kind)) if kind == "sha512" => true,
        Some(_) => {
            return wrong("Parameter hash_type is not in range of values ['sha256', 'sha512']");
        }
    };
    let salt = match present(parameters, "salt") {
        None => None,
        Some(Value::String(salt)) if salt.len() >= LEAST_SALT_BYTES => {
            Some(Zeroizing::new(salt.clone().into_bytes()))
        }
        Some(_) => return wrong("Salt must be at least 16 bytes (128 bits)."),
    };
    Ok(Operator::Hash { sha512, salt })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs `$work` with the cipher that the length of a key asks for.
macro_rules! with_cipher {
    ($key:expr, $way:ident, $iv:expr, |$cipher:ident| $work:expr) => {{
        let (key, iv): (&[u8], &[u8]) = ($key, $iv);
        match key.len() {
            16 => cbc::$way::<Aes128>::new_from_slices(key, iv).ok().and_then(|$cipher| $work),
            24 => cbc::$way::<Aes192>::new_from_slices(key, iv).ok().and_then(|$cipher| $work),
            _ => cbc::$way::<Aes256>::new_from_slices(key, iv).ok().and_then(|$cipher| $work),
        }
    }};
}

impl Key {
    fn new(parameters: &Map<String, Value>) -> Result<Self, PresidioError> {
        let wrong = |message: &str| Err(PresidioError::Parameter(message.to_owned()));
        match present(parameters, "key") {
            Some(Value::String(key)) if [16, 24, 32].contains(&key.len()) => {
                Ok(Self(Zeroizing::new(key.clone().into_bytes())))
            }
            Some(Value::String(_)) => {
                wrong("Invalid input, key must be of length 128, 192 or 256 bits")
            }
            None => wrong("Expected parameter key"),
            Some(_) => wrong("Invalid parameter value for key. Expecting string."),
        }
    }

    /// AES in CBC mode with PKCS #7 padding; the random start, then the text, in URL-safe base64.
    fn encrypt(&self, text: &str) -> Result<String, PresidioError> {
        let iv = rand::random::<[u8; IV_BYTES]>();
        let sealed = with_cipher!(&self.0, Encryptor, &iv, |cipher| Some(
            cipher.encrypt_padded_vec_mut::<Pkcs7>(text.as_bytes())
        ));
        let sealed = sealed.ok_or(crate::error::GatewayError::Internal("encryption failed"))?;
        Ok(URL_SAFE.encode([iv.as_slice(), &sealed].concat()))
    }

    fn decrypt(&self, text: &str) -> Result<String, PresidioError> {
        let opened = || {
            // Older releases of Presidio wrote the other alphabet of base64.
            let text: String = text
                .chars()
                .map(|c| {
                    if c == '+' {
                        '-'
                    } else if c == '/' {
                        '_'
                    } else {
                        c
                    }
                })
                .collect();
            let bytes = URL_SAFE.decode(text).ok()?;
            let (iv, sealed) = bytes.split_at_checked(IV_BYTES)?;
            let opened = with_cipher!(&self.0, Decryptor, iv, |cipher| cipher
                .decrypt_padded_vec_mut::<Pkcs7>(sealed)
                .ok());
            String::from_utf8(opened?).ok()
        };
        opened().ok_or_else(|| {
            let message = "Invalid input, the text was not encrypted with this key";
            PresidioError::Parameter(message.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Operator;

    #[test]
    fn what_presidio_encrypted_is_decrypted() {
        // The example of Presidio's REST documentation.
        let key = json!({"type": "decrypt", "key": "WmZq4t7w!z%C&F)J"});
        let text = "S184CMt9Drj7QaKQ21JTrpYzghnboTF9pn/neN8JME0=";
        let operator = Operator::new(&key, true).unwrap();
        assert_eq!(operator.apply(text, "PERSON").unwrap(), "Chloë");
        for broken in ["", "S184", "S184CMt9Drj7QaKQ21JTrpYzghnboTF9pn/neN8JME1="] {
            assert!(operator.apply(broken, "PERSON").is_err(), "{broken}");
        }
    }

    #[test]
    fn every_length_of_key_goes_both_ways() {
        for length in [16, 24, 32] {
            let key = "k".repeat(length);
            let there = Operator::new(&json!({"type": "encrypt", "key": key}), false).unwrap();
            let back = Operator::new(&json!({"type": "decrypt", "key": key}), true).unwrap();
            for text in ["", "Jane", "Zoë 🙂 of sixteen bytes and more"] {
                let sealed = there.apply(text, "PERSON").unwrap();
                assert_ne!(sealed, there.apply(text, "PERSON").unwrap(), "starts at random");
                assert_eq!(back.apply(&sealed, "PERSON").unwrap(), text);
            }
        }
        for key in [json!("short"), json!(""), json!(5), json!(null), json!("ééééééééé")] {
            assert!(Operator::new(&json!({"type": "encrypt", "key": key}), false).is_err());
        }
    }

    #[test]
    fn each_operator_does_what_presidios_does() {
        let cases = [
            (json!({"type": "replace", "new_value": "X"}), "X"),
            (json!({"type": "replace"}), "<PERSON>"),
            (json!({"type": "replace", "new_value": ""}), "<PERSON>"),
            (json!({"type": "redact"}), ""),
            (json!({"type": "keep"}), "Zoë"),
            (json!({"type": "mask", "masking_char": "*", "chars_to_mask": 2}), "**ë"),
            (
                json!({"type": "mask", "masking_char": "*", "chars_to_mask": 2, "from_end": true}),
                "Z**",
            ),
            (
                json!({"type": "mask", "masking_char": "*", "chars_to_mask": 9, "from_end": true}),
                "***",
            ),
            (json!({"type": "mask", "masking_char": "*", "chars_to_mask": -1}), "Zoë"),
            // printf 'Zoë0123456789abcdef' | sha256sum
            (
                json!({"type": "hash", "salt": "0123456789abcdef"}),
                "9703a73a8d3920f8d44fb967d22a46e39d6f6f239f59372cf8f0182093f6bee2",
            ),
        ];
        for (parameters, expected) in cases {
            let found = Operator::new(&parameters, false).unwrap().apply("Zoë", "PERSON").unwrap();
            assert_eq!(found, expected, "{parameters}");
        }
        let plain = Operator::new(&json!({"type": "hash", "hash_type": "sha512"}), false).unwrap();
        let once = plain.apply("Zoë", "PERSON").unwrap();
        assert_eq!(once.len(), 128);
        assert_ne!(once, plain.apply("Zoë", "PERSON").unwrap(), "a salt of its own each time");
        for wrong in [
            json!({}),
            json!("mask"),
            json!({"type": "custom", "lambda": "lambda x: x"}),
            json!({"type": "decrypt", "key": "WmZq4t7w!z%C&F)J"}),
            json!({"type": "mask", "masking_char": "**", "chars_to_mask": 2}),
            json!({"type": "mask", "masking_char": "*", "chars_to_mask": "2"}),
            json!({"type": "hash", "hash_type": "md5"}),
            json!({"type": "hash", "salt": "short"}),
        ] {
            assert!(Operator::new(&wrong, false).is_err(), "{wrong}");
        }
    }
}
