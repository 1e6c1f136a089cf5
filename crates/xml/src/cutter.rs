//! Cuts what comes in a stream into first-level elements. Incremental: no byte is looked at twice
//! while an element is incomplete, however it was cut on its way.

use memchr::{memchr, memchr3, memmem};

use crate::element::Element;
use crate::fail::Fail;
use crate::index::{Index, UNKNOWN};
use crate::scope::{Header, Scope};
use crate::span::Span;
use crate::text::{check_encoding, check_plain, check_text, is_space};

/// What is around the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `<stream:stream>` that stays open (RFC 6120 §4.2).
    Stream,
    /// Nothing: each element is a document (RFC 7395 §3.3).
    Documents,
    /// `<body>`, which may be empty, and may come again (XEP-0124).
    Bodies,
}

/// One piece of a stream.
#[derive(Debug)]
pub enum Item {
    /// White space between elements, or an XML declaration.
    Space,
    /// The start tag around the elements, as an empty element.
    Header(Element),
    /// An element.
    Element(Element),
    /// The end tag around the elements.
    End,
}

/// Elements may be nested so deep, the one around them not counted.
pub(crate) const DEPTH: u16 = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Character data; `mark` is its beginning.
    Text,
    /// Behind `<`; `mark` is at it.
    Markup,
    /// In a tag whose end is not there; the quotation mark if in an attribute's value.
    Tag(u8),
    /// In a CDATA section.
    Cdata,
}

/// The state of one stream. `next` gets everything that it has not consumed, again.
pub struct Cutter {
    layout: Layout,
    state: State,
    limit: u32,
    pos: u32,
    mark: u32,
    pub(crate) depth: u16,
    is_open: bool,
    was_declared: bool,
    ends: bool,
    pub(crate) header: Header,
    names: Vec<Span>,
    pub(crate) scope: Scope,
    pub(crate) index: Index,
}

impl Cutter {
    /// At the beginning of a stream whose elements have at most `limit` bytes.
    pub fn new(layout: Layout, limit: u32) -> Cutter {
        Cutter {
            layout,
            state: State::Text,
            limit,
            pos: 0,
            mark: 0,
            depth: 0,
            is_open: layout == Layout::Documents,
            was_declared: false,
            ends: false,
            header: Header::default(),
            names: Vec::new(),
            scope: Scope::default(),
            index: Index::default(),
        }
    }

    /// Another limit, for what is cut from now on.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// A new stream begins (RFC 6120 §4.3.3).
    pub fn restart(&mut self) {
        *self = Cutter::new(self.layout, self.limit);
    }

    /// Whether the beginning of something is waiting for its end.
    pub fn is_inside(&self) -> bool {
        self.depth > 0 || self.state != State::Text
    }

    /// The first item of `input` and how many bytes it took; None: more must come. `input` begins
    /// behind what was taken before.
    pub fn next(&mut self, input: &[u8]) -> Result<Option<(Item, usize)>, Fail> {
        if self.ends {
            self.end_body();
            return Ok(Some((Item::End, 0)));
        }
        loop {
            let more = match self.state {
                State::Text => match self.text(input)? {
                    Text::Space(end) => return Ok(Some((Item::Space, end))),
                    Text::Markup => true,
                    Text::Wait => false,
                },
                State::Markup => self.markup(input)?,
                State::Cdata => self.cdata(input)?,
                State::Tag(quote) => match self.tag_end(input, quote) {
                    None => false,
                    Some(end) => {
                        self.check_size(end)?;
                        if let Some(item) = self.tag(input, end)? {
                            return Ok(Some((item, end)));
                        }
                        true
                    }
                },
            };
            if !more {
                self.check_size(input.len())?;
                return Ok(None);
            }
        }
    }

    fn check_size(&self, size: usize) -> Result<(), Fail> {
        if size > self.limit as usize { Err(Fail::TooBig) } else { Ok(()) }
    }

    fn text(&mut self, input: &[u8]) -> Result<Text, Fail> {
        let from = self.pos as usize;
        let found = memchr(b'<', &input[from..]);
        let end = found.map_or(input.len(), |at| from + at);
        if self.depth == 0 {
            if !input[from..end].iter().all(|&byte| is_space(byte)) {
                return Err(Fail::NotWellFormed);
            }
            if end > 0 {
                return Ok(Text::Space(end));
            }
        }
        self.pos = end as u32;
        if found.is_none() {
            return Ok(Text::Wait);
        }
        check_text(&input[self.mark as usize..end])?;
        self.mark = end as u32;
        self.pos = end as u32 + 1;
        self.state = State::Markup;
        Ok(Text::Markup)
    }

    /// Decides by what follows `<`.
    fn markup(&mut self, input: &[u8]) -> Result<bool, Fail> {
        const CDATA: &[u8] = b"<![CDATA[";
        let rest = &input[self.mark as usize..];
        match rest.get(1) {
            None => return Ok(false),
            Some(b'!') => {
                let length = rest.len().min(CDATA.len());
                if self.depth == 0 || rest[..length] != CDATA[..length] {
                    return Err(Fail::Restricted);
                }
                if length < CDATA.len() {
                    return Ok(false);
                }
                self.pos = self.mark + CDATA.len() as u32;
                self.mark = self.pos;
                self.state = State::Cdata;
            }
            Some(_) => self.state = State::Tag(0),
        }
        Ok(true)
    }

    fn cdata(&mut self, input: &[u8]) -> Result<bool, Fail> {
        let from = self.pos as usize;
        let Some(at) = memmem::find(&input[from..], b"]]>") else {
            // The end may have begun.
            self.pos = self.mark.max((input.len() as u32).saturating_sub(2));
            return Ok(false);
        };
        check_plain(&input[self.mark as usize..from + at])?;
        self.begin_text(from + at + 3);
        Ok(true)
    }

    fn begin_text(&mut self, at: usize) {
        self.pos = at as u32;
        self.mark = self.pos;
        self.state = State::Text;
    }

    /// Behind the `>` that ends the tag.
    fn tag_end(&mut self, input: &[u8], mut quote: u8) -> Option<usize> {
        let mut at = self.pos as usize;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            let found = match quote {
                0 => memchr3(b'>', b'"', b'\'', rest),
                quote => memchr(quote, rest),
            };
            let Some(found) = found else {
                self.pos = input.len() as u32;
                self.state = State::Tag(quote);
                return None;
            };
            at += found + 1;
            match (quote, rest[found]) {
                (0, b'>') => return Some(at),
                (0, mark) => quote = mark,
                _ => quote = 0,
            }
        }
    }

    fn tag(&mut self, input: &[u8], end: usize) -> Result<Option<Item>, Fail> {
        let start = self.mark as usize;
        self.begin_text(end);
        match input[start + 1] {
            b'?' => self.declaration(&input[start..end]).map(Some),
            b'/' => self.end_tag(input, start, end),
            _ => self.start_tag(input, start, end),
        }
    }

    /// `<?xml version='1.0'?>`: nothing else with `?` may come, and this only before a header.
    fn declaration(&mut self, tag: &[u8]) -> Result<Item, Fail> {
        let may = self.depth == 0
            && !self.was_declared
            && (!self.is_open || self.layout == Layout::Documents);
        if !may || !tag.starts_with(b"<?xml ") || !tag.ends_with(b"?>") {
            return Err(Fail::Restricted);
        }
        if let Some(at) = memmem::find(tag, b"encoding") {
            let value = tag[at + 8..].trim_ascii_start();
            let value = value.strip_prefix(b"=").ok_or(Fail::NotWellFormed)?.trim_ascii_start();
            let name = value.get(1..6).unwrap_or_default();
            if !name.eq_ignore_ascii_case(b"utf-8") {
                return Err(Fail::Encoding);
            }
        }
        self.reset();
        self.was_declared = true;
        Ok(Item::Space)
    }

    fn end_tag(&mut self, input: &[u8], start: usize, end: usize) -> Result<Option<Item>, Fail> {
        let name = input[start + 2..end - 1].trim_ascii_end();
        if self.depth == 0 {
            if self.layout == Layout::Documents || !self.is_open || name != self.header.name() {
                return Err(Fail::NotWellFormed);
            }
            self.end_body();
            return Ok(Some(Item::End));
        }
        let opened = self.names.pop().ok_or(Fail::NotWellFormed)?;
        if opened.of(input) != name {
            return Err(Fail::NotWellFormed);
        }
        self.leave(input, end)
    }

    fn start_tag(&mut self, input: &[u8], start: usize, end: usize) -> Result<Option<Item>, Fail> {
        let empty = input[end - 2] == b'/';
        if self.depth >= DEPTH {
            return Err(Fail::TooDeep);
        }
        self.depth += 1;
        let inner = end - if empty { 2 } else { 1 };
        let name = self.start(input, start + 1, inner)?;
        if self.depth == 1 {
            self.index.head_end = end as u32;
            self.index.empty = empty;
            if !self.is_open {
                return self.header(input, name, end, empty).map(Some);
            }
        }
        if empty {
            return self.leave(input, end);
        }
        self.names.push(name);
        Ok(None)
    }

    fn leave(&mut self, input: &[u8], end: usize) -> Result<Option<Item>, Fail> {
        self.scope.leave(self.depth);
        self.depth -= 1;
        match self.depth {
            0 => self.element(&input[..end]).map(|element| Some(Item::Element(element))),
            1 => {
                if let Some(child) = self.index.children.last_mut() {
                    child.end = end as u32;
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn header(&mut self, input: &[u8], name: Span, end: usize, empty: bool) -> Result<Item, Fail> {
        check_encoding(&input[..end])?;
        let header = self.read_header(input, name, self.layout == Layout::Bodies)?;
        self.ends = empty;
        self.is_open = true;
        let mut raw = Vec::with_capacity(end + 1);
        raw.extend_from_slice(&input[..end - if empty { 2 } else { 1 }]);
        raw.extend_from_slice(b"/>");
        let mut index = std::mem::take(&mut self.index);
        index.head_end = raw.len() as u32;
        index.empty = true;
        self.reset();
        self.header = header;
        Ok(Item::Header(Element::of_header(raw, index, self.header.content(), end)))
    }

    fn element(&mut self, raw: &[u8]) -> Result<Element, Fail> {
        check_encoding(raw)?;
        let mut index = std::mem::take(&mut self.index);
        index.others = index.children.iter().any(|child| child.known == UNKNOWN);
        self.reset();
        if index.borrows {
            return Element::borrowing(raw, &index, &self.header);
        }
        Ok(Element::new(raw.into(), index, raw.len()))
    }

    fn reset(&mut self) {
        self.state = State::Text;
        self.pos = 0;
        self.mark = 0;
        self.depth = 0;
        self.was_declared = false;
        self.index = Index::default();
        self.scope.clear();
        if self.names.capacity() > 16 {
            self.names = Vec::new();
        }
        self.names.clear();
    }

    fn end_body(&mut self) {
        self.reset();
        self.ends = false;
        self.is_open = false;
        // A second stream may not follow in the same; another wrapper may.
        self.was_declared = self.layout == Layout::Stream;
        self.header = Header::default();
    }
}

enum Text {
    Space(usize),
    Markup,
    Wait,
}
