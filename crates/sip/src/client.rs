//! The client side of transactions (RFC 3261 §17.1, RFC 6026): requests that we sent, their
//! repetition, and the answers that come.

use std::sync::Arc;

use crate::cell::{Cancel, Cell, CellId, Leg, LegState};
use crate::flow::{Flow, Transport};
use crate::header::{Method, Name};
use crate::index::Index;
use crate::machine::{Machine, Out, Timer};
use crate::message::Message;
use crate::splice;
use crate::text::{hex_number, push_hex};
use crate::via::COOKIE;

/// RFC 3261 §16.6 item 11: more than three minutes.
pub(crate) const TIMER_C: u64 = 181_000;
/// A cell has room for so many legs.
pub(crate) const MOST_LEGS: usize = 128;

/// The branch of a leg: which one it is, and a number that tells loops from spirals.
pub(crate) fn put_branch(out: &mut Vec<u8>, id: CellId, leg: u8, route: u32) {
    out.extend_from_slice(COOKIE);
    for number in [u64::from(id.slot), u64::from(id.stamp), u64::from(leg), u64::from(route)] {
        push_hex(out, number);
        out.push(b'.');
    }
    out.pop();
}

/// What such a branch says.
pub(crate) fn read_branch(branch: &[u8]) -> Option<(CellId, u8, u32)> {
    let mut parts = branch.strip_prefix(COOKIE)?.split(|&byte| byte == b'.');
    let mut next = || hex_number(parts.next()?, 8);
    let (slot, stamp) = (next()? as u32, next()? as u32);
    let leg = u8::try_from(next()?).ok()?;
    let route = next()? as u32;
    Some((CellId { slot, stamp }, leg, route))
}

impl Machine {
    pub(crate) fn leg_mut(&mut self, id: CellId, number: u8) -> Option<&mut Leg> {
        self.cells.get_mut(id)?.legs.get_mut(usize::from(number))
    }

    /// The next leg's number of a cell.
    pub(crate) fn next_leg(&self, id: CellId) -> Option<u8> {
        let count = self.cells.get(id)?.legs.len();
        (count < MOST_LEGS).then_some(count as u8)
    }

    /// Sends a request as a new leg. `write` puts it together for a flow; when it turns out too
    /// long for UDP, it is done again for a stream (RFC 3261 §18.1.1).
    pub(crate) fn add_leg(
        &mut self,
        id: CellId,
        flow: Flow,
        bound: bool,
        write: impl Fn(&Machine, &mut Vec<u8>, Flow),
    ) {
        let Some(number) = self.next_leg(id) else { return };
        let Some(cell) = self.cells.get(id) else { return };
        let (call, method) = (cell.call, cell.method);
        let mut sent = Vec::with_capacity(1400);
        write(self, &mut sent, flow);
        let (mut flow, mut spare) = (flow, None);
        let limit = self.config.udp_limit;
        if flow.transport == Transport::Udp
            && !bound
            && limit > 0
            && sent.len() > limit
            && let Some(stream) = self.stream_instead(flow)
        {
            let small = std::mem::take(&mut sent);
            write(self, &mut sent, stream);
            spare = Some(Box::new((flow, small.into_boxed_slice())));
            flow = stream;
        }
        let span = self.send(flow, Some((id, number)), |out| out.extend_from_slice(&sent));
        self.traced_out(call, span, method);
        let leg = Leg {
            state: LegState::Calling,
            cancel: Cancel::No,
            every: self.config.t1 as u16,
            cancel_every: 0,
            status: 0,
            flow,
            ring_until: 0,
            sent: sent.into_boxed_slice(),
            cancel_headers: Box::default(),
            answer: None,
            spare,
        };
        if let Some(cell) = self.cells.get_mut(id) {
            cell.legs.push(leg);
        }
        self.cells.wait_on(flow, id);
        self.start_leg(id, number, flow);
    }

    fn start_leg(&mut self, id: CellId, number: u8, flow: Flow) {
        if !flow.transport.reliable() {
            self.arm(self.config.t1, id, Timer::Resend(number));
        }
        self.arm(64 * self.config.t1, id, Timer::Timeout(number));
    }

    /// A stream to the same remote, if we have a listener of that kind and family.
    fn stream_instead(&self, flow: Flow) -> Option<Flow> {
        let ours = self.listeners.get(usize::from(flow.listener))?;
        let same_family = |host: &str| host.starts_with('[') == ours.host.starts_with('[');
        let is_fit = |one: &crate::machine::Listener| {
            one.transport == Transport::Tcp && same_family(&one.host)
        };
        let listener = self.listeners.iter().position(is_fit)? as u16;
        Some(Flow { listener, transport: Transport::Tcp, connection: 0, ..flow })
    }

    /// Timers A and E.
    pub(crate) fn resend(&mut self, id: CellId, number: u8) {
        let t2 = self.config.t2;
        let Some(cell) = self.cells.get_mut(id) else { return };
        let invite = cell.method == Method::Invite;
        let Some(leg) = cell.legs.get_mut(usize::from(number)) else { return };
        if leg.flow.transport.reliable() {
            return;
        }
        let doubled = u64::from(leg.every) * 2;
        let every = match leg.state {
            LegState::Calling if invite => doubled.min(u64::from(u16::MAX)),
            LegState::Calling => doubled.min(t2),
            LegState::Proceeding if !invite => t2,
            _ => return,
        };
        leg.every = every as u16;
        self.counts.resent += 1;
        self.send_kept(id, Some((id, number)), |cell| {
            let leg = &cell.legs[usize::from(number)];
            (leg.flow, &leg.sent)
        });
        self.arm(every, id, Timer::Resend(number));
    }

    /// Timers B and F.
    pub(crate) fn leg_timed_out(&mut self, id: CellId, number: u8) {
        let Some(cell) = self.cells.get(id) else { return };
        let Some(leg) = cell.legs.get(usize::from(number)) else { return };
        let over = match leg.state {
            LegState::Calling => true,
            LegState::Proceeding => cell.method != Method::Invite,
            _ => false,
        };
        if over {
            self.counts.timeouts += 1;
            self.leg_failed(id, number, 408);
        }
    }

    /// Timer C (§16.8): a leg that rang too long is cancelled.
    pub(crate) fn rang_too_long(&mut self, id: CellId, number: u8) {
        let now = self.now;
        let Some(leg) = self.leg_mut(id, number).filter(|leg| leg.is_open()) else { return };
        let until = leg.ring_until;
        if until > now {
            return self.arm(until - now, id, Timer::Ring(number));
        }
        let Some(cell) = self.cells.get(id) else { return };
        if cell.legs[usize::from(number)].cancel == Cancel::No {
            self.counts.timeouts += 1;
            if let Some(leg) = self.leg_mut(id, number) {
                leg.cancel = Cancel::Wanted;
            }
            self.send_cancel(id, number);
        }
    }

    /// The time that a relay may ring is over. Who has said nothing yet cannot be cancelled
    /// (§9.1), and is not waited for.
    pub(crate) fn ring_time_over(&mut self, id: CellId) {
        for number in self.leg_numbers(id) {
            let Some(leg) = self.leg_mut(id, number) else { continue };
            if leg.state == LegState::Calling && leg.cancel == Cancel::No {
                leg.cancel = Cancel::Wanted;
                self.counts.timeouts += 1;
                self.leg_failed(id, number, 408);
            }
        }
        self.cancel_legs(id, b"");
    }

    /// A leg ends without an answer: nothing came, or the flow failed.
    pub(crate) fn leg_failed(&mut self, id: CellId, number: u8, status: u16) {
        let Some(leg) = self.leg_mut(id, number) else { return };
        (leg.state, leg.status, leg.answer) = (LegState::Completed, status, None);
        self.leg_ended(id, number);
    }

    /// A leg has its final answer, which is no success.
    fn leg_ended(&mut self, id: CellId, number: u8) {
        let Some(cell) = self.cells.get(id) else { return };
        if cell.uac.is_some() {
            self.tell_final(id, number);
        } else {
            self.settle(id);
        }
    }

    /// A flow is gone or cannot be opened: what waits on it goes another way, or fails.
    pub fn failed(&mut self, now: f64, flow: Flow) {
        self.at(now);
        for id in self.cells.waiting_on(flow) {
            self.flow_failed(id, flow);
        }
    }

    /// A connection has ended; also what was sent to its remote for want of a number.
    pub fn closed(&mut self, now: f64, flow: Flow) {
        self.failed(now, flow);
        if flow.connection != 0 {
            self.failed(now, Flow { connection: 0, ..flow });
        }
    }

    fn flow_failed(&mut self, id: CellId, flow: Flow) {
        let same = |other: Flow| {
            if flow.connection == 0 { other == flow } else { other.connection == flow.connection }
        };
        let Some(cell) = self.cells.get_mut(id) else { return };
        if same(cell.to) && cell.to.connection != 0 && !cell.to.transport.websocket() {
            // RFC 3261 §18.2.2: answers go to a new connection.
            cell.to = cell.to.anew(cell.back);
        }
        for number in self.leg_numbers(id) {
            let Some(leg) = self.leg_mut(id, number) else { continue };
            if !same(leg.flow) || !leg.is_open() {
                continue;
            }
            if leg.state == LegState::Calling
                && let Some(spare) = leg.spare.take()
            {
                self.send_spare(id, number, *spare);
                continue;
            }
            self.counts.transport_failures += 1;
            // RFC 5626 §5.3: a flow that we promised to use is gone.
            let promised = flow.connection != 0 && self.is_relayed(id);
            self.leg_failed(id, number, if promised { 430 } else { 503 });
        }
    }

    fn is_relayed(&self, id: CellId) -> bool {
        self.cells.get(id).is_some_and(|cell| cell.relayed)
    }

    /// §18.1.1: when the stream cannot be opened, the request goes by UDP after all.
    fn send_spare(&mut self, id: CellId, number: u8, (flow, sent): (Flow, Box<[u8]>)) {
        if let Some(leg) = self.leg_mut(id, number) {
            (leg.flow, leg.sent) = (flow, sent);
        }
        self.send_kept(id, Some((id, number)), |cell| {
            let leg = &cell.legs[usize::from(number)];
            (leg.flow, &leg.sent)
        });
        self.arm(self.config.t1, id, Timer::Resend(number));
    }

    /// The socket would not take a datagram: the request of a leg fails at once, everything else
    /// is left to its timers.
    pub fn undeliverable(&mut self, out: &Out) {
        self.counts.send_dropped += 1;
        if let Some((id, number)) = out.origin
            && self.leg_mut(id, number).is_some_and(|leg| leg.state == LegState::Calling)
        {
            self.counts.transport_failures += 1;
            self.leg_failed(id, number, 503);
        }
    }

    /// An answer has come: to which leg (§17.1.3).
    pub(crate) fn answer_came(&mut self, data: &[u8], index: Index, status: u16, flow: Flow) {
        let found = index.top_via(data).and_then(|via| read_branch(via.branch()?));
        let Some((id, number, _)) = found else { return self.counts.unmatched += 1 };
        let method = index.method(data);
        let Some(cell) = self.cells.get(id) else { return self.counts.unmatched += 1 };
        let (wanted, known) = (cell.method, cell.legs.len() > usize::from(number));
        let vias = index.values(data, Name::Via).flat_map(crate::text::list).count();
        // §18.1.2: an answer to us has one Via, one that is passed on has more.
        if !known || (vias == 1) != cell.uac.is_some() {
            return self.counts.unmatched += 1;
        }
        if method == Method::Cancel && wanted == Method::Invite {
            if status >= 200
                && let Some(leg) = self.leg_mut(id, number)
                && leg.cancel == Cancel::Sent
            {
                leg.cancel = Cancel::Answered;
            }
            return;
        }
        if method != wanted {
            return self.counts.unmatched += 1;
        }
        let message = Message::new(data, index);
        match (method == Method::Invite, status) {
            (_, ..200) => self.provisional_came(id, number, message, status, flow),
            (true, 200..300) => self.success_came(id, number, message, flow),
            (true, _) => self.invite_refused(id, number, message, status, flow),
            (false, _) => self.final_came(id, number, message, status, flow),
        }
    }

    fn provisional_came(
        &mut self,
        id: CellId,
        number: u8,
        message: Message,
        status: u16,
        flow: Flow,
    ) {
        let until = self.now + TIMER_C;
        let Some(cell) = self.cells.get_mut(id) else { return };
        let (invite, relayed) = (cell.method == Method::Invite, cell.relayed);
        let Some(leg) = cell.legs.get_mut(usize::from(number)) else { return };
        if !leg.is_open() {
            if leg.cancel == Cancel::Wanted && leg.state == LegState::Completed {
                self.send_cancel(id, number);
            }
            return;
        }
        let first = leg.state == LegState::Calling;
        leg.state = LegState::Proceeding;
        leg.spare = None;
        if invite && relayed && (first || status > 100) {
            leg.ring_until = until;
            if first {
                self.arm(TIMER_C, id, Timer::Ring(number));
            }
        }
        if self.leg_mut(id, number).is_some_and(|leg| leg.cancel == Cancel::Wanted) {
            self.send_cancel(id, number);
        }
        if status == 100 {
            return;
        }
        if relayed {
            self.pass_provisional(id, &message);
        } else {
            self.tell_answer(id, message, flow);
        }
    }

    /// 2xx to INVITE (RFC 6026 §8.4: as many as come).
    fn success_came(&mut self, id: CellId, number: u8, message: Message, flow: Flow) {
        let wait = 64 * self.config.t1;
        let Some(cell) = self.cells.get_mut(id) else { return };
        let relayed = cell.relayed;
        let Some(leg) = cell.legs.get_mut(usize::from(number)) else { return };
        // One that we gave up on may still succeed; only who relays can let that be known.
        if leg.state == LegState::Completed && (!relayed || leg.answer.is_some()) {
            return;
        }
        let first = leg.state != LegState::Accepted;
        leg.state = LegState::Accepted;
        leg.status = message.index.status();
        leg.spare = None;
        if relayed {
            leg.sent = Box::default();
            return self.pass_success(id, &message, first);
        }
        if first {
            // Timer M
            self.arm(wait, id, Timer::Linger);
        }
        self.tell_success(id, message, flow);
    }

    /// A negative answer to INVITE: its ACK goes from hop to hop (§17.1.1.3).
    fn invite_refused(
        &mut self,
        id: CellId,
        number: u8,
        message: Message,
        status: u16,
        flow: Flow,
    ) {
        let Some(leg) = self.leg_mut(id, number) else { return };
        if leg.state == LegState::Accepted {
            return;
        }
        // A leg that we gave up has its request still: it gets its ACK below.
        if leg.state == LegState::Completed && leg.sent.starts_with(b"ACK ") {
            return self.send_ack(id, number);
        }
        let ended = leg.state == LegState::Completed;
        let to = message.index.line(Name::To).map(|line| line.whole(&message.bytes));
        leg.sent = splice::companion(&leg.sent, b"ACK", to, b"").into_boxed_slice();
        leg.spare = None;
        if !ended {
            (leg.state, leg.status) = (LegState::Completed, status);
            (leg.answer, leg.flow) = (Some(Arc::new(message)), answered_by(leg.flow, flow));
        }
        self.send_ack(id, number);
        if ended {
            return;
        }
        if status >= 600 {
            // §16.7 item 5
            self.cancel_legs(id, b"");
        }
        self.leg_ended(id, number);
    }

    fn send_ack(&mut self, id: CellId, number: u8) {
        self.send_kept(id, None, |cell: &Cell| {
            let leg = &cell.legs[usize::from(number)];
            (leg.flow, &leg.sent)
        });
    }

    /// A final answer to anything but INVITE.
    fn final_came(&mut self, id: CellId, number: u8, message: Message, status: u16, flow: Flow) {
        let Some(cell) = self.cells.get_mut(id) else { return };
        let relayed = cell.relayed;
        let Some(leg) = cell.legs.get_mut(usize::from(number)) else { return };
        if !leg.is_open() {
            return self.counts.absorbed += 1;
        }
        (leg.state, leg.status) = (LegState::Completed, status);
        (leg.sent, leg.spare) = (Box::default(), None);
        leg.flow = answered_by(leg.flow, flow);
        if relayed && status < 300 {
            return self.pass_final(id, &message);
        }
        leg.answer = Some(Arc::new(message));
        self.leg_ended(id, number);
    }
}

/// A connection that had no number has one now.
fn answered_by(asked: Flow, from: Flow) -> Flow {
    if asked.connection == 0 && asked.transport == from.transport { from } else { asked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_there_and_back() {
        let id = CellId { slot: 77, stamp: 0xdead_beef };
        let mut out = Vec::new();
        put_branch(&mut out, id, 3, 0);
        assert_eq!(out, b"z9hG4bK4d.deadbeef.3.0");
        assert_eq!(read_branch(&out), Some((id, 3, 0)));
        for bad in [&b"z9hG4bK"[..], b"z9hG4bK1.2.3", b"z9hG4bK1.2.999.4", b"1.2.3.4"] {
            assert_eq!(read_branch(bad), None);
        }
    }
}
