//! Answers to what was relayed go up (RFC 3261 §16.7): provisional ones, each 2xx, and the best of
//! the others once all have come.

use crate::cell::{Cell, CellId, Inbound, State};
use crate::event::{Event, Relayed};
use crate::header::{Method, Name};
use crate::machine::{Machine, Timer};
use crate::message::Message;
use crate::server::Response;
use crate::splice;

impl Machine {
    /// Sends an answer up without our Via; it is kept for requests that come again.
    fn pass_up(&mut self, id: CellId, message: &Message, more: &[u8], keep: bool) {
        let Some(cell) = self.cells.get(id) else { return };
        let (to, call, method) = (cell.to, cell.call, cell.method);
        let parts = (&message.bytes[..], &message.index);
        let span = self.send(to, None, |out| splice::pop_via(out, parts, more));
        self.traced_out(call, span, method);
        if keep {
            let kept = self.arena[span.0..span.1].into();
            if let Some(cell) = self.cells.get_mut(id) {
                cell.last = kept;
            }
        }
    }

    pub(crate) fn pass_provisional(&mut self, id: CellId, message: &Message) {
        if self.cells.get(id).is_some_and(Cell::is_open) {
            self.pass_up(id, message, b"", true);
        }
    }

    /// Each 2xx to INVITE goes up, even after another final answer (§16.7 item 5).
    pub(crate) fn pass_success(&mut self, id: CellId, message: &Message, first: bool) {
        self.pass_up(id, message, b"", false);
        if !first {
            return;
        }
        self.report(id, message.index.status(), message);
        let Some(cell) = self.cells.get_mut(id) else { return };
        if cell.state == State::Accepted {
            return;
        }
        self.decided(id);
        let wait = 64 * self.config.t1;
        if let Some(cell) = self.cells.get_mut(id) {
            cell.state = State::Accepted;
            (cell.last, cell.request) = (Box::default(), None);
        }
        // Timers L and M
        self.arm(wait, id, Timer::Linger);
        // §16.7 item 10
        self.cancel_legs(id, b"Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
    }

    /// A 2xx to anything but INVITE: one is enough.
    pub(crate) fn pass_final(&mut self, id: CellId, message: &Message) {
        if self.cells.get(id).is_some_and(Cell::is_open) {
            self.decided(id);
            self.pass_up(id, message, b"", true);
            self.completed(id);
        }
    }

    /// A leg has ended without success: when it was the last one, the best answer goes up, or who
    /// holds the relay is asked.
    pub(crate) fn settle(&mut self, id: CellId) {
        let Some(cell) = self.open_cell(id) else { return };
        if cell.exhausted || cell.legs.iter().any(|leg| leg.is_open()) {
            return;
        }
        if !cell.hold || cell.cancelled {
            return self.conclude_cell(id);
        }
        let Some(request) = cell.request.clone() else { return };
        let best = best(cell).and_then(|leg| self.answer_of(id, leg));
        let Some(best) = best else { return self.conclude_cell(id) };
        if let Some(cell) = self.cells.get_mut(id) {
            cell.exhausted = true;
        }
        self.undecided += 1;
        self.guard.push_back((self.now + self.config.decision_time, id));
        self.events.push(Event::Exhausted { request, best });
    }

    /// Sends the best answer of a relay whose targets have all failed.
    pub fn conclude(&mut self, request: &Inbound) -> bool {
        let exhausted = self.open_cell(request.id).is_some_and(|cell| cell.exhausted);
        if exhausted {
            self.conclude_cell(request.id);
        }
        exhausted
    }

    pub(crate) fn conclude_cell(&mut self, id: CellId) {
        let Some(cell) = self.cells.get(id) else { return };
        let Some(best) = best(cell) else { return };
        let (method, leg) = (cell.method, &cell.legs[usize::from(best)]);
        let (status, answer) = (leg.status, leg.answer.clone());
        let more = challenges(cell, best, status);
        let Some(request) = cell.request.clone() else { return };
        self.decided(id);
        if let Some(message) = answer.filter(|_| status != 503) {
            self.pass_up(id, &message, &more, true);
            self.report(id, status, &message);
            return self.completed(id);
        }
        if status == 408 && method != Method::Invite {
            // RFC 4320 §4.2: too late for the client to hear it.
            return self.drop_cell(id);
        }
        // §16.7 item 6: that a server behind us is overloaded does not mean that we are.
        let status = if status == 503 { 500 } else { status };
        self.report(id, status, &request.message);
        self.put_reply(&request, &Response { status, ..Response::default() }, b"");
        self.completed(id);
    }

    /// Tells how a relay ended, if somebody wants to know.
    fn report(&mut self, id: CellId, status: u16, message: &Message) {
        let Some(cell) = self.cells.get(id) else { return };
        if !cell.report || cell.method != Method::Invite {
            return;
        }
        self.events.push(Event::Relayed(relayed(id, "INVITE", status, message)));
    }
}

pub(crate) fn relayed(
    request: CellId,
    method: &'static str,
    status: u16,
    message: &Message,
) -> Relayed {
    let (bytes, index) = (&message.bytes, &message.index);
    let tag = |name| index.tag(bytes, name).unwrap_or(b"").to_vec();
    Relayed {
        request,
        method,
        status,
        call_id: index.call_id(bytes).to_vec(),
        from_tag: tag(Name::From),
        to_tag: tag(Name::To),
    }
}

/// The leg with the best answer (§16.7 item 6): 6xx before all, then the lowest class; within
/// 4xx those that help the caller to ask again; what was made here only for want of others.
fn best(cell: &Cell) -> Option<u8> {
    let rank = |leg: &crate::cell::Leg| {
        let class = match leg.status / 100 {
            6 => 0,
            class => class,
        };
        let helpful = matches!(leg.status, 401 | 407 | 415 | 420 | 484);
        (leg.answer.is_none(), class, !helpful, leg.status)
    };
    let ended = cell.legs.iter().enumerate().filter(|(_, leg)| leg.status >= 300);
    ended.min_by_key(|(_, leg)| rank(leg)).map(|(number, _)| number as u8)
}

/// §16.7 item 7: challenges of all who asked for credentials.
fn challenges(cell: &Cell, best: u8, status: u16) -> Vec<u8> {
    let mut out = Vec::new();
    if !matches!(status, 401 | 407) {
        return out;
    }
    for (number, leg) in cell.legs.iter().enumerate() {
        let Some(message) = leg.answer.as_ref() else { continue };
        if number == usize::from(best) || !matches!(leg.status, 401 | 407) {
            continue;
        }
        for line in &message.index.lines {
            if matches!(line.name, Name::WwwAuthenticate | Name::ProxyAuthenticate) {
                out.extend_from_slice(line.whole(&message.bytes));
            }
        }
    }
    out
}
