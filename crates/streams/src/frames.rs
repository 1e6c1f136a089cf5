//! Frames of WebSockets as a server reads and writes them (RFC 6455 §5). No extensions.

/// Why a WebSocket cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Against the protocol: close code 1002.
    Protocol,
    /// Binary data, of which RFC 7395 knows none: 1003.
    Binary,
    /// Longer than may be: 1009.
    TooBig,
}

impl Broken {
    /// RFC 6455 §7.4.1.
    pub(crate) fn code(self) -> u16 {
        match self {
            Broken::Protocol => 1002,
            Broken::Binary => 1003,
            Broken::TooBig => 1009,
        }
    }
}

/// What a complete frame is for; spans are of the payload, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A piece of text; whether it begins and whether it ends a message.
    Text {
        first: bool,
        last: bool,
    },
    Ping,
    Pong,
    Close,
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// Control frames are no longer (RFC 6455 §5.5).
const CONTROL_LIMIT: usize = 125;

/// The first frame of `input` if it is complete: what it is, where its payload begins and ends. The
/// payload is unmasked in place.
pub(crate) fn read(
    input: &mut [u8],
    limit: usize,
) -> Result<Option<(Frame, usize, usize)>, Broken> {
    let &[first, second, ..] = &*input else { return Ok(None) };
    let (last, code) = (first & 0x80 != 0, first & 15);
    // Reserved bits are of extensions, and clients mask (§5.1).
    if first & 0x70 != 0 || second & 0x80 == 0 {
        return Err(Broken::Protocol);
    }
    let (length, at) = match second & 127 {
        126 => match input.get(2..4) {
            Some(&[a, b]) => (u64::from(u16::from_be_bytes([a, b])), 4),
            _ => return Ok(None),
        },
        127 => match input.get(2..10).map(<[u8; 8]>::try_from) {
            Some(Ok(bytes)) => (u64::from_be_bytes(bytes), 10),
            _ => return Ok(None),
        },
        length => (u64::from(length), 2),
    };
    let frame = match code {
        0 => Frame::Text { first: false, last },
        TEXT => Frame::Text { first: true, last },
        BINARY => return Err(Broken::Binary),
        CLOSE | PING | PONG if !last || length > CONTROL_LIMIT as u64 => {
            return Err(Broken::Protocol);
        }
        CLOSE => Frame::Close,
        PING => Frame::Ping,
        PONG => Frame::Pong,
        _ => return Err(Broken::Protocol),
    };
    let length = usize::try_from(length).ok().filter(|&length| length <= limit);
    let length = length.ok_or(Broken::TooBig)?;
    let start = at + 4;
    let Some(whole) = input.get_mut(at..start + length) else { return Ok(None) };
    let (mask, payload) = whole.split_at_mut(4);
    unmask(payload, [mask[0], mask[1], mask[2], mask[3]]);
    Ok(Some((frame, start, start + length)))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

fn head(out: &mut Vec<u8>, code: u8, length: usize) {
    out.push(0x80 | code);
    if length <= CONTROL_LIMIT {
        out.push(length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

/// Appends a message of text.
pub(crate) fn text(out: &mut Vec<u8>, payload: &[u8]) {
    head(out, TEXT, payload.len());
    out.extend_from_slice(payload);
}

/// Appends the answer to a ping.
pub(crate) fn pong(out: &mut Vec<u8>, payload: &[u8]) {
    head(out, PONG, payload.len());
    out.extend_from_slice(payload);
}

/// Appends the end of the WebSocket.
pub(crate) fn close(out: &mut Vec<u8>, code: u16) {
    head(out, CLOSE, 2);
    out.extend_from_slice(&code.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        head(&mut out, first & 15, payload.len());
        out[0] = first;
        out[1] |= 0x80;
        out.extend_from_slice(&[1, 2, 3, 4]);
        out.extend(
            payload.iter().zip([1u8, 2, 3, 4].iter().cycle()).map(|(byte, mask)| byte ^ mask),
        );
        out
    }

    #[test]
    fn frames_are_read_when_they_are_complete() {
        for length in [0, 1, 7, 8, 9, 125, 126, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let whole = masked(0x81, &payload);
            for cut in [0, 1, 5, whole.len() - 1] {
                let mut part = whole[..cut].to_vec();
                assert_eq!(read(&mut part, 100_000), Ok(None));
            }
            let mut bytes = whole.clone();
            let (frame, start, end) = read(&mut bytes, 100_000).unwrap().unwrap();
            assert_eq!(frame, Frame::Text { first: true, last: true });
            assert_eq!(&bytes[start..end], payload);
            assert_eq!(end, whole.len());
        }
    }

    #[test]
    fn what_is_against_the_protocol_is_refused() {
        let cases: [(Vec<u8>, Broken); 7] = [
            (vec![0x81, 0x01, b'a'], Broken::Protocol),
            (masked(0xc1, b"a"), Broken::Protocol),
            (masked(0x83, b"a"), Broken::Protocol),
            (masked(0x82, b"a"), Broken::Binary),
            (masked(0x09, b"a"), Broken::Protocol),
            (masked(0x89, &[0; 126]), Broken::Protocol),
            (masked(0x81, &[0; 200]), Broken::TooBig),
        ];
        for (mut bytes, broken) in cases {
            assert_eq!(read(&mut bytes, 150), Err(broken));
        }
        let mut endless = vec![0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(read(&mut endless, 150), Err(Broken::TooBig));
    }
}
