//! What routing reads of a datagram before anything is proven.
#![no_main]

use antiphon_packet::{Class, classify, peek_check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if peek_check(bytes).is_some() {
        assert_eq!(classify(bytes), Class::Stun);
    }
});
