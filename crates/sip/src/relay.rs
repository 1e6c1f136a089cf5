//! The proxy core (RFC 3261 §16): forwarding a request to one or several targets. Where those are
//! is somebody else's decision.

use crate::cell::{CellId, Inbound};
use crate::client::{put_branch, read_branch};
use crate::flow::Flow;
use crate::header::{Method, Name};
use crate::index::Index;
use crate::machine::{Machine, Timer};
use crate::server::Response;
use crate::splice::{self, Forward};
use crate::text::{list, number};
use crate::token::Ends;
use crate::{address, uri, via};

/// RFC 5393 §5.3.3: how many branches at a time a request may have that does not say.
const BREADTH: u64 = 60;

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The new Request-URI.
    pub uri: &'a [u8],
    /// The way.
    pub flow: Flow,
    /// URIs put before what is left of the request's own Routes.
    pub routes: &'a [Vec<u8>],
    /// No proxy is in between.
    pub direct: bool,
    /// Never another transport.
    pub bound: bool,
    /// Complete lines.
    pub headers: &'a [u8],
}

/// How it is forwarded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relay<'a> {
    /// Stay on the way of the dialog's requests.
    pub record_route: bool,
    /// Tell when all have failed, and wait.
    pub hold: bool,
    /// Tell how it ended.
    pub report: bool,
    /// Milliseconds until legs are cancelled.
    pub ring_time: Option<u64>,
    /// Complete lines for all legs.
    pub headers: &'a [u8],
    /// Names of headers taken out.
    pub remove: &'a [Vec<u8>],
}

/// Why a request is not forwarded (§16.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer.
    pub status: u16,
    /// Lines of it.
    pub headers: Vec<u8>,
}

impl Machine {
    /// Forwards a request to all targets at once. False when it has its answer already, also one
    /// that is given here (483, 482, 440, 420).
    pub fn relay(&mut self, request: &Inbound, targets: &[Target<'_>], relay: &Relay<'_>) -> bool {
        let Some(cell) = self.open_cell(request.id) else { return false };
        if cell.cancelled {
            return false;
        }
        let (bytes, index) = (&request.message.bytes[..], &request.message.index);
        if let Some(refusal) = self.refusal(bytes, index, targets.len()) {
            let (status, headers) = (refusal.status, &refusal.headers[..]);
            self.reply(request, &Response { status, headers, ..Response::default() });
            return false;
        }
        self.decided(request.id);
        if let Some(cell) = self.cells.get_mut(request.id) {
            (cell.relayed, cell.hold, cell.report) = (true, relay.hold, relay.report);
        }
        if index.method(bytes) == Method::Invite {
            self.try_on(request.id);
        }
        let breadth = breadth(bytes, index, targets.len());
        let route = self.route_hash(bytes, index);
        for target in targets {
            self.add_target(request, target, relay, breadth, route);
        }
        if let Some(time) = relay.ring_time {
            self.arm(time, request.id, Timer::RingTime);
        }
        // If there was no place for a leg, all have failed.
        self.settle(request.id);
        true
    }

    fn add_target(
        &mut self,
        request: &Inbound,
        target: &Target<'_>,
        relay: &Relay<'_>,
        breadth: Option<u64>,
        route: u32,
    ) {
        let Some(number) = self.next_leg(request.id) else { return };
        let (bytes, index) = (&request.message.bytes[..], &request.message.index);
        let own = request.own_routes;
        // §16.6 item 6: a strict router wants to find itself in the Request-URI.
        let next = match target.routes.first() {
            Some(first) => Some(&first[..]),
            None => {
                routes(bytes, index).nth(own).and_then(|value| Some(address::parse(value)?.uri))
            }
        };
        let strict = next.filter(|next| uri::parse(next).is_some_and(|uri| !uri.loose()));
        let skipped = usize::from(strict.is_some() && !target.routes.is_empty());
        let dropped = usize::from(strict.is_some() && target.routes.is_empty());
        let records = relay.record_route && makes_dialog(index, bytes);
        self.add_leg(request.id, target.flow, target.bound, |machine, out, flow| {
            let mut front = machine.via_lines(flow, request.id, number, route);
            if records {
                machine.put_record_route(&mut front, request, flow, target.direct, relay.report);
            }
            for route in &target.routes[skipped..] {
                front.extend_from_slice(b"Route: <");
                front.extend_from_slice(route);
                front.extend_from_slice(b">\r\n");
            }
            front.extend_from_slice(relay.headers);
            front.extend_from_slice(target.headers);
            let change = Forward {
                uri: strict.unwrap_or(target.uri),
                front: &front,
                drop_routes: own + dropped,
                last_route: strict.map(|_| target.uri),
                breadth,
                // §22.3: what proved something to us is nobody else's business.
                drop_line: request.credentials,
                remove: relay.remove,
            };
            splice::forward(out, (bytes, index), request.flow, &change);
        });
    }

    /// Our Via of a leg.
    pub(crate) fn via_lines(&self, flow: Flow, id: CellId, leg: u8, route: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        if let Some(listener) = self.listeners.get(usize::from(flow.listener)) {
            out.extend_from_slice(&listener.via);
        }
        put_branch(&mut out, id, leg, route);
        out.extend_from_slice(b"\r\n");
        out
    }

    /// Record-Route (§16.6 item 4): one, or one for each side when they differ (RFC 5658).
    fn put_record_route(
        &self,
        out: &mut Vec<u8>,
        request: &Inbound,
        flow: Flow,
        direct: bool,
        report: bool,
    ) {
        let (bytes, index) = (&request.message.bytes[..], &request.message.index);
        // One Via: the caller itself sent it to us.
        let from_caller = index.values(bytes, Name::Via).flat_map(list).count() == 1;
        let ends = Ends {
            caller: from_caller.then_some(request.flow),
            callee: direct.then_some(flow),
            report,
        };
        let tag = index.tag(bytes, Name::From).unwrap_or(b"");
        let token = self.tokens.of_dialog(ends, index.call_id(bytes), tag);
        let secure = uri::parse(index.uri(bytes)).is_some_and(|uri| uri.secure);
        let scheme: &[u8] = if secure { b"sips:" } else { b"sip:" };
        let sides = [flow.listener, request.flow.listener];
        let count = if sides[0] == sides[1] { 1 } else { 2 };
        for side in &sides[..count] {
            let Some(listener) = self.listeners.get(usize::from(*side)) else { continue };
            out.extend_from_slice(b"Record-Route: <");
            out.extend_from_slice(scheme);
            out.extend_from_slice(&token);
            out.extend_from_slice(&listener.route);
        }
    }

    /// Why a request must not be forwarded to so many targets (§16.3, RFC 5393).
    pub(crate) fn refusal(&mut self, bytes: &[u8], index: &Index, count: usize) -> Option<Refusal> {
        let refuse = |status, headers| Some(Refusal { status, headers });
        if index.value(bytes, Name::MaxForwards).and_then(number) == Some(0) {
            return refuse(483, Vec::new());
        }
        let unsupported: Vec<&[u8]> = index
            .values(bytes, Name::ProxyRequire)
            .flat_map(list)
            .filter(|tag| !self.config.supported.iter().any(|one| one.as_bytes() == *tag))
            .collect();
        if !unsupported.is_empty() {
            let tags = unsupported.join(&b", "[..]);
            return refuse(420, [b"Unsupported: ", &tags[..], b"\r\n"].concat());
        }
        if self.is_loop(bytes, index) {
            self.counts.loops += 1;
            return refuse(482, Vec::new());
        }
        (count as u64 > stated_breadth(bytes, index).unwrap_or(BREADTH))
            .then(|| Refusal { status: 440, headers: Vec::new() })
    }

    /// RFC 5393 §4.2: everything that decides where the request goes.
    pub(crate) fn route_hash(&self, bytes: &[u8], index: &Index) -> u32 {
        let routes: Vec<&[u8]> = index.values(bytes, Name::Route).collect();
        let credentials: Vec<&[u8]> = index.values(bytes, Name::ProxyAuthorization).collect();
        let cseq = index.cseq(bytes).map_or(0, |(number, _)| number).to_be_bytes();
        self.hash_parts([
            index.uri(bytes),
            index.call_id(bytes),
            index.tag(bytes, Name::From).unwrap_or(b""),
            index.tag(bytes, Name::To).unwrap_or(b""),
            &cseq,
            &routes.join(&b","[..]),
            &credentials.join(&b","[..]),
        ]) as u32
    }

    /// It has been here before, to be sent the same ways.
    fn is_loop(&self, bytes: &[u8], index: &Index) -> bool {
        let is_ours = |via: &via::Via<'_>| {
            self.listeners.iter().any(|one| {
                one.host.as_bytes().eq_ignore_ascii_case(via.host)
                    && via.port.unwrap_or(one.transport.default_port()) == one.port
            })
        };
        let mut seen = index
            .values(bytes, Name::Via)
            .flat_map(list)
            .filter_map(via::parse)
            .filter(is_ours)
            .filter_map(|via| read_branch(via.branch()?))
            .peekable();
        seen.peek().is_some() && {
            let route = self.route_hash(bytes, index);
            seen.any(|(_, _, before)| before == route)
        }
    }
}

/// All Route values in order.
pub(crate) fn routes<'a>(bytes: &'a [u8], index: &'a Index) -> impl Iterator<Item = &'a [u8]> {
    index.values(bytes, Name::Route).flat_map(list)
}

fn stated_breadth(bytes: &[u8], index: &Index) -> Option<u64> {
    number(index.value(bytes, Name::MaxBreadth)?)
}

/// What each leg gets of the breadth; `None`: nothing is said.
fn breadth(bytes: &[u8], index: &Index, count: usize) -> Option<u64> {
    let stated = stated_breadth(bytes, index);
    (stated.is_some() || count > 1).then(|| stated.unwrap_or(BREADTH) / (count as u64).max(1))
}

fn makes_dialog(index: &Index, bytes: &[u8]) -> bool {
    matches!(index.method_name(bytes), b"INVITE" | b"SUBSCRIBE" | b"REFER")
}
