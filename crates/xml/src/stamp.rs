//! Elements on their way out: with other addresses, without some children, with further ones, and
//! for streams whose header declares namespaces or for those without one.

use std::borrow::Cow;

use crate::CLIENT;
use crate::STREAMS;
use crate::element::{Element, declared};
use crate::index::{Child, Kind};
use crate::names::name_end;
use crate::span::Span;
use crate::text::escape;

/// What is to be other than it came. Texts are unescaped, `extra` is complete elements.
#[derive(Clone, Copy, Default, Debug)]
pub struct Stamp<'a> {
    /// In place of the sender's `from`.
    pub from: Option<&'a [u8]>,
    /// In place of its `to`.
    pub to: Option<&'a [u8]>,
    /// Whether `to` is taken away even if none is given, since each recipient gets another.
    pub without_to: bool,
    /// In place of its `type`.
    pub type_: Option<&'a [u8]>,
    /// Further children.
    pub extra: &'a [u8],
    /// Bits of children that are left out.
    pub drop: u64,
    /// Stanza-ids that claim to be of this one are left out (XEP-0359 §4).
    pub by: &'a [u8],
}

/// One element to be written, once or several times.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    bytes: Cow<'a, [u8]>,
    /// Behind the name of its start tag: where attributes may be put in. 0: it is no start tag.
    at: usize,
    kind: Kind,
    /// Whether it takes its default namespace from the stream.
    is_bare: bool,
    /// Whether it uses `stream:` without declaring it.
    is_stream: bool,
}

impl<'a> Outgoing<'a> {
    /// What somebody made: one element, or a stream's header or end.
    pub fn new(bytes: &'a [u8]) -> Outgoing<'a> {
        let is_tag = bytes.first() == Some(&b'<')
            && bytes.get(1).is_some_and(|&next| next != b'?' && next != b'/');
        if !is_tag {
            let bytes = Cow::Borrowed(bytes);
            return Outgoing { bytes, at: 0, kind: Kind::Other, is_bare: false, is_stream: false };
        }
        let at = name_end(bytes, 1);
        let name = &bytes[1..at];
        let kind = match name {
            b"message" => Kind::Message,
            b"presence" => Kind::Presence,
            b"iq" => Kind::Iq,
            _ => Kind::Other,
        };
        let is_stream = name.starts_with(b"stream:") && declared(bytes, b"stream").is_none();
        let is_bare = declared(bytes, b"").is_none();
        Outgoing { bytes: Cow::Borrowed(bytes), at, kind, is_bare, is_stream }
    }

    /// Whether it is a message, presence or iq: these are counted (XEP-0198 §4).
    pub fn is_stanza(&self) -> bool {
        self.kind != Kind::Other
    }

    /// Appends it. `alone`: with the namespaces that a stream's header would declare. `to`: with
    /// this recipient, escaped already since it is often the same.
    pub fn write(&self, out: &mut Vec<u8>, alone: bool, to: Option<&[u8]>) {
        let (name, rest) = self.bytes.split_at(self.at.min(self.bytes.len()));
        out.reserve(self.bytes.len() + to.map_or(0, |to| to.len() + 8) + 24);
        out.extend_from_slice(name);
        if self.at > 0 {
            if alone && self.is_bare {
                attribute(out, b"xmlns", CLIENT);
            }
            if alone && self.is_stream {
                attribute(out, b"xmlns:stream", STREAMS);
            }
            if let Some(to) = to {
                out.extend_from_slice(b" to='");
                out.extend_from_slice(to);
                out.push(b'\'');
            }
        }
        out.extend_from_slice(rest);
    }

    /// It, standing alone.
    pub fn alone(&self, to: Option<&[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, true, to);
        out
    }
}

fn attribute(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.push(b' ');
    out.extend_from_slice(name);
    out.extend_from_slice(b"='");
    escape(out, value);
    out.push(b'\'');
}

impl Element {
    /// It, standing alone and otherwise as it came.
    pub fn raw(&self) -> Cow<'_, [u8]> {
        if self.content().is_some() || self.index.has_default {
            return Cow::Borrowed(&self.raw);
        }
        Cow::Owned(self.stamp(&Stamp::default()).alone(None))
    }

    /// It, with something changed.
    pub fn stamp(&self, stamp: &Stamp<'_>) -> Outgoing<'static> {
        let index = &self.index;
        let mut out = Vec::with_capacity(self.raw.len() + stamp.extra.len() + 96);
        let at = index.name_end as usize;
        out.extend_from_slice(&self.raw[..at]);
        for (name, value) in [(&b"from"[..], stamp.from), (b"to", stamp.to), (b"type", stamp.type_)]
        {
            if let Some(value) = value {
                attribute(&mut out, name, value);
            }
        }
        let cut = |span: Span, replaced: bool| if replaced { span } else { Span::default() };
        let mut cuts = [
            index.own_content,
            cut(index.from.whole, stamp.from.is_some()),
            cut(index.to.whole, stamp.to.is_some() || stamp.without_to),
            cut(index.type_.whole, stamp.type_.is_some()),
        ];
        cuts.sort_unstable_by_key(|span| span.start);
        let mut from = at;
        let mut skip = |out: &mut Vec<u8>, span: Span| {
            if span.is_some() {
                out.extend_from_slice(&self.raw[from..span.start as usize]);
                from = span.end as usize;
            }
        };
        for span in cuts {
            skip(&mut out, span);
        }
        if stamp.drop != 0 || !stamp.by.is_empty() {
            for child in index.children.iter().filter(|child| self.is_dropped(child, stamp)) {
                skip(&mut out, Span { start: child.start, end: child.end });
            }
        }
        self.finish(&mut out, from, stamp.extra);
        Outgoing {
            bytes: Cow::Owned(out),
            at,
            kind: index.kind,
            is_bare: !index.has_default,
            is_stream: false,
        }
    }

    fn finish(&self, out: &mut Vec<u8>, from: usize, extra: &[u8]) {
        let head_end = self.index.head_end as usize;
        if extra.is_empty() {
            out.extend_from_slice(&self.raw[from..]);
        } else if self.index.empty {
            out.extend_from_slice(&self.raw[from..head_end - 2]);
            out.push(b'>');
            out.extend_from_slice(extra);
            out.extend_from_slice(b"</");
            out.extend_from_slice(self.qualified());
            out.push(b'>');
        } else {
            let end = memchr::memrchr(b'<', &self.raw).unwrap_or(self.raw.len());
            out.extend_from_slice(&self.raw[from..end]);
            out.extend_from_slice(extra);
            out.extend_from_slice(&self.raw[end..]);
        }
    }

    fn is_dropped(&self, child: &Child, stamp: &Stamp<'_>) -> bool {
        if child.known < 64 && stamp.drop >> child.known & 1 != 0 {
            return true;
        }
        !stamp.by.is_empty() && self.is_id_of(child, stamp.by)
    }

    fn is_id_of(&self, child: &Child, by: &[u8]) -> bool {
        let bytes = self.bytes_of(child);
        crate::kinds::STANZA_ID == child.known
            && crate::element::attributes(bytes).any(|one| {
                one.name.of(bytes) == b"by" && *crate::text::unescape(one.value.of(bytes)) == *by
            })
    }
}
