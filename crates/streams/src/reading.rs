//! What comes on connections: read, decrypted, cut, told.

use std::mem::take;
use std::time::Instant;

use rustix::event::epoll::EventFlags;

use crate::conn::{Conn, Phase};
use crate::engine::{ELEMENTS, Engine, FAILED, PIECE, slot};
use crate::event::{Event, Id, What};
use crate::framer::Found;

impl Engine {
    pub(crate) fn fail(
        &mut self,
        id: Id,
        why: &'static str,
        events: &mut Vec<Event>,
        now: Instant,
    ) {
        let Some(conn) = self.get(id) else { return };
        conn.phase = Phase::Failed;
        conn.input = Vec::new();
        let tag = conn.tag;
        events.push(Event { tag, id, what: What::Found(Found::Failed(why), 0) });
        self.counters.failed += 1;
        self.set_deadline(id, Some(now + FAILED), now);
    }

    pub(crate) fn readable(
        &mut self,
        id: Id,
        flags: EventFlags,
        events: &mut Vec<Event>,
        now: Instant,
    ) {
        let Some(conn) = self.conns.get_mut(slot(id)).filter(|conn| conn.id == id) else { return };
        if !conn.may_read() {
            if flags.intersects(EventFlags::HUP | EventFlags::ERR) && !conn.is_behind {
                self.drop(id, "reset");
            } else {
                let writes = conn.writes;
                self.watch(id, false, writes);
            }
            return;
        }
        if conn.phase == Phase::Handshake {
            if self.handshakes == 0 {
                return;
            }
            self.handshakes -= 1;
        }
        let mut plain = take(&mut self.plain);
        plain.clear();
        let read = conn.read(&mut self.piece, &mut plain, now);
        self.counters.reads += 1;
        match read {
            Ok(false) => {}
            Ok(true) => self.came(id, &mut plain, events, now),
            Err(reason) => {
                // TLS may have an alert to send.
                let _ = conn.write();
                self.counters.tls_failures += u64::from(reason == "tls");
                self.drop(id, reason);
            }
        }
        if plain.capacity() <= 4 * PIECE {
            self.plain = plain;
        }
    }

    fn came(&mut self, id: Id, plain: &mut [u8], events: &mut Vec<Event>, now: Instant) {
        self.after_handshake(id, events, now);
        let Some(conn) = self.get(id) else { return };
        let has_ended = conn.has_ended;
        if conn.input.is_empty() {
            let taken = self.cut(id, plain, events, now);
            if let Some(conn) = self.get(id)
                && conn.phase == Phase::Open
            {
                conn.input.extend_from_slice(&plain[taken..]);
            }
        } else {
            conn.input.extend_from_slice(plain);
            self.catch_up(id, events, now);
        }
        if has_ended {
            self.ended(id, events);
        }
    }

    /// The peer has sent its last.
    fn ended(&mut self, id: Id, events: &mut Vec<Event>) {
        let Some(conn) = self.get(id) else { return };
        match conn.phase {
            Phase::Lingering => {
                let reason = conn.reason;
                return self.drop(id, reason);
            }
            Phase::Handshake => return self.drop(id, "eof"),
            Phase::Failed | Phase::Ending => return,
            Phase::Open => {}
        }
        // What came before is told first.
        let is_held = conn.is_behind || conn.framer.waits() || !conn.may_cut();
        if is_held && !conn.input.is_empty() {
            return;
        }
        if conn.framer.is_raw() {
            let (tag, writes) = (conn.tag, conn.writes);
            events.push(Event { tag, id, what: What::Found(Found::Ended, 0) });
            self.watch(id, false, writes);
        } else {
            self.drop(id, "eof");
        }
    }

    fn after_handshake(&mut self, id: Id, events: &mut Vec<Event>, now: Instant) {
        let Some(conn) = self.conns.get_mut(slot(id)).filter(|conn| conn.id == id) else { return };
        let Some(connection) = &conn.tls else { return };
        if conn.phase == Phase::Handshake && !connection.is_handshaking() {
            conn.phase = Phase::Open;
            let name = conn.server_name.as_deref().unwrap_or_default();
            let secured = Box::new(self.tls.secured(connection, name));
            events.push(Event { tag: conn.tag, id, what: What::Secured(secured) });
            self.counters.handshakes += 1;
            self.set_first_deadline(id, now);
        }
        let Some(conn) = self.get(id) else { return };
        let wants = conn.tls.as_ref().is_some_and(|tls| tls.wants_write());
        if wants || (conn.phase == Phase::Open && conn.waiting() > 0) {
            self.touch(id);
        }
    }

    /// Goes on with what had come before.
    pub(crate) fn catch_up(&mut self, id: Id, events: &mut Vec<Event>, now: Instant) {
        let Some(conn) = self.get(id) else { return };
        conn.is_behind = false;
        let mut input = take(&mut conn.input);
        let taken = self.cut(id, &mut input, events, now);
        if let Some(conn) = self.get(id)
            && conn.phase == Phase::Open
            && taken < input.len()
        {
            input.drain(..taken);
            conn.input = input;
        }
        let Some(conn) = self.get(id) else { return };
        if conn.has_ended {
            self.ended(id, events);
        } else if !conn.reads && conn.may_read() {
            let writes = conn.writes;
            self.watch(id, true, writes);
        }
    }

    /// Tells what is complete; how many bytes that took.
    fn cut(&mut self, id: Id, bytes: &mut [u8], events: &mut Vec<Event>, now: Instant) -> usize {
        let mut at = 0;
        let mut told = 0;
        let Some(conn) = self.conns.get_mut(slot(id)).filter(|conn| conn.id == id) else {
            return 0;
        };
        let before = conn.waiting();
        let mut failed = None;
        let mut over = None;
        if let Some(wait) = conn.bytes.wait(now) {
            // What has come is told all the same: the bytes are here.
            conn.throttled = Some(now + wait);
            self.counters.throttled += 1;
            self.alarm.at(now + wait, id, now);
        }
        while conn.phase == Phase::Open && !conn.paused {
            if told == ELEMENTS {
                conn.is_behind = true;
                self.behind.push_back(id);
                break;
            }
            if let Some(wait) = conn.elements.wait(now) {
                conn.throttled = Some(now + wait);
                self.counters.throttled += 1;
                self.alarm.at(now + wait, id, now);
                break;
            }
            let (framer, out) = conn.framing();
            let Some((used, found)) = framer.next(&mut bytes[at..], out) else { break };
            let (what, last) = match found {
                None => {
                    // Pings and spaces count as elements do: they make work.
                    conn.elements.take(1, now);
                    told += 1;
                    at += used;
                    continue;
                }
                Some(Found::Bytes(count)) => (What::Bytes(bytes[at..at + count].to_vec()), false),
                Some(Found::Failed(condition)) => {
                    failed = Some(condition);
                    break;
                }
                Some(Found::Closed) => {
                    over = Some("eof");
                    break;
                }
                Some(Found::Refused) => {
                    over = Some("refused");
                    break;
                }
                Some(found) => {
                    let asked = matches!(found, Found::Request(_));
                    (What::Found(found, 0), asked)
                }
            };
            at += used;
            told += 1;
            conn.elements.take(1, now);
            let what = number(what, conn);
            events.push(Event { tag: conn.tag, id, what });
            if last {
                conn.deadline = Some(now + self.times.login);
                self.alarm.at(now + self.times.login, id, now);
            }
        }
        let wrote = conn.waiting() != before;
        if conn.waiting() > conn.outbox as usize {
            // Whoever pings must read the answers.
            conn.doomed = Some("outbox");
        }
        if let Some(condition) = failed {
            self.fail(id, condition, events, now);
        }
        if let Some(reason) = over {
            self.end(id, reason, now);
        } else if wrote {
            self.touch(id);
        }
        at
    }
}

/// Counts stanzas of a session; which one an element is.
fn number(what: What, conn: &Conn) -> What {
    match (what, &conn.kept) {
        (What::Found(Found::Item(element), _), Some(kept)) => {
            let is_stanza = element.kind() != antiphon_xml::Kind::Other;
            let ordinal = if is_stanza { kept.count() } else { kept.received() };
            What::Found(Found::Item(element), ordinal)
        }
        (what, _) => what,
    }
}
