//! What connections are told to do. Whoever is gone is passed over.

use std::sync::Arc;
use std::time::Instant;

use antiphon_xml::{Element, Outgoing, Stamp};

use crate::bucket::Bucket;
use crate::conn::Phase;
use crate::engine::Engine;
use crate::event::Id;
use crate::kept::Kept;

/// Limits of a connection; None: as it was.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes of an element.
    pub element: Option<u32>,
    /// Bytes a second.
    pub bytes: Option<u32>,
    /// Elements a second.
    pub elements: Option<u32>,
    /// Bytes waiting that are much.
    pub high: Option<u32>,
    /// Bytes waiting that are too much.
    pub outbox: Option<u32>,
}

impl Engine {
    /// Replaces the certificates: name → PEM of the chain, PEM of the key.
    pub fn identities<'a>(
        &mut self,
        pairs: impl IntoIterator<Item = (&'a str, &'a [u8], &'a [u8])>,
    ) -> Result<(), String> {
        self.tls.identities(pairs)
    }

    /// Replaces the roots by which peers are judged.
    pub fn trust(&mut self, roots: &[u8]) -> Result<(), String> {
        self.tls.trust(roots)
    }

    /// Sends one element to all of them; `addressed`: to each by its name.
    pub fn send(&mut self, to: &[Id], element: &Outgoing<'_>, addressed: bool) {
        for &id in to {
            let Some(conn) = self.get(id).filter(|conn| conn.is_ours()) else { continue };
            conn.put(element, addressed);
            self.touch(id);
        }
    }

    /// Sends an element on, with something changed. `addressed`: to each by its name.
    pub fn forward(&mut self, to: &[Id], element: &Element, stamp: &Stamp<'_>, addressed: bool) {
        let stamp = Stamp { without_to: addressed, ..*stamp };
        self.send(to, &element.stamp(&stamp), addressed);
    }

    /// Lets what follows come.
    pub fn resume(&mut self, id: Id, restart: bool, starttls: bool, free: bool) {
        let now = Instant::now();
        let Some(conn) = self.get(id).filter(|conn| conn.phase == Phase::Open) else { return };
        let was_asked = conn.framer.is_asked();
        let (framer, out) = conn.framing();
        framer.resume(restart || starttls, free, out);
        if was_asked {
            self.touch(id);
        }
        if starttls {
            self.starttls(id, now);
        } else if free {
            self.set_deadline(id, None, now);
        }
        self.go_on(id);
    }

    fn starttls(&mut self, id: Id, now: Instant) {
        let Some(conn) = self.get(id).filter(|conn| conn.tls.is_none()) else { return };
        let injected = !conn.input.is_empty();
        conn.input = Vec::new();
        self.counters.injected += u64::from(injected);
        self.flush_one(id);
        let Some(conn) = self.get(id) else { return };
        if conn.waiting() > 0 {
            // So little does not fit into the socket: nobody reads there.
            return self.drop(id, "outbox");
        }
        self.start_tls(id, now);
    }

    /// Answers a request for a WebSocket with an HTTP status.
    pub fn refuse(&mut self, id: Id, status: u16) {
        let Some(conn) = self.get(id).filter(|conn| conn.is_ours()) else { return };
        let (framer, out) = conn.framing();
        framer.refuse(status, out);
        self.end(id, "refused", Instant::now());
    }

    /// The name by which it is addressed among many.
    pub fn name(&mut self, id: Id, name: &str) {
        if let Some(conn) = self.get(id) {
            let mut escaped = Vec::with_capacity(name.len());
            antiphon_xml::escape(&mut escaped, name.as_bytes());
            conn.name = escaped.into();
        }
    }

    /// Sets limits.
    pub fn limits(&mut self, id: Id, limits: Limits) {
        let now = Instant::now();
        let Some(conn) = self.get(id) else { return };
        if let Some(element) = limits.element {
            conn.framer.set_limit(element);
        }
        if let Some(rate) = limits.bytes {
            conn.bytes = Bucket::new(rate, now);
        }
        if let Some(rate) = limits.elements {
            conn.elements = Bucket::new(rate, now);
        }
        conn.high = limits.high.unwrap_or(conn.high);
        conn.outbox = limits.outbox.unwrap_or(conn.outbox);
    }

    /// Reads nothing, or again.
    pub fn pause(&mut self, id: Id, paused: bool) {
        if let Some(conn) = self.get(id) {
            conn.paused = paused;
            self.go_on(id);
        }
    }

    /// Counts and keeps stanzas, or no longer.
    pub fn keep(&mut self, id: Id, kept: Option<Arc<Kept>>) {
        if let Some(conn) = self.get(id) {
            conn.kept = kept;
        }
    }

    /// Bytes that wait to be written.
    pub fn buffered(&mut self, id: Id) -> usize {
        self.get(id).map_or(0, |conn| conn.waiting())
    }

    /// Seconds since something came.
    pub fn idle(&mut self, id: Id) -> f64 {
        let now = Instant::now();
        self.get(id).map_or(0.0, |conn| now.saturating_duration_since(conn.heard).as_secs_f64())
    }

    /// Sends the rest and `last`, and ends the connection in order.
    pub fn close(&mut self, id: Id, last: &[u8]) {
        let Some(conn) = self.get(id).filter(|conn| conn.is_ours()) else { return };
        if conn.phase == Phase::Handshake {
            return self.drop(id, "closed");
        }
        if !last.is_empty() {
            conn.put(&Outgoing::new(last), false);
        }
        self.end(id, "closed", Instant::now());
    }

    /// Ends the connection as it is.
    pub fn abort(&mut self, id: Id) {
        self.drop(id, "aborted");
    }

    /// Connections now.
    pub fn open(&self) -> usize {
        self.conns.len()
    }
}
