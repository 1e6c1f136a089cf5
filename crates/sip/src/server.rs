//! The server side of transactions (RFC 3261 §17.2, RFC 6026): answers, their repetition, and
//! requests that nobody decides about.

use std::collections::VecDeque;

use crate::accounts::account;
use crate::cell::{Cell, CellId, Inbound, State};
use crate::digest;
use crate::flow::Transport;
use crate::header::{Method, reason};
use crate::machine::{Machine, Timer};
use crate::splice::{self, Reply};

/// Repetitions of a provisional answer, in milliseconds (RFC 3261 §13.3.1.1).
const MINUTE: u64 = 60_000;
/// Nobody rings longer.
const MOST_MINUTES: u16 = 60;

/// What the one who decides wants answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Response<'a> {
    /// 100 to 699.
    pub status: u16,
    /// Empty: the usual one.
    pub reason: &'a [u8],
    /// Complete lines.
    pub headers: &'a [u8],
    /// Its Content-Type is among the headers.
    pub body: &'a [u8],
    /// Repeat a provisional answer until PRACK (RFC 3262).
    pub reliable: bool,
    /// Remember nothing of it.
    pub stateless: bool,
}

impl Machine {
    /// Answers a request; false when it has its answer already.
    pub fn reply(&mut self, request: &Inbound, response: &Response<'_>) -> bool {
        let Some(cell) = self.open_cell(request.id) else { return false };
        let (invite, provisional) = (cell.method == Method::Invite, response.status < 200);
        if cell.relayed && !cell.exhausted {
            if provisional {
                return false;
            }
            self.cancel_legs(request.id, b"");
        }
        if response.stateless && !provisional {
            return self.reply_without_state(request, response);
        }
        if provisional && response.reliable && invite {
            return self.reply_reliably(request, response);
        }
        self.decided(request.id);
        self.put_reply(request, response, b"");
        match (provisional, invite) {
            (true, _) => self.provisional_given(request.id, response.status),
            (false, true) if response.status < 300 => self.accepted(request.id),
            (false, _) => self.completed(request.id),
        }
        true
    }

    /// 401 or 407 with nonces of ours, leaving no state (RFC 3261 §22, RFC 8760).
    pub fn challenge(
        &mut self,
        request: &Inbound,
        proxy: bool,
        realm: &[u8],
        headers: &[u8],
    ) -> bool {
        if self.open_cell(request.id).is_none() {
            return false;
        }
        let nonce = self.nonces.mint(self.now);
        let mut lines = Vec::with_capacity(320 + headers.len());
        let stale = request.auth == crate::cell::Auth::Stale;
        digest::challenge(&mut lines, &self.config.algorithms, proxy, realm, &nonce, stale);
        lines.extend_from_slice(headers);
        let status = if proxy { 407 } else { 401 };
        let response = Response { status, headers: &lines, ..Response::default() };
        self.reply_without_state(request, &response)
    }

    fn reply_without_state(&mut self, request: &Inbound, response: &Response<'_>) -> bool {
        self.put_reply(request, response, b"");
        self.drop_cell(request.id);
        true
    }

    /// Writes an answer and keeps it for requests that come again.
    pub(crate) fn put_reply(&mut self, request: &Inbound, response: &Response<'_>, more: &[u8]) {
        let Some(cell) = self.cells.get(request.id) else { return };
        let (to, call, method) = (cell.to, cell.call, cell.method);
        let usual = reason(response.status).as_bytes();
        let reason = if response.reason.is_empty() { usual } else { response.reason };
        let joined;
        let headers = if more.is_empty() {
            response.headers
        } else {
            joined = [response.headers, more].concat();
            &joined
        };
        let tag: &[u8] = if response.status == 100 { b"" } else { &request.tag };
        let reply = Reply { status: response.status, reason, tag, headers, body: response.body };
        let message = (&request.message.bytes[..], &request.message.index);
        let span = self.send(to, None, |out| splice::reply(out, message, request.flow, &reply));
        self.traced_out(call, span, method);
        let kept = self.arena[span.0..span.1].into();
        if let Some(cell) = self.cells.get_mut(request.id) {
            cell.last = kept;
        }
    }

    /// A verb has been found for it.
    pub(crate) fn decided(&mut self, id: CellId) {
        let Some(cell) = self.cells.get_mut(id) else { return };
        if cell.awaits_decision() {
            self.undecided = self.undecided.saturating_sub(1);
        }
        cell.exhausted = false;
        if cell.state == State::Undecided {
            cell.state = State::Proceeding;
        }
    }

    fn provisional_given(&mut self, id: CellId, status: u16) {
        let Some(cell) = self.cells.get_mut(id) else { return };
        if cell.method == Method::Invite && status > 100 && cell.every == 0 {
            cell.every = 1;
            self.arm(MINUTE, id, Timer::Minute);
        }
    }

    /// The last provisional answer once a minute.
    pub(crate) fn ring_on(&mut self, id: CellId) {
        let Some(cell) = self.open_cell(id) else { return };
        if cell.relayed {
            return;
        }
        cell.every += 1;
        if cell.every > MOST_MINUTES {
            let Some(request) = cell.request.clone() else { return };
            self.counts.timeouts += 1;
            self.reply(&request, &Response { status: 480, ..Response::default() });
            return;
        }
        self.send_kept(id, None, |cell| (cell.to, &cell.last));
        self.counts.resent += 1;
        self.arm(MINUTE, id, Timer::Minute);
    }

    /// A final answer that is no 2xx to INVITE has been sent.
    pub(crate) fn completed(&mut self, id: CellId) {
        let (t1, wait) = (self.config.t1, 64 * self.config.t1);
        let Some(cell) = self.cells.get_mut(id) else { return };
        cell.state = State::Completed;
        cell.request = None;
        let reliable = cell.to.transport.reliable();
        if cell.method == Method::Invite {
            cell.every = t1 as u16;
            if !reliable {
                self.arm(t1, id, Timer::Again);
            }
            return self.arm(wait, id, Timer::Unacknowledged);
        }
        let legs = self.leg_rest(id);
        // Timer J
        let rest = if reliable { legs } else { wait };
        self.end_after(id, rest);
    }

    /// Ends a cell at once or later.
    pub(crate) fn end_after(&mut self, id: CellId, rest: u64) {
        match rest {
            0 => self.drop_cell(id),
            _ => self.arm(rest, id, Timer::Linger),
        }
    }

    /// How long the client sides must still absorb answers (timers D and K).
    pub(crate) fn leg_rest(&self, id: CellId) -> u64 {
        let Some(cell) = self.cells.get(id) else { return 0 };
        if cell.legs.iter().any(|leg| leg.is_open()) {
            return 64 * self.config.t1;
        }
        match cell.legs.iter().any(|leg| leg.flow.transport == Transport::Udp) {
            true if cell.method == Method::Invite => 64 * self.config.t1,
            true => self.config.t4,
            false => 0,
        }
    }

    /// The request, or the ACK of its negative answer, came again. False when it is something else
    /// (an ACK to a 2xx from a client of RFC 2543).
    pub(crate) fn came_again(&mut self, id: CellId, method: Method) -> bool {
        let Some(cell) = self.cells.get_mut(id) else { return false };
        let state = cell.state;
        if method == Method::Ack {
            match state {
                State::Completed => self.confirmed(id),
                State::Accepted => return false,
                _ => self.counts.absorbed += 1,
            }
            return true;
        }
        self.counts.absorbed += 1;
        match state {
            State::Undecided if method == Method::Invite && cell.last.is_empty() => {
                self.try_on(id);
            }
            State::Undecided | State::Proceeding | State::Completed => {
                self.send_kept(id, None, |cell| (cell.to, &cell.last));
            }
            _ => {}
        }
        true
    }

    /// 100 for an INVITE that nobody has answered yet.
    pub(crate) fn try_on(&mut self, id: CellId) {
        let Some(cell) = self.cells.get(id) else { return };
        let Some(request) = cell.request.clone().filter(|_| cell.last.is_empty()) else { return };
        self.put_reply(&request, &Response { status: 100, ..Response::default() }, b"");
    }

    /// ACK to a negative answer has come.
    fn confirmed(&mut self, id: CellId) {
        let t4 = self.config.t4;
        let rest = self.leg_rest(id);
        let Some(cell) = self.cells.get_mut(id) else { return };
        cell.state = State::Confirmed;
        cell.last = Box::default();
        // Timer I
        let own = if cell.to.transport.reliable() { 0 } else { t4 };
        self.end_after(id, own.max(rest));
    }

    /// Timer G, and the repetition of a 2xx until its ACK (RFC 3261 §13.3.1.4).
    pub(crate) fn answer_again(&mut self, id: CellId) {
        let t2 = self.config.t2;
        let Some(cell) = self.cells.get_mut(id) else { return };
        let waits = match cell.state {
            State::Completed => true,
            State::Accepted => cell.uas.as_ref().is_some_and(|uas| !uas.acknowledged),
            _ => false,
        };
        if !waits {
            return;
        }
        cell.every = (u64::from(cell.every) * 2).min(t2) as u16;
        let every = u64::from(cell.every);
        self.counts.resent += 1;
        self.send_kept(id, None, |cell| (cell.to, &cell.last));
        self.arm(every, id, Timer::Again);
    }

    /// What waits for a decision: 100 where it is due, the end where it is too late.
    pub(crate) fn hurry(&mut self) {
        while let Some((at, id)) = self.trying.front().copied()
            && at <= self.now
        {
            self.trying.pop_front();
            if self.cells.get(id).is_some_and(Cell::awaits_decision) {
                self.try_on(id);
            }
        }
        while let Some((at, id)) = self.guard.front().copied()
            && at <= self.now
        {
            self.guard.pop_front();
            if self.cells.get(id).is_some_and(Cell::awaits_decision) {
                self.waited_too_long(id);
            }
        }
    }

    fn waited_too_long(&mut self, id: CellId) {
        self.counts.undecided_too_long += 1;
        let Some(cell) = self.cells.get(id) else { return };
        if cell.exhausted {
            return self.conclude_cell(id);
        }
        let Some(request) = cell.request.clone() else { return self.drop_cell(id) };
        self.accounts.give_up(&account(&request.user, &request.realm), id);
        self.reply(&request, &Response { status: 500, ..Response::default() });
    }

    /// Decisions come in order mostly: those at the front that are done need no time.
    pub(crate) fn skip_decided(&mut self) {
        let cells = &self.cells;
        let done = |queue: &VecDeque<(u64, CellId)>| {
            let (_, id) = queue.front()?;
            (!cells.get(*id).is_some_and(Cell::awaits_decision)).then_some(())
        };
        while done(&self.trying).is_some() {
            self.trying.pop_front();
        }
        while done(&self.guard).is_some() {
            self.guard.pop_front();
        }
    }
}
