//! Asks telephones for RSA certificates, too: the DTLS library can take them (see [`crate::signature`]),
//! but its CertificateRequest (RFC 5246 §7.4.4) asks for those on elliptic curves only, and whoever has
//! none then shows none. As server we put RSA in the place of a signature that nobody else needs, of
//! the same length, on the wire and in the transcript that both sides hash. It knows no state.

use dimpl::crypto::aws_lc_rs::default_provider;
use dimpl::crypto::{Buf, HashAlgorithm, HashContext, HashProvider};

const HANDSHAKE: u8 = 22;
const RECORD_HEADER: usize = 13;
const MESSAGE_HEADER: usize = 12;
const CERTIFICATE_REQUEST: u8 = 13;
/// ECDSA by SHA-384, which is not needed beside that by SHA-256: in DTLS 1.2 either goes with any curve.
const REPLACED: [u8; 2] = [5, 3];
/// RSASSA-PKCS1-v1_5 by SHA-256.
const RSA: [u8; 2] = [4, 1];

/// Hashes transcripts as the other side sees them.
#[derive(Debug)]
pub(crate) struct Amending;

pub(crate) static AMENDING: Amending = Amending;

#[derive(Debug)]
struct Amended(Box<dyn HashContext>);

impl HashProvider for Amending {
    fn create_hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        Box::new(Amended(default_provider().hash_provider.create_hash(algorithm)))
    }
}

impl HashContext for Amended {
    /// The library gives the transcript from its beginning, as a whole.
    fn update(&mut self, data: &[u8]) {
        self.0.update(&amended(data));
    }

    fn clone_and_finalize(&self, out: &mut Buf) {
        self.0.clone_and_finalize(out);
    }
}

/// A transcript with the request as it was sent.
pub(crate) fn amended(transcript: &[u8]) -> Vec<u8> {
    let mut messages = transcript.to_vec();
    amend_messages(&mut messages);
    messages
}

/// Amends the request in a datagram of ours. The library puts what a server first says, which is some
/// 700 bytes, into whole messages.
pub(crate) fn amend(datagram: &mut [u8]) {
    let mut rest = datagram;
    while let Some(header) = rest.first_chunk::<RECORD_HEADER>() {
        let is_clear = header[0] == HANDSHAKE && header[3..5] == [0, 0];
        let length = usize::from(u16::from_be_bytes([header[11], header[12]]));
        let Some((record, next)) = rest.split_at_mut_checked(RECORD_HEADER + length) else {
            return;
        };
        if is_clear {
            amend_messages(&mut record[RECORD_HEADER..]);
        }
        rest = next;
    }
}

/// Walks whole handshake messages (RFC 6347 §4.2.2).
fn amend_messages(messages: &mut [u8]) {
    let mut rest = messages;
    while let Some(header) = rest.first_chunk::<MESSAGE_HEADER>() {
        let is_request = header[0] == CERTIFICATE_REQUEST;
        let length = u32::from_be_bytes([0, header[9], header[10], header[11]]) as usize;
        let Some((message, next)) = rest.split_at_mut_checked(MESSAGE_HEADER + length) else {
            return;
        };
        if is_request {
            amend_request(&mut message[MESSAGE_HEADER..]);
        }
        rest = next;
    }
}

/// RFC 5246 §7.4.4: types of certificates, then pairs of hash and signature, then authorities.
fn amend_request(body: &mut [u8]) {
    let Some((&mut types, rest)) = body.split_first_mut() else { return };
    let Some((_, rest)) = rest.split_at_mut_checked(usize::from(types)) else { return };
    let Some((&mut length, rest)) = rest.split_first_chunk_mut::<2>() else { return };
    let Some(pairs) = rest.get_mut(..usize::from(u16::from_be_bytes(length))) else { return };
    // One that stands alone is all there is to ask for.
    if pairs.len() > REPLACED.len()
        && let Some(pair) = pairs.chunks_exact_mut(2).find(|pair| *pair == REPLACED)
    {
        pair.copy_from_slice(&RSA);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = &(body.len() as u32).to_be_bytes()[1..];
        [&[kind], length, &[0, 3, 0, 0, 0], length, body].concat()
    }

    fn record(epoch: u8, messages: &[u8]) -> Vec<u8> {
        let length = (messages.len() as u16).to_be_bytes();
        [&[22, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 1], &length[..], messages].concat()
    }

    #[test]
    fn only_what_is_asked_for_is_replaced() {
        let body = [1, 64, 0, 4, 4, 3, 5, 3, 0, 0];
        let other = message(14, &body);
        let before = [other.clone(), message(13, &body), other.clone()].concat();
        let mut wanted = body;
        wanted[6..8].copy_from_slice(&RSA);
        let after = [other.clone(), message(13, &wanted), other].concat();
        assert_eq!(amended(&before), after);
        let mut datagram = [record(0, &before), record(1, &before)].concat();
        amend(&mut datagram);
        assert_eq!(datagram, [record(0, &after), record(1, &before)].concat());
        let alone = message(13, &[1, 64, 0, 2, 5, 3, 0, 0]);
        assert_eq!(amended(&alone), alone);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut bytes: Vec<u8>, body: Vec<u8>) {
            amend(&mut bytes);
            amend(&mut record(0, &message(13, &body)));
            prop_assert_eq!(amended(&bytes).len(), bytes.len());
        }
    }
}
