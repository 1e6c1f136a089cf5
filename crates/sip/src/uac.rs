//! We are the client: requests of our own, and the ACKs of successful INVITEs.

use std::sync::Arc;

use crate::cell::{Acked, Cell, CellId, LegState, State, Uac};
use crate::client::put_branch;
use crate::event::{Answer, Event};
use crate::flow::Flow;
use crate::header::{Method, Name};
use crate::index::Index;
use crate::machine::Machine;
use crate::message::Message;
use crate::splice::{self, Reply};
use crate::text::{list, push_hex, push_number};
use crate::uri;
use crate::via::COOKIE;

/// Forks whose 2xx are told of; more is nothing but trouble.
const MOST_FORKS: usize = 32;

/// A request to send.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// INVITE, BYE, …
    pub method: &'a [u8],
    /// Its Request-URI.
    pub uri: &'a [u8],
    /// Complete lines: From, To, Call-ID and CSeq at least.
    pub headers: &'a [u8],
    /// Its Content-Type is among the headers.
    pub body: &'a [u8],
    /// Never another transport for its size.
    pub bound: bool,
}

/// Why a request of our own cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It would be no valid message.
    Malformed(&'static str),
    /// No such listener.
    Listener,
    /// Too many transactions.
    Full,
}

impl Machine {
    /// Sends a request; answers come as events.
    pub fn request(&mut self, request: &Request<'_>, flow: Flow) -> Result<CellId, Unfit> {
        if self.listeners.get(usize::from(flow.listener)).is_none() {
            return Err(Unfit::Listener);
        }
        if self.cells.count() >= self.config.max_transactions {
            return Err(Unfit::Full);
        }
        let mut probe = Vec::with_capacity(1024);
        self.write_request(&mut probe, request, flow, CellId::NONE);
        let index =
            Index::parse(&probe, self.config.max_headers).map_err(|why| Unfit::Malformed(why.0))?;
        if let Some(fault) = index.fault {
            return Err(Unfit::Malformed(fault.text));
        }
        let method = Method::of(request.method);
        if matches!(method, Method::Ack | Method::Cancel) {
            return Err(Unfit::Malformed("ACK and CANCEL have verbs of their own"));
        }
        let call = self.hash(index.call_id(&probe));
        let mut cell = Cell::new(method, State::Client, 0, call, flow);
        cell.uac = Some(Box::new(Uac {
            acked: Vec::new(),
            credentials: credentials(&probe, &index).into_boxed_slice(),
        }));
        let stamp = self.draw() as u32;
        let id = self.cells.insert(cell, stamp);
        self.add_leg(id, flow, request.bound, |machine, out, flow| {
            machine.write_request(out, request, flow, id);
        });
        Ok(id)
    }

    fn write_request(&self, out: &mut Vec<u8>, request: &Request<'_>, flow: Flow, id: CellId) {
        out.extend_from_slice(request.method);
        out.push(b' ');
        out.extend_from_slice(request.uri);
        out.extend_from_slice(b" SIP/2.0\r\n");
        if let Some(listener) = self.listeners.get(usize::from(flow.listener)) {
            out.extend_from_slice(&listener.via);
        }
        put_branch(out, id, 0, 0);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(request.headers);
        if !has_hops(request.headers) {
            out.extend_from_slice(b"Max-Forwards: 70\r\n");
        }
        splice::put_body(out, request.body);
    }

    /// Tells of a provisional answer.
    pub(crate) fn tell_answer(&mut self, id: CellId, message: Message, flow: Flow) {
        let message = Arc::new(message);
        let answer = Answer { request: id, message, flow, local: false };
        self.events.push(Event::Response(answer));
    }

    /// Tells of a final answer, or of its absence, and lets the transaction end.
    pub(crate) fn tell_final(&mut self, id: CellId, number: u8) {
        let rest = self.leg_rest(id);
        if let Some(answer) = self.answer_of(id, number) {
            self.events.push(Event::Response(answer));
        }
        if let Some(leg) = self.leg_mut(id, number) {
            leg.answer = None;
        }
        self.end_after(id, rest);
    }

    /// The final answer of a leg; made here if none came.
    pub(crate) fn answer_of(&self, id: CellId, number: u8) -> Option<Answer> {
        let cell = self.cells.get(id)?;
        let leg = cell.legs.get(usize::from(number))?;
        if let Some(message) = leg.answer.clone() {
            return Some(Answer { request: id, message, flow: leg.flow, local: false });
        }
        let reason = crate::header::reason(leg.status).as_bytes();
        let reply = Reply { status: leg.status, reason, tag: b"", headers: b"", body: b"" };
        let mut out = Vec::with_capacity(512);
        if let Some(request) = &cell.request {
            let message = (&request.message.bytes[..], &request.message.index);
            splice::reply(&mut out, message, request.flow, &reply);
        } else {
            let index = Index::parse(&leg.sent, usize::MAX).ok()?;
            splice::reply(&mut out, (&leg.sent, &index), leg.flow, &reply);
        }
        let index = Index::parse(&out, usize::MAX).ok()?;
        let message = Arc::new(Message::new(&out, index));
        Some(Answer { request: id, message, flow: leg.flow, local: true })
    }

    /// A 2xx to our INVITE: a new one is told of, an old one gets its ACK again.
    pub(crate) fn tell_success(&mut self, id: CellId, message: Message, flow: Flow) {
        let tag = self.hash(message.index.tag(&message.bytes, Name::To).unwrap_or(b""));
        let Some(cell) = self.cells.get_mut(id) else { return };
        let call = cell.call;
        let Some(uac) = cell.uac.as_mut() else { return };
        if let Some(known) = uac.acked.iter().find(|one| one.tag == tag) {
            if let Some((flow, ack)) = known.ack.clone() {
                self.counts.resent += 1;
                let span = self.send(flow, None, |out| out.extend_from_slice(&ack));
                self.traced_out(call, span, Method::Ack);
            }
            return;
        }
        if uac.acked.len() >= MOST_FORKS {
            return;
        }
        uac.acked.push(Acked { tag, ack: None });
        self.tell_answer(id, message, flow);
    }

    /// ACK to a 2xx (RFC 3261 §13.2.2.4); it is kept for repetitions of the 2xx. `uri` and `flow`
    /// take the place of what the answer says. False when the INVITE has been forgotten.
    pub fn acknowledge(
        &mut self,
        answer: &Answer,
        headers: &[u8],
        body: &[u8],
        uri: Option<&[u8]>,
        flow: Option<Flow>,
    ) -> Result<bool, Unfit> {
        let id = answer.request;
        let branch = self.draw();
        let Some(cell) = self.cells.get(id) else { return Ok(false) };
        let Some(uac) = cell.uac.as_ref() else { return Ok(false) };
        let Some(leg) = cell.legs.first().filter(|leg| leg.state == LegState::Accepted) else {
            return Ok(false);
        };
        let flow = flow.unwrap_or(leg.flow);
        let Some(listener) = self.listeners.get(usize::from(flow.listener)) else {
            return Err(Unfit::Listener);
        };
        let mut via = listener.via.clone();
        via.extend_from_slice(COOKIE);
        push_hex(&mut via, branch);
        via.extend_from_slice(b"\r\n");
        let more = [&uac.credentials[..], headers].concat();
        let ack = write_ack(&answer.message, uri, &via, &more, body)
            .ok_or(Unfit::Malformed("no Contact"))?;
        match Index::parse(&ack, self.config.max_headers) {
            Ok(index) if index.fault.is_none() => {}
            _ => return Err(Unfit::Malformed("bad ACK")),
        }
        let call = cell.call;
        let message = &answer.message;
        let tag = self.hash(message.index.tag(&message.bytes, Name::To).unwrap_or(b""));
        let span = self.send(flow, None, |out| out.extend_from_slice(&ack));
        self.traced_out(call, span, Method::Ack);
        let uac = self.cells.get_mut(id).and_then(|cell| cell.uac.as_mut());
        if let Some(one) = uac.and_then(|uac| uac.acked.iter_mut().find(|one| one.tag == tag)) {
            one.ack = Some((flow, ack.into_boxed_slice()));
        }
        Ok(true)
    }
}

/// RFC 3261 §12.1.2, §12.2.1.1: Request-URI and Routes of a dialog that a 2xx made.
fn write_ack(
    answer: &Message,
    uri: Option<&[u8]>,
    via: &[u8],
    more: &[u8],
    body: &[u8],
) -> Option<Vec<u8>> {
    let (bytes, index) = (&answer.bytes, &answer.index);
    let contact = index.address(bytes, Name::Contact).map(|contact| contact.uri);
    let target = uri.or(contact)?;
    let mut routes: Vec<&[u8]> = index.values(bytes, Name::RecordRoute).flat_map(list).collect();
    routes.reverse();
    let first = routes.first().and_then(|route| crate::address::parse(route));
    let strict = first.filter(|first| uri::parse(first.uri).is_some_and(|uri| !uri.loose()));
    let mut out = Vec::with_capacity(512 + body.len());
    out.extend_from_slice(b"ACK ");
    out.extend_from_slice(strict.map_or(target, |first| first.uri));
    out.extend_from_slice(b" SIP/2.0\r\n");
    out.extend_from_slice(via);
    for route in routes.iter().skip(usize::from(strict.is_some())) {
        out.extend_from_slice(b"Route: ");
        out.extend_from_slice(route);
        out.extend_from_slice(b"\r\n");
    }
    if strict.is_some() {
        out.extend_from_slice(b"Route: <");
        out.extend_from_slice(target);
        out.extend_from_slice(b">\r\n");
    }
    for name in [Name::From, Name::To, Name::CallId] {
        out.extend_from_slice(index.line(name)?.whole(bytes));
    }
    out.extend_from_slice(b"CSeq: ");
    push_number(&mut out, u64::from(index.cseq(bytes)?.0));
    out.extend_from_slice(b" ACK\r\nMax-Forwards: 70\r\n");
    out.extend_from_slice(more);
    splice::put_body(&mut out, body);
    Some(out)
}

fn credentials(bytes: &[u8], index: &Index) -> Vec<u8> {
    let is_ours = |name| matches!(name, Name::Authorization | Name::ProxyAuthorization);
    let lines = index.lines.iter().filter(|line| is_ours(line.name));
    lines.flat_map(|line| line.whole(bytes).iter().copied()).collect()
}

fn has_hops(headers: &[u8]) -> bool {
    headers
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.split(|&byte| byte == b':').next())
        .any(|name| Name::of(name.trim_ascii_end()) == Name::MaxForwards)
}
