//! New messages out of received ones: pieces are copied, changed lines are put in between.

use crate::flow::Flow;
use crate::header::Name;
use crate::index::{Index, Line, Start, slice};
use crate::params;
use crate::text::{first, push_number, rest};
use crate::via;

/// What a reply has that the request has not.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) reason: &'a [u8],
    /// To gets it unless it has one; empty: none.
    pub(crate) tag: &'a [u8],
    /// Complete lines.
    pub(crate) headers: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// A reply to a request that came from `from` (RFC 3261 §8.2.6).
pub(crate) fn reply(
    out: &mut Vec<u8>,
    (bytes, index): (&[u8], &Index),
    from: Flow,
    reply: &Reply<'_>,
) {
    out.extend_from_slice(b"SIP/2.0 ");
    push_number(out, u64::from(reply.status));
    out.push(b' ');
    out.extend_from_slice(reply.reason);
    out.extend_from_slice(b"\r\n");
    let mut top = true;
    let has_tag = reply.tag.is_empty() || index.tag(bytes, Name::To).is_some();
    for line in &index.lines {
        match line.name {
            Name::Via if top => {
                top = false;
                put_top_via(out, bytes, line, from);
            }
            Name::To if !has_tag => {
                out.extend_from_slice(slice(bytes, (line.start, line.value_end)));
                out.extend_from_slice(b";tag=");
                out.extend_from_slice(reply.tag);
                out.extend_from_slice(b"\r\n");
            }
            Name::Via | Name::From | Name::To | Name::CallId | Name::CSeq => {
                out.extend_from_slice(line.whole(bytes));
            }
            // §12.1.1; 100 makes no dialog.
            Name::RecordRoute if (101..300).contains(&reply.status) => {
                out.extend_from_slice(line.whole(bytes));
            }
            // §8.2.6.1
            Name::Timestamp if reply.status == 100 => out.extend_from_slice(line.whole(bytes)),
            _ => {}
        }
    }
    out.extend_from_slice(reply.headers);
    put_body(out, reply.body);
}

/// Content-Length, the empty line and the body.
pub(crate) fn put_body(out: &mut Vec<u8>, body: &[u8]) {
    out.extend_from_slice(b"Content-Length: ");
    push_number(out, body.len() as u64);
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
}

/// RFC 3261 §18.2.1, RFC 3581 §4: `received` and `rport` go into the topmost Via value. What the
/// sender wrote there itself is not believed.
fn put_top_via(out: &mut Vec<u8>, bytes: &[u8], line: &Line, from: Flow) {
    let value = line.value(bytes);
    let top = first(value);
    let Some(via) = via::parse(top) else { return out.extend_from_slice(line.whole(bytes)) };
    let rport = params::find(via.params, "rport").is_some();
    let stated = params::find(via.params, "received").is_some();
    if !rport && !stated && via.names(from) {
        return out.extend_from_slice(line.whole(bytes));
    }
    out.extend_from_slice(slice(bytes, (line.start, line.value)));
    let fixed = top.len() - via.params.len();
    out.extend_from_slice(&top[..fixed]);
    for param in params::params(via.params) {
        if param.name.eq_ignore_ascii_case(b"received") {
            continue;
        }
        out.push(b';');
        out.extend_from_slice(param.name);
        if param.name.eq_ignore_ascii_case(b"rport") {
            out.push(b'=');
            push_number(out, u64::from(from.remote.port()));
        } else if let Some(value) = param.value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
    // RFC 3581 §4: with rport always, even if it says nothing new.
    if rport || !via.names(from) {
        out.extend_from_slice(b";received=");
        out.extend_from_slice(from.remote.ip().to_string().as_bytes());
    }
    out.extend_from_slice(&value[top.len()..]);
    out.extend_from_slice(b"\r\n");
}

/// How a request changes on its way through us (RFC 3261 §16.6).
#[derive(Default)]
pub(crate) struct Forward<'a> {
    pub(crate) uri: &'a [u8],
    /// Complete lines that go first: our Via, Record-Route, more Routes, the caller's own.
    pub(crate) front: &'a [u8],
    /// How many Route values of the request go.
    pub(crate) drop_routes: usize,
    /// The next hop routes strictly: the Request-URI goes to the end of the Routes.
    pub(crate) last_route: Option<&'a [u8]>,
    pub(crate) breadth: Option<u64>,
    /// A line that was for us alone: credentials.
    pub(crate) drop_line: Option<usize>,
    /// Names of headers that go.
    pub(crate) remove: &'a [Vec<u8>],
}

/// The request as forwarded.
pub(crate) fn forward(
    out: &mut Vec<u8>,
    (bytes, index): (&[u8], &Index),
    from: Flow,
    change: &Forward<'_>,
) {
    let Start::Request { name, .. } = index.start else { return };
    out.extend_from_slice(slice(bytes, name));
    out.push(b' ');
    out.extend_from_slice(change.uri);
    out.extend_from_slice(b" SIP/2.0\r\n");
    out.extend_from_slice(change.front);
    let (mut top, mut hops, mut routes) = (true, false, change.drop_routes);
    // Everything before it has been copied.
    let mut copied = index.headers;
    for (at, line) in index.lines.iter().enumerate() {
        let untouched = match line.name {
            Name::Via => !top,
            Name::MaxForwards => false,
            Name::Route => routes == 0,
            Name::MaxBreadth => change.breadth.is_none(),
            _ => change.drop_line != Some(at),
        };
        if untouched && (change.remove.is_empty() || !is_named(line, bytes, change.remove)) {
            continue;
        }
        out.extend_from_slice(slice(bytes, (copied, line.start)));
        copied = line.end;
        match line.name {
            Name::Via if top => {
                top = false;
                put_top_via(out, bytes, line, from);
            }
            Name::MaxForwards => {
                hops = true;
                put_hops(out, line, bytes);
            }
            Name::Route if routes > 0 => put_rest_of_route(out, line.value(bytes), &mut routes),
            _ => {}
        }
    }
    out.extend_from_slice(slice(bytes, (copied, index.headers_end)));
    if let Some(uri) = change.last_route {
        out.extend_from_slice(b"Route: <");
        out.extend_from_slice(uri);
        out.extend_from_slice(b">\r\n");
    }
    if let Some(breadth) = change.breadth {
        out.extend_from_slice(b"Max-Breadth: ");
        push_number(out, breadth);
        out.extend_from_slice(b"\r\n");
    }
    if !hops {
        // RFC 3261 §16.6 item 3
        out.extend_from_slice(b"Max-Forwards: 70\r\n");
    }
    out.extend_from_slice(slice(bytes, (index.headers_end, index.end)));
}

fn is_named(line: &Line, bytes: &[u8], names: &[Vec<u8>]) -> bool {
    let written = crate::header::full(line.written(bytes));
    names.iter().any(|name| crate::header::full(name).eq_ignore_ascii_case(written))
}

fn put_hops(out: &mut Vec<u8>, line: &Line, bytes: &[u8]) {
    let hops = crate::text::number(line.value(bytes)).unwrap_or(70).saturating_sub(1);
    out.extend_from_slice(b"Max-Forwards: ");
    push_number(out, hops);
    out.extend_from_slice(b"\r\n");
}

fn put_rest_of_route(out: &mut Vec<u8>, value: &[u8], routes: &mut usize) {
    let mut left = Some(value);
    while *routes > 0
        && let Some(value) = left
    {
        left = rest(value);
        *routes -= 1;
    }
    if let Some(left) = left {
        out.extend_from_slice(b"Route: ");
        out.extend_from_slice(left);
        out.extend_from_slice(b"\r\n");
    }
}

/// A response without its topmost Via value (RFC 3261 §16.7 item 3); `more` are lines put in.
pub(crate) fn pop_via(out: &mut Vec<u8>, (bytes, index): (&[u8], &Index), more: &[u8]) {
    let Some(line) = index.line(Name::Via) else { return };
    // Also drops line ends before the message.
    let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count() as u32;
    out.extend_from_slice(slice(bytes, (start, line.start)));
    if let Some(others) = rest(line.value(bytes)) {
        out.extend_from_slice(b"Via: ");
        out.extend_from_slice(others);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(slice(bytes, (line.end, index.headers_end)));
    out.extend_from_slice(more);
    out.extend_from_slice(slice(bytes, (index.headers_end, index.end)));
}

/// ACK for a negative answer, or CANCEL, from the INVITE that we sent (RFC 3261 §9.1, §17.1.1.3):
/// the same Request-URI, topmost Via, Route, From, Call-ID and CSeq number; `to`: the line of the
/// answer.
pub(crate) fn companion(sent: &[u8], method: &[u8], to: Option<&[u8]>, more: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    // It is our own message, so that it can be read.
    let Ok(index) = Index::parse(sent, usize::MAX) else { return out };
    out.extend_from_slice(method);
    out.push(b' ');
    out.extend_from_slice(index.uri(sent));
    out.extend_from_slice(b" SIP/2.0\r\n");
    let mut top = true;
    for line in &index.lines {
        match line.name {
            Name::Via if top => {
                top = false;
                out.extend_from_slice(b"Via: ");
                out.extend_from_slice(first(line.value(sent)));
                out.extend_from_slice(b"\r\n");
            }
            Name::To => out.extend_from_slice(to.unwrap_or(line.whole(sent))),
            Name::From | Name::CallId | Name::Route | Name::MaxForwards => {
                out.extend_from_slice(line.whole(sent));
            }
            Name::CSeq => {
                out.extend_from_slice(b"CSeq: ");
                push_number(&mut out, index.cseq(sent).map_or(1, |(number, _)| u64::from(number)));
                out.push(b' ');
                out.extend_from_slice(method);
                out.extend_from_slice(b"\r\n");
            }
            _ => {}
        }
    }
    out.extend_from_slice(more);
    put_body(&mut out, b"");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Transport;

    const INVITE: &[u8] = b"INVITE sip:bob@h SIP/2.0\r\n\
        Via: SIP/2.0/UDP a.example;received=9.9.9.9;branch=z9hG4bK1;rport, SIP/2.0/UDP z;branch=2\r\n\
        Route: <sip:us;lr>, <sip:us2;lr>\r\nRoute: <sip:next;lr>\r\nSubject: a\r\n  b\r\n\
        Max-Forwards: 9\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:bob@h>\r\nCall-ID: x\r\n\
        s: secret\r\nCSeq: 7 INVITE\r\nRecord-Route: <sip:r;lr>\r\nContent-Length: 3\r\n\r\nsdp";

    fn flow() -> Flow {
        Flow::new(0, Transport::Udp, 0, "192.0.2.1:4444".parse().unwrap())
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn replies_carry_what_they_must() {
        let index = Index::parse(INVITE, 99).unwrap();
        let mut out = Vec::new();
        let ringing =
            Reply { status: 180, reason: b"Ringing", tag: b"t", headers: b"X: y\r\n", body: b"" };
        reply(&mut out, (INVITE, &index), flow(), &ringing);
        assert_eq!(
            text(out),
            "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1;rport=4444;\
             received=192.0.2.1, SIP/2.0/UDP z;branch=2\r\nFrom: <sip:a@h>;tag=1\r\n\
             To: <sip:bob@h>;tag=t\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\n\
             Record-Route: <sip:r;lr>\r\nX: y\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn forwarding_changes_only_what_it_must() {
        let index = Index::parse(INVITE, 99).unwrap();
        let change = Forward {
            uri: b"sip:bob@192.0.2.9",
            front: b"Via: us\r\n",
            drop_routes: 2,
            remove: &[b"Subject".to_vec()],
            breadth: Some(30),
            ..Forward::default()
        };
        let mut out = Vec::new();
        forward(&mut out, (INVITE, &index), flow(), &change);
        assert_eq!(
            text(out),
            "INVITE sip:bob@192.0.2.9 SIP/2.0\r\nVia: us\r\n\
             Via: SIP/2.0/UDP a.example;branch=z9hG4bK1;rport=4444;received=192.0.2.1, \
             SIP/2.0/UDP z;branch=2\r\nRoute: <sip:next;lr>\r\nMax-Forwards: 8\r\n\
             From: <sip:a@h>;tag=1\r\nTo: <sip:bob@h>\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\n\
             Record-Route: <sip:r;lr>\r\nContent-Length: 3\r\nMax-Breadth: 30\r\n\r\nsdp"
        );
    }

    #[test]
    fn a_response_loses_its_first_via() {
        let bytes = b"\r\nSIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us;branch=1, SIP/2.0/UDP a\r\n\
            From: <sip:a@h>\r\nTo: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 7 BYE\r\n\r\n";
        let index = Index::parse(bytes, 99).unwrap();
        let mut out = Vec::new();
        pop_via(&mut out, (bytes, &index), b"More: 1\r\n");
        assert!(text(out).starts_with("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\nFrom"));
    }

    #[test]
    fn companions_are_like_their_invite() {
        let ack = text(companion(INVITE, b"ACK", Some(b"To: <sip:bob@h>;tag=9\r\n"), b""));
        assert!(ack.starts_with("ACK sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP a.example;"));
        assert!(ack.contains("CSeq: 7 ACK\r\n") && ack.contains("To: <sip:bob@h>;tag=9\r\n"));
        assert!(!ack.contains("SIP/2.0/UDP z") && ack.ends_with("Content-Length: 0\r\n\r\n"));
        let cancel = text(companion(INVITE, b"CANCEL", None, b"Reason: SIP;cause=200\r\n"));
        assert!(cancel.contains("To: <sip:bob@h>\r\n") && cancel.contains("Reason: SIP"));
    }
}
