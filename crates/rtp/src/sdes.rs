//! Keys in session descriptions: the value of `a=crypto` (RFC 4568 §9.1, 6.1). It knows nothing of
//! the rest of the description.

use std::fmt;

use crate::srtp::{Context, Suite};

/// Longest value that is looked at.
const LONGEST: usize = 512;
/// RFC 4568 §9.2: a tag has at most nine digits.
const TAG_DIGITS: usize = 9;
/// Longest key identifier (RFC 4568 §6.1: `mki-length` is 1*3DIGIT up to 128).
const LONGEST_IDENTIFIER: usize = 128;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One offered or chosen key.
#[derive(Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Names it among others.
    pub tag: u32,
    /// What it is for.
    pub suite: Suite,
    key: Vec<u8>,
    salt: Vec<u8>,
    identifier: usize,
}

impl fmt::Debug for Crypto {
    /// Without the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Crypto({} {})", self.tag, self.suite.name())
    }
}

impl fmt::Display for Crypto {
    /// The value of `a=crypto`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = [self.key.as_slice(), &self.salt].concat();
        write!(formatter, "{} {} inline:{}", self.tag, self.suite.name(), encode(&secret))
    }
}

impl Crypto {
    /// A fresh key; `None` if the system gives no randomness.
    pub fn generate(tag: u32, suite: Suite) -> Option<Crypto> {
        let mut key = vec![0; suite.key_length()];
        let mut salt = vec![0; suite.salt_length()];
        aws_lc_rs::rand::fill(&mut key).ok()?;
        aws_lc_rs::rand::fill(&mut salt).ok()?;
        Some(Crypto { tag, suite, key, salt, identifier: 0 })
    }

    /// Reads a value; the error says what is wrong with it or not supported.
    pub fn parse(value: &str) -> Result<Crypto, &'static str> {
        if value.len() > LONGEST {
            return Err("too long");
        }
        let mut fields = value.split_ascii_whitespace();
        let tag = fields.next().filter(|tag| tag.len() <= TAG_DIGITS);
        let tag = tag.and_then(|tag| tag.parse().ok()).ok_or("no tag")?;
        let suite = fields.next().and_then(Suite::named).ok_or("unknown suite")?;
        let parameters = fields.next().ok_or("no key")?;
        for session in fields {
            // RFC 4568 §6.3: what weakens or changes the protection must be understood; a window
            // size is only a hint.
            if !session.to_ascii_uppercase().starts_with("WSH=") {
                return Err("session parameters are not supported");
            }
        }
        if parameters.contains(';') {
            return Err("several keys are not supported");
        }
        let mut parts = parameters.split('|');
        let (method, text) = parts.next().and_then(|key| key.split_once(':')).ok_or("no key")?;
        if !method.eq_ignore_ascii_case("inline") {
            return Err("unknown key method");
        }
        let secret = decode(text).ok_or("the key is not base64")?;
        if secret.len() != suite.key_length() + suite.salt_length() {
            return Err("the key's length is not the suite's");
        }
        let (key, salt) = secret.split_at(suite.key_length());
        let (key, salt) = (key.to_vec(), salt.to_vec());
        let identifier = identifier(parts)?;
        Ok(Crypto { tag, suite, key, salt, identifier })
    }

    /// Whether the key is the same one, whatever number it has now.
    pub(crate) fn is_same_key(&self, other: &Crypto) -> bool {
        Crypto { tag: other.tag, ..self.clone() } == *other
    }

    /// A direction protected by this key.
    pub fn context(&self) -> Option<Context> {
        Context::new(self.suite, &self.key, &self.salt, self.identifier)
    }
}

/// Lifetime and key identifier (RFC 4568 §6.1): one key is used for the whole session, which ends
/// long before 2^31 packets; of the identifier only the length matters.
fn identifier<'a>(parts: impl Iterator<Item = &'a str>) -> Result<usize, &'static str> {
    let mut length = 0;
    for (at, part) in parts.enumerate() {
        if let Some((_, digits)) = part.split_once(':') {
            let parsed = digits.parse().ok().filter(|length| *length <= LONGEST_IDENTIFIER);
            length = parsed.ok_or("malformed key identifier")?;
        } else if at > 0 || !part.trim_start_matches("2^").bytes().all(|b| b.is_ascii_digit()) {
            return Err("malformed lifetime");
        }
    }
    Ok(length)
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3)
            .fold(0u32, |word, at| word << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let value = ALPHABET[(word >> (18 - 6 * digit) & 63) as usize];
            text.push(if digit <= chunk.len() { char::from(value) } else { '=' });
        }
    }
    text
}

/// Base64 (RFC 4648 §4); the padding may be missing, as some leave it out.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    if text.len() - digits.len() > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut word, mut bits) = (0u32, 0);
    for digit in digits {
        let value = ALPHABET.iter().position(|known| known == digit)?;
        word = word << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

    #[test]
    fn values_of_the_standard_are_read() {
        // RFC 4568 §9.1, and as Linphone, Snom and others write it.
        let crypto = Crypto::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}|2^20|1:4")).unwrap();
        assert_eq!((crypto.tag, crypto.suite, crypto.identifier), (1, Suite::AesCm128Sha1_80, 4));
        assert_eq!(crypto.key, b"wDfvg&T+)xG7@fb5");
        for rest in ["", "|2^48", "|1048576", "|1:1"] {
            let value = format!("22 AES_CM_128_HMAC_SHA1_32 {KEY}{rest} WSH=64");
            assert!(Crypto::parse(&value).is_ok(), "{value}");
        }
        assert!(!format!("{crypto:?}").contains("d0Rm"), "no keys in logs");
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for (value, why) in [
            (format!("1 AES_CM_128_HMAC_SHA1_80 {KEY};inline:x"), "several keys"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 {KEY} UNENCRYPTED_SRTP"), "unencrypted"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 {KEY} KDR=1"), "key derivation rate"),
            (format!("1 F8_128_HMAC_SHA1_80 {KEY}"), "suite"),
            (format!("1 AES_256_CM_HMAC_SHA1_80 {KEY}"), "length"),
            (format!("x AES_CM_128_HMAC_SHA1_80 {KEY}"), "tag"),
            ("1 AES_CM_128_HMAC_SHA1_80 inline:%%%".to_owned(), "base64"),
            ("1 AES_CM_128_HMAC_SHA1_80".to_owned(), "no key"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}|2^20|x"), "lifetime"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}|1:999"), "identifier"),
            (String::new(), "nothing"),
        ] {
            assert!(Crypto::parse(&value).is_err(), "{why}: {value}");
        }
    }

    #[test]
    fn fresh_keys_differ_and_are_read_back() {
        for suite in Suite::ALL {
            let crypto = Crypto::generate(7, suite).unwrap();
            assert_eq!(Crypto::parse(&crypto.to_string()).unwrap(), crypto);
            assert_ne!(Crypto::generate(7, suite).unwrap(), crypto);
            assert!(crypto.context().is_some());
        }
    }

    proptest! {
        #[test]
        fn base64_is_reversed(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn any_value_is_survived(value in "\\PC*", rest in "[0-9a-zA-Z|:;^= +/]{0,60}") {
            let _ = Crypto::parse(&value);
            let _ = Crypto::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{rest}"));
        }
    }
}
