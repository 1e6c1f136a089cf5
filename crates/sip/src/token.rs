//! Flow tokens (RFC 5626 §5.2): where requests of a dialog go, written into our own Record-Route so
//! that nothing need be remembered. A MAC keeps strangers from writing one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::base64;
use crate::flow::{Flow, Transport};

/// RFC 5626 §5.2 shows 80 bits.
const MAC_BYTES: usize = 10;
const KIND_FLOW: u8 = 0x10;
const KIND_DIALOG: u8 = 0x20;
const HAS_CALLER: u8 = 1;
const HAS_CALLEE: u8 = 2;
const REPORT: u8 = 4;
const IS_V6: u8 = 0x80;

/// HMAC under a key; HMAC takes keys of any length, so that it cannot fail.
pub(crate) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0u8; 64];
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into())
}

/// What the token of a dialog says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The way to who sent the first request, if no proxy is in between.
    pub(crate) caller: Option<Flow>,
    /// The way to who took it.
    pub(crate) callee: Option<Flow>,
    /// Somebody wants to hear of the dialog's end.
    pub(crate) report: bool,
}

/// Writes and reads tokens.
pub(crate) struct Tokens {
    mac: Hmac<Sha256>,
    /// Of this run: tokens live longer than the numbers of connections.
    run: u32,
}

impl Tokens {
    /// `run`: random, of this run of the process.
    pub(crate) fn new(secret: &[u8], run: u32) -> Tokens {
        use sha2::Digest;
        Tokens { mac: keyed(&Sha256::digest(secret).into()), run }
    }

    fn tag(&self, payload: &[u8], context: [&[u8]; 2]) -> [u8; MAC_BYTES] {
        let mut mac = self.mac.clone();
        mac.update(payload);
        for part in context {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let mut tag = [0; MAC_BYTES];
        tag.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        tag
    }

    fn seal(&self, payload: &[u8], context: [&[u8]; 2]) -> Vec<u8> {
        let sealed = [payload, &self.tag(payload, context)].concat();
        let mut out = Vec::with_capacity(sealed.len() * 4 / 3 + 2);
        base64::encode(&mut out, &sealed);
        out
    }

    /// A token for one flow.
    pub(crate) fn of_flow(&self, flow: Flow) -> Vec<u8> {
        let mut payload = vec![KIND_FLOW];
        self.put_flow(&mut payload, flow);
        self.seal(&payload, [b"", b""])
    }

    /// The flow of such a token.
    pub(crate) fn flow(&self, token: &[u8]) -> Option<Flow> {
        let bytes = base64::decode(token)?;
        let (payload, tag) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        let (&kind, mut rest) = payload.split_first()?;
        if kind != KIND_FLOW || !equal(&self.tag(payload, [b"", b""]), tag) {
            return None;
        }
        self.take_flow(&mut rest).filter(|_| rest.is_empty())
    }

    /// A token for the dialog that a request of `tag` in `call_id` begins.
    pub(crate) fn of_dialog(&self, ends: Ends, call_id: &[u8], tag: &[u8]) -> Vec<u8> {
        let mut payload = vec![KIND_DIALOG];
        for (end, flag) in [(ends.caller, HAS_CALLER), (ends.callee, HAS_CALLEE)] {
            if let Some(flow) = end {
                payload[0] |= flag;
                self.put_flow(&mut payload, flow);
            }
        }
        if ends.report {
            payload[0] |= REPORT;
        }
        self.seal(&payload, [call_id, tag])
    }

    /// What a dialog's token says, and whether the one whose tag is `from` is the caller.
    pub(crate) fn dialog(
        &self,
        token: &[u8],
        call_id: &[u8],
        from: &[u8],
        to: &[u8],
    ) -> Option<(Ends, bool)> {
        let bytes = base64::decode(token)?;
        let (payload, tag) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        let (&kind, mut rest) = payload.split_first()?;
        if kind & 0xf0 != KIND_DIALOG {
            return None;
        }
        let by_caller = equal(&self.tag(payload, [call_id, from]), tag);
        if !by_caller && !equal(&self.tag(payload, [call_id, to]), tag) {
            return None;
        }
        let mut end = |flag| match kind & flag {
            0 => Some(None),
            _ => self.take_flow(&mut rest).map(Some),
        };
        let (caller, callee) = (end(HAS_CALLER)?, end(HAS_CALLEE)?);
        Some((Ends { caller, callee, report: kind & REPORT != 0 }, by_caller))
    }

    /// It looks like one of ours, whether or not it is true.
    pub(crate) fn resembles(token: &[u8]) -> bool {
        base64::decode(token).is_some_and(|bytes| {
            bytes.len() > MAC_BYTES && matches!(bytes[0] & 0xf0, KIND_FLOW | KIND_DIALOG)
        })
    }
}

fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

impl Tokens {
    fn put_flow(&self, out: &mut Vec<u8>, flow: Flow) {
        let transport =
            Transport::ALL.iter().position(|one| *one == flow.transport).unwrap_or(0) as u8;
        out.push(transport | if flow.remote.is_ipv6() { IS_V6 } else { 0 });
        out.extend_from_slice(&flow.listener.to_be_bytes());
        let mut connection = flow.connection;
        while connection > 0x7f {
            out.push(connection as u8 | 0x80);
            connection >>= 7;
        }
        out.push(connection as u8);
        if flow.connection != 0 {
            out.extend_from_slice(&self.run.to_be_bytes());
        }
        match flow.remote.ip() {
            IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
            IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
        }
        out.extend_from_slice(&flow.remote.port().to_be_bytes());
    }

    /// A connection of another run is gone: what is left is where it went.
    fn take_flow(&self, bytes: &mut &[u8]) -> Option<Flow> {
        let [kind] = take::<1>(bytes)?;
        let transport = *Transport::ALL.get(usize::from(kind & 0x0f))?;
        let listener = u16::from_be_bytes(take(bytes)?);
        let mut connection = 0u64;
        for shift in (0..64).step_by(7) {
            let [part] = take::<1>(bytes)?;
            connection |= u64::from(part & 0x7f) << shift;
            if part & 0x80 == 0 {
                break;
            }
        }
        if connection != 0 && u32::from_be_bytes(take(bytes)?) != self.run {
            connection = 0;
        }
        let address = match kind & IS_V6 {
            0 => IpAddr::V4(Ipv4Addr::from(take::<4>(bytes)?)),
            _ => IpAddr::V6(Ipv6Addr::from(take::<16>(bytes)?)),
        };
        let port = u16::from_be_bytes(take(bytes)?);
        Some(Flow { connection, remote: SocketAddr::new(address, port), listener, transport })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens() -> Tokens {
        Tokens::new(b"a secret of some length", 7)
    }

    fn flow(remote: &str, transport: Transport, connection: u64) -> Flow {
        Flow::new(3, transport, connection, remote.parse().unwrap())
    }

    #[test]
    fn flows_there_and_back() {
        let tokens = tokens();
        for (remote, transport, connection) in [
            ("192.0.2.1:5060", Transport::Udp, 0),
            ("[2001:db8::1]:5061", Transport::Tls, 300),
            ("192.0.2.1:1", Transport::Wss, u64::MAX),
        ] {
            let flow = flow(remote, transport, connection);
            let token = tokens.of_flow(flow);
            assert_eq!(tokens.flow(&token), Some(flow));
            assert_eq!(Tokens::new(b"another", 7).flow(&token), None);
            assert!(Tokens::resembles(&token));
        }
    }

    #[test]
    fn connections_of_another_run_are_gone() {
        let later = Tokens::new(b"a secret of some length", 8);
        let stream = flow("192.0.2.1:5060", Transport::Tcp, 9);
        let found = later.flow(&tokens().of_flow(stream));
        assert_eq!(found, Some(Flow { connection: 0, ..stream }));
        let datagrams = flow("192.0.2.1:5060", Transport::Udp, 0);
        assert_eq!(later.flow(&tokens().of_flow(datagrams)), Some(datagrams));
    }

    #[test]
    fn dialogs_know_their_ends() {
        let tokens = tokens();
        let ends = Ends {
            caller: Some(flow("192.0.2.1:5060", Transport::Udp, 0)),
            callee: None,
            report: true,
        };
        let token = tokens.of_dialog(ends, b"call", b"caller");
        assert_eq!(tokens.dialog(&token, b"call", b"caller", b"callee"), Some((ends, true)));
        assert_eq!(tokens.dialog(&token, b"call", b"callee", b"caller"), Some((ends, false)));
        assert_eq!(tokens.dialog(&token, b"other", b"caller", b"callee"), None);
        assert_eq!(tokens.dialog(&token, b"call", b"x", b"y"), None);
        assert_eq!(tokens.flow(&token), None);
    }

    proptest! {
        #[test]
        fn damaged_tokens_are_refused(at: usize, letter in "[A-Za-z0-9_-]") {
            let tokens = tokens();
            let good = tokens.of_flow(flow("192.0.2.1:5060", Transport::Udp, 0));
            let mut token = good.clone();
            let at = at % token.len();
            token[at] = letter.as_bytes()[0];
            prop_assert_eq!(tokens.flow(&token).is_some(), token == good);
        }

        #[test]
        fn any_text_is_survived(token: Vec<u8>) {
            let tokens = tokens();
            prop_assert_eq!(tokens.flow(&token), None);
            prop_assert_eq!(tokens.dialog(&token, b"c", b"a", b"b"), None);
        }
    }
}
