//! Parameters of the form `;name=value;flag`, as in Via, Contact and URIs.

use crate::text::{after_quoted, is_space, is_token, trim};

/// One parameter; its positions count from the beginning of the text that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Param<'a> {
    pub(crate) name: &'a [u8],
    /// Quotes and all; `None` for a flag.
    pub(crate) value: Option<&'a [u8]>,
    /// Where the name ends.
    pub(crate) name_end: usize,
}

/// Iterates over parameters; ends early at what is none, and then `whole` is false.
#[derive(Clone)]
pub(crate) struct Params<'a> {
    text: &'a [u8],
    at: usize,
    whole: bool,
}

/// The parameters of `text`, which begins with `;` (white space before it is allowed) or is empty.
pub(crate) fn params(text: &[u8]) -> Params<'_> {
    Params { text, at: 0, whole: true }
}

impl<'a> Params<'a> {
    fn skip_space(&mut self) {
        while self.text.get(self.at).is_some_and(|&byte| is_space(byte)) {
            self.at += 1;
        }
    }

    fn fail(&mut self) -> Option<Param<'a>> {
        self.whole = false;
        self.at = self.text.len();
        None
    }

    fn value(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        match self.text.get(start) {
            Some(b'"') => self.at = after_quoted(self.text, start)?,
            _ => {
                let rest = &self.text[start..];
                let end = rest.iter().position(|&byte| byte == b';' || is_space(byte));
                self.at = start + end.unwrap_or(rest.len());
            }
        }
        let value = &self.text[start..self.at];
        (!value.is_empty()).then_some(value)
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        self.skip_space();
        match self.text.get(self.at) {
            None => return None,
            Some(b';') => self.at += 1,
            Some(_) => return self.fail(),
        }
        self.skip_space();
        let start = self.at;
        while self.text.get(self.at).is_some_and(|&byte| is_param_name(byte)) {
            self.at += 1;
        }
        let (name, name_end) = (&self.text[start..self.at], self.at);
        if name.is_empty() {
            return self.fail();
        }
        self.skip_space();
        if self.text.get(self.at) != Some(&b'=') {
            return Some(Param { name, value: None, name_end });
        }
        self.at += 1;
        self.skip_space();
        match self.value() {
            Some(value) => Some(Param { name, value: Some(value), name_end }),
            None => self.fail(),
        }
    }
}

/// RFC 3261 §25.1: names in URIs may have escapes and brackets as well.
fn is_param_name(byte: u8) -> bool {
    is_token(byte) || b"[]/:&$".contains(&byte)
}

/// A parameter by name, in any case.
pub(crate) fn find<'a>(text: &'a [u8], name: &str) -> Option<Param<'a>> {
    params(text).find(|param| param.name.eq_ignore_ascii_case(name.as_bytes()))
}

/// A parameter's value by name; a flag is an empty one.
pub(crate) fn value<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    find(text, name).map(|param| param.value.unwrap_or(b""))
}

/// All of it is parameters.
pub(crate) fn are_whole(text: &[u8]) -> bool {
    let mut all = params(text);
    all.by_ref().for_each(drop);
    all.whole
}

/// A value without its quotes; escaped characters stand for themselves.
pub(crate) fn unquote(value: &[u8]) -> Vec<u8> {
    let value = trim(value);
    let [b'"', inner @ .., b'"'] = value else { return value.to_vec() };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(bytes.next()),
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_with_space_quotes_and_flags() {
        let text = br#" ; tag = "a;\"b" ;lr;Expires=60"#;
        assert_eq!(value(text, "TAG"), Some(&br#""a;\"b""#[..]));
        assert_eq!(value(text, "lr"), Some(&b""[..]));
        assert_eq!(value(text, "expires"), Some(&b"60"[..]));
        assert_eq!(value(text, "none"), None);
        assert!(are_whole(text));
        assert_eq!(unquote(br#""a\"b""#), br#"a"b"#);
    }

    #[test]
    fn malformed_ones_are_noticed() {
        for bad in [&b";;a=1"[..], b";=1", b"a=1", b";a=", b";a=\"open", b";a b", b";"] {
            assert!(!are_whole(bad), "{}", String::from_utf8_lossy(bad));
        }
        assert!(are_whole(b"") && are_whole(b"  "));
        assert_eq!(value(b";a=1;;b=2", "b"), None);
    }
}
