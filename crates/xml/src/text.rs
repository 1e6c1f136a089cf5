//! Character data: what may stand in it, and its escapes (XML 1.0 §2.2, §2.4, §4.6).

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};

use crate::Fail;

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Checks character data between tags.
pub(crate) fn check_text(text: &[u8]) -> Result<(), Fail> {
    check_escaped(text)?;
    match memmem::find(text, b"]]>") {
        None => Ok(()),
        Some(_) => Err(Fail::NotWellFormed),
    }
}

/// Checks an attribute's value.
pub(crate) fn check_value(value: &[u8]) -> Result<(), Fail> {
    if memchr(b'<', value).is_some() {
        return Err(Fail::NotWellFormed);
    }
    check_escaped(value)
}

/// Checks characters that stand for themselves, as in a CDATA section.
pub(crate) fn check_plain(text: &[u8]) -> Result<(), Fail> {
    let control = |byte: u8| byte < 0x20 && !is_space(byte);
    // Without a branch, so that the compiler may use wide registers.
    if text.iter().fold(false, |found, &byte| found | control(byte)) {
        return Err(Fail::NotWellFormed);
    }
    Ok(())
}

fn check_escaped(text: &[u8]) -> Result<(), Fail> {
    check_plain(text)?;
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest) {
        let (name, after) = reference(&rest[at + 1..])?;
        decode(name)?;
        rest = after;
    }
    Ok(())
}

/// The name of a reference whose `&` is behind us, and what follows its `;`.
fn reference(text: &[u8]) -> Result<(&[u8], &[u8]), Fail> {
    // The longest that counts is of a character: `#x` and up to eight digits with leading zeros.
    let near = &text[..text.len().min(12)];
    let end = memchr(b';', near).ok_or(Fail::NotWellFormed)?;
    Ok((&text[..end], &text[end + 1..]))
}

fn decode(name: &[u8]) -> Result<char, Fail> {
    match name {
        b"amp" => Ok('&'),
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"quot" => Ok('"'),
        b"apos" => Ok('\''),
        [b'#', b'x', digits @ ..] => character(digits, 16),
        [b'#', digits @ ..] => character(digits, 10),
        [] => Err(Fail::NotWellFormed),
        // Nobody may declare entities (RFC 6120 §11.1).
        _ => Err(Fail::Restricted),
    }
}

fn character(digits: &[u8], radix: u32) -> Result<char, Fail> {
    let mut number = 0u32;
    for &digit in digits {
        let value = char::from(digit).to_digit(radix).ok_or(Fail::NotWellFormed)?;
        number = number.saturating_mul(radix).saturating_add(value);
    }
    if digits.is_empty() {
        return Err(Fail::NotWellFormed);
    }
    let found = char::from_u32(number).ok_or(Fail::NotWellFormed)?;
    if is_char(found) { Ok(found) } else { Err(Fail::NotWellFormed) }
}

fn is_char(found: char) -> bool {
    match found {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => other >= ' ',
    }
}

/// Checks that all of an element is UTF-8 of characters that XML knows.
pub(crate) fn check_encoding(bytes: &[u8]) -> Result<(), Fail> {
    if bytes.is_ascii() {
        return Ok(());
    }
    std::str::from_utf8(bytes).map_err(|_| Fail::Encoding)?;
    let is_none = |at: usize| matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf]));
    if memchr_iter(0xef, bytes).any(is_none) {
        return Err(Fail::NotWellFormed);
    }
    Ok(())
}

/// Text without its escapes. What is no known reference stays.
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'&', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest) {
        out.extend_from_slice(&rest[..at]);
        match reference(&rest[at + 1..]).and_then(|(name, after)| Ok((decode(name)?, after))) {
            Ok((found, after)) => {
                out.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            Err(_) => {
                out.push(b'&');
                rest = &rest[at + 1..];
            }
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Appends text so that it may stand between tags and in an attribute's value.
pub fn escape(out: &mut Vec<u8>, text: &[u8]) {
    let special = |byte: &u8| matches!(byte, b'&' | b'<' | b'>' | b'\'' | b'"' | b'\n' | b'\t');
    let mut rest = text;
    while let Some(at) = rest.iter().position(special) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(match rest[at] {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'\'' => b"&apos;",
            b'"' => b"&quot;",
            b'\n' => b"&#10;",
            _ => b"&#9;",
        });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_foreign_ones_refused() {
        assert_eq!(&*unescape(b"a&lt;b&#x1F600;&#233;&amp;amp;"), "a<b😀é&amp;".as_bytes());
        for bad in ["&", "&;", "&#;", "&#x;", "&#xg;", "&#0;", "&#xD800;", "&#xFFFF;", "&#x110000;"]
        {
            assert_eq!(check_text(bad.as_bytes()), Err(Fail::NotWellFormed), "{bad}");
        }
        assert_eq!(check_text(b"&nbsp;"), Err(Fail::Restricted));
        assert_eq!(check_text(b"&#00000065;"), Ok(()));
    }

    #[test]
    fn characters_that_xml_does_not_know_are_refused() {
        for bad in ["\u{1}", "\u{0}", "\u{1f}", "]]>"] {
            assert_eq!(check_text(bad.as_bytes()), Err(Fail::NotWellFormed), "{bad:?}");
        }
        assert_eq!(check_encoding("\u{fffe}".as_bytes()), Err(Fail::NotWellFormed));
        assert_eq!(check_encoding("\u{fffd}\u{10ffff}".as_bytes()), Ok(()));
        assert_eq!(check_encoding(b"\xed\xa0\x80"), Err(Fail::Encoding));
    }

    #[test]
    fn what_was_escaped_reads_as_it_was() {
        let text = b"a <b> & 'c' \"d\"\n\t";
        let mut out = Vec::new();
        escape(&mut out, text);
        assert_eq!(&*unescape(&out), text);
        assert_eq!(check_value(&out), Ok(()));
    }
}
