//! STUN keep-alives over the port of SIP (RFC 5626 §4.4.2): a Binding request gets the address it
//! came from, and nothing else of STUN is spoken.

use std::net::{IpAddr, SocketAddr};

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const HEADER: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0, 1];
const BINDING_SUCCESS: [u8; 2] = [1, 1];
const XOR_MAPPED_ADDRESS: [u8; 2] = [0, 0x20];

/// The answer to a Binding request; `None` for everything else.
pub(crate) fn answer(datagram: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let header = datagram.get(..HEADER)?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let is_request = header[..2] == BINDING_REQUEST && header[4..8] == COOKIE;
    if !is_request || length % 4 != 0 || datagram.len() != HEADER + length {
        return None;
    }
    let mut address = match from.ip() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let family = if from.is_ipv4() { 1 } else { 2 };
    // RFC 8489 §14.2: XOR with the cookie and the transaction's number, as they stand there.
    for (byte, mask) in address.iter_mut().zip(&header[4..HEADER]) {
        *byte ^= mask;
    }
    let port = from.port() ^ u16::from_be_bytes([COOKIE[0], COOKIE[1]]);
    let mut out = Vec::with_capacity(44);
    out.extend_from_slice(&BINDING_SUCCESS);
    out.extend_from_slice(&(8 + address.len() as u16).to_be_bytes());
    out.extend_from_slice(&header[4..]);
    out.extend_from_slice(&XOR_MAPPED_ADDRESS);
    out.extend_from_slice(&(4 + address.len() as u16).to_be_bytes());
    out.extend_from_slice(&[0, family]);
    out.extend_from_slice(&port.to_be_bytes());
    out.extend_from_slice(&address);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_comes_back_masked() {
        let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        request.extend(1..=12);
        let answer = answer(&request, "192.0.2.1:32853".parse().unwrap()).unwrap();
        // RFC 5769 §2.2 has this very address and port.
        assert_eq!(answer[..4], [1, 1, 0, 12]);
        assert_eq!(answer[20..], [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        let six = super::answer(&request, "[2001:db8::1]:1".parse().unwrap()).unwrap();
        assert_eq!((six.len(), six[25]), (44, 2));
        assert!(super::answer(&request[..19], "192.0.2.1:1".parse().unwrap()).is_none());
        request[1] = 0x11;
        assert!(super::answer(&request, "192.0.2.1:1".parse().unwrap()).is_none());
    }
}
