//! Attributes of a start tag, one after the other.

use memchr::memchr;

use crate::Fail;
use crate::names::name_end;
use crate::span::Span;
use crate::text::is_space;

/// One attribute. `whole` begins with the space before it.
#[derive(Clone, Copy)]
pub(crate) struct Attribute {
    pub(crate) name: Span,
    pub(crate) value: Span,
    pub(crate) whole: Span,
}

/// Reads `bytes` from `at`, behind the element's name, to `end`, before `>` or `/>`. Checks their
/// grammar, not their names and values.
pub(crate) struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize, end: usize) -> Attributes<'a> {
        Attributes { bytes: bytes.get(..end).unwrap_or_default(), at }
    }

    fn space(&self, mut at: usize) -> usize {
        while self.bytes.get(at).is_some_and(|&byte| is_space(byte)) {
            at += 1;
        }
        at
    }

    fn read(&mut self) -> Result<Option<Attribute>, Fail> {
        let lead = self.at;
        let start = self.space(lead);
        if start >= self.bytes.len() {
            return Ok(None);
        }
        let end = name_end(self.bytes, start);
        let equals = self.space(end);
        if start == lead || self.bytes.get(equals) != Some(&b'=') {
            return Err(Fail::NotWellFormed);
        }
        let open = self.space(equals + 1);
        let Some(&quote @ (b'"' | b'\'')) = self.bytes.get(open) else {
            return Err(Fail::NotWellFormed);
        };
        let length = memchr(quote, &self.bytes[open + 1..]).ok_or(Fail::NotWellFormed)?;
        self.at = open + length + 2;
        Ok(Some(Attribute {
            name: Span::new(start, end),
            value: Span::new(open + 1, open + 1 + length),
            whole: Span::new(lead, self.at),
        }))
    }
}

impl Iterator for Attributes<'_> {
    type Item = Result<Attribute, Fail>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
