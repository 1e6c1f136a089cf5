//! Where things are in a message: lines and names are found once, values are decoded when somebody
//! asks. Nothing is copied.

use memchr::{memchr, memchr_iter, memrchr};
use smallvec::SmallVec;

use crate::address::{self, Address};
use crate::check;
use crate::header::{Method, Name, full};
use crate::text::{first, is_all_token, is_space, is_token, number, trim};
use crate::via::{self, Via};

/// A part of the message: from, to.
pub(crate) type Span = (u32, u32);

/// One header's place in the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) name: Name,
    pub(crate) start: u32,
    pub(crate) value: u32,
    pub(crate) value_end: u32,
    /// Behind the line end.
    pub(crate) end: u32,
}

/// The first line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    Request { method: Method, name: Span, uri: Span },
    Response { status: u16, reason: Span },
}

/// What makes a message refusable while it can still be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The status of the answer.
    pub status: u16,
    /// Its reason phrase.
    pub text: &'static str,
}

/// Why nothing at all can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable(pub &'static str);

/// Where things are in one message.
#[derive(Clone, Debug)]
pub struct Index {
    pub(crate) start: Start,
    pub(crate) lines: SmallVec<[Line; 16]>,
    /// Where the headers begin.
    pub(crate) headers: u32,
    /// Where they end: at the empty line.
    pub(crate) headers_end: u32,
    pub(crate) body: u32,
    /// Where the message ends by its Content-Length.
    pub(crate) end: u32,
    pub(crate) fault: Option<Fault>,
}

/// The bytes of a span.
pub(crate) fn slice(bytes: &[u8], span: Span) -> &[u8] {
    &bytes[span.0 as usize..span.1 as usize]
}

impl Line {
    pub(crate) fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        slice(bytes, (self.value, self.value_end))
    }

    /// With name and line end.
    pub(crate) fn whole<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        slice(bytes, (self.start, self.end))
    }

    /// The name as it was written.
    pub(crate) fn written<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let line = slice(bytes, (self.start, self.value));
        trim(&line[..memchr(b':', line).unwrap_or(line.len())])
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    fault: Option<Fault>,
}

impl Index {
    /// Reads one message of at most `most_headers` headers.
    pub fn parse(bytes: &[u8], most_headers: usize) -> Result<Index, Unreadable> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Unreadable("too long"));
        }
        let mut reader = Reader { bytes, at: 0, fault: None };
        let start = reader.start_line()?;
        let headers = reader.at as u32;
        let lines = reader.lines(most_headers)?;
        let (headers_end, body) = reader.empty_line();
        reader.check_line_ends(headers_end);
        let end = bytes.len() as u32;
        let fault = reader.fault;
        let (headers_end, body) = (headers_end as u32, body as u32);
        let mut index = Index { start, lines, headers, headers_end, body, end, fault };
        let found = check::message(&mut index, bytes);
        index.fault = index.fault.or(found.err());
        Ok(index)
    }

    pub(crate) fn line(&self, name: Name) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    pub(crate) fn value<'a>(&self, bytes: &'a [u8], name: Name) -> Option<&'a [u8]> {
        self.line(name).map(|line| line.value(bytes))
    }

    pub(crate) fn values<'a>(&self, bytes: &'a [u8], name: Name) -> impl Iterator<Item = &'a [u8]> {
        self.lines.iter().filter(move |line| line.name == name).map(move |line| line.value(bytes))
    }

    /// Lines of a name in any case, long or compact.
    pub(crate) fn named<'s>(&'s self, bytes: &[u8], name: &[u8]) -> impl Iterator<Item = &'s Line> {
        let (wanted, name) = (Name::of(name), full(name));
        let is = move |line: &&Line| {
            line.name == wanted
                && (wanted != Name::Other || full(line.written(bytes)).eq_ignore_ascii_case(name))
        };
        self.lines.iter().filter(is)
    }

    /// The method of a request; that of the CSeq of a response.
    pub(crate) fn method(&self, bytes: &[u8]) -> Method {
        match self.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => Method::of(self.method_name(bytes)),
        }
    }

    pub(crate) fn method_name<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        match self.start {
            Start::Request { name, .. } => slice(bytes, name),
            Start::Response { .. } => self.cseq(bytes).map_or(b"", |(_, name)| name),
        }
    }

    /// The Request-URI; empty for responses.
    pub(crate) fn uri<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        match self.start {
            Start::Request { uri, .. } => slice(bytes, uri),
            Start::Response { .. } => b"",
        }
    }

    /// 0 for requests.
    pub(crate) fn status(&self) -> u16 {
        match self.start {
            Start::Request { .. } => 0,
            Start::Response { status, .. } => status,
        }
    }

    pub(crate) fn cseq<'a>(&self, bytes: &'a [u8]) -> Option<(u32, &'a [u8])> {
        cseq(self.value(bytes, Name::CSeq)?)
    }

    pub(crate) fn call_id<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.value(bytes, Name::CallId).unwrap_or(b"")
    }

    pub(crate) fn address<'a>(&self, bytes: &'a [u8], name: Name) -> Option<Address<'a>> {
        address::parse(self.value(bytes, name)?)
    }

    pub(crate) fn tag<'a>(&self, bytes: &'a [u8], name: Name) -> Option<&'a [u8]> {
        address::read(self.value(bytes, name)?)?.tag()
    }

    pub(crate) fn top_via<'a>(&self, bytes: &'a [u8]) -> Option<Via<'a>> {
        via::read(first(self.value(bytes, Name::Via)?))
    }

    pub(crate) fn body<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        slice(bytes, (self.body, self.end))
    }
}

/// Number and method.
pub(crate) fn cseq(value: &[u8]) -> Option<(u32, &[u8])> {
    let end = value.iter().position(|&byte| is_space(byte))?;
    let number = number(&value[..end])?;
    // RFC 3261 §8.1.1.5: less than 2^31.
    let number = u32::try_from(number).ok().filter(|number| *number < 1 << 31)?;
    let method = trim(&value[end..]);
    is_all_token(method).then_some((number, method))
}

impl<'a> Reader<'a> {
    fn refuse(&mut self, status: u16, text: &'static str) {
        self.fault.get_or_insert(Fault { status, text });
    }

    fn start_line(&mut self) -> Result<Start, Unreadable> {
        // RFC 3261 §7.5: line ends before a message are ignored.
        while self.bytes[self.at..].starts_with(b"\r\n") {
            self.at += 2;
        }
        let line_start = self.at;
        let rest = &self.bytes[line_start..];
        let feed = memchr(b'\n', rest).ok_or(Unreadable("no line"))?;
        self.at = line_start + feed + 1;
        let line = rest[..feed].strip_suffix(b"\r").unwrap_or(&rest[..feed]);
        if line.len() >= 4 && line[..4].eq_ignore_ascii_case(b"SIP/") {
            status_line(line, line_start)
        } else {
            self.request_line(line, line_start)
        }
    }

    fn request_line(&mut self, line: &[u8], offset: usize) -> Result<Start, Unreadable> {
        let method_end = memchr(b' ', line).ok_or(Unreadable("no request line"))?;
        let name = &line[..method_end];
        if !is_all_token(name) {
            return Err(Unreadable("no method"));
        }
        let rest = &line[method_end + 1..];
        let uri_end = memrchr(b' ', rest).unwrap_or(rest.len());
        let version = rest.get(uri_end + 1..).unwrap_or(b"");
        let is_sip = |text: &[u8]| text.len() > 4 && text[..4].eq_ignore_ascii_case(b"SIP/");
        if !version.eq_ignore_ascii_case(b"SIP/2.0") {
            match is_sip(version) {
                true => self.refuse(505, "Version Not Supported"),
                false => self.refuse(400, "Bad Request Line"),
            }
        }
        let uri = offset + method_end + 1;
        Ok(Start::Request {
            method: Method::of(name),
            name: (offset as u32, (offset + method_end) as u32),
            uri: (uri as u32, (uri + uri_end) as u32),
        })
    }

    fn lines(&mut self, most: usize) -> Result<SmallVec<[Line; 16]>, Unreadable> {
        let mut lines = SmallVec::new();
        while !self.at_end_of_headers() {
            let start = self.at;
            self.at = self.end_of_line();
            if let Some(line) = self.line(start) {
                if lines.len() == most {
                    return Err(Unreadable("too many headers"));
                }
                lines.push(line);
            }
        }
        Ok(lines)
    }

    fn at_end_of_headers(&self) -> bool {
        matches!(&self.bytes[self.at..], [] | [b'\n', ..] | [b'\r', b'\n', ..])
    }

    /// Behind a line with its continuations (RFC 3261 §7.3.1).
    fn end_of_line(&self) -> usize {
        let mut at = self.at;
        loop {
            let Some(feed) = memchr(b'\n', &self.bytes[at..]) else { return self.bytes.len() };
            at += feed + 1;
            if !matches!(self.bytes.get(at), Some(b' ' | b'\t')) {
                return at;
            }
        }
    }

    fn line(&mut self, start: usize) -> Option<Line> {
        let line = &self.bytes[start..self.at];
        let Some(colon) = memchr(b':', line) else {
            self.refuse(400, "Header Without Colon");
            return None;
        };
        let spaces = line[..colon].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t'));
        let name = &line[..colon - spaces.count()];
        if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
            self.refuse(400, "Bad Header Name");
            return None;
        }
        let value = trim(&line[colon + 1..]);
        let before = line[colon + 1..].iter().take_while(|&&byte| is_space(byte)).count();
        let value_start = (start + colon + 1 + before).min(self.at);
        Some(Line {
            name: Name::of(name),
            start: start as u32,
            value: value_start as u32,
            value_end: (value_start + value.len()) as u32,
            end: self.at as u32,
        })
    }

    /// Where the empty line begins and the body does.
    fn empty_line(&mut self) -> (usize, usize) {
        let end = self.at;
        match &self.bytes[end..] {
            [b'\r', b'\n', ..] => (end, end + 2),
            [b'\n', ..] => (end, end + 1),
            _ => {
                self.refuse(400, "No End Of Headers");
                (end, end)
            }
        }
    }

    /// Others might take a lone CR or LF for a line end and read other headers than we do.
    fn check_line_ends(&mut self, headers_end: usize) {
        let head = &self.bytes[..(headers_end + 2).min(self.bytes.len())];
        let mut returns = memchr_iter(b'\r', head);
        let mut feeds = memchr_iter(b'\n', head);
        loop {
            match (returns.next(), feeds.next()) {
                (None, None) => return,
                (Some(cr), Some(lf)) if cr + 1 == lf => {}
                _ => return self.refuse(400, "Bad Line End"),
            }
        }
    }
}

fn status_line(line: &[u8], offset: usize) -> Result<Start, Unreadable> {
    let rest = line.get(8..).filter(|_| line[..8].eq_ignore_ascii_case(b"SIP/2.0 "));
    let rest = rest.ok_or(Unreadable("another version"))?;
    let digits = rest.get(..3).filter(|_| matches!(rest.get(3), None | Some(b' ')));
    let status = digits.and_then(number).filter(|status| (100..700).contains(status));
    let status = status.ok_or(Unreadable("no status code"))? as u16;
    let reason = (offset + line.len().min(12)) as u32;
    Ok(Start::Response { status, reason: (reason, (offset + line.len()) as u32) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\
        From: <sip:a@h>;tag=1\r\nTo : <sip:b@h>\r\ni: x\r\nCSeq: 7\r\n  OPTIONS\r\nX-Y:\r\n\
        l: 2\r\n\r\nok and more";

    fn parse(bytes: &[u8]) -> Index {
        Index::parse(bytes, 256).unwrap()
    }

    #[test]
    fn everything_is_found() {
        let index = parse(OPTIONS);
        assert_eq!(index.fault, None);
        assert_eq!(index.cseq(OPTIONS), Some((7, &b"OPTIONS"[..])));
        assert_eq!(index.body(OPTIONS), b"ok");
        assert_eq!(index.tag(OPTIONS, Name::From), Some(&b"1"[..]));
        let empty = index.named(OPTIONS, b"x-y").next().unwrap();
        assert_eq!((empty.value(OPTIONS), empty.written(OPTIONS)), (&b""[..], &b"X-Y"[..]));
        assert_eq!(index.top_via(OPTIONS).unwrap().branch(), Some(&b"z9hG4bK1"[..]));
    }

    #[test]
    fn status_lines() {
        let tail = b"\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\
            Call-ID: x\r\nCSeq: 7 BYE\r\n\r\n";
        let read = |line: &str| {
            let bytes = [line.as_bytes(), tail].concat();
            let index = Index::parse(&bytes, 256)?;
            let Start::Response { status, reason } = index.start else { panic!("a request") };
            Ok::<_, Unreadable>((status, slice(&bytes, reason).to_vec()))
        };
        assert_eq!(read("SIP/2.0 200 All right"), Ok((200, b"All right".to_vec())));
        assert_eq!(read("SIP/2.0 200 "), Ok((200, Vec::new())));
        assert_eq!(read("SIP/2.0 200"), Ok((200, Vec::new())));
        for bad in ["SIP/2.0 2000 OK", "SIP/2.0 099 No", "SIP/2.1 200 OK", "SIP/2.0"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn line_ends_are_both_bytes() {
        let text = String::from_utf8(OPTIONS.to_vec()).unwrap();
        for (from, to) in [("i: x\r\n", "i: x\n"), ("i: x", "i: x\ry"), ("X-Y:\r\n", "X-Y:\r\r\n")]
        {
            let bytes = text.replace(from, to).into_bytes();
            assert_eq!(parse(&bytes).fault.unwrap().status, 400, "{to:?}");
        }
    }

    #[test]
    fn headers_are_counted() {
        assert!(Index::parse(OPTIONS, 6).is_err());
        assert!(Index::parse(OPTIONS, 7).is_ok());
    }
}
