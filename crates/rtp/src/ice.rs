//! The answering side of connectivity checks: ICE lite (RFC 8445 §2.5, 7.3; STUN: RFC 8489). We have
//! our own ports as candidates, never check, and go where the other side nominates.

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::hmac;

const MAGIC: u32 = 0x2112_a442;
const HEADER: usize = 20;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
/// RFC 8489 §14.7: what the checksum is combined with.
const FINGERPRINT_XOR: u32 = 0x5354_554e;
const INTEGRITY: usize = 20;
/// Addresses that have proven themselves and are remembered.
const PROVEN: usize = 16;

/// Names and passwords of a session (RFC 8445 §5.3).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Our username fragment.
    pub fragment: String,
    /// Our password.
    pub password: String,
    /// Their username fragment.
    pub their_fragment: String,
}

impl std::fmt::Debug for Credentials {
    /// Without the password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Credentials({}:{})", self.fragment, self.their_fragment)
    }
}

/// Where a component's datagrams go: our address, theirs.
pub(crate) type Path = (SocketAddr, SocketAddr);

/// One session.
pub(crate) struct Ice {
    credentials: Credentials,
    key: hmac::Key,
    paths: [Option<Path>; 2],
    proven: Vec<SocketAddr>,
}

impl Ice {
    pub(crate) fn new(credentials: Credentials) -> Ice {
        let secret = credentials.password.as_bytes();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        Ice { credentials, key, paths: [None; 2], proven: Vec::new() }
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The path in use of RTP, or of RTCP where it has its own.
    pub(crate) fn path(&self, control: bool) -> Option<Path> {
        self.paths[usize::from(control)]
    }

    /// Whether a check from this address was authentic.
    pub(crate) fn knows(&self, remote: SocketAddr) -> bool {
        self.proven.contains(&remote)
    }

    /// Answers a check; `None` if it is not for us, not authentic or malformed.
    pub(crate) fn answer(&mut self, path: Path, control: bool, message: &[u8]) -> Option<Vec<u8>> {
        let request = Request::parse(message)?;
        let expected = format!("{}:{}", self.credentials.fragment, self.credentials.their_fragment);
        if request.username != Some(expected.as_bytes()) || !request.is_authentic(&self.key) {
            return None;
        }
        if request.controlled {
            // RFC 8445 §7.3.1.1: a lite agent never controls.
            let mut response = Response::begin(BINDING_ERROR, request.transaction);
            response.attribute(ERROR_CODE, b"\0\0\x04\x57Role Conflict");
            return Some(response.finish(&self.key));
        }
        let (_, remote) = path;
        if !self.knows(remote) {
            if self.proven.len() >= PROVEN {
                self.proven.remove(0);
            }
            self.proven.push(remote);
        }
        let current = &mut self.paths[usize::from(control)];
        // RFC 8445 §7.3.1.5; before a nomination, any proven path is better than none.
        if request.nominates || current.is_none() {
            *current = Some(path);
        }
        let mut response = Response::begin(BINDING_SUCCESS, request.transaction);
        response.attribute(XOR_MAPPED_ADDRESS, &mapped(remote, request.transaction));
        Some(response.finish(&self.key))
    }
}

struct Request<'a> {
    message: &'a [u8],
    transaction: &'a [u8],
    username: Option<&'a [u8]>,
    nominates: bool,
    controlled: bool,
    /// Where the integrity attribute begins, and its value.
    integrity: Option<(usize, &'a [u8])>,
}

impl<'a> Request<'a> {
    fn parse(message: &'a [u8]) -> Option<Request<'a>> {
        let header = message.get(..HEADER)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let is_binding = header[..2] == BINDING_REQUEST.to_be_bytes();
        if !is_binding || header[4..8] != MAGIC.to_be_bytes() || message.len() != HEADER + length {
            return None;
        }
        let mut request = Request {
            message,
            transaction: &header[8..],
            username: None,
            nominates: false,
            controlled: false,
            integrity: None,
        };
        let mut at = HEADER;
        while at < message.len() {
            let head = message.get(at..at + 4)?;
            let kind = u16::from_be_bytes([head[0], head[1]]);
            let size = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let value = message.get(at + 4..at + 4 + size)?;
            match kind {
                // RFC 8489 §14.5: nothing behind the integrity counts, but the checksum.
                FINGERPRINT if !checksum_fits(message, at, value) => return None,
                FINGERPRINT => break,
                _ if request.integrity.is_some() => {}
                MESSAGE_INTEGRITY => request.integrity = Some((at, value)),
                USERNAME => request.username = Some(value),
                USE_CANDIDATE => request.nominates = true,
                ICE_CONTROLLED => request.controlled = true,
                _ => {}
            }
            at += 4 + size.next_multiple_of(4);
        }
        Some(request)
    }

    fn is_authentic(&self, key: &hmac::Key) -> bool {
        let Some((at, tag)) = self.integrity else { return false };
        let mut signed = self.message[..at].to_vec();
        set_length(&mut signed, at + 4 + INTEGRITY);
        tag.len() == INTEGRITY && hmac::verify(key, &signed, tag).is_ok()
    }
}

fn checksum_fits(message: &[u8], at: usize, value: &[u8]) -> bool {
    let mut summed = message[..at].to_vec();
    set_length(&mut summed, at + 8);
    value == (crc32(&summed) ^ FINGERPRINT_XOR).to_be_bytes()
}

/// The length field counts what follows the header, up to `end`.
fn set_length(message: &mut [u8], end: usize) {
    message[2..4].copy_from_slice(&((end - HEADER) as u16).to_be_bytes());
}

/// RFC 8489 §14.2.
fn mapped(address: SocketAddr, transaction: &[u8]) -> Vec<u8> {
    let port = address.port() ^ (MAGIC >> 16) as u16;
    let (family, mut bytes) = match address.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let mask = MAGIC.to_be_bytes().into_iter().chain(transaction.iter().copied());
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    let mut value = vec![0, family];
    value.extend_from_slice(&port.to_be_bytes());
    value.extend_from_slice(&bytes);
    value
}

struct Response(Vec<u8>);

impl Response {
    fn begin(kind: u16, transaction: &[u8]) -> Response {
        let mut message = kind.to_be_bytes().to_vec();
        message.extend_from_slice(&[0, 0]);
        message.extend_from_slice(&MAGIC.to_be_bytes());
        message.extend_from_slice(transaction);
        Response(message)
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.0.extend_from_slice(&kind.to_be_bytes());
        self.0.extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    /// Adds integrity and checksum.
    fn finish(mut self, key: &hmac::Key) -> Vec<u8> {
        let end = self.0.len() + 4 + INTEGRITY;
        set_length(&mut self.0, end);
        let tag = hmac::sign(key, &self.0);
        self.attribute(MESSAGE_INTEGRITY, tag.as_ref());
        let end = self.0.len() + 8;
        set_length(&mut self.0, end);
        let checksum = crc32(&self.0) ^ FINGERPRINT_XOR;
        self.attribute(FINGERPRINT, &checksum.to_be_bytes());
        self.0
    }
}

/// The checksum of ITU-T V.42 (RFC 8489 §14.7). Checks come a few times a second at most.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::srtp::hex;
    use proptest::prelude::*;

    pub(crate) fn credentials() -> Credentials {
        Credentials {
            fragment: "evtj".to_owned(),
            password: "VOkJxbRl1RmTxUk/WvJxBt".to_owned(),
            their_fragment: "h6vY".to_owned(),
        }
    }

    /// A check as a controlling agent sends it.
    pub(crate) fn check(credentials: &Credentials, attributes: &[u16]) -> Vec<u8> {
        let mut message = Response::begin(BINDING_REQUEST, &[7; 12]);
        let username = format!("{}:{}", credentials.fragment, credentials.their_fragment);
        message.attribute(USERNAME, username.as_bytes());
        attributes.iter().for_each(|&attribute| message.attribute(attribute, &[]));
        let secret = credentials.password.as_bytes();
        message.finish(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret))
    }

    fn path(port: u16) -> Path {
        (([192, 0, 2, 9], 4000).into(), ([192, 0, 2, 1], port).into())
    }

    /// RFC 5769 §2.1 and 2.2.
    #[test]
    fn messages_are_those_of_the_standard() {
        let request = hex(
            "000100582112a442b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74\
             002400046e0001ff 80290008932ff9b151263b36 000600096576746a3a68367659202020\
             000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf",
        );
        let parsed = Request::parse(&request).unwrap();
        assert_eq!(parsed.username, Some(&b"evtj:h6vY"[..]));
        assert!(parsed.controlled && !parsed.nominates);
        let key = Ice::new(credentials()).key;
        assert!(parsed.is_authentic(&key));
        let mut response = Response::begin(BINDING_SUCCESS, parsed.transaction);
        response.attribute(0x8022, b"test vector");
        // The standard pads with a blank.
        *response.0.last_mut().unwrap() = b' ';
        let remote: SocketAddr = "192.0.2.1:32853".parse().unwrap();
        response.attribute(XOR_MAPPED_ADDRESS, &mapped(remote, parsed.transaction));
        assert_eq!(
            response.finish(&key),
            hex("0101003c2112a442b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220\
                 002000080001a147e112a643 000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7\
                 80280004c07d4c96")
        );
    }

    #[test]
    fn nominated_paths_are_taken() {
        let mut ice = Ice::new(credentials());
        assert!(ice.answer(path(1), false, &check(&credentials(), &[])).is_some());
        assert_eq!(ice.path(false), Some(path(1)));
        assert!(ice.answer(path(2), false, &check(&credentials(), &[])).is_some());
        assert_eq!(ice.path(false), Some(path(1)), "a check alone does not move");
        assert!(ice.answer(path(2), false, &check(&credentials(), &[USE_CANDIDATE])).is_some());
        assert_eq!((ice.path(false), ice.path(true)), (Some(path(2)), None));
        assert!(ice.knows(path(1).1) && !ice.knows(path(3).1));
    }

    #[test]
    fn what_is_not_authentic_is_not_answered() {
        let mut ice = Ice::new(credentials());
        let other = Credentials { password: "other".to_owned(), ..credentials() };
        assert!(ice.answer(path(1), false, &check(&other, &[])).is_none());
        let name = Credentials { their_fragment: "x".to_owned(), ..credentials() };
        assert!(ice.answer(path(1), false, &check(&name, &[])).is_none());
        let good = check(&credentials(), &[USE_CANDIDATE]);
        // Behind the integrity stands the checksum, whose name nobody proves.
        for at in 0..good.len() - 8 {
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert!(ice.answer(path(1), false, &changed).is_none(), "byte {at}");
        }
        assert_eq!(ice.path(false), None);
        let conflict = ice.answer(path(1), false, &check(&credentials(), &[ICE_CONTROLLED]));
        assert_eq!(conflict.unwrap()[..2], BINDING_ERROR.to_be_bytes());
        assert_eq!(ice.path(false), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut bytes: Vec<u8>) {
            let mut ice = Ice::new(credentials());
            let _ = ice.answer(path(1), false, &bytes);
            if bytes.len() >= HEADER {
                let length = (bytes.len() - HEADER) as u16;
                bytes[..2].copy_from_slice(&BINDING_REQUEST.to_be_bytes());
                bytes[2..4].copy_from_slice(&length.to_be_bytes());
                bytes[4..8].copy_from_slice(&MAGIC.to_be_bytes());
                prop_assert!(ice.answer(path(1), false, &bytes).is_none());
            }
        }
    }
}
