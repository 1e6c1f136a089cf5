//! Namespaces: what is declared where, and what a stream's header declares for all its elements.

use std::borrow::Cow;

use crate::fail::Fail;
use crate::span::Span;
use crate::text::unescape;
use crate::{BOSH, CLIENT, STREAMS};

/// Declarations that may be in force at one place.
const LIMIT: usize = 128;

pub(crate) const XML: &[u8] = b"http://www.w3.org/XML/1998/namespace";
const XMLNS: &[u8] = b"http://www.w3.org/2000/xmlns/";

/// Namespaces that are one as far as stanzas go: the default of a stream's header (RFC 6120 §4.8.3,
/// XEP-0114), or none of one's own inside of XEP-0124's wrapper.
const CONTENTS: [&[u8]; 4] = [CLIENT, b"jabber:server", b"jabber:component:accept", BOSH];

/// Where the name of a namespace stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Namespace {
    /// That of the stream's content: canonically `jabber:client`.
    #[default]
    Content,
    /// In the element itself.
    Declared(Span),
    /// Prefix `xml`.
    Xml,
    /// Only on the stream's header: to be declared on the element before it stands alone.
    Header,
}

impl Namespace {
    pub(crate) fn of<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Namespace::Content => Cow::Borrowed(CLIENT),
            Namespace::Declared(span) => unescape(span.of(bytes)),
            Namespace::Xml => Cow::Borrowed(XML),
            Namespace::Header => Cow::Borrowed(b""),
        }
    }
}

#[derive(Clone, Copy)]
struct Declaration {
    depth: u16,
    prefix: Span,
    name: Span,
}

/// Declarations in force inside the element that is being read.
#[derive(Default)]
pub(crate) struct Scope(Vec<Declaration>);

impl Scope {
    /// Adds one. `prefix` is empty for the default.
    pub(crate) fn declare(
        &mut self,
        bytes: &[u8],
        depth: u16,
        prefix: Span,
        name: Span,
    ) -> Result<(), Fail> {
        let value = unescape(name.of(bytes));
        let fits = match prefix.of(bytes) {
            b"xmlns" => false,
            b"xml" => &*value == XML,
            b"" => &*value != XML && &*value != XMLNS,
            _ => !value.is_empty() && &*value != XML && &*value != XMLNS,
        };
        // No URI has these, and parsers that glue it to a name with one of them give up.
        let is_odd = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'{' | b'}');
        if !fits || value.iter().any(is_odd) {
            return Err(Fail::NotWellFormed);
        }
        if self.0.len() >= LIMIT {
            return Err(Fail::TooDeep);
        }
        self.0.push(Declaration { depth, prefix, name });
        Ok(())
    }

    pub(crate) fn leave(&mut self, depth: u16) {
        while self.0.last().is_some_and(|last| last.depth >= depth) {
            self.0.pop();
        }
    }

    /// The innermost declaration of a prefix; the empty one is the default.
    pub(crate) fn find(&self, bytes: &[u8], prefix: &[u8]) -> Option<Span> {
        let found = self.0.iter().rev().find(|one| one.prefix.of(bytes) == prefix)?;
        Some(found.name)
    }

    pub(crate) fn clear(&mut self) {
        if self.0.capacity() > 8 {
            self.0 = Vec::new();
        } else {
            self.0.clear();
        }
    }
}

/// Prefixes with their namespaces, as written.
pub(crate) type Prefixes = Vec<(Box<[u8]>, Box<[u8]>)>;

/// What the header of a stream declares. Nothing of it is stored for the usual one.
#[derive(Default, Debug)]
pub(crate) struct Header {
    unusual: Option<Box<Unusual>>,
    content: u8,
}

#[derive(Debug)]
struct Unusual {
    name: Box<[u8]>,
    default: Option<Box<[u8]>>,
    prefixes: Prefixes,
}

const USUAL: &[u8] = b"stream:stream";
const USUAL_PREFIX: &[u8] = b"stream";

impl Header {
    /// Of an element's start tag: its name, its default namespace, its prefixes.
    pub(crate) fn new(name: &[u8], default: Option<&[u8]>, prefixes: Prefixes) -> Header {
        let known = CONTENTS.iter().position(|&one| default == Some(one));
        let content = known.unwrap_or_default() as u8;
        let usual = name == USUAL
            && known.is_some()
            && prefixes.iter().all(|(prefix, uri)| &**prefix == USUAL_PREFIX && &**uri == STREAMS);
        if usual {
            return Header { unusual: None, content };
        }
        let default = if known.is_some() { None } else { Some(default.unwrap_or_default().into()) };
        let unusual = Some(Box::new(Unusual { name: name.into(), default, prefixes }));
        Header { unusual, content }
    }

    /// Name of its end tag.
    pub(crate) fn name(&self) -> &[u8] {
        self.unusual.as_ref().map_or(USUAL, |unusual| &unusual.name)
    }

    /// One that declares nothing but the content of another.
    pub(crate) fn bare(other: &Header) -> Header {
        Header { unusual: None, content: other.content }
    }

    /// The default namespace if that is one of content, or nothing.
    pub(crate) fn content(&self) -> &'static [u8] {
        let known = CONTENTS.get(usize::from(self.content)).copied();
        known.filter(|_| self.default_is_content()).unwrap_or_default()
    }

    /// Whether elements without a default namespace of their own are in one of content.
    pub(crate) fn default_is_content(&self) -> bool {
        self.unusual.as_ref().is_none_or(|unusual| unusual.default.is_none())
    }

    pub(crate) fn declares(&self, prefix: &[u8]) -> bool {
        match &self.unusual {
            None => prefix == USUAL_PREFIX,
            Some(unusual) => unusual.prefixes.iter().any(|(known, _)| &**known == prefix),
        }
    }

    /// Appends attributes that declare all this, but for what `has` says is declared already.
    pub(crate) fn write(&self, out: &mut Vec<u8>, has: impl Fn(&[u8]) -> bool) {
        let mut write = |prefix: &[u8], uri: &[u8]| {
            if has(prefix) {
                return;
            }
            out.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            out.extend_from_slice(prefix);
            // As it stood in an attribute; but the other quotation mark may have been around it.
            out.extend_from_slice(b"='");
            for piece in uri.split_inclusive(|&byte| byte == b'\'') {
                match piece.split_last() {
                    Some((b'\'', before)) => {
                        out.extend_from_slice(before);
                        out.extend_from_slice(b"&apos;");
                    }
                    _ => out.extend_from_slice(piece),
                }
            }
            out.push(b'\'');
        };
        let Some(unusual) = &self.unusual else { return write(USUAL_PREFIX, STREAMS) };
        if let Some(default) = &unusual.default {
            write(b"", default);
        }
        for (prefix, uri) in &unusual.prefixes {
            write(prefix, uri);
        }
    }
}

/// The namespace of content that `name` is canonically, if it is that of the stream.
pub(crate) fn is_content(name: &[u8], content: &[u8]) -> bool {
    !content.is_empty() && (name == content || (name == CLIENT && content == BOSH))
}

impl Scope {
    /// All prefixes with their namespaces.
    pub(crate) fn prefixes(&self, bytes: &[u8]) -> Prefixes {
        let named = self.0.iter().filter(|one| !one.prefix.of(bytes).is_empty());
        named.map(|one| (one.prefix.of(bytes).into(), one.name.of(bytes).into())).collect()
    }
}
