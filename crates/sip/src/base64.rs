//! Base64 with the alphabet for URLs and without padding (RFC 4648 §5): its characters may stand in
//! the user part of a SIP URI.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(crate) fn encode(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let mut group = [0u8; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let number = u32::from_be_bytes(group);
        for at in 0..=chunk.len() {
            out.push(ALPHABET[(number >> (18 - 6 * at) & 63) as usize]);
        }
    }
}

/// `None` for other characters, impossible lengths and bits that should be zero.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.chunks(4) {
        let mut number = 0;
        for &letter in chunk {
            number = number << 6 | u32::from(digit(letter)?);
        }
        number <<= 6 * (4 - chunk.len()) + 8;
        let bytes = number.to_be_bytes();
        let count = chunk.len().checked_sub(1).filter(|count| *count > 0)?;
        out.extend_from_slice(&bytes[..count]);
        if bytes[count..].iter().any(|&byte| byte != 0) {
            return None;
        }
    }
    Some(out)
}

fn digit(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        let mut out = Vec::new();
        encode(&mut out, b"\xfb\xff~fo");
        assert_eq!(out, b"-_9-Zm8");
        assert_eq!(decode(b"A"), None);
        assert_eq!(decode(b"AB"), None);
        assert_eq!(decode(b"a+=="), None);
    }

    proptest! {
        #[test]
        fn there_and_back(bytes: Vec<u8>) {
            let mut out = Vec::new();
            encode(&mut out, &bytes);
            prop_assert_eq!(decode(&out), Some(bytes));
        }
    }
}
