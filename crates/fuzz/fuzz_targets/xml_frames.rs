//! A connection that becomes a WebSocket and sends anything: frames of any kind, in pieces of any
//! size, never panic, and are taken alike however they come.
#![no_main]

use antiphon_streams::{Framer, Framing};
use libfuzzer_sys::fuzz_target;

const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n";

fn read(bytes: &[u8], step: usize) -> (Vec<String>, Vec<u8>) {
    let mut framer = Framer::new(Framing::WebSocket(vec!["/ws".to_owned()].into()), 4096, true);
    let (mut input, mut out, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for piece in bytes.chunks(step) {
        input.extend_from_slice(piece);
        let mut at = 0;
        loop {
            if framer.waits() {
                framer.resume(false, true, &mut out);
            }
            let Some((used, found)) = framer.next(&mut input[at..], &mut out) else { break };
            at += used;
            told.extend(found.map(|found| format!("{found:?}")));
        }
        input.drain(..at);
    }
    (told, out)
}

fuzz_target!(|input: (bool, u8, Vec<(u8, Vec<u8>)>, Vec<u8>)| {
    let (frames, step, messages, rest) = input;
    let mut bytes = REQUEST.to_vec();
    if frames {
        for (code, payload) in messages {
            let payload = &payload[..payload.len().min(125)];
            bytes.extend([code, 0x80 | payload.len() as u8, 0, 0, 0, 0]);
            bytes.extend_from_slice(payload);
        }
    }
    bytes.extend_from_slice(&rest);
    let whole = read(&bytes, bytes.len());
    assert_eq!(read(&bytes, usize::from(step).max(1)), whole);
});
