//! The framing of connections under any bytes, cut in any way.

use antiphon_streams::{Found, Framer, Framing};
use antiphon_xml::Outgoing;
use proptest::prelude::*;

const REQUEST: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: xmpp\r\n\r\n";

fn framing(number: u8) -> Framing {
    let paths: std::sync::Arc<[String]> = vec!["/ws".to_owned()].into();
    match number % 5 {
        0 => Framing::Xmpp,
        1 => Framing::WebSocket(paths),
        2 => Framing::Http(paths),
        3 => Framing::Bosh,
        _ => Framing::Raw,
    }
}

/// What is found in these pieces, as text; after an element it goes on at once.
fn read(framing: Framing, pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
    let mut framer = Framer::new(framing, 2000, false);
    let (mut input, mut out, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        let mut at = 0;
        loop {
            if framer.waits() {
                framer.resume(false, false, &mut out);
            }
            let Some((used, found)) = framer.next(&mut input[at..], &mut out) else { break };
            match found {
                None => {}
                Some(Found::Bytes(count)) => {
                    assert_eq!(used, count);
                    told.push(format!("{:?}", &input[at..at + count]));
                }
                Some(Found::Opened(element) | Found::Item(element)) => {
                    told.push(String::from_utf8_lossy(&element.raw()).into_owned());
                }
                Some(other) => told.push(format!("{other:?}")),
            }
            at += used;
            assert!(at <= input.len());
        }
        input.drain(..at);
    }
    (told, out)
}

fn masked(code: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut out = vec![code];
    match payload.len() {
        length @ 0..126 => out.push(0x80 | length as u8),
        length => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

fn pieces<'a>(bytes: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = places.iter().map(|place| place.index(bytes.len())).collect();
    at.sort_unstable();
    at.push(bytes.len());
    let mut from = 0;
    at.into_iter().map(|to| &bytes[std::mem::replace(&mut from, to)..to]).collect()
}

proptest! {
    #[test]
    fn messages_are_the_same_however_they_come(
        bodies in prop::collection::vec("[a-z é]{0,200}", 1..6),
        fragments in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        mask in any::<[u8; 4]>(),
    ) {
        let mut bytes = REQUEST.as_bytes().to_vec();
        let mut expected = vec![];
        for body in &bodies {
            let message = format!("<message xmlns='jabber:client'><body>{body}</body></message>");
            let parts = pieces(message.as_bytes(), &fragments);
            for (at, part) in parts.iter().enumerate() {
                let last = if at + 1 == parts.len() { 0x80 } else { 0 };
                bytes.extend(masked(last | u8::from(at == 0), part, mask));
                bytes.extend(masked(0x89, b"ping", mask));
            }
            expected.push(message);
        }
        bytes.extend(masked(0x88, &[3, 232], mask));
        let (told, out) = read(framing(1), &pieces(&bytes, &places));
        prop_assert!(told[0].starts_with("Request"));
        prop_assert_eq!(&told[1..told.len() - 1], &expected[..]);
        prop_assert_eq!(&*told[told.len() - 1], "Closed");
        prop_assert_eq!(
            out.windows(6).filter(|part| part == b"\x8a\x04ping").count(),
            bodies.len() * (fragments.len() + 1)
        );
    }

    #[test]
    fn any_bytes_are_taken_alike_however_they_come(
        number in any::<u8>(),
        upgraded in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let start = if upgraded { REQUEST.as_bytes() } else { b"<stream:stream xmlns='jabber:client' \
            xmlns:stream='http://etherx.jabber.org/streams'>" };
        let bytes = [start, &bytes].concat();
        let whole = read(framing(number), &[&bytes]);
        let parts = read(framing(number), &pieces(&bytes, &places));
        let is_raw = number % 5 == 4 || (number % 5 == 2 && !upgraded);
        if !is_raw {
            prop_assert_eq!(whole, parts);
        }
    }

    #[test]
    fn what_is_sent_is_one_message(data in "<[a-z:]{1,10}( [a-z]{1,5}='[a-z]{0,300}')?/>") {
        let mut framer = Framer::new(framing(1), 2000, true);
        let mut out = Vec::new();
        let mut request = REQUEST.as_bytes().to_vec();
        prop_assert!(framer.next(&mut request, &mut out).is_some());
        framer.resume(false, false, &mut out);
        out.clear();
        framer.send(&mut out, &Outgoing::new(data.as_bytes()), None);
        let length = match out[1] {
            126 => usize::from(u16::from_be_bytes([out[2], out[3]])) + 4,
            length => usize::from(length) + 2,
        };
        prop_assert_eq!((out[0], out.len()), (0x81, length));
    }
}
