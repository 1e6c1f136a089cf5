//! The smallest parts of the grammar (RFC 3261 §25.1): tokens, white space, numbers, lists.
//! Everything works on slices of the message and copies nothing.

use std::borrow::Cow;

use memchr::memchr;

/// `token` characters.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Whether all of it is one token.
pub(crate) fn is_all_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token(byte))
}

/// White space, with line ends of folded headers.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Without white space around it.
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// A decimal number of at most 19 digits.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let text = trim(text);
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    text.iter().try_fold(0u64, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0'))
    })
}

/// Appends a decimal number.
pub(crate) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a number in lower-case hexadecimal digits, at least one.
pub(crate) fn push_hex(out: &mut Vec<u8>, number: u64) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(number >> (4 * digit) & 15) as usize]);
    }
}

/// A hexadecimal number of at most `longest` digits.
pub(crate) fn hex_number(text: &[u8], longest: usize) -> Option<u64> {
    if text.is_empty() || text.len() > longest {
        return None;
    }
    text.iter().try_fold(0u64, |sum, &byte| {
        (byte as char).to_digit(16).map(|digit| sum << 4 | u64::from(digit))
    })
}

/// A header's value on one line: each line end with the white space after it becomes one space.
pub(crate) fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\n', value).is_none() && memchr(b'\r', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if !matches!(first, b'\r' | b'\n') {
            out.push(*first);
            continue;
        }
        while let [next, tail @ ..] = rest
            && is_space(*next)
        {
            rest = tail;
        }
        out.push(b' ');
    }
    Cow::Owned(out)
}

/// The position behind a quoted string that begins at `at`; `None` when it does not end.
pub(crate) fn after_quoted(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// The first element of a comma-separated value; commas inside quotes and angle brackets do not
/// count.
pub(crate) fn first(value: &[u8]) -> &[u8] {
    if memchr(b',', value).is_none() {
        return value;
    }
    let (mut bracket, mut at) = (false, 0);
    while let Some(byte) = value.get(at) {
        match byte {
            b'"' if !bracket => match after_quoted(value, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => return value,
            },
            b'<' => bracket = true,
            b'>' => bracket = false,
            b',' if !bracket => return &value[..at],
            _ => {}
        }
        at += 1;
    }
    value
}

/// What follows the first element of a list; `None` when nothing does.
pub(crate) fn rest(value: &[u8]) -> Option<&[u8]> {
    let end = first(value).len();
    (end < value.len()).then(|| trim(&value[end + 1..]))
}

/// The elements of a comma-separated value; empty ones are left out.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut left = Some(value);
    std::iter::from_fn(move || {
        let value = left?;
        left = rest(value);
        Some(trim(first(value)))
    })
    .filter(|element| !element.is_empty())
}

/// Percent-escapes decoded (RFC 3261 §19.1.4: they compare equal); `None` when malformed.
pub(crate) fn unescape(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr(b'%', text).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte == b'%' {
            out.push(hex_number(text.get(at + 1..at + 3)?, 2)? as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    Some(Cow::Owned(out))
}

/// Every `%` begins an escape of two digits.
pub(crate) fn escapes_are_whole(text: &[u8]) -> bool {
    memchr::memchr_iter(b'%', text)
        .all(|at| text.get(at + 1..at + 3).is_some_and(|digits| hex_number(digits, 2).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_digits_only() {
        assert_eq!(number(b" 42 "), Some(42));
        assert_eq!(number(b"9223372036854775807"), Some(i64::MAX as u64));
        for bad in [&b""[..], b"-1", b"1 2", b"99999999999999999999"] {
            assert_eq!(number(bad), None);
        }
        let mut out = Vec::new();
        push_number(&mut out, 0);
        push_number(&mut out, u64::MAX);
        assert_eq!(out, b"018446744073709551615");
    }

    #[test]
    fn hexadecimal_there_and_back() {
        for value in [0, 1, 15, 16, 0xdead_beef, u64::MAX] {
            let mut out = Vec::new();
            push_hex(&mut out, value);
            assert_eq!(hex_number(&out, 16), Some(value));
        }
        assert_eq!(hex_number(b"123456789", 8), None);
    }

    #[test]
    fn lists_end_at_bare_commas() {
        let value = br#""a, \"b" <sip:x,y@h>;p="c,d" , <sip:z>,,e"#;
        let parts: Vec<&[u8]> = list(value).collect();
        assert_eq!(parts, [&br#""a, \"b" <sip:x,y@h>;p="c,d""#[..], b"<sip:z>", b"e"]);
        assert_eq!(rest(b"a, b, c"), Some(&b"b, c"[..]));
        assert_eq!(rest(b"a"), None);
        assert_eq!(first(b"\"open, quote"), b"\"open, quote");
    }

    #[test]
    fn folding_becomes_a_space() {
        assert_eq!(&*unfold(b"a\r\n  b\r\n\tc"), b"a b c");
        assert!(matches!(unfold(b"plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(&*unescape(b"a%40b%5B").unwrap(), b"a@b[");
        assert!(unescape(b"%4").is_none());
        assert!(unescape(b"%zz").is_none());
        assert!(escapes_are_whole(b"%20x") && !escapes_are_whole(b"50%"));
    }
}
