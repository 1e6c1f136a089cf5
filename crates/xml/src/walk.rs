//! Goes through an element that was found well-formed, tag by tag.

use memchr::{memchr, memchr2, memmem};

use crate::text::unescape;

/// One step of the walk.
pub(crate) enum Step<'a> {
    /// Character data as written.
    Text(&'a [u8]),
    /// Character data that stands for itself.
    Plain(&'a [u8]),
    /// A start tag; whether it is an end tag as well.
    Start(bool),
    /// An end tag.
    End,
}

pub(crate) struct Walk<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        let bytes = self.0;
        if *bytes.first()? != b'<' {
            let end = memchr(b'<', bytes).unwrap_or(bytes.len());
            self.0 = &bytes[end..];
            return Some(Step::Text(&bytes[..end]));
        }
        if let Some(rest) = bytes.strip_prefix(b"<![CDATA[") {
            let end = memmem::find(rest, b"]]>")?;
            self.0 = &rest[end + 3..];
            return Some(Step::Plain(&rest[..end]));
        }
        let end = tag_end(bytes)?;
        self.0 = &bytes[end..];
        Some(match (bytes[1], bytes[end - 2]) {
            (b'/', _) => Step::End,
            (_, last) => Step::Start(last == b'/'),
        })
    }
}

/// Behind the `>` of the tag at the beginning.
pub(crate) fn tag_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        let quote = at + memchr2(b'"', b'\'', bytes.get(at..)?).unwrap_or(bytes.len());
        let end = at + memchr(b'>', bytes.get(at..)?)?;
        if end < quote {
            return (end >= 2).then_some(end + 1);
        }
        at = quote + 2 + memchr(bytes[quote], bytes.get(quote + 1..)?)?;
    }
}

/// Character data directly in the element, unescaped.
pub(crate) fn own_text(element: &[u8]) -> Vec<u8> {
    let mut depth = 0u32;
    let mut out = Vec::new();
    for step in Walk(element) {
        match step {
            Step::Text(text) if depth == 1 => out.extend_from_slice(&unescape(text)),
            Step::Plain(text) if depth == 1 => out.extend_from_slice(text),
            Step::Start(empty) => depth += u32::from(!empty),
            Step::End => depth = depth.saturating_sub(1),
            Step::Text(_) | Step::Plain(_) => {}
        }
    }
    out
}
