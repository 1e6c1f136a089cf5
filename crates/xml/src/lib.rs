//! XML as XMPP streams carry it: a stream is cut into first-level elements that are well-formed,
//! free of what RFC 6120 §11.1 forbids, and bounded; elements are read lazily and written anew
//! with other addresses. No I/O, no clock, and no meaning: what an element asks for is not known
//! here.
//!
//! Files: `text`, `names`, `attributes` read the small parts; `scope` is about namespaces; `cutter`
//! with `start` cuts; `index` and `element` are what comes out; `kinds` tells known elements apart;
//! `walk` goes through an element again; `stamp` writes.

mod attributes;
mod cutter;
mod element;
mod fail;
mod index;
mod kinds;
mod names;
mod scope;
mod span;
mod stamp;
mod start;
mod text;
mod walk;

pub use cutter::{Cutter, Item, Layout};
pub use element::Element;
pub use fail::Fail;
pub use index::Kind;
pub use kinds::{KIDS, VERBS, kid, verb};
pub use stamp::{Outgoing, Stamp};
pub use text::{escape, unescape};

/// Namespace of streams (RFC 6120 §4.8.1).
pub const STREAMS: &[u8] = b"http://etherx.jabber.org/streams";
/// Namespace of the frames around a stream on a WebSocket (RFC 7395 §3.3).
pub const FRAMING: &[u8] = b"urn:ietf:params:xml:ns:xmpp-framing";
/// Namespace of the wrapper of a stream over HTTP (XEP-0124).
pub const BOSH: &[u8] = b"http://jabber.org/protocol/httpbind";
/// What content is canonically in (RFC 6120 §4.8.3).
pub const CLIENT: &[u8] = b"jabber:client";
