//! What goes out on connections, and how they end.

use std::mem::take;
use std::time::Instant;

use crate::conn::{Phase, Reason};
use crate::engine::{ENDING, Engine, LINGERERS, LINGERING, slot};
use crate::event::{Event, Id, What};

impl Engine {
    /// Writes what verbs have put into queues.
    pub fn flush(&mut self) {
        let mut dirty = take(&mut self.dirty);
        for &id in &dirty {
            self.flush_one(id);
        }
        dirty.clear();
        if self.dirty.is_empty() {
            self.dirty = dirty;
        }
    }

    pub(crate) fn flush_one(&mut self, id: Id) {
        let Some(conn) = self.get(id) else { return };
        conn.dirty = false;
        if let Some(reason) = conn.doomed {
            self.counters.ended(reason);
            return self.drop(id, reason);
        }
        let done = conn.write();
        let (waiting, high) = (conn.waiting(), conn.high as usize);
        let tag = conn.tag;
        if !conn.is_full && waiting > high {
            conn.is_full = true;
            self.tell(Event { tag, id, what: What::Full });
        } else if conn.is_full && waiting <= high / 4 {
            conn.is_full = false;
            self.tell(Event { tag, id, what: What::Drained });
        }
        self.counters.writes += 1;
        let Some(conn) = self.get(id) else { return };
        match done {
            Err(reason) => self.drop(id, reason),
            Ok(all) => {
                let reads = conn.reads;
                let handshake = conn.phase == Phase::Handshake
                    && conn.tls.as_ref().is_some_and(|tls| !tls.wants_write());
                let ending = conn.phase == Phase::Ending;
                self.watch(id, reads, !all && !handshake);
                if all && ending {
                    self.finish(id);
                }
            }
        }
    }

    fn finish(&mut self, id: Id) {
        let now = Instant::now();
        let may_linger = self.lingerers < LINGERERS;
        let Some(conn) = self.get(id) else { return };
        match conn.finish() {
            Ok(false) => {
                let reads = conn.reads;
                self.watch(id, reads, true);
            }
            Ok(true) if !conn.has_ended && may_linger => {
                conn.phase = Phase::Lingering;
                self.lingerers += 1;
                self.set_deadline(id, Some(now + LINGERING), now);
                self.watch(id, true, false);
            }
            Ok(true) => {
                let reason = conn.reason;
                self.drop(id, reason);
            }
            Err(reason) => self.drop(id, reason),
        }
    }

    /// Sends what waits, then ends the connection in order.
    pub(crate) fn end(&mut self, id: Id, reason: Reason, now: Instant) {
        let Some(conn) = self.get(id) else { return };
        conn.phase = Phase::Ending;
        conn.doomed = None;
        conn.input = Vec::new();
        conn.reason = reason;
        conn.mark = conn.sent;
        let (framer, out) = conn.framing();
        framer.end(out);
        self.set_deadline(id, Some(now + ENDING), now);
        self.touch(id);
    }

    /// Ends the connection as it is.
    pub(crate) fn drop(&mut self, id: Id, reason: Reason) {
        if self.get(id).is_none() {
            return;
        }
        let conn = self.conns.remove(slot(id));
        self.lingerers -= usize::from(conn.phase == Phase::Lingering);
        self.counters.closed += 1;
        let what = What::Closed(reason, conn.received, conn.sent);
        self.tell(Event { tag: conn.tag, id, what });
    }
}
