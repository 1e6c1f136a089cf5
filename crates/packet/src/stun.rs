//! Reads from a connectivity check what routing needs, without checking its integrity (RFC 8489 §5).

const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
const USERNAME: u16 = 0x0006;
const USE_CANDIDATE: u16 = 0x0025;
const HEADER: usize = 20;
/// RFC 8445 §5.3: a fragment has at most 256 characters.
const LONGEST_FRAGMENT: usize = 256;

/// What a Binding request says of itself. Nothing here is proven yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check<'a> {
    /// The username fragment of the receiver: the part of USERNAME before the colon.
    pub local_fragment: &'a str,
    /// USE-CANDIDATE is present: the controlling agent nominates this path (RFC 8445 §7.1.2).
    pub nominates: bool,
}

/// Reads a Binding request; `None` for any other message and for malformed ones.
pub fn peek_check(datagram: &[u8]) -> Option<Check<'_>> {
    let header = datagram.get(..HEADER)?;
    let kind = u16::from_be_bytes([header[0], header[1]]);
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if kind != BINDING_REQUEST || header[4..8] != MAGIC_COOKIE || length % 4 != 0 {
        return None;
    }
    let mut rest = datagram.get(HEADER..HEADER + length)?;
    let (mut fragment, mut nominates) = (None, false);
    while rest.len() >= 4 {
        let attribute = u16::from_be_bytes([rest[0], rest[1]]);
        let size = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        let value = rest.get(4..4 + size)?;
        match attribute {
            USERNAME if fragment.is_none() => fragment = Some(local_fragment(value)?),
            USE_CANDIDATE => nominates = true,
            _ => {}
        }
        // RFC 8489 §14: values are padded to a multiple of four bytes.
        rest = rest.get(4 + size.next_multiple_of(4)..)?;
    }
    Some(Check { local_fragment: fragment?, nominates })
}

fn local_fragment(username: &[u8]) -> Option<&str> {
    let colon = username.iter().take(LONGEST_FRAGMENT + 1).position(|&byte| byte == b':')?;
    std::str::from_utf8(&username[..colon]).ok().filter(|fragment| !fragment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(kind: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (attribute, value) in attributes {
            body.extend_from_slice(&attribute.to_be_bytes());
            body.extend_from_slice(&(value.len() as u16).to_be_bytes());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&MAGIC_COOKIE);
        bytes.extend_from_slice(&[7; 12]);
        bytes.extend_from_slice(&body);
        bytes
    }

    #[test]
    fn reads_fragment_and_nomination() {
        let plain = message(1, &[(USERNAME, b"abcd:efgh"), (0x24, &[0; 4])]);
        let check = peek_check(&plain).unwrap();
        assert_eq!((check.local_fragment, check.nominates), ("abcd", false));
        let nominating = message(1, &[(USE_CANDIDATE, b""), (USERNAME, b"abcd:e")]);
        assert!(peek_check(&nominating).unwrap().nominates);
    }

    #[test]
    fn refuses_what_is_no_check() {
        assert_eq!(peek_check(&message(0x0101, &[(USERNAME, b"a:b")])), None);
        assert_eq!(peek_check(&message(1, &[(USERNAME, b"nocolon")])), None);
        assert_eq!(peek_check(&message(1, &[(USERNAME, b":b")])), None);
        assert_eq!(peek_check(&message(1, &[(USERNAME, b"\xff\xfe:b")])), None);
        assert_eq!(peek_check(&message(1, &[])), None);
        let mut cut = message(1, &[(USERNAME, b"abcd:efgh")]);
        cut.truncate(cut.len() - 1);
        assert_eq!(peek_check(&cut), None);
        let mut cookie = message(1, &[(USERNAME, b"abcd:efgh")]);
        cookie[4] ^= 1;
        assert_eq!(peek_check(&cookie), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = peek_check(&bytes);
        }

        #[test]
        fn a_damaged_check_is_survived(at in 0usize..60, byte: u8) {
            let mut bytes = message(1, &[(USERNAME, b"abcd:efgh"), (USE_CANDIDATE, b""), (8, &[1; 20])]);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = peek_check(&bytes);
        }

        #[test]
        fn every_fragment_is_found(fragment in "[a-zA-Z0-9+/]{1,256}", other in "[a-z]{1,8}") {
            let username = format!("{fragment}:{other}");
            let bytes = message(1, &[(0x8022, b"software"), (USERNAME, username.as_bytes())]);
            prop_assert_eq!(peek_check(&bytes).unwrap().local_fragment, fragment);
        }
    }
}
