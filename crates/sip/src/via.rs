//! Via: whom an answer goes to, and which transaction it belongs to (RFC 3261 §20.42, RFC 3581).

use std::net::SocketAddr;

use memchr::memchr;

use crate::flow::{Flow, Transport};
use crate::params;
use crate::text::{is_all_token, is_space, trim};
use crate::uri;

/// Branches of this standard begin with it (RFC 3261 §8.1.1.7).
pub(crate) const COOKIE: &[u8] = b"z9hG4bK";

/// The parts of one Via value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Via<'a> {
    pub(crate) transport: &'a [u8],
    pub(crate) host: &'a [u8],
    pub(crate) port: Option<u16>,
    pub(crate) params: &'a [u8],
}

/// Reads one value; `None` when it is malformed.
pub(crate) fn parse(value: &[u8]) -> Option<Via<'_>> {
    read(value).filter(|via| params::are_whole(via.params))
}

/// The same without a look at all parameters, for values that have been checked.
pub(crate) fn read(value: &[u8]) -> Option<Via<'_>> {
    // sent-protocol = "SIP" SLASH "2.0" SLASH transport, with white space around each SLASH.
    let name_end = memchr(b'/', value)?;
    let version_end = memchr(b'/', &value[name_end + 1..])? + name_end + 1;
    let (name, version) = (trim(&value[..name_end]), trim(&value[name_end + 1..version_end]));
    if !name.eq_ignore_ascii_case(b"SIP") || version != b"2.0" {
        return None;
    }
    let rest = trim(&value[version_end + 1..]);
    let transport_end = rest.iter().position(|&byte| is_space(byte))?;
    let (transport, rest) = rest.split_at(transport_end);
    let sent_by_end = memchr(b';', rest).unwrap_or(rest.len());
    let (host, port) = uri::host_port(&rest[..sent_by_end])?;
    let parameters = &rest[sent_by_end..];
    is_all_token(transport).then_some(Via { transport, host, port, params: parameters })
}

impl<'a> Via<'a> {
    pub(crate) fn branch(&self) -> Option<&'a [u8]> {
        params::value(self.params, "branch")
    }

    /// The port that answers go to unless `rport` says otherwise.
    pub(crate) fn answer_port(&self, transport: Transport) -> u16 {
        self.port.unwrap_or(transport.default_port())
    }

    /// Where the answer goes (RFC 3261 §18.2.2, RFC 3581 §4). A `maddr` is not obeyed: it would let
    /// strangers have us send to whomever they name.
    pub(crate) fn answer_flow(&self, from: Flow) -> Flow {
        if from.transport != Transport::Udp {
            return from;
        }
        if params::find(self.params, "rport").is_some() {
            return from;
        }
        let port = self.answer_port(from.transport);
        Flow { remote: SocketAddr::new(from.remote.ip(), port), ..from }
    }

    /// The sender knew which address others see: nothing need be added (§18.2.1).
    pub(crate) fn names(&self, from: Flow) -> bool {
        uri::address(self.host).is_some_and(|host| host.to_canonical() == from.remote.ip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(transport: Transport) -> Flow {
        Flow::new(0, transport, 0, "192.0.2.1:4444".parse().unwrap())
    }

    #[test]
    fn parts_are_found() {
        let via = parse(b"SIP / 2.0\r\n / UDP  h.example : 5070 ;branch=z9hG4bKx; rport").unwrap();
        assert_eq!((via.transport, via.host), (&b"UDP"[..], &b"h.example"[..]));
        assert_eq!((via.port, via.branch()), (Some(5070), Some(&b"z9hG4bKx"[..])));
        assert!(parse(b"SIP/2.0/TCP [2001:db8::9]:5060;branch=z9hG4bKy").is_some());
        for bad in [&b"SIP/2.0/UDP"[..], b"SIP/7.0/UDP h", b"SIP/2.0/UDP h;;branch=1", b"x"] {
            assert_eq!(parse(bad), None);
        }
    }

    #[test]
    fn answers_find_their_way() {
        let to = |via: &[u8], transport| parse(via).unwrap().answer_flow(flow(transport)).remote;
        let text = |address: SocketAddr| address.to_string();
        assert_eq!(text(to(b"SIP/2.0/UDP h", Transport::Udp)), "192.0.2.1:5060");
        assert_eq!(text(to(b"SIP/2.0/UDP h:5070", Transport::Udp)), "192.0.2.1:5070");
        assert_eq!(text(to(b"SIP/2.0/UDP h:5070;rport", Transport::Udp)), "192.0.2.1:4444");
        assert_eq!(text(to(b"SIP/2.0/TCP h:5070", Transport::Tcp)), "192.0.2.1:4444");
        let named = to(b"SIP/2.0/UDP h;maddr=198.51.100.7", Transport::Udp);
        assert_eq!(text(named), "192.0.2.1:5060");
    }
}
