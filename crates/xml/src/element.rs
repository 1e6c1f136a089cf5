//! An element that has been cut, and what can be read of it. Values are looked for when asked for.

use std::borrow::Cow;

use crate::CLIENT;
use crate::attributes::{Attribute, Attributes};
use crate::cutter::{Cutter, Item, Layout};
use crate::fail::Fail;
use crate::index::{Child, Index, Kind};
use crate::names::{name_end, split};
use crate::scope::{Header, Namespace};
use crate::span::Span;
use crate::text::unescape;
use crate::walk::{own_text, tag_end};

/// One element. All that it needs is declared on itself, but for the namespace of content as the
/// default one.
#[derive(Clone, Debug)]
pub struct Element {
    pub(crate) raw: Box<[u8]>,
    pub(crate) index: Index,
    header: Option<&'static [u8]>,
    size: u32,
}

impl Element {
    pub(crate) fn new(raw: Box<[u8]>, index: Index, size: usize) -> Element {
        Element { raw, index, header: None, size: size as u32 }
    }

    pub(crate) fn of_header(
        raw: Vec<u8>,
        index: Index,
        content: &'static [u8],
        size: usize,
    ) -> Element {
        Element { raw: raw.into(), index, header: Some(content), size: size as u32 }
    }

    /// One that needs what the stream's header declares: it is declared on the element, which is
    /// read once more.
    pub(crate) fn borrowing(raw: &[u8], index: &Index, header: &Header) -> Result<Element, Fail> {
        let at = index.name_end as usize;
        let mut alone = Vec::with_capacity(raw.len() + 64);
        alone.extend_from_slice(&raw[..at]);
        header.write(&mut alone, |prefix| declared(raw, prefix).is_some());
        alone.extend_from_slice(&raw[at..]);
        let mut cutter = Cutter::new(Layout::Documents, u32::MAX);
        cutter.header = Header::bare(header);
        match cutter.next(&alone)? {
            Some((Item::Element(mut element), _)) => {
                element.size = raw.len() as u32;
                Ok(element)
            }
            _ => Err(Fail::NotWellFormed),
        }
    }

    /// It as the header of a stream whose elements are of this content.
    pub fn into_header(mut self, content: &'static [u8]) -> Element {
        self.header = Some(content);
        self
    }

    /// Exactly one element that stands alone, or is of `jabber:client`.
    pub fn parse(bytes: &[u8]) -> Result<Element, Fail> {
        let bytes = bytes.trim_ascii();
        if u32::try_from(bytes.len()).is_err() {
            return Err(Fail::TooBig);
        }
        let mut cutter = Cutter::new(Layout::Documents, u32::MAX);
        match cutter.next(bytes)? {
            Some((Item::Element(element), end)) if end == bytes.len() => Ok(element),
            _ => Err(Fail::NotWellFormed),
        }
    }

    /// Message, presence, iq, or neither.
    pub fn kind(&self) -> Kind {
        self.index.kind
    }

    /// Number in [`crate::VERBS`] plus one, of an element that is no stanza; 0 for the unknown.
    pub fn verb(&self) -> u8 {
        self.index.verb
    }

    /// Local name.
    pub fn name(&self) -> &[u8] {
        split(self.qualified()).1
    }

    pub(crate) fn qualified(&self) -> &[u8] {
        Span { start: self.index.name_start, end: self.index.name_end }.of(&self.raw)
    }

    /// Name of its namespace; that of content is `jabber:client`.
    pub fn namespace(&self) -> Cow<'_, [u8]> {
        self.index.namespace.of(&self.raw)
    }

    /// Bytes that came.
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// Of a header: the namespace of content that it declares as the default, or nothing.
    pub fn content(&self) -> Option<&'static [u8]> {
        self.header
    }

    /// Recipient, unescaped.
    pub fn to(&self) -> Option<Cow<'_, [u8]>> {
        self.index.to.value.some(&self.raw).map(unescape)
    }

    /// Sender, unescaped.
    pub fn from(&self) -> Option<Cow<'_, [u8]>> {
        self.index.from.value.some(&self.raw).map(unescape)
    }

    /// Identifier, unescaped.
    pub fn id(&self) -> Option<Cow<'_, [u8]>> {
        self.index.id.some(&self.raw).map(unescape)
    }

    /// Attribute `type`, unescaped.
    pub fn type_(&self) -> Option<Cow<'_, [u8]>> {
        self.index.type_.value.some(&self.raw).map(unescape)
    }

    /// An attribute, named as written; unescaped.
    pub fn attribute(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        attribute(&self.raw, name)
    }

    /// Bits of known children.
    pub fn kids(&self) -> u64 {
        self.index.kids
    }

    /// Whether there are children that are not known.
    pub fn has_others(&self) -> bool {
        self.index.others
    }

    /// Local name and namespace of the first child that is no stanza error.
    pub fn payload(&self) -> Option<(&[u8], Cow<'_, [u8]>)> {
        let is_error = |child: &&Child| {
            self.local_name(child) == b"error" && child.namespace == Namespace::Content
        };
        let child = self.index.children.iter().find(|child| !is_error(child))?;
        Some((self.local_name(child), child.namespace.of(&self.raw)))
    }

    pub(crate) fn local_name(&self, child: &Child) -> &[u8] {
        let bytes = self.bytes_of(child);
        split(&bytes[1..name_end(bytes, 1)]).1
    }

    pub(crate) fn bytes_of(&self, child: &Child) -> &[u8] {
        Span { start: child.start, end: child.end }.of(&self.raw)
    }

    /// Children of these bits; of 0, all.
    fn of_bits(&self, bits: u64) -> impl Iterator<Item = &Child> {
        let all = self.index.children.iter();
        all.filter(move |child| bits == 0 || (child.known < 64 && bits >> child.known & 1 != 0))
    }

    /// Character data of the element, unescaped.
    pub fn text(&self) -> Vec<u8> {
        own_text(&self.raw)
    }

    /// Character data of the first child of these bits, unescaped.
    pub fn child_text(&self, bits: u64) -> Option<Vec<u8>> {
        self.of_bits(bits).next().map(|child| own_text(self.bytes_of(child)))
    }

    /// An attribute, named as written, of the first child of these bits; unescaped.
    pub fn child_attribute(&self, bits: u64, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.of_bits(bits).next().and_then(|child| attribute(self.bytes_of(child), name))
    }

    /// Local name of the first child of these bits.
    pub fn child_name(&self, bits: u64) -> Option<&[u8]> {
        self.of_bits(bits).next().map(|child| self.local_name(child))
    }

    /// Children of these bits (of 0: all), each standing alone.
    pub fn children(&self, bits: u64) -> impl Iterator<Item = Vec<u8>> {
        self.of_bits(bits).map(|child| self.alone(child))
    }

    fn alone(&self, child: &Child) -> Vec<u8> {
        let bytes = self.bytes_of(child);
        let at = name_end(bytes, 1);
        let mut out = Vec::with_capacity(bytes.len() + 48);
        out.extend_from_slice(&bytes[..at]);
        if declared(bytes, b"").is_none() {
            out.extend_from_slice(b" xmlns='");
            match declared(&self.raw, b"") {
                Some(own) if self.index.has_default => quoted(&mut out, own),
                _ => out.extend_from_slice(CLIENT),
            }
            out.push(b'\'');
        }
        for one in attributes(&self.raw) {
            let Some(prefix) = one.name.of(&self.raw).strip_prefix(b"xmlns:") else { continue };
            if declared(bytes, prefix).is_none() {
                out.extend_from_slice(b" xmlns:");
                out.extend_from_slice(prefix);
                out.extend_from_slice(b"='");
                quoted(&mut out, one.value.of(&self.raw));
                out.push(b'\'');
            }
        }
        out.extend_from_slice(&bytes[at..]);
        out
    }
}

/// A value as written, for between `'`.
pub(crate) fn quoted(out: &mut Vec<u8>, value: &[u8]) {
    for (at, piece) in value.split(|&byte| byte == b'\'').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"&apos;");
        }
        out.extend_from_slice(piece);
    }
}

/// Attributes of the start tag at the beginning of an element that was found well-formed.
pub(crate) fn attributes(element: &[u8]) -> impl Iterator<Item = Attribute> {
    let end = tag_end(element).unwrap_or(0);
    let inner = end.saturating_sub(if element[..end].ends_with(b"/>") { 2 } else { 1 });
    Attributes::new(element, name_end(element, 1), inner).map_while(Result::ok)
}

fn attribute<'a>(element: &'a [u8], name: &[u8]) -> Option<Cow<'a, [u8]>> {
    let found = attributes(element).find(|one| one.name.of(element) == name)?;
    Some(unescape(found.value.of(element)))
}

/// The namespace, as written, that an element's own start tag declares for a prefix.
pub(crate) fn declared<'a>(element: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let is = |name: &[u8]| match prefix {
        b"" => name == b"xmlns",
        prefix => name.strip_prefix(b"xmlns:") == Some(prefix),
    };
    let found = attributes(element).find(|one| is(one.name.of(element)))?;
    Some(found.value.of(element))
}
