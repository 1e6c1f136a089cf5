//! What a message must have before the transaction and proxy layers touch it (RFC 3261 §16.3
//! item 1). Everything else is judged by who uses it.

use memchr::memchr;

use crate::address;
use crate::header::Name;
use crate::index::{Fault, Index, Start, cseq, slice};
use crate::text::{escapes_are_whole, first, number};
use crate::uri;
use crate::via;

const fn bad(text: &'static str) -> Fault {
    Fault { status: 400, text }
}

/// How often each header of which there must be one came.
#[derive(Default)]
struct Seen {
    to: u8,
    from: u8,
    call_id: u8,
    cseq: u8,
    via: u8,
    max_forwards: u8,
    content_length: u8,
}

/// The first fault; sets the end of the message by its Content-Length.
pub(crate) fn message(index: &mut Index, bytes: &[u8]) -> Result<(), Fault> {
    let mut seen = Seen::default();
    let have = u64::from(index.end - index.body);
    let mut length = None;
    for line in &index.lines {
        let value = line.value(bytes);
        let count = match line.name {
            Name::To => &mut seen.to,
            Name::From => &mut seen.from,
            Name::CallId => &mut seen.call_id,
            Name::CSeq => &mut seen.cseq,
            Name::Via => &mut seen.via,
            Name::MaxForwards => &mut seen.max_forwards,
            Name::ContentLength => &mut seen.content_length,
            _ => continue,
        };
        *count = count.saturating_add(1);
        match line.name {
            Name::To | Name::From => person(value)?,
            Name::CallId if value.is_empty() => return Err(bad("Empty Call-ID")),
            Name::CSeq => sequence(value, index, bytes)?,
            Name::Via if seen.via == 1 => top_via(value)?,
            Name::MaxForwards if number(value).is_none_or(|hops| hops > 255) => {
                return Err(bad("Bad Max-Forwards"));
            }
            Name::ContentLength => {
                let stated = number(value).ok_or(bad("Bad Content-Length"))?;
                if stated > have {
                    return Err(bad("Body Shorter Than Content-Length"));
                }
                length = Some(stated as u32);
            }
            _ => {}
        }
    }
    once(&seen)?;
    // RFC 3261 §18.3: what follows in a datagram is discarded.
    index.end = length.map_or(index.end, |length| index.body + length);
    match index.start {
        Start::Request { uri, .. } => request_uri(slice(bytes, uri)),
        Start::Response { .. } => Ok(()),
    }
}

fn once(seen: &Seen) -> Result<(), Fault> {
    let needed = [seen.to, seen.from, seen.call_id, seen.cseq];
    if needed.contains(&0) || seen.via == 0 {
        return Err(bad("Missing Header"));
    }
    if needed.iter().any(|&count| count > 1) || seen.max_forwards > 1 || seen.content_length > 1 {
        return Err(bad("Repeated Header"));
    }
    Ok(())
}

fn person(value: &[u8]) -> Result<(), Fault> {
    let fault = bad("Bad From Or To");
    let address = address::parse(value).ok_or(fault)?;
    // RFC 3261 §19.1.1 table 1: no headers, no malformed URI; other schemes are carried.
    let is_sip = uri::scheme(address.uri).ok_or(fault)?;
    if is_sip.eq_ignore_ascii_case(b"sip") || is_sip.eq_ignore_ascii_case(b"sips") {
        uri::parse(address.uri).ok_or(fault)?;
    }
    Ok(())
}

fn sequence(value: &[u8], index: &Index, bytes: &[u8]) -> Result<(), Fault> {
    let (_, method) = cseq(value).ok_or(bad("Bad CSeq"))?;
    match index.start {
        Start::Request { name, .. } if slice(bytes, name) != method => {
            Err(bad("CSeq Method Mismatch"))
        }
        _ => Ok(()),
    }
}

fn top_via(value: &[u8]) -> Result<(), Fault> {
    let via = via::parse(first(value)).ok_or(bad("Bad Via"))?;
    match via.branch() {
        // Nothing behind the cookie tells no transactions apart.
        Some(branch) if branch == via::COOKIE || branch.is_empty() => Err(bad("Empty Branch")),
        _ => Ok(()),
    }
}

fn request_uri(text: &[u8]) -> Result<(), Fault> {
    let fault = bad("Bad Request URI");
    if !uri::is_request_uri(text) || !escapes_are_whole(text) {
        return Err(fault);
    }
    let scheme = &text[..memchr(b':', text).unwrap_or(0)];
    match scheme.to_ascii_lowercase().as_slice() {
        // RFC 3261 §19.1.1 table 1: no headers in a Request-URI.
        b"sip" | b"sips" => match uri::parse(text) {
            Some(uri) if !uri.has_headers => Ok(()),
            _ => Err(fault),
        },
        b"tel" => Ok(()),
        _ => Err(Fault { status: 416, text: "Unsupported URI Scheme" }),
    }
}
