//! Names of elements and attributes (XML 1.0 §2.3, Namespaces in XML §3).

use memchr::memchr;

use crate::Fail;

/// 1: may stand in a name, 2: may begin one. Bytes of other alphabets are looked at in `check`.
static CLASS: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || byte >= 0x80 {
            table[at] = 3;
        } else if byte.is_ascii_digit() || byte == b'-' || byte == b'.' {
            table[at] = 1;
        }
        at += 1;
    }
    table
};

/// Where the name that begins at `start` ends.
pub(crate) fn name_end(bytes: &[u8], start: usize) -> usize {
    let name = bytes.get(start..).unwrap_or_default();
    start + name.iter().position(|&byte| CLASS[usize::from(byte)] == 0).unwrap_or(name.len())
}

/// A qualified name in its two parts; the first is empty if it has no prefix.
pub(crate) fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b':', name) {
        None => (b"", name),
        Some(at) => (&name[..at], &name[at + 1..]),
    }
}

/// Checks a qualified name.
pub(crate) fn check(name: &[u8]) -> Result<(), Fail> {
    let (prefix, local) = split(name);
    let has_prefix = local.len() != name.len();
    if !begins(local) || memchr(b':', local).is_some() || (has_prefix && !begins(prefix)) {
        return Err(Fail::NotWellFormed);
    }
    if name.is_ascii() {
        return Ok(());
    }
    let text = std::str::from_utf8(name).map_err(|_| Fail::Encoding)?;
    let starts = text.split(':').all(|part| part.chars().next().is_some_and(may_start));
    let fine = starts && text.chars().all(|found| may_start(found) || may_follow(found));
    if fine { Ok(()) } else { Err(Fail::NotWellFormed) }
}

fn begins(part: &[u8]) -> bool {
    part.first().is_some_and(|&byte| CLASS[usize::from(byte)] & 2 != 0 && byte != b':')
}

fn may_start(found: char) -> bool {
    matches!(found,
        ':' | '_' | 'a'..='z' | 'A'..='Z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

fn may_follow(found: char) -> bool {
    matches!(found,
        '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_xml() {
        for good in ["a", "a:b", "_x-1.2", "é", "日本:語", "a·b"] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in ["", ":", ":a", "a:", "a:b:c", "1a", "a:1", "-", "a×b", "·a", "a:·", "\u{2028}"]
        {
            assert_eq!(check(bad.as_bytes()), Err(Fail::NotWellFormed), "{bad}");
        }
        assert_eq!(check(b"a\xff"), Err(Fail::Encoding));
    }
}
