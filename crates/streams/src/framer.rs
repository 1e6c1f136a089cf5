//! The framing of one connection: bytes in, what is complete out. No I/O, no TLS.
//!
//! Before authentication one element comes, and then nothing until `resume`: what stands behind it
//! may have to be read otherwise, or not at all.

use std::sync::Arc;

use antiphon_xml::{CLIENT, Cutter, Element, FRAMING, Fail, Item, Layout, Outgoing};

use crate::frames::{self, Broken, Frame};
use crate::upgrade::{self, Look, Request};

/// How the bytes of a connection are to be read.
#[derive(Clone, Debug)]
pub enum Framing {
    /// RFC 6120.
    Xmpp,
    /// RFC 7395 on these paths.
    WebSocket(Arc<[String]>),
    /// As `WebSocket` if the first request asks for it, else as `Raw`.
    Http(Arc<[String]>),
    /// As they come.
    Raw,
    /// Wrappers of XEP-0124.
    Bosh,
}

/// What was found.
#[derive(Debug)]
pub enum Found {
    /// A WebSocket is asked for; nothing more is read until `resume`.
    Request(Box<Request>),
    /// The stream's header.
    Opened(Element),
    /// An element.
    Item(Element),
    /// So many bytes as they came.
    Bytes(usize),
    /// The stream's end.
    Ended,
    /// The stream cannot be read on: condition of the stream error.
    Failed(&'static str),
    /// The WebSocket ended.
    Closed,
    /// A request was refused: the connection ends when the answer is written.
    Refused,
}

enum Mode {
    Head { paths: Arc<[String]>, or_raw: bool },
    Asked(Box<Request>),
    Messages,
    Stream,
    Raw,
}

/// The state of one connection.
pub struct Framer {
    mode: Mode,
    cutter: Cutter,
    /// Pieces of a message of a WebSocket.
    joined: Vec<u8>,
    pieces: u16,
    limit: u32,
    is_free: bool,
    waits: bool,
    is_over: bool,
    code: u16,
}

/// Pieces that a message may come in; empty ones cost without counting as bytes.
const PIECES: u16 = 4096;
/// RFC 6455 §7.4.1: regular end.
const NORMAL: u16 = 1000;
/// Elements of XEP-0198 behind which stanzas are counted: nothing passes them unseen.
fn is_turn(element: &Element) -> bool {
    let number = element.verb();
    number != 0 && matches!(element.name(), b"enable" | b"resume")
}

impl Framer {
    /// At the beginning of a connection whose elements have at most `limit` bytes. `is_free`: all
    /// come without `resume`.
    pub fn new(framing: Framing, limit: u32, is_free: bool) -> Framer {
        let (mode, layout) = match framing {
            Framing::Xmpp => (Mode::Stream, Layout::Stream),
            Framing::Bosh => (Mode::Stream, Layout::Bodies),
            Framing::Raw => (Mode::Raw, Layout::Documents),
            Framing::WebSocket(paths) => (Mode::Head { paths, or_raw: false }, Layout::Documents),
            Framing::Http(paths) if paths.is_empty() => (Mode::Raw, Layout::Documents),
            Framing::Http(paths) => (Mode::Head { paths, or_raw: true }, Layout::Documents),
        };
        Framer {
            mode,
            cutter: Cutter::new(layout, limit),
            joined: Vec::new(),
            pieces: 0,
            limit,
            is_free,
            waits: false,
            is_over: false,
            code: NORMAL,
        }
    }

    /// Another limit of bytes.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
        self.cutter.set_limit(limit);
    }

    /// Whether nothing is read until `resume`.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// Whether nothing is read any more.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether elements come without `resume`, or bytes as they are.
    pub fn is_free(&self) -> bool {
        self.is_free || matches!(self.mode, Mode::Raw)
    }

    /// Whether it is a WebSocket.
    pub fn has_messages(&self) -> bool {
        matches!(self.mode, Mode::Messages)
    }

    /// Whether it has to be seen what the first request is.
    pub fn is_head(&self) -> bool {
        matches!(self.mode, Mode::Head { .. })
    }

    /// Whether the first request may be for somebody else.
    pub fn may_be_raw(&self) -> bool {
        matches!(self.mode, Mode::Head { or_raw: true, .. })
    }

    /// Whether a WebSocket is asked for.
    pub fn is_asked(&self) -> bool {
        matches!(self.mode, Mode::Asked(_))
    }

    /// Whether bytes are passed as they are.
    pub fn is_raw(&self) -> bool {
        matches!(self.mode, Mode::Raw)
    }

    /// Let what follows come. `restart`: a new stream follows.
    pub fn resume(&mut self, restart: bool, free: bool, out: &mut Vec<u8>) {
        if let Mode::Asked(request) = &self.mode {
            out.extend_from_slice(&request.accept());
            self.mode = Mode::Messages;
        }
        if restart {
            self.cutter.restart();
        }
        self.is_free |= free;
        self.waits = false;
    }

    /// Refuses a request for a WebSocket.
    pub fn refuse(&mut self, status: u16, out: &mut Vec<u8>) {
        self.is_over = true;
        if matches!(self.mode, Mode::Asked(_) | Mode::Head { .. }) {
            out.extend_from_slice(&upgrade::refusal(status));
        }
    }

    /// Appends what is to be sent, framed. Returns whether it was a stanza.
    pub fn send(&self, out: &mut Vec<u8>, element: &Outgoing<'_>, to: Option<&[u8]>) -> bool {
        if self.has_messages() {
            frames::text(out, &element.alone(to));
        } else {
            element.write(out, false, to);
        }
        element.is_stanza()
    }

    /// Appends the end of the framing itself.
    pub fn end(&self, out: &mut Vec<u8>) {
        if self.has_messages() {
            frames::close(out, self.code);
        }
    }

    /// The first complete thing of `input`, and how many bytes it took; None: more must come. `out`
    /// gets what the framing itself answers. `input` begins behind what was taken before, and may
    /// be changed where it was taken.
    pub fn next(&mut self, input: &mut [u8], out: &mut Vec<u8>) -> Option<(usize, Option<Found>)> {
        if self.waits || self.is_over {
            return None;
        }
        match &self.mode {
            Mode::Head { .. } => self.head(input, out),
            Mode::Asked(_) => None,
            Mode::Raw => {
                (!input.is_empty()).then_some((input.len(), Some(Found::Bytes(input.len()))))
            }
            Mode::Messages => self.message(input, out),
            Mode::Stream => match self.cutter.next(input) {
                Ok(None) => None,
                Ok(Some((item, used))) => Some((used, self.item(item))),
                Err(fail) => Some(self.fail(fail)),
            },
        }
    }

    fn fail(&mut self, fail: Fail) -> (usize, Option<Found>) {
        self.is_over = true;
        (0, Some(Found::Failed(fail.condition())))
    }

    fn broken(&mut self, broken: Broken) -> (usize, Option<Found>) {
        self.is_over = true;
        self.code = broken.code();
        let condition = match broken {
            Broken::TooBig => "policy-violation",
            Broken::Protocol | Broken::Binary => "bad-format",
        };
        (0, Some(Found::Failed(condition)))
    }

    fn head(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<(usize, Option<Found>)> {
        let Mode::Head { paths, or_raw } = &self.mode else { return None };
        if input.is_empty() {
            return None;
        }
        match upgrade::look(input, paths) {
            Look::Wait => None,
            Look::Other if *or_raw => {
                self.mode = Mode::Raw;
                Some((input.len(), Some(Found::Bytes(input.len()))))
            }
            Look::Other => self.refused(404, out),
            Look::Refused(status) => self.refused(status, out),
            Look::Asks(request, used) => {
                self.waits = true;
                self.mode = Mode::Asked(request.clone());
                Some((used, Some(Found::Request(request))))
            }
        }
    }

    fn refused(&mut self, status: u16, out: &mut Vec<u8>) -> Option<(usize, Option<Found>)> {
        self.refuse(status, out);
        Some((0, Some(Found::Refused)))
    }

    fn item(&mut self, item: Item) -> Option<Found> {
        match item {
            Item::Space => None,
            Item::Header(element) => Some(Found::Opened(element)),
            Item::End => Some(Found::Ended),
            Item::Element(element) => {
                self.waits = !self.is_free || is_turn(&element);
                Some(Found::Item(element))
            }
        }
    }

    fn message(&mut self, input: &mut [u8], out: &mut Vec<u8>) -> Option<(usize, Option<Found>)> {
        // The name of the namespace that each message must declare is no part of the element.
        let limit = self.limit as usize + 128;
        let (frame, start, end) = match frames::read(input, limit) {
            Ok(None) => return None,
            Ok(Some(read)) => read,
            Err(broken) => return Some(self.broken(broken)),
        };
        let payload = &input[start..end];
        let found = match frame {
            Frame::Pong => None,
            Frame::Ping => {
                frames::pong(out, payload);
                None
            }
            Frame::Close => {
                self.is_over = true;
                Some(Found::Closed)
            }
            Frame::Text { first, .. } if first != (self.pieces == 0) => {
                return Some(self.broken(Broken::Protocol));
            }
            Frame::Text { first: true, last: true } => self.document(payload),
            Frame::Text { last, .. } => {
                self.pieces += 1;
                if self.joined.len() + payload.len() > limit || self.pieces > PIECES {
                    return Some(self.broken(Broken::TooBig));
                }
                self.joined.extend_from_slice(payload);
                if last {
                    self.pieces = 0;
                    let whole = std::mem::take(&mut self.joined);
                    self.document(&whole)
                } else {
                    None
                }
            }
        };
        Some((end, found))
    }

    /// A message is one element, and whole (RFC 7395 §3.3.3).
    fn document(&mut self, message: &[u8]) -> Option<Found> {
        let mut at = 0;
        loop {
            match self.cutter.next(&message[at..]) {
                Ok(Some((Item::Space, used))) => at += used,
                Ok(Some((Item::Element(element), used))) => {
                    let rest = &message[at + used..];
                    if !rest.trim_ascii().is_empty() {
                        return self.fail(Fail::Format).1;
                    }
                    return self.of_document(element);
                }
                Ok(Some((Item::Header(_) | Item::End, _)) | None) => {
                    // Nothing but space keeps the connection alive; a part is not allowed.
                    let is_empty = message[at..].trim_ascii().is_empty();
                    return if is_empty { None } else { self.fail(Fail::NotWellFormed).1 };
                }
                Err(fail) => return self.fail(fail).1,
            }
        }
    }

    fn of_document(&mut self, element: Element) -> Option<Found> {
        if *element.namespace() == *FRAMING {
            match element.name() {
                b"open" => return Some(Found::Opened(element.into_header(CLIENT))),
                b"close" => return Some(Found::Ended),
                _ => {}
            }
        }
        self.item(Item::Element(element))
    }
}
