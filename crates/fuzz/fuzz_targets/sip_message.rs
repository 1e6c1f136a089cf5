//! A SIP message of any content: reading it, asking it everything, and cutting it out of a stream
//! in pieces.
#![no_main]

use antiphon_sip::{Framer, Message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], u8)| {
    let (bytes, piece) = input;
    if let Ok(message) = Message::parse(bytes) {
        for (name, _) in message.headers() {
            message.all(&name, true);
            message.addresses(&name);
            message.address_of_record(&name);
        }
        message.contacts();
        message.content_type();
        assert!(message.body().len() <= bytes.len());
    }
    let mut framer = Framer::new(4096);
    for piece in bytes.chunks(usize::from(piece).max(1)) {
        framer.feed(piece, |message| assert!(message.len() <= 4096 + 256));
    }
});
