//! A request has come: which transaction it belongs to, who sent it, and whether somebody must
//! decide. Requests without a decision hold a cell; their number and time are limited.

use std::sync::Arc;

use crate::accounts::account;
use crate::cell::{Auth, Cell, CellId, Inbound, State};
use crate::digest;
use crate::event::Event;
use crate::flow::Flow;
use crate::header::{Method, Name};
use crate::index::Index;
use crate::machine::Machine;
use crate::message::Message;
use crate::nonce::Worth;
use crate::splice::Reply;
use crate::text::trim;
use crate::uri;
use crate::via::COOKIE;

/// RFC 3261 §17.2.1: a client that hears nothing for so long sends its INVITE again.
const TRYING_AFTER: u64 = 200;
/// What an overloaded server asks clients to wait, in seconds (§21.5.4).
const RETRY_AFTER: &[u8] = b"Retry-After: 5\r\n";

/// What was found out about a request's credentials.
#[derive(Default)]
struct Verdict {
    auth: Auth,
    user: Box<[u8]>,
    realm: Box<[u8]>,
    line: Option<usize>,
    /// The keys of this account must be asked for.
    unknown: bool,
}

impl Machine {
    pub(crate) fn request_came(
        &mut self,
        data: &[u8],
        index: Index,
        method: Method,
        flow: Flow,
        call: u64,
    ) {
        if let Some(fault) = index.fault {
            self.counts.malformed += 1;
            // §8.2, §17.1.1.3: ACK is never answered.
            if method != Method::Ack && self.sources.admit(flow.remote.ip(), self.now) {
                let reason = fault.text.as_bytes();
                self.refuse(data, &index, flow, fault.status, reason, b"");
            }
            return;
        }
        let Some(key) = self.transaction_key(data, &index, method) else { return };
        if let Some(id) = self.cells.find(key)
            && self.came_again(id, method)
        {
            return;
        }
        match method {
            Method::Ack => self.ack_came(data, index, flow),
            Method::Cancel => self.cancel_came(data, &index, flow, key, call),
            _ => self.new_request(data, index, flow, key, call),
        }
    }

    /// What tells transactions apart (RFC 3261 §17.2.3): branch, sent-by and method, where ACK is
    /// part of its INVITE. Without the cookie it is the rule of RFC 2543.
    pub(crate) fn transaction_key(
        &self,
        data: &[u8],
        index: &Index,
        method: Method,
    ) -> Option<u64> {
        let method = match method {
            Method::Ack => b"INVITE",
            _ => index.method_name(data),
        };
        self.key_of(data, index, method)
    }

    pub(crate) fn key_of(&self, data: &[u8], index: &Index, method: &[u8]) -> Option<u64> {
        let via = index.top_via(data)?;
        let branch = via.branch().unwrap_or(b"");
        let port = via.port.unwrap_or(0).to_be_bytes();
        let key = if branch.len() > COOKIE.len() && branch.starts_with(COOKIE) {
            self.hash_parts([branch, via.host, &port, method])
        } else {
            let cseq = index.cseq(data).map_or(0, |(number, _)| number).to_be_bytes();
            let from = index.tag(data, Name::From).unwrap_or(b"");
            let (call_id, uri) = (index.call_id(data), index.uri(data));
            self.hash_parts([branch, via.host, &port, method, call_id, from, &cseq, uri])
        };
        Some(key.max(1))
    }

    fn new_request(&mut self, data: &[u8], index: Index, flow: Flow, key: u64, call: u64) {
        let repaired = self.repair_strict_route(data, &index);
        let (data, index) = match &repaired {
            Some(message) => (&message.bytes[..], message.index.clone()),
            None => (data, index),
        };
        let own_routes = self.own_routes(data, &index);
        if own_routes > 0 && self.config.follow && index.tag(data, Name::To).is_some() {
            match self.follow_token(data, &index, flow, own_routes, key, call) {
                crate::follow::Followed::Done => return,
                crate::follow::Followed::Ask => {}
            }
        }
        let verdict = self.judge(data, &index, flow);
        if verdict.auth != Auth::Ok && !self.sources.admit(flow.remote.ip(), self.now) {
            self.counts.limited += 1;
            return;
        }
        let full = self.cells.count() >= self.config.max_transactions;
        if full || self.undecided >= self.config.max_undecided {
            self.counts.overloaded += 1;
            return self.refuse(data, &index, flow, 503, b"Service Unavailable", RETRY_AFTER);
        }
        let method = index.method(data);
        let id = self.open(method, State::Undecided, data, &index, flow, key, call);
        self.undecided += 1;
        let confirmed = method == Method::Prack && self.prack_came(data, &index);
        let inbound = self.inbound(data, index, flow, id, key, own_routes);
        let inbound = Inbound {
            auth: verdict.auth,
            user: verdict.user.clone(),
            realm: verdict.realm.clone(),
            credentials: verdict.line,
            confirmed,
            ..inbound
        };
        let inbound = Arc::new(inbound);
        if let Some(cell) = self.cells.get_mut(id) {
            cell.request = Some(inbound.clone());
        }
        if method == Method::Invite {
            self.trying.push_back((self.now + TRYING_AFTER, id));
        }
        self.guard.push_back((self.now + self.config.decision_time, id));
        if verdict.unknown {
            self.park(id, &verdict);
        } else {
            self.events.push(Event::Request(inbound));
        }
    }

    /// A cell for the server side of a request.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn open(
        &mut self,
        method: Method,
        state: State,
        data: &[u8],
        index: &Index,
        flow: Flow,
        key: u64,
        call: u64,
    ) -> CellId {
        let via = index.top_via(data);
        let to = via.map_or(flow, |via| via.answer_flow(flow));
        let mut cell = Cell::new(method, state, key, call, to);
        cell.back = via.map_or(0, |via| via.answer_port(flow.transport));
        let stamp = self.draw() as u32;
        let id = self.cells.insert(cell, stamp);
        self.cells.wait_on(to, id);
        id
    }

    pub(crate) fn inbound(
        &self,
        data: &[u8],
        index: Index,
        flow: Flow,
        id: CellId,
        key: u64,
        own_routes: usize,
    ) -> Inbound {
        let ours = uri::parse(index.uri(data)).is_some_and(|uri| self.names_us(&uri));
        Inbound {
            message: Message::new(data, index),
            flow,
            id,
            auth: Auth::None,
            user: Box::default(),
            realm: Box::default(),
            credentials: None,
            tag: self.tag(key),
            own_routes,
            ours,
            confirmed: false,
        }
    }

    /// The To tag of answers to a transaction: the same for its repetitions, without memory
    /// (RFC 3261 §8.2.7).
    pub(crate) fn tag(&self, key: u64) -> [u8; 16] {
        let hash = self.hash_parts([b"tag", &key.to_be_bytes()]);
        let mut tag = [0; 16];
        for (at, letter) in tag.iter_mut().enumerate() {
            *letter = b"0123456789abcdef"[(hash >> (4 * at) & 15) as usize];
        }
        tag
    }

    /// Answers without remembering anything.
    pub(crate) fn refuse(
        &mut self,
        data: &[u8],
        index: &Index,
        flow: Flow,
        status: u16,
        reason: &[u8],
        headers: &[u8],
    ) {
        if index.line(Name::Via).is_none() {
            return;
        }
        // A Via that cannot be read says nothing; then the answer goes back where this came from.
        let to = index.top_via(data).map_or(flow, |via| via.answer_flow(flow));
        let method = index.method(data);
        let key = self.key_of(data, index, index.method_name(data)).unwrap_or(0);
        let tag = self.tag(key);
        let reply = Reply { status, reason, tag: &tag, headers, body: b"" };
        let span = self.send(to, None, |out| {
            crate::splice::reply(out, (data, index), flow, &reply);
        });
        let call = self.hash(index.call_id(data));
        self.traced_out(call, span, method);
    }

    /// RFC 3261 §22.4, RFC 7616 §3.4: the best that any of the credentials for our realms are
    /// worth.
    fn judge(&mut self, data: &[u8], index: &Index, flow: Flow) -> Verdict {
        let mut best = Verdict::default();
        for (at, line) in index.lines.iter().enumerate() {
            if !matches!(line.name, Name::Authorization | Name::ProxyAuthorization) {
                continue;
            }
            let Some(given) = digest::credentials(line.value(data)) else { continue };
            if !self.config.realms.iter().any(|realm| realm.as_bytes() == given.realm) {
                continue;
            }
            let found = self.judge_one(&given, data, index, flow, at);
            if found.auth == Auth::Ok {
                return found;
            }
            if found.unknown || !best.unknown && rank(found.auth) > rank(best.auth) {
                best = found;
            }
        }
        best
    }

    fn judge_one(
        &mut self,
        given: &digest::Credentials,
        data: &[u8],
        index: &Index,
        flow: Flow,
        line: usize,
    ) -> Verdict {
        let (user, realm) = (given.user.as_slice().into(), given.realm.as_slice().into());
        let mut verdict = Verdict { user, realm, line: Some(line), ..Verdict::default() };
        let Worth::Fresh(nonce) = self.nonces.judge(&given.nonce, self.now) else {
            verdict.auth = Auth::Stale;
            return verdict;
        };
        let who = (verdict.user.clone(), verdict.realm.clone());
        let Some(keys) = self.accounts.keys(&who) else {
            verdict.unknown = true;
            return verdict;
        };
        if !given.proves(keys, index.method_name(data)) {
            verdict.auth = Auth::Bad;
            return verdict;
        }
        let request = self.request_hash(given, data, index, flow);
        verdict.auth = match self.nonces.spend(nonce, given.count, request) {
            true => Auth::Ok,
            false => Auth::Stale,
        };
        verdict
    }

    /// The same only for a request that is sent once more, from the same place.
    fn request_hash(
        &self,
        given: &digest::Credentials,
        data: &[u8],
        index: &Index,
        flow: Flow,
    ) -> u64 {
        let branch = index.top_via(data).and_then(|via| via.branch()).unwrap_or(b"");
        let remote = flow.remote.to_string();
        let connection = flow.connection.to_be_bytes();
        let call_id = index.call_id(data);
        self.hash_parts([given.response(), branch, call_id, remote.as_bytes(), &connection])
    }

    /// Waits for the keys of an account.
    fn park(&mut self, id: CellId, verdict: &Verdict) {
        let (user, realm) = (&verdict.user, &verdict.realm);
        if self.accounts.wait(account(user, realm), id) {
            let (user, realm) = (user.to_vec(), realm.to_vec());
            self.events.push(Event::AccountNeeded { user, realm });
        }
    }

    /// The keys have come, or there are none.
    pub(crate) fn unpark(&mut self, id: CellId, known: bool) {
        let Some(cell) = self.cells.get_mut(id) else { return };
        let Some(inbound) = cell.request.take() else { return };
        let message = &inbound.message;
        let mut verdict = match known {
            true => self.judge(&message.bytes, &message.index, inbound.flow),
            false => Verdict {
                auth: Auth::Bad,
                user: inbound.user.clone(),
                realm: inbound.realm.clone(),
                line: inbound.credentials,
                unknown: false,
            },
        };
        if verdict.unknown {
            // Credentials of a second account, whose keys nobody has either: enough asked.
            verdict.auth = Auth::Bad;
        }
        // Nobody else has heard of it yet.
        let Ok(mut inbound) = Arc::try_unwrap(inbound) else { return };
        inbound.auth = verdict.auth;
        (inbound.user, inbound.realm) = (verdict.user, verdict.realm);
        inbound.credentials = verdict.line;
        let inbound = Arc::new(inbound);
        if let Some(cell) = self.cells.get_mut(id) {
            cell.request = Some(inbound.clone());
        }
        self.events.push(Event::Request(inbound));
    }

    /// A URI's host is one of our names.
    pub(crate) fn names_us(&self, uri: &uri::Uri<'_>) -> bool {
        let host = trim(uri.host);
        let port = uri.port;
        let of_listener = |listener: &crate::machine::Listener| {
            listener.host.as_bytes().eq_ignore_ascii_case(host)
                && port.is_none_or(|port| port == listener.port)
        };
        let of_name = |name: &String| {
            let (name, wanted) = match uri::host_port(name.as_bytes()) {
                Some(parts) => parts,
                None => return false,
            };
            let any_of_ours = || self.listeners.iter().any(|one| Some(one.port) == port);
            name.eq_ignore_ascii_case(host)
                && match (port, wanted) {
                    (None, _) => true,
                    (Some(port), Some(wanted)) => port == wanted,
                    (Some(port), None) => port == 5060 || port == 5061 || any_of_ours(),
                }
        };
        self.listeners.iter().any(of_listener) || self.config.names.iter().any(of_name)
    }
}

fn rank(auth: Auth) -> u8 {
    match auth {
        Auth::None => 0,
        Auth::Bad => 1,
        Auth::Stale => 2,
        Auth::Ok => 3,
    }
}
