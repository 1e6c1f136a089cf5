//! Start tags: names, attributes and namespaces, and what of them is remembered.

use crate::attributes::{Attribute, Attributes};
use crate::cutter::Cutter;
use crate::fail::Fail;
use crate::index::{Attr, Child, Kind, UNKNOWN};
use crate::kinds::{kid, verb};
use crate::names::{check, name_end, split};
use crate::scope::{Header, Namespace, is_content};
use crate::span::Span;
use crate::text::{check_value, unescape};
use crate::{BOSH, CLIENT, STREAMS};

/// Attributes of one element.
const ATTRIBUTES: usize = 40;

/// The attributes read so far.
struct Seen {
    names: [Span; ATTRIBUTES],
    count: usize,
    has_prefix: bool,
}

impl Cutter {
    /// Reads the start tag whose name begins at `at`, up to `end`. Returns the place of the name.
    pub(crate) fn start(&mut self, bytes: &[u8], at: usize, end: usize) -> Result<Span, Fail> {
        let name = Span::new(at, name_end(bytes, at).min(end));
        check(name.of(bytes))?;
        let mut seen = Seen { names: [Span::default(); ATTRIBUTES], count: 0, has_prefix: false };
        for attribute in Attributes::new(bytes, name.end as usize, end) {
            self.attribute(bytes, &mut seen, attribute?)?;
        }
        if seen.has_prefix {
            self.check_prefixed(bytes, &seen.names[..seen.count])?;
        }
        self.remember(bytes, name)?;
        Ok(name)
    }

    fn attribute(&mut self, bytes: &[u8], seen: &mut Seen, one: Attribute) -> Result<(), Fail> {
        let name = one.name.of(bytes);
        check(name)?;
        check_value(one.value.of(bytes))?;
        if seen.count == ATTRIBUTES {
            return Err(Fail::TooDeep);
        }
        if seen.names[..seen.count].iter().any(|other| other.of(bytes) == name) {
            return Err(Fail::NotWellFormed);
        }
        seen.names[seen.count] = one.name;
        seen.count += 1;
        let attr = Attr { value: one.value, whole: one.whole };
        match (self.depth, name) {
            (_, b"xmlns") => {
                self.scope.declare(bytes, self.depth, Span::default(), one.value)?;
                if self.depth == 1 {
                    self.own_default(bytes, one);
                }
            }
            (1, b"to") => self.index.to = attr,
            (1, b"from") => self.index.from = attr,
            (1, b"id") => self.index.id = one.value,
            (1, b"type") => self.index.type_ = attr,
            _ => match split(name) {
                (b"", _) => {}
                (b"xmlns", prefix) => {
                    let start = one.name.end as usize - prefix.len();
                    let prefix = Span::new(start, one.name.end as usize);
                    self.scope.declare(bytes, self.depth, prefix, one.value)?;
                }
                _ => seen.has_prefix = true,
            },
        }
        Ok(())
    }

    fn own_default(&mut self, bytes: &[u8], one: Attribute) {
        if is_content(&unescape(one.value.of(bytes)), self.header.content()) {
            self.index.own_content = one.whole;
        } else {
            self.index.has_default = true;
        }
    }

    /// Attributes with a prefix: it must be declared, and no two may be the same (Namespaces §6.3).
    fn check_prefixed(&mut self, bytes: &[u8], names: &[Span]) -> Result<(), Fail> {
        for (at, name) in names.iter().enumerate() {
            let (prefix, local) = split(name.of(bytes));
            if prefix.is_empty() || prefix == b"xmlns" {
                continue;
            }
            let namespace = self.resolve(bytes, prefix)?.of(bytes).into_owned();
            for other in &names[..at] {
                let (prefix, name) = split(other.of(bytes));
                let differs = prefix.is_empty() || prefix == b"xmlns" || name != local;
                if !differs && *self.resolve(bytes, prefix)?.of(bytes) == *namespace {
                    return Err(Fail::NotWellFormed);
                }
            }
        }
        Ok(())
    }

    /// The namespace of a prefix.
    fn resolve(&mut self, bytes: &[u8], prefix: &[u8]) -> Result<Namespace, Fail> {
        if let Some(span) = self.scope.find(bytes, prefix) {
            return Ok(Namespace::Declared(span));
        }
        if prefix == b"xml" {
            return Ok(Namespace::Xml);
        }
        if prefix != b"xmlns" && self.header.declares(prefix) {
            self.index.borrows = true;
            return Ok(Namespace::Header);
        }
        Err(Fail::Prefix)
    }

    /// The default namespace where we are.
    fn default(&mut self, bytes: &[u8]) -> Namespace {
        match self.scope.find(bytes, b"") {
            Some(span) if is_content(&unescape(span.of(bytes)), self.header.content()) => {
                Namespace::Content
            }
            Some(span) => Namespace::Declared(span),
            None if self.header.default_is_content() => Namespace::Content,
            None => {
                self.index.borrows = true;
                Namespace::Header
            }
        }
    }

    fn remember(&mut self, bytes: &[u8], name: Span) -> Result<(), Fail> {
        let (prefix, local) = split(name.of(bytes));
        let namespace = match prefix {
            b"" if self.depth > 2 => return Ok(()),
            b"" => self.default(bytes),
            prefix => self.resolve(bytes, prefix)?,
        };
        let uri = namespace.of(bytes);
        let content =
            matches!(namespace, Namespace::Content) || is_content(&uri, self.header.content());
        let uri = if content { CLIENT } else { &*uri };
        match self.depth {
            1 => {
                if !prefix.is_empty() {
                    self.default(bytes);
                }
                self.index.namespace = if content { Namespace::Content } else { namespace };
                self.index.name_start = name.start;
                self.index.name_end = name.end;
                self.index.kind = match local {
                    b"message" if content => Kind::Message,
                    b"presence" if content => Kind::Presence,
                    b"iq" if content => Kind::Iq,
                    _ => Kind::Other,
                };
                if self.index.kind == Kind::Other {
                    self.index.verb = verb(local, uri);
                }
            }
            2 => {
                let known = kid(local, uri);
                self.index.kids |= known.map_or(0, |bit| 1 << bit);
                self.index.children.push(Child {
                    start: name.start - 1,
                    end: 0,
                    namespace: if content { Namespace::Content } else { namespace },
                    known: known.unwrap_or(UNKNOWN),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// What the start tag around all elements declares; it has been read as an element is.
    pub(crate) fn read_header(
        &mut self,
        bytes: &[u8],
        name: Span,
        is_body: bool,
    ) -> Result<Header, Fail> {
        let (prefix, local) = split(name.of(bytes));
        let default = self.scope.find(bytes, b"");
        let uri = if prefix.is_empty() { default } else { self.scope.find(bytes, prefix) };
        let uri = uri.map(|span| unescape(span.of(bytes)));
        let (wanted, around): (&[u8], &[u8]) =
            if is_body { (b"body", BOSH) } else { (b"stream", STREAMS) };
        if uri.as_deref() != Some(around) {
            return Err(Fail::Namespace);
        }
        if local != wanted {
            return Err(Fail::Format);
        }
        self.index.namespace = match (prefix, default) {
            (b"", Some(span)) => Namespace::Declared(span),
            _ => self.resolve(bytes, prefix)?,
        };
        self.index.kind = Kind::Other;
        self.index.borrows = false;
        self.index.own_content = Span::default();
        let prefixes = self.scope.prefixes(bytes);
        let default = default.map(|span| unescape(span.of(bytes)));
        Ok(Header::new(name.of(bytes), default.as_deref(), prefixes))
    }
}
