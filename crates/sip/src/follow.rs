//! Requests within a dialog that we put ourselves into by Record-Route: they go where our token,
//! or their Route, says, and nobody is asked (RFC 3261 §16.4, §16.5, RFC 5626 §5.3).

use std::sync::Arc;

use crate::cell::{CellId, Inbound, State};
use crate::event::Event;
use crate::flow::Flow;
use crate::header::{Method, Name, reason};
use crate::index::{Index, Start, slice};
use crate::machine::Machine;
use crate::message::Message;
use crate::relay::routes;
use crate::settle::relayed;
use crate::splice::{self, Forward};
use crate::text::push_hex;
use crate::token::{Ends, Tokens};
use crate::via::COOKIE;
use crate::{address, uri};

/// What became of a request that carries our Route.
pub(crate) enum Followed {
    Done,
    /// Somebody must decide.
    Ask,
}

impl Machine {
    /// How many Routes at the top name us.
    pub(crate) fn own_routes(&self, bytes: &[u8], index: &Index) -> usize {
        routes(bytes, index)
            .take_while(|value| {
                let uri = address::parse(value).and_then(|route| uri::parse(route.uri));
                uri.is_some_and(|uri| self.names_us(&uri))
            })
            .count()
    }

    /// What the token in the topmost Route says of this dialog.
    fn ends(&self, bytes: &[u8], index: &Index) -> Option<(Ends, bool)> {
        let token = own_token(bytes, index)?;
        let tag = |name| index.tag(bytes, name).unwrap_or(b"");
        let (from, to) = (tag(Name::From), tag(Name::To));
        self.tokens.dialog(token, index.call_id(bytes), from, to)
    }

    /// The flow that our token promises to who did not send this.
    fn promised(&self, (ends, by_caller): (Ends, bool)) -> Option<Flow> {
        let promised = if by_caller { ends.callee } else { ends.caller };
        promised.map(|flow| self.moves.now(flow)).filter(|flow| self.has_listener_of(*flow))
    }

    /// Forwards a request by our token.
    pub(crate) fn follow_token(
        &mut self,
        data: &[u8],
        index: &Index,
        flow: Flow,
        own_routes: usize,
        key: u64,
        call: u64,
    ) -> Followed {
        let Some(found) = self.ends(data, index) else {
            let token = own_token(data, index).filter(|token| Tokens::resembles(token));
            if token.is_none_or(|token| self.tokens.flow(token).is_some()) {
                return Followed::Ask;
            }
            // RFC 5626 §5.3.1: a token of ours that has been changed, or of another dialog.
            if self.sources.admit(flow.remote.ip(), self.now) {
                self.refuse(data, index, flow, 403, b"Forbidden", b"");
            }
            return Followed::Done;
        };
        let promised = self.promised(found);
        let Some(next) = promised.or_else(|| self.hop(data, index, flow, own_routes)) else {
            return Followed::Ask;
        };
        if self.cells.count() >= self.config.max_transactions {
            self.counts.overloaded += 1;
            self.refuse(data, index, flow, 503, b"Service Unavailable", b"");
            return Followed::Done;
        }
        if let Some(refusal) = self.refusal(data, index, 1) {
            let text = reason(refusal.status).as_bytes();
            self.refuse(data, index, flow, refusal.status, text, &refusal.headers);
            return Followed::Done;
        }
        let method = index.method(data);
        let id = self.open(method, State::Proceeding, data, index, flow, key, call);
        let inbound = self.inbound(data, index.clone(), flow, id, key, own_routes);
        if found.0.report && method == Method::Bye {
            let news = relayed(CellId::NONE, "BYE", 0, &inbound.message);
            self.events.push(Event::Relayed(news));
        }
        let inbound = Arc::new(inbound);
        if let Some(cell) = self.cells.get_mut(id) {
            cell.request = Some(inbound.clone());
            cell.relayed = true;
        }
        if method == Method::Invite {
            self.try_on(id);
        }
        self.pass_on(&inbound, next, promised.is_some());
        Followed::Done
    }

    /// Our own mark of its very dialog is on a request: who sends it was led here by us.
    pub fn is_marked(&self, request: &Inbound) -> bool {
        self.ends(&request.message.bytes, &request.message.index).is_some()
    }

    /// Forwards a request to where its Route or Request-URI points; `flow`: the way to there.
    /// False when it has been answered, or when the way is not known.
    pub fn follow(&mut self, request: &Inbound, flow: Option<Flow>) -> bool {
        let (bytes, index) = (&request.message.bytes[..], &request.message.index);
        let promised = self.ends(bytes, index).and_then(|found| self.promised(found));
        let hop = || self.hop(bytes, index, request.flow, request.own_routes);
        let Some(next) = flow.or(promised).or_else(hop) else { return false };
        if index.method(bytes) == Method::Ack {
            self.forward_ack(bytes, index, request.flow, next, request.own_routes);
            return true;
        }
        if self.open_cell(request.id).is_none() {
            return false;
        }
        if let Some(refusal) = self.refusal(bytes, index, 1) {
            let (status, headers) = (refusal.status, &refusal.headers[..]);
            let response = crate::server::Response { status, headers, ..Default::default() };
            self.reply(request, &response);
            return false;
        }
        self.decided(request.id);
        if let Some(cell) = self.cells.get_mut(request.id) {
            cell.relayed = true;
        }
        if index.method(bytes) == Method::Invite {
            self.try_on(request.id);
        }
        self.pass_on(request, next, promised.is_some());
        true
    }

    /// One leg with an unchanged Request-URI.
    fn pass_on(&mut self, request: &Inbound, next: Flow, bound: bool) {
        let Some(number) = self.next_leg(request.id) else { return };
        let (bytes, index) = (&request.message.bytes[..], &request.message.index);
        let route = self.route_hash(bytes, index);
        self.add_leg(request.id, next, bound, |machine, out, flow| {
            let front = machine.via_lines(flow, request.id, number, route);
            let change = unchanged(bytes, index, request.own_routes, &front);
            splice::forward(out, (bytes, index), request.flow, &change);
        });
    }

    /// An ACK of a dialog that went through us; false when it is not one.
    pub(crate) fn follow_ack(
        &mut self,
        data: &[u8],
        index: &Index,
        flow: Flow,
        own_routes: usize,
    ) -> bool {
        if !self.config.follow {
            return false;
        }
        let Some(found) = self.ends(data, index) else { return false };
        let promised = self.promised(found);
        let Some(next) = promised.or_else(|| self.hop(data, index, flow, own_routes)) else {
            return false;
        };
        self.forward_ack(data, index, flow, next, own_routes);
        true
    }

    /// Stateless (§16.11): the branch follows from what came, so that repetitions are equal.
    fn forward_ack(
        &mut self,
        data: &[u8],
        index: &Index,
        from: Flow,
        next: Flow,
        own_routes: usize,
    ) {
        if index.value(data, Name::MaxForwards).and_then(crate::text::number) == Some(0) {
            return;
        }
        let branch = index.top_via(data).and_then(|via| via.branch()).unwrap_or(b"");
        let hash = self.hash_parts([b"ack", branch, index.call_id(data)]);
        let mut front = Vec::with_capacity(128);
        if let Some(listener) = self.listeners.get(usize::from(next.listener)) {
            front.extend_from_slice(&listener.via);
        }
        front.extend_from_slice(COOKIE);
        push_hex(&mut front, hash);
        front.extend_from_slice(b"\r\n");
        let change = unchanged(data, index, own_routes, &front);
        let span = self.send(next, None, |out| {
            splice::forward(out, (data, index), from, &change);
        });
        let call = self.hash(index.call_id(data));
        self.traced_out(call, span, Method::Ack);
    }

    /// The flow to the next hop: the first Route that is not ours, else the Request-URI. `None`
    /// when its host is a name, or when we have no listener of its kind.
    fn hop(&self, bytes: &[u8], index: &Index, from: Flow, own_routes: usize) -> Option<Flow> {
        let target = next_uri(bytes, index, own_routes)?;
        let uri = uri::parse(target)?;
        let (transport, remote) = (uri.transport()?, uri.address()?);
        if transport.websocket() {
            return None;
        }
        let family = remote.is_ipv6();
        let fits = |listener: u16| {
            let ours = self.listeners.get(usize::from(listener))?;
            let same_family = match uri::address(ours.host.as_bytes()) {
                Some(address) => address.is_ipv6() == family,
                None => from.remote.is_ipv6() == family || listener != from.listener,
            };
            (ours.transport == transport && same_family).then_some(listener)
        };
        let any = || (0..self.listeners.len() as u16).find_map(fits);
        let listener = fits(from.listener).or_else(any)?;
        Some(Flow::new(listener, transport, 0, remote))
    }

    /// §16.4: a strict router has put our Record-Route into the Request-URI and the real one at
    /// the end of the Routes.
    pub(crate) fn repair_strict_route(&self, bytes: &[u8], index: &Index) -> Option<Message> {
        let uri = uri::parse(index.uri(bytes))?;
        if !uri.user.is_some_and(Tokens::resembles) || !uri.loose() || !self.names_us(&uri) {
            return None;
        }
        let last = index.lines.iter().rposition(|line| line.name == Name::Route)?;
        let line = &index.lines[last];
        let values: Vec<&[u8]> = crate::text::list(line.value(bytes)).collect();
        let (target, before) = values.split_last()?;
        let target = address::parse(target)?.uri;
        let Start::Request { name, .. } = index.start else { return None };
        let mut out = Vec::with_capacity(bytes.len() + 64);
        out.extend_from_slice(slice(bytes, name));
        out.push(b' ');
        out.extend_from_slice(target);
        out.extend_from_slice(b" SIP/2.0\r\n");
        // Our own comes first, as if the previous hop had been a loose router.
        out.extend_from_slice(b"Route: <");
        out.extend_from_slice(index.uri(bytes));
        out.extend_from_slice(b">\r\n");
        out.extend_from_slice(slice(bytes, (index.headers, line.start)));
        if !before.is_empty() {
            out.extend_from_slice(b"Route: ");
            out.extend_from_slice(&before.join(&b", "[..]));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(slice(bytes, (line.end, index.end)));
        let repaired = Index::parse(&out, self.config.max_headers).ok()?;
        repaired.fault.is_none().then(|| Message::new(&out, repaired))
    }
}

/// The user part of the topmost Route.
pub(crate) fn own_token<'a>(bytes: &'a [u8], index: &'a Index) -> Option<&'a [u8]> {
    let first = routes(bytes, index).next()?;
    uri::parse(address::parse(first)?.uri)?.user
}

/// The first Route that is not ours, else the Request-URI.
fn next_uri<'a>(bytes: &'a [u8], index: &'a Index, own_routes: usize) -> Option<&'a [u8]> {
    match routes(bytes, index).nth(own_routes) {
        Some(next) => Some(address::parse(next)?.uri),
        None => Some(index.uri(bytes)),
    }
}

/// §16.6 item 6: nothing but our Routes goes, unless the next hop routes strictly.
fn unchanged<'a>(
    bytes: &'a [u8],
    index: &'a Index,
    own_routes: usize,
    front: &'a [u8],
) -> Forward<'a> {
    let next = routes(bytes, index).nth(own_routes).and_then(address::parse);
    let strict = next.filter(|next| uri::parse(next.uri).is_some_and(|uri| !uri.loose()));
    Forward {
        uri: strict.map_or(index.uri(bytes), |next| next.uri),
        front,
        drop_routes: own_routes + usize::from(strict.is_some()),
        last_route: strict.map(|_| index.uri(bytes)),
        ..Forward::default()
    }
}
