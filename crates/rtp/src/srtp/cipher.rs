//! The primitives of SRTP: AES in counter mode, HMAC-SHA1, AES-GCM, and the derivation of session
//! keys (RFC 3711 §4). It knows no packets.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::suite::Suite;

/// Labels of RFC 3711 §4.3.2; those of RTCP are three more.
const LABEL_ENCRYPTION: u8 = 0;
const LABEL_AUTHENTICATION: u8 = 1;
const LABEL_SALT: u8 = 2;
const CONTROL: u8 = 3;
const AUTHENTICATION_KEY: usize = 20;

/// AES in counter mode with a key; `None` only for a key of a wrong length.
fn counter_mode(key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

/// Encrypts, or decrypts, in place; false if the library fails.
fn apply(key: &EncryptingKey, iv: [u8; 16], bytes: &mut [u8]) -> bool {
    key.less_safe_encrypt(bytes, EncryptionContext::Iv128(FixedLength::from(iv))).is_ok()
}

/// RFC 3711 §4.3.1 and 4.3.3, with a key derivation rate of zero.
pub(super) fn derive(master: &[u8], salt: &[u8], label: u8, length: usize) -> Option<Vec<u8>> {
    let mut iv = [0; 16];
    // A salt of 12 bytes (RFC 7714 §11) stands to the left as one of 14 does.
    iv[..salt.len().min(14)].copy_from_slice(&salt[..salt.len().min(14)]);
    iv[7] ^= label;
    let mut key = vec![0; length];
    apply(&counter_mode(master)?, iv, &mut key).then_some(key)
}

struct CounterKeys {
    cipher: EncryptingKey,
    authentication: hmac::Key,
}

enum Keys {
    Counter(Box<CounterKeys>),
    Aead(Box<LessSafeKey>),
}

/// Session keys of RTP, or of RTCP.
pub(super) struct Cipher {
    keys: Keys,
    salt: [u8; 14],
}

impl Cipher {
    pub(super) fn new(suite: Suite, master: &[u8], salt: &[u8], control: bool) -> Option<Cipher> {
        if master.len() != suite.key_length() || salt.len() != suite.salt_length() {
            return None;
        }
        let label = |label| if control { label + CONTROL } else { label };
        let key = derive(master, salt, label(LABEL_ENCRYPTION), suite.key_length())?;
        let keys = if suite.is_aead() {
            let algorithm = if key.len() == 32 { &AES_256_GCM } else { &AES_128_GCM };
            Keys::Aead(Box::new(LessSafeKey::new(UnboundKey::new(algorithm, &key).ok()?)))
        } else {
            let secret = derive(master, salt, label(LABEL_AUTHENTICATION), AUTHENTICATION_KEY)?;
            let authentication = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
            Keys::Counter(Box::new(CounterKeys { cipher: counter_mode(&key)?, authentication }))
        };
        let derived = derive(master, salt, label(LABEL_SALT), suite.salt_length())?;
        let mut salt = [0; 14];
        salt[..derived.len()].copy_from_slice(&derived);
        Some(Cipher { keys, salt })
    }

    #[cfg(test)]
    pub(super) fn from_session_keys(suite: Suite, key: &[u8], session_salt: &[u8]) -> Cipher {
        let algorithm = if suite.key_length() == 32 { &AES_256_GCM } else { &AES_128_GCM };
        let keys = Keys::Aead(Box::new(LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap())));
        let mut salt = [0; 14];
        salt[..session_salt.len()].copy_from_slice(session_salt);
        Cipher { keys, salt }
    }

    /// Counter mode in place; `index`: of 48 bits (RFC 3711 §4.1.1).
    pub(super) fn crypt(&self, ssrc: u32, index: u64, bytes: &mut [u8]) -> bool {
        let Keys::Counter(keys) = &self.keys else { return false };
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        xor(&mut iv[4..8], &ssrc.to_be_bytes());
        xor(&mut iv[8..14], &index.to_be_bytes()[2..]);
        apply(&keys.cipher, iv, bytes)
    }

    /// HMAC-SHA1 over all parts, whole.
    pub(super) fn tag(&self, parts: [&[u8]; 2]) -> Option<hmac::Tag> {
        let Keys::Counter(keys) = &self.keys else { return None };
        let mut context = hmac::Context::with_key(&keys.authentication);
        parts.iter().for_each(|part| context.update(part));
        Some(context.sign())
    }

    /// AES-GCM in place; the tag. `index`: 48 bits of RTP, or 31 of RTCP (RFC 7714 §8.1, 9.1).
    pub(super) fn seal(
        &self,
        ssrc: u32,
        index: u64,
        additional: &[u8],
        bytes: &mut [u8],
    ) -> Option<[u8; 16]> {
        let Keys::Aead(key) = &self.keys else { return None };
        let nonce = self.nonce(ssrc, index);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(additional), bytes).ok()?;
        tag.as_ref().try_into().ok()
    }

    /// Opens ciphertext and tag in place; false if they are not authentic.
    pub(super) fn open(&self, ssrc: u32, index: u64, additional: &[u8], bytes: &mut [u8]) -> bool {
        let Keys::Aead(key) = &self.keys else { return false };
        key.open_in_place(self.nonce(ssrc, index), Aad::from(additional), bytes).is_ok()
    }

    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&self.salt[..12]);
        xor(&mut nonce[2..6], &ssrc.to_be_bytes());
        xor(&mut nonce[6..12], &index.to_be_bytes()[2..]);
        Nonce::assume_unique_for_key(nonce)
    }
}

fn xor(bytes: &mut [u8], with: &[u8]) {
    for (byte, with) in bytes.iter_mut().zip(with) {
        *byte ^= with;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srtp::context::tests::hex;

    /// RFC 3711 appendix B.3.
    #[test]
    fn session_keys_are_those_of_the_standard() {
        let master = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
        let derived = |label, length| derive(&master, &salt, label, length).unwrap();
        assert_eq!(derived(0, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(derived(2, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
        let long = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE\
                    E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25\
                    6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2DC68";
        assert_eq!(derived(1, 94), hex(long)[..94]);
    }

    /// RFC 6188 §7.2, key derivation with AES-256.
    #[test]
    fn session_keys_of_256_bits_are_those_of_the_standard() {
        let master = hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6");
        let salt = hex("3b04803de51ee7c96423ab5b78d2");
        let derived = |label, length| derive(&master, &salt, label, length).unwrap();
        assert_eq!(
            derived(0, 32),
            hex("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4")
        );
        assert_eq!(derived(2, 14), hex("fa31791685ca444a9e07c6c64e93"));
        assert_eq!(derived(1, 20), hex("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"));
    }

    /// RFC 3711 appendix B.2: the key stream of counter mode.
    #[test]
    fn the_key_stream_is_that_of_the_standard() {
        let key = counter_mode(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
        let mut stream = vec![0; 0xff03 * 16];
        assert!(apply(&key, iv, &mut stream));
        let block = |at: usize| stream[at * 16..at * 16 + 16].to_vec();
        assert_eq!(block(0), hex("E03EAD0935C95E80E166B16DD92B4EB4"));
        assert_eq!(block(1), hex("D23513162B02D0F72A43A2FE4A5F97AB"));
        assert_eq!(block(0xfeff), hex("EC8CDF7398607CB0F2D21675EA9EA1E4"));
        assert_eq!(block(0xff00), hex("362B7C3C6773516318A077D7FC5073AE"));
    }
}
