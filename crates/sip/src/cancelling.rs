//! CANCEL (RFC 3261 §9): the one that comes, and those that we send.

use crate::accounts::account;
use crate::cell::{Cancel, CellId, LegState, State};
use crate::event::Event;
use crate::flow::Flow;
use crate::header::{Method, Name};
use crate::index::Index;
use crate::machine::{Machine, Timer};
use crate::server::Response;
use crate::splice::{self, Reply};

impl Machine {
    /// A CANCEL of a new transaction of its own.
    pub(crate) fn cancel_came(
        &mut self,
        data: &[u8],
        index: &Index,
        flow: Flow,
        key: u64,
        call: u64,
    ) {
        let invite = self.key_of(data, index, b"INVITE").and_then(|key| {
            let id = self.cells.find(key)?;
            (self.cells.get(id)?.method == Method::Invite).then_some((id, key))
        });
        let Some((invite, invite_key)) = invite else {
            if self.sources.admit(flow.remote.ip(), self.now) {
                let reason = b"Call/Transaction Does Not Exist";
                self.refuse(data, index, flow, 481, reason, b"");
            }
            return;
        };
        let id = self.open(Method::Cancel, State::Proceeding, data, index, flow, key, call);
        // §9.2: the same tag as in answers to the INVITE.
        let tag = self.tag(invite_key);
        let reply = Reply { status: 200, reason: b"OK", tag: &tag, headers: b"", body: b"" };
        let to = self.cells.get(id).map_or(flow, |cell| cell.to);
        let span = self.send(to, None, |out| splice::reply(out, (data, index), flow, &reply));
        self.traced_out(call, span, Method::Cancel);
        let kept = self.arena[span.0..span.1].into();
        if let Some(cell) = self.cells.get_mut(id) {
            cell.last = kept;
        }
        self.completed(id);
        let reason = index.value(data, Name::Reason).map(<[u8]>::to_vec);
        self.cancelled(invite, reason);
    }

    fn cancelled(&mut self, id: CellId, reason: Option<Vec<u8>>) {
        let Some(cell) = self.open_cell(id) else { return };
        if cell.cancelled {
            return;
        }
        cell.cancelled = true;
        let Some(request) = cell.request.clone() else { return };
        let (relayed, hold, exhausted) = (cell.relayed, cell.hold, cell.exhausted);
        let parked = cell.state == State::Undecided
            && self.accounts.give_up(&account(&request.user, &request.realm), id);
        if relayed && !exhausted {
            let mut lines = Vec::new();
            if let Some(reason) = &reason {
                // RFC 3326 §2
                lines = [b"Reason: ", &reason[..], b"\r\n"].concat();
            }
            self.cancel_legs(id, &lines);
        } else {
            self.reply(&request, &Response { status: 487, ..Response::default() });
        }
        if !parked && (!relayed || hold) {
            self.events.push(Event::Cancelled { request, reason });
        }
    }

    /// Cancels all legs that are still open.
    pub(crate) fn cancel_legs(&mut self, id: CellId, headers: &[u8]) {
        for leg in self.leg_numbers(id) {
            self.cancel_leg(id, leg, headers);
        }
    }

    /// Cancels what we asked of others: a request of ours, or the legs of a relay. False when
    /// nothing is left to cancel.
    pub fn cancel(&mut self, id: CellId, headers: &[u8]) -> bool {
        let Some(cell) = self.cells.get(id) else { return false };
        let open = cell.method == Method::Invite && cell.legs.iter().any(|leg| leg.is_open());
        self.cancel_legs(id, headers);
        open
    }

    /// §9.1: not before a provisional answer; only INVITE can be cancelled.
    fn cancel_leg(&mut self, id: CellId, number: u8, headers: &[u8]) {
        let Some(cell) = self.cells.get_mut(id) else { return };
        if cell.method != Method::Invite {
            return;
        }
        let Some(leg) = cell.legs.get_mut(usize::from(number)) else { return };
        if leg.cancel != Cancel::No || !leg.is_open() {
            return;
        }
        leg.cancel = Cancel::Wanted;
        leg.cancel_headers = headers.into();
        if leg.state == LegState::Proceeding {
            self.send_cancel(id, number);
        }
    }

    /// Sends the CANCEL that is wanted.
    pub(crate) fn send_cancel(&mut self, id: CellId, number: u8) {
        let (t1, wait) = (self.config.t1, 64 * self.config.t1);
        let Some(leg) = self.leg_mut(id, number) else { return };
        leg.cancel = Cancel::Sent;
        leg.cancel_every = t1 as u16;
        let reliable = leg.flow.transport.reliable();
        self.put_cancel(id, number);
        if !reliable {
            self.arm(t1, id, Timer::CancelResend(number));
        }
        self.arm(wait, id, Timer::CancelTimeout(number));
    }

    fn put_cancel(&mut self, id: CellId, number: u8) {
        let Some(cell) = self.cells.get(id) else { return };
        let call = cell.call;
        let Some(leg) = cell.legs.get(usize::from(number)) else { return };
        let flow = leg.flow;
        let cancel = splice::companion(&leg.sent, b"CANCEL", None, &leg.cancel_headers);
        let span = self.send(flow, None, |out| out.extend_from_slice(&cancel));
        self.traced_out(call, span, Method::Cancel);
    }

    /// Timer E of a CANCEL.
    pub(crate) fn resend_cancel(&mut self, id: CellId, number: u8) {
        let t2 = self.config.t2;
        let Some(leg) = self.leg_mut(id, number) else { return };
        if leg.cancel != Cancel::Sent || !leg.is_open() {
            return;
        }
        leg.cancel_every = (u64::from(leg.cancel_every) * 2).min(t2) as u16;
        let every = u64::from(leg.cancel_every);
        self.counts.resent += 1;
        self.put_cancel(id, number);
        self.arm(every, id, Timer::CancelResend(number));
    }

    /// §9.1: without a final answer 64 × T1 after the CANCEL, the INVITE counts as cancelled.
    pub(crate) fn cancel_timed_out(&mut self, id: CellId, number: u8) {
        if self.leg_mut(id, number).is_some_and(|leg| leg.is_open()) {
            self.counts.timeouts += 1;
            self.leg_failed(id, number, 487);
        }
    }
}
