//! The machine: messages and the time go in; messages, events and a deadline come out. This file
//! has its state and its outer verbs; the other files carry them out by subject.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::accounts::{Accounts, account};
use crate::cell::{Cell, CellId, Inbound};
use crate::cells::Cells;
use crate::config::{Config, Counts};
use crate::digest::Keys;
use crate::event::Event;
use crate::flow::{Flow, Transport};
use crate::framer::{PING, PONG};
use crate::header::Name;
use crate::index::{Fault, Index, Start};
use crate::moves::Moves;
use crate::nonce::Nonces;
use crate::sources::Sources;
use crate::stun;
use crate::token::Tokens;
use crate::trace::{Direction, Trace};
use crate::wheel::Wheel;

/// Capacity that is kept between two turns.
const ARENA: usize = 1 << 18;
/// Milliseconds between looks for what was left behind.
const TIDY_EVERY: u64 = 60_000;

/// One of our sockets, as messages speak of it.
pub(crate) struct Listener {
    pub(crate) transport: Transport,
    /// In lower case, IPv6 with brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `Via: SIP/2.0/UDP host:port;rport;branch=z9hG4bK`
    pub(crate) via: Vec<u8>,
    /// `@host:port;transport=tcp;lr>` and a line end.
    pub(crate) route: Vec<u8>,
}

/// A message to send: its bytes lie in the arena.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// Where to.
    pub flow: Flow,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Which leg it is the request of, if sending it fails.
    pub(crate) origin: Option<(CellId, u8)>,
}

impl Out {
    /// Its bytes in what `Machine::pending` gave.
    pub fn bytes<'a>(&self, arena: &'a [u8]) -> &'a [u8] {
        &arena[self.start..self.end]
    }
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// Timers A and E.
    Resend(u8),
    /// Timers B and F.
    Timeout(u8),
    /// Timer C.
    Ring(u8),
    CancelResend(u8),
    CancelTimeout(u8),
    /// Timer G, and a 2xx without ACK.
    Again,
    /// Timer H, and the same for a 2xx.
    Unacknowledged,
    /// Reliable provisional replies.
    Reliable,
    /// RFC 3261 §13.3.1.1: a proxy on the way must not lose patience.
    Minute,
    /// The relay has rung long enough.
    RingTime,
    /// Timers D, I, J, K, L, M.
    Linger,
}

/// Transactions, proxy core and digest of one node.
pub struct Machine {
    pub(crate) config: Config,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) cells: Cells,
    pub(crate) wheel: Wheel<(CellId, Timer)>,
    due: Vec<(CellId, Timer)>,
    /// Requests without a decision, oldest first: when 100 is due, when it is too late.
    pub(crate) trying: VecDeque<(u64, CellId)>,
    pub(crate) guard: VecDeque<(u64, CellId)>,
    pub(crate) undecided: usize,
    pub(crate) arena: Vec<u8>,
    pub(crate) out: Vec<Out>,
    pub(crate) events: Vec<Event>,
    pub(crate) accounts: Accounts,
    pub(crate) nonces: Nonces,
    pub(crate) sources: Sources,
    pub(crate) tokens: Tokens,
    pub(crate) moves: Moves,
    pub(crate) trace: Trace,
    /// What was done.
    pub counts: Counts,
    random: RandomState,
    drawn: u64,
    tidy_at: u64,
    /// Milliseconds.
    pub(crate) now: u64,
}

/// Seconds to milliseconds; times before the beginning are the beginning.
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0) as u64
}

impl Machine {
    /// A machine without listeners.
    pub fn new(config: Config) -> Machine {
        let random = RandomState::new();
        let mut key = [0; 32];
        for (at, chunk) in key.chunks_mut(8).enumerate() {
            chunk.copy_from_slice(&random.hash_one(("nonce", at)).to_be_bytes());
        }
        Machine {
            nonces: Nonces::new(key, config.nonce_time),
            sources: Sources::new(config.source_rate, config.source_burst),
            tokens: Tokens::new(&config.secret, random.hash_one("run") as u32),
            moves: Moves::default(),
            trace: Trace::new(config.trace_bytes),
            config,
            listeners: Vec::new(),
            cells: Cells::default(),
            wheel: Wheel::new(),
            due: Vec::new(),
            trying: VecDeque::new(),
            guard: VecDeque::new(),
            undecided: 0,
            arena: Vec::new(),
            out: Vec::new(),
            events: Vec::new(),
            accounts: Accounts::default(),
            counts: Counts::default(),
            random,
            drawn: 0,
            tidy_at: 0,
            now: 0,
        }
    }

    /// Adds a listener; its number. `host` is an address or a name as Via shall say it.
    pub fn add_listener(&mut self, transport: Transport, host: &str, port: u16) -> u16 {
        let host = match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => host.to_ascii_lowercase(),
        };
        let rport = if transport == Transport::Udp { ";rport" } else { "" };
        let via = format!("Via: SIP/2.0/{} {host}:{port}{rport};branch=", transport.via_name());
        let parameter = match transport {
            Transport::Udp => String::new(),
            other => format!(";transport={}", other.name()),
        };
        let route = format!("@{host}:{port}{parameter};lr>\r\n");
        let listener =
            Listener { transport, host, port, via: via.into(), route: route.into_bytes() };
        self.listeners.push(listener);
        (self.listeners.len() - 1) as u16
    }

    /// How many listeners there are.
    pub fn listener_count(&self) -> usize {
        self.listeners.len()
    }

    /// Takes one message that came; `now` is in seconds of any monotonic clock.
    pub fn receive(&mut self, now: f64, data: &[u8], flow: Flow) {
        self.at(now);
        self.counts.received += 1;
        if flow.transport == Transport::Udp
            && let Some(answer) = stun::answer(data, flow.remote)
        {
            self.counts.keepalives += 1;
            return self.send_bytes(flow, &answer);
        }
        if data.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            self.counts.keepalives += 1;
            // RFC 5626 §4.4.1
            if data == PING && flow.transport.reliable() {
                self.send_bytes(flow, PONG);
            }
            return;
        }
        if data.len() > self.config.max_message {
            self.counts.unreadable += 1;
            return;
        }
        let Ok(mut index) = Index::parse(data, self.config.max_headers) else {
            self.counts.unreadable += 1;
            return;
        };
        if flow.transport.framed() && index.line(Name::ContentLength).is_none() {
            // RFC 3261 §18.3
            let missing = Fault { status: 400, text: "Missing Content-Length" };
            index.fault = index.fault.or(Some(missing));
        }
        let call = self.hash(index.call_id(data));
        self.trace.record(now, Direction::In, flow, call, index.method(data), data);
        match index.start {
            Start::Request { method, .. } => self.request_came(data, index, method, flow, call),
            Start::Response { .. } if index.fault.is_some() => self.counts.malformed += 1,
            Start::Response { status, .. } => self.answer_came(data, index, status, flow),
        }
    }

    /// Lets the timers act.
    pub fn wake(&mut self, now: f64) {
        self.at(now);
        let mut due = std::mem::take(&mut self.due);
        self.wheel.expire(self.now, &mut due);
        for (id, timer) in due.drain(..) {
            self.fire(id, timer);
        }
        self.due = due;
        self.hurry();
        if self.now >= self.tidy_at {
            self.tidy_at = self.now + TIDY_EVERY;
            self.cells.tidy();
        }
    }

    fn fire(&mut self, id: CellId, timer: Timer) {
        match timer {
            Timer::Resend(leg) => self.resend(id, leg),
            Timer::Timeout(leg) => self.leg_timed_out(id, leg),
            Timer::Ring(leg) => self.rang_too_long(id, leg),
            Timer::CancelResend(leg) => self.resend_cancel(id, leg),
            Timer::CancelTimeout(leg) => self.cancel_timed_out(id, leg),
            Timer::Again => self.answer_again(id),
            Timer::Unacknowledged => self.never_acknowledged(id),
            Timer::Reliable => self.resend_reliable(id),
            Timer::Minute => self.ring_on(id),
            Timer::RingTime => self.ring_time_over(id),
            Timer::Linger => self.drop_cell(id),
        }
    }

    /// When `wake` is to be called, in seconds.
    pub fn deadline(&mut self) -> Option<f64> {
        self.skip_decided();
        let first = |queue: &VecDeque<(u64, CellId)>| queue.front().map(|(at, _)| *at);
        let earliest = [self.wheel.deadline(), first(&self.trying), first(&self.guard)];
        // A little later, so that rounding does not make it a little earlier.
        earliest.into_iter().flatten().min().map(|at| (at as f64 + 0.5) / 1000.0)
    }

    /// Hands out what is to be sent, in order; `keep` says what stays.
    pub fn output(&mut self, mut take: impl FnMut(&Out, &[u8]) -> bool) {
        let arena = &self.arena;
        self.out.retain(|out| !take(out, &arena[out.start..out.end]));
        if self.out.is_empty() {
            self.arena.clear();
            if self.arena.capacity() > ARENA {
                self.arena.shrink_to(ARENA);
            }
        }
    }

    /// What is to be sent over one listener's datagrams, by system calls of another: where, and
    /// which bytes.
    pub fn pending(&self) -> (&[Out], &[u8]) {
        (&self.out, &self.arena)
    }

    /// Takes out what happened.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Answers `AccountNeeded`, or changes what is remembered.
    pub fn account(&mut self, user: &[u8], realm: &[u8], keys: Option<Keys>) {
        let known = keys.is_some();
        for id in self.accounts.set(account(user, realm), keys) {
            self.unpark(id, known);
        }
    }

    /// The user part of a URI of ours that leads back to a flow.
    pub fn flow_token(&self, flow: Flow) -> Vec<u8> {
        self.tokens.of_flow(flow)
    }

    /// The flow of such a user part.
    pub fn open_token(&self, token: &[u8]) -> Option<Flow> {
        self.tokens.flow(token).filter(|flow| self.has_listener_of(*flow))
    }

    /// Tokens live longer than configurations.
    pub(crate) fn has_listener_of(&self, flow: Flow) -> bool {
        let listener = self.listeners.get(usize::from(flow.listener));
        listener.is_some_and(|listener| listener.transport == flow.transport)
    }

    /// Whoever was reached by one flow has come back by another.
    pub fn moved(&mut self, from: Flow, to: Flow) {
        self.moves.note(from, to);
    }

    /// Leaves an address out of the limits per source.
    pub fn exempt(&mut self, address: IpAddr, exempt: bool) {
        self.sources.exempt(address, exempt);
    }

    /// What is remembered of a call: when, which way, where, what.
    pub fn traced(&self, call_id: &[u8]) -> Vec<(f64, Direction, Flow, Vec<u8>)> {
        self.trace.of(self.hash(call_id))
    }

    /// What there is at this moment.
    pub fn sizes(&self) -> [(&'static str, usize); 4] {
        [
            ("transactions", self.cells.count()),
            ("undecided", self.undecided),
            ("timers", self.wheel.count()),
            ("connections", self.cells.connections()),
        ]
    }

    // --- for the other files ---

    pub(crate) fn at(&mut self, now: f64) {
        // A clock that runs backwards would only make timers late.
        self.now = self.now.max(milliseconds(now));
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.now as f64 / 1000.0
    }

    pub(crate) fn hash(&self, bytes: &[u8]) -> u64 {
        self.random.hash_one(bytes)
    }

    /// A hash of several parts, each told from its neighbours.
    pub(crate) fn hash_parts<const N: usize>(&self, parts: [&[u8]; N]) -> u64 {
        let mut hasher = self.random.build_hasher();
        for part in parts {
            hasher.write_u32(part.len() as u32);
            hasher.write(part);
        }
        hasher.finish()
    }

    /// A number that nobody can guess.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.random.hash_one(("drawn", self.drawn))
    }

    pub(crate) fn arm(&mut self, delay: u64, id: CellId, timer: Timer) {
        self.wheel.arm(self.now, delay, (id, timer));
    }

    /// Queues what `write` writes.
    pub(crate) fn send(
        &mut self,
        flow: Flow,
        origin: Option<(CellId, u8)>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> (usize, usize) {
        let start = self.arena.len();
        write(&mut self.arena);
        let end = self.arena.len();
        self.out.push(Out { flow, start, end, origin });
        self.counts.sent += 1;
        (start, end)
    }

    pub(crate) fn send_bytes(&mut self, flow: Flow, bytes: &[u8]) {
        self.send(flow, None, |out| out.extend_from_slice(bytes));
    }

    /// Notes in the trace what has just been queued.
    pub(crate) fn traced_out(&mut self, call: u64, span: (usize, usize), method: crate::Method) {
        let now = self.seconds();
        let Some(out) = self.out.last() else { return };
        let bytes = &self.arena[span.0..span.1];
        self.trace.record(now, Direction::Out, out.flow, call, method, bytes);
    }

    /// Sends kept bytes of a cell once more.
    pub(crate) fn send_kept(
        &mut self,
        id: CellId,
        origin: Option<(CellId, u8)>,
        which: impl FnOnce(&Cell) -> (Flow, &[u8]),
    ) {
        let Some(cell) = self.cells.get(id) else { return };
        let (call, method) = (cell.call, cell.method);
        let (flow, bytes) = which(cell);
        if bytes.is_empty() {
            return;
        }
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        let end = self.arena.len();
        self.out.push(Out { flow, start, end, origin });
        self.counts.sent += 1;
        self.traced_out(call, (start, end), method);
    }

    pub(crate) fn drop_cell(&mut self, id: CellId) {
        let Some(cell) = self.cells.remove(id) else { return };
        if cell.awaits_decision() {
            self.undecided = self.undecided.saturating_sub(1);
        }
    }

    /// A cell's request, and the cell if the transaction has not been answered.
    pub(crate) fn open_cell(&mut self, id: CellId) -> Option<&mut Cell> {
        self.cells.get_mut(id).filter(|cell| cell.is_open())
    }

    pub(crate) fn request_of(&self, id: CellId) -> Option<Arc<Inbound>> {
        self.cells.get(id)?.request.clone()
    }

    /// Legs by number.
    pub(crate) fn leg_numbers(&self, id: CellId) -> SmallVec<[u8; 4]> {
        let count = self.cells.get(id).map_or(0, |cell| cell.legs.len());
        (0..count).map(|leg| leg as u8).collect()
    }
}
