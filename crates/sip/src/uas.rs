//! We are the server of an INVITE: a 2xx is repeated until its ACK comes (RFC 3261 §13.3.1.4,
//! RFC 6026), a reliable provisional answer until its PRACK does (RFC 3262).

use std::sync::Arc;

use crate::cell::{CellId, Inbound, State, Uas};
use crate::event::Event;
use crate::flow::Flow;
use crate::header::Name;
use crate::index::Index;
use crate::machine::{Machine, Timer};
use crate::server::Response;
use crate::text::{is_space, number, push_number, trim};

impl Machine {
    /// Stands for what ACK and PRACK say of the INVITE that they belong to.
    fn dialog_key(&self, call_id: &[u8], our_tag: &[u8], cseq: u32) -> u64 {
        self.hash_parts([b"dialog", call_id, our_tag, &cseq.to_be_bytes()])
    }

    fn dialog_of(&self, request: &Inbound) -> u64 {
        let (bytes, index) = (&request.message.bytes, &request.message.index);
        let tag = index.tag(bytes, Name::To).unwrap_or(&request.tag);
        let cseq = index.cseq(bytes).map_or(0, |(number, _)| number);
        self.dialog_key(index.call_id(bytes), tag, cseq)
    }

    /// What we are as the server of this INVITE.
    fn uas(&mut self, request: &Inbound) -> Option<&mut Uas> {
        let dialog = self.dialog_of(request);
        let first = self.draw() as u32;
        let cell = self.cells.get_mut(request.id)?;
        if cell.uas.is_none() {
            // RFC 3262 §3: the first number is below 2^31 and not zero.
            let rseq = (first >> 2) + 1;
            cell.uas = Some(Box::new(Uas { dialog, rseq, ..Uas::default() }));
            self.cells.set_dialog(dialog, request.id);
        }
        self.cells.get_mut(request.id)?.uas.as_deref_mut()
    }

    /// A 2xx to INVITE has been sent.
    pub(crate) fn accepted(&mut self, id: CellId) {
        let (t1, wait) = (self.config.t1, 64 * self.config.t1);
        let Some(request) = self.request_of(id) else { return };
        let Some(uas) = self.uas(&request) else { return };
        uas.reliable = None;
        let Some(cell) = self.cells.get_mut(id) else { return };
        cell.state = State::Accepted;
        cell.every = t1 as u16;
        // Over every transport: a 2xx goes from end to end.
        self.arm(t1, id, Timer::Again);
        self.arm(wait, id, Timer::Unacknowledged);
    }

    /// Timer H, and the end of patience for an ACK to a 2xx.
    pub(crate) fn never_acknowledged(&mut self, id: CellId) {
        let Some(cell) = self.cells.get(id) else { return };
        match (cell.state, cell.uas.as_ref()) {
            (State::Accepted, Some(uas)) if !uas.acknowledged => {
                if let Some(request) = cell.request.clone() {
                    let provisional = false;
                    self.events.push(Event::Unacknowledged { request, provisional });
                }
                self.counts.timeouts += 1;
                self.drop_cell(id);
            }
            (State::Confirmed, _) => {}
            _ => self.drop_cell(id),
        }
    }

    /// ACK that belongs to no negative answer of ours.
    pub(crate) fn ack_came(&mut self, data: &[u8], index: Index, flow: Flow) {
        let tag = index.tag(data, Name::To).unwrap_or(b"");
        let cseq = index.cseq(data).map_or(0, |(number, _)| number);
        let dialog = self.dialog_key(index.call_id(data), tag, cseq);
        if let Some(id) = self.cells.find_dialog(dialog) {
            let Some(cell) = self.cells.get_mut(id) else { return };
            let Some(uas) = cell.uas.as_mut() else { return };
            if cell.state != State::Accepted || uas.acknowledged {
                self.counts.absorbed += 1;
                return;
            }
            uas.acknowledged = true;
            (cell.last, cell.request) = (Box::default(), None);
            return self.tell_ack(data, index, flow, 0);
        }
        let own_routes = self.own_routes(data, &index);
        if own_routes > 0 && self.follow_ack(data, &index, flow, own_routes) {
            return;
        }
        if own_routes > 0 && self.sources.admit(flow.remote.ip(), self.now) {
            return self.tell_ack(data, index, flow, own_routes);
        }
        self.counts.unmatched += 1;
    }

    fn tell_ack(&mut self, data: &[u8], index: Index, flow: Flow, own_routes: usize) {
        let inbound = self.inbound(data, index, flow, CellId::NONE, 0, own_routes);
        self.events.push(Event::Request(Arc::new(inbound)));
    }

    /// Sends a provisional answer until its PRACK comes. False while another one waits for its own
    /// (RFC 3262 §3).
    pub(crate) fn reply_reliably(&mut self, request: &Inbound, response: &Response<'_>) -> bool {
        let (t1, now) = (self.config.t1, self.now);
        let Some(uas) = self.uas(request) else { return false };
        if uas.reliable.is_some() {
            return false;
        }
        uas.rseq += 1;
        let mut lines = b"Require: 100rel\r\nRSeq: ".to_vec();
        push_number(&mut lines, u64::from(uas.rseq));
        lines.extend_from_slice(b"\r\n");
        self.decided(request.id);
        self.put_reply(request, response, &lines);
        let Some(cell) = self.cells.get_mut(request.id) else { return false };
        let kept = cell.last.clone();
        if let Some(uas) = cell.uas.as_mut() {
            (uas.reliable, uas.every) = (Some(kept), t1 as u16);
            uas.until = now + 64 * t1;
        }
        self.arm(t1, request.id, Timer::Reliable);
        true
    }

    /// A reliable answer has had no PRACK yet: the interval doubles without limit.
    pub(crate) fn resend_reliable(&mut self, id: CellId) {
        let now = self.now;
        let Some(cell) = self.open_cell(id) else { return };
        let request = cell.request.clone();
        let Some(uas) = cell.uas.as_mut().filter(|uas| uas.reliable.is_some()) else { return };
        if now >= uas.until {
            uas.reliable = None;
            self.counts.timeouts += 1;
            if let Some(request) = request {
                self.events.push(Event::Unacknowledged { request, provisional: true });
            }
            return;
        }
        uas.every = uas.every.saturating_mul(2);
        let delay = u64::from(uas.every).min(uas.until - now);
        self.counts.resent += 1;
        self.send_kept(id, None, |cell| {
            let kept = cell.uas.as_ref().and_then(|uas| uas.reliable.as_deref());
            (cell.to, kept.unwrap_or(b""))
        });
        self.arm(delay, id, Timer::Reliable);
    }

    /// PRACK: whether it answers what waits for it.
    pub(crate) fn prack_came(&mut self, data: &[u8], index: &Index) -> bool {
        let Some((rseq, cseq)) = index.value(data, Name::RAck).and_then(rack) else { return false };
        let tag = index.tag(data, Name::To).unwrap_or(b"");
        let dialog = self.dialog_key(index.call_id(data), tag, cseq);
        let Some(id) = self.cells.find_dialog(dialog) else { return false };
        let Some(uas) = self.cells.get_mut(id).and_then(|cell| cell.uas.as_mut()) else {
            return false;
        };
        let waited = uas.reliable.is_some() && uas.rseq == rseq;
        if waited {
            uas.reliable = None;
        }
        waited
    }
}

/// RAck: numbers of the answer and of the INVITE (RFC 3262 §7.2).
fn rack(value: &[u8]) -> Option<(u32, u32)> {
    let mut words = value.split(|&byte| is_space(byte)).filter(|word| !word.is_empty());
    let mut next = || u32::try_from(number(words.next()?)?).ok();
    let found = (next()?, next()?);
    (trim(words.next()?) == b"INVITE").then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rack_has_two_numbers_and_a_method() {
        assert_eq!(rack(b"776656 1 INVITE"), Some((776_656, 1)));
        assert_eq!(rack(b"1  \t 2   INVITE"), Some((1, 2)));
        for bad in [&b"1 2"[..], b"1 2 BYE", b"x 2 INVITE", b""] {
            assert_eq!(rack(bad), None);
        }
    }
}
