//! AEAD_AES_128_GCM of SRTP (RFC 7714 §8) with the fixed parts prepared; it knows no sockets.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;

/// RTP header with one header extension of 4 bytes (transport-wide number), and the tag.
pub(crate) const HEADER: usize = 20;
pub(crate) const TAG: usize = 16;

/// One direction of one session. The keys are no secrets: they are made of a number.
pub(crate) struct Seal {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Seal {
    pub(crate) fn new(number: u64) -> Result<Seal, Unspecified> {
        let seed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
        let (mut key, mut salt) = ([1; 16], [2; 12]);
        key[..8].copy_from_slice(&seed);
        salt[..8].copy_from_slice(&seed);
        Ok(Seal { key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?), salt })
    }

    /// RFC 7714 §8.1: SSRC and index, by exclusive or with the salt.
    fn nonce(&self, header: &[u8], index: u64) -> Nonce {
        let mut nonce = self.salt;
        let index = index.to_be_bytes();
        let fields = header[8..12].iter().chain(&index[2..]);
        for (byte, field) in nonce[2..].iter_mut().zip(fields) {
            *byte ^= field;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    /// Writes the packet to `out`; its length.
    pub(crate) fn protect(
        &self,
        header: &[u8; HEADER],
        payload: &[u8],
        index: u64,
        out: &mut [u8],
    ) -> Result<usize, Unspecified> {
        let end = HEADER + payload.len();
        out[..HEADER].copy_from_slice(header);
        out[HEADER..end].copy_from_slice(payload);
        let (nonce, aad) = (self.nonce(header, index), Aad::from(header));
        let tag = self.key.seal_in_place_separate_tag(nonce, aad, &mut out[HEADER..end])?;
        out[end..end + TAG].copy_from_slice(tag.as_ref());
        Ok(end + TAG)
    }

    /// The payload of a packet, decrypted where it lies.
    pub(crate) fn unprotect<'a>(
        &self,
        packet: &'a mut [u8],
        index: u64,
    ) -> Result<&'a mut [u8], Unspecified> {
        let (header, body) = packet.split_at_mut_checked(HEADER).ok_or(Unspecified)?;
        self.key.open_in_place(self.nonce(header, index), Aad::from(header), body)
    }
}
