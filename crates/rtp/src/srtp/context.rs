//! One direction of an SRTP session: indices, replay windows and the layout of protected packets.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::cipher::Cipher;
use super::replay::Window;
use super::suite::Suite;
use crate::packet::Header;

/// Sources whose indices are kept; the one heard least recently goes first.
const SOURCES: usize = 16;
/// RTCP: the E flag before the index (RFC 3711 §3.4).
const ENCRYPTED: u32 = 1 << 31;
/// What of an RTCP packet stays in the clear.
const CONTROL_HEADER: usize = 8;

/// Why a packet was not taken or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not as long, or not as built, as it must be.
    Malformed,
    /// It came before, or is too old to tell.
    Replayed,
    /// It was not made with our keys, or was changed.
    Forged,
    /// All indices of the keys are used up, or the cryptography failed.
    Exhausted,
}

#[derive(Clone, Copy)]
struct Source {
    ssrc: u32,
    /// The highest index: rollover counter and sequence number (RFC 3711 §3.3.1).
    highest: Option<u64>,
    window: Window,
    control: Window,
    next_control: u32,
    used: u64,
}

/// See the module.
pub struct Context {
    suite: Suite,
    rtp: Cipher,
    rtcp: Cipher,
    /// Bytes of the master key identifier in each packet (RFC 3711 §3.1); it is not looked at.
    identifier: usize,
    sources: Vec<Source>,
    clock: u64,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Context").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl Context {
    /// Keys of a direction; `None` if their lengths are not the suite's. `identifier`: the length of
    /// the master key identifier that packets carry, 0 for none.
    pub fn new(suite: Suite, key: &[u8], salt: &[u8], identifier: usize) -> Option<Context> {
        Some(Context {
            suite,
            rtp: Cipher::new(suite, key, salt, false)?,
            rtcp: Cipher::new(suite, key, salt, true)?,
            identifier,
            sources: Vec::new(),
            clock: 0,
        })
    }

    /// What protects.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Protects an RTP packet in place.
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> Result<(), Refusal> {
        let (header, length) = Header::parse(packet).ok_or(Refusal::Malformed)?;
        let at = self.source(header.ssrc);
        let index = estimate(self.sources[at].highest, header.sequence);
        if index >= 1 << 48 {
            return Err(Refusal::Exhausted);
        }
        let highest = &mut self.sources[at].highest;
        *highest = Some(highest.map_or(index, |highest| highest.max(index)));
        let (clear, secret) = packet.split_at_mut(length);
        if self.suite.is_aead() {
            let tag = self.rtp.seal(header.ssrc, index, clear, secret);
            packet.extend_from_slice(&tag.ok_or(Refusal::Exhausted)?);
            return Ok(());
        }
        if !self.rtp.crypt(header.ssrc, index, secret) {
            return Err(Refusal::Exhausted);
        }
        let rollover = ((index >> 16) as u32).to_be_bytes();
        let tag = self.rtp.tag([packet, &rollover]).ok_or(Refusal::Exhausted)?;
        packet.extend_from_slice(&tag.as_ref()[..self.suite.tag_length()]);
        Ok(())
    }

    /// Proves and opens an RTP packet in place.
    pub fn unprotect(&mut self, packet: &mut Vec<u8>) -> Result<(), Refusal> {
        let (header, length) = Header::parse(packet).ok_or(Refusal::Malformed)?;
        let tag_length = self.suite.tag_length();
        if packet.len() < length + self.identifier + tag_length {
            return Err(Refusal::Malformed);
        }
        let known = self.sources.iter().position(|source| source.ssrc == header.ssrc);
        let highest = known.and_then(|at| self.sources[at].highest);
        let index = estimate(highest, header.sequence);
        if known.is_some_and(|at| !self.sources[at].window.is_new(index)) {
            return Err(Refusal::Replayed);
        }
        if self.suite.is_aead() {
            packet.truncate(packet.len() - self.identifier);
            let (clear, secret) = packet.split_at_mut(length);
            if !self.rtp.open(header.ssrc, index, clear, secret) {
                return Err(Refusal::Forged);
            }
            packet.truncate(packet.len() - tag_length);
        } else {
            let (rest, tag) = packet.split_at(packet.len() - tag_length);
            let body = &rest[..rest.len() - self.identifier];
            let rollover = ((index >> 16) as u32).to_be_bytes();
            self.prove(&self.rtp, [body, &rollover], tag)?;
            packet.truncate(packet.len() - tag_length - self.identifier);
            if !self.rtp.crypt(header.ssrc, index, &mut packet[length..]) {
                return Err(Refusal::Exhausted);
            }
        }
        let at = self.source(header.ssrc);
        let source = &mut self.sources[at];
        source.highest = Some(source.highest.map_or(index, |highest| highest.max(index)));
        source.window.note(index);
        Ok(())
    }

    /// Protects an RTCP compound in place.
    pub fn protect_control(&mut self, packet: &mut Vec<u8>) -> Result<(), Refusal> {
        let ssrc = control_source(packet)?;
        let at = self.source(ssrc);
        let index = self.sources[at].next_control;
        if index >= ENCRYPTED {
            return Err(Refusal::Exhausted);
        }
        self.sources[at].next_control += 1;
        let word = (ENCRYPTED | index).to_be_bytes();
        let (clear, secret) = packet.split_at_mut(CONTROL_HEADER);
        if self.suite.is_aead() {
            // RFC 7714 §9.2: the header and the word with the index are authenticated.
            let additional = [&*clear, &word].concat();
            let tag = self.rtcp.seal(ssrc, index.into(), &additional, secret);
            packet.extend_from_slice(&tag.ok_or(Refusal::Exhausted)?);
            packet.extend_from_slice(&word);
            return Ok(());
        }
        if !self.rtcp.crypt(ssrc, index.into(), secret) {
            return Err(Refusal::Exhausted);
        }
        packet.extend_from_slice(&word);
        let tag = self.rtcp.tag([packet, &[]]).ok_or(Refusal::Exhausted)?;
        packet.extend_from_slice(&tag.as_ref()[..self.suite.control_tag_length()]);
        Ok(())
    }

    /// Proves and opens an RTCP compound in place.
    pub fn unprotect_control(&mut self, packet: &mut Vec<u8>) -> Result<(), Refusal> {
        let ssrc = control_source(packet)?;
        let tag_length = self.suite.control_tag_length();
        if packet.len() < CONTROL_HEADER + 4 + self.identifier + tag_length {
            return Err(Refusal::Malformed);
        }
        let is_aead = self.suite.is_aead();
        // Where the word with the index ends: AEAD packets have their tag before it.
        let after = if is_aead { self.identifier } else { self.identifier + tag_length };
        let end = packet.len() - after;
        let word: [u8; 4] = packet[end - 4..end].try_into().map_err(|_| Refusal::Malformed)?;
        let (encrypted, index) = {
            let word = u32::from_be_bytes(word);
            (word & ENCRYPTED != 0, u64::from(word & !ENCRYPTED))
        };
        let known = self.sources.iter().position(|source| source.ssrc == ssrc);
        if known.is_some_and(|at| !self.sources[at].control.is_new(index)) {
            return Err(Refusal::Replayed);
        }
        if is_aead {
            packet.truncate(end - 4);
            if !encrypted {
                // RFC 7714 §9.3 allows it; nobody negotiates it with us (RFC 4568 §6.3.2).
                return Err(Refusal::Malformed);
            }
            let (clear, secret) = packet.split_at_mut(CONTROL_HEADER);
            let additional = [&*clear, &word].concat();
            if !self.rtcp.open(ssrc, index, &additional, secret) {
                return Err(Refusal::Forged);
            }
            packet.truncate(packet.len() - tag_length);
        } else {
            let tag = &packet[packet.len() - tag_length..];
            self.prove(&self.rtcp, [&packet[..end], &[]], tag)?;
            packet.truncate(end - 4);
            if encrypted && !self.rtcp.crypt(ssrc, index, &mut packet[CONTROL_HEADER..]) {
                return Err(Refusal::Exhausted);
            }
        }
        let at = self.source(ssrc);
        self.sources[at].control.note(index);
        Ok(())
    }

    fn prove(&self, cipher: &Cipher, parts: [&[u8]; 2], tag: &[u8]) -> Result<(), Refusal> {
        let expected = cipher.tag(parts).ok_or(Refusal::Exhausted)?;
        verify_slices_are_equal(&expected.as_ref()[..tag.len()], tag).map_err(|_| Refusal::Forged)
    }

    /// The place of a source, new if it was not known. Only for packets that are authentic or ours.
    fn source(&mut self, ssrc: u32) -> usize {
        self.clock += 1;
        let found = self.sources.iter().position(|source| source.ssrc == ssrc);
        let at = found.unwrap_or_else(|| {
            let new = Source {
                ssrc,
                highest: None,
                window: Window::default(),
                control: Window::default(),
                next_control: 0,
                used: 0,
            };
            if self.sources.len() < SOURCES {
                self.sources.push(new);
                return self.sources.len() - 1;
            }
            let oldest = (0..SOURCES).min_by_key(|&at| self.sources[at].used).unwrap_or(0);
            self.sources[oldest] = new;
            oldest
        });
        self.sources[at].used = self.clock;
        at
    }
}

/// The index nearest to the highest one that has this sequence number (RFC 3711 appendix A).
fn estimate(highest: Option<u64>, sequence: u16) -> u64 {
    let Some(highest) = highest else { return sequence.into() };
    let difference = sequence.wrapping_sub(highest as u16).cast_signed();
    // Before the beginning there was nothing: the next round is meant.
    highest.checked_add_signed(difference.into()).unwrap_or_else(|| (1 << 16) + u64::from(sequence))
}

fn control_source(packet: &[u8]) -> Result<u32, Refusal> {
    let word = packet.get(4..CONTROL_HEADER).ok_or(Refusal::Malformed)?;
    Ok(word.iter().fold(0, |word, &byte| word << 8 | u32::from(byte)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes written in hexadecimal, whatever stands between the digits.
    pub(crate) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn pair(suite: Suite) -> (Context, Context) {
        let key: Vec<u8> = (0..suite.key_length() as u8).collect();
        let salt: Vec<u8> = (100..100 + suite.salt_length() as u8).collect();
        let make = || Context::new(suite, &key, &salt, 0).unwrap();
        (make(), make())
    }

    fn packet(sequence: u16, payload: &[u8]) -> Vec<u8> {
        let header =
            Header { payload_type: 0, marker: false, sequence, timestamp: 7, ssrc: 0x1234_5678 };
        let mut packet = Vec::new();
        header.write(payload, &mut packet);
        packet
    }

    #[test]
    fn packets_are_opened_by_the_same_keys_and_once() {
        for suite in Suite::ALL {
            let (mut ours, mut theirs) = pair(suite);
            let (_, mut other) = pair(suite);
            other.rtp = Cipher::new(
                suite,
                &vec![9; suite.key_length()],
                &vec![9; suite.salt_length()],
                false,
            )
            .unwrap();
            let clear = packet(0xfffe, b"a sound that nobody else may hear");
            let mut secret = clear.clone();
            ours.protect(&mut secret).unwrap();
            assert_ne!(secret[12..40], clear[12..40]);
            assert_eq!(other.unprotect(&mut secret.clone()), Err(Refusal::Forged), "{suite:?}");
            let mut changed = secret.clone();
            changed[3] ^= 1;
            assert_eq!(theirs.unprotect(&mut changed), Err(Refusal::Forged));
            let mut opened = secret.clone();
            theirs.unprotect(&mut opened).unwrap();
            assert_eq!(opened, clear);
            assert_eq!(theirs.unprotect(&mut secret.clone()), Err(Refusal::Replayed));
            assert_eq!(theirs.unprotect(&mut secret[..13].to_vec()), Err(Refusal::Malformed));
        }
    }

    #[test]
    fn rollover_is_followed() {
        for suite in [Suite::AesCm128Sha1_32, Suite::AesGcm256] {
            let (mut ours, mut theirs) = pair(suite);
            let mut late = None;
            for round in 0..40u32 {
                let clear = packet((round * 5000) as u16, &round.to_be_bytes());
                let mut secret = clear.clone();
                ours.protect(&mut secret).unwrap();
                if round == 13 {
                    // Just before the wrap; it comes after it.
                    late = Some((secret, clear));
                    continue;
                }
                theirs.unprotect(&mut secret).unwrap();
                assert_eq!(secret, clear);
                if let Some((mut secret, clear)) = late.take() {
                    assert_eq!(
                        theirs.unprotect(&mut secret),
                        Err(Refusal::Replayed),
                        "older than the window"
                    );
                    assert_eq!(clear.len(), 16);
                }
            }
            assert_eq!(theirs.sources[0].highest, Some(39 * 5000));
        }
    }

    #[test]
    fn control_is_protected_too() {
        let clear = hex("81c8000e 4d617273 4e545031 4e545032 52545020 0000042a 0000eb98 4c756e61");
        for suite in Suite::ALL {
            let (mut ours, mut theirs) = pair(suite);
            for _ in 0..3 {
                let mut secret = clear.clone();
                ours.protect_control(&mut secret).unwrap();
                assert_eq!(secret.len(), clear.len() + 4 + suite.control_tag_length());
                assert_ne!(secret[8..20], clear[8..20]);
                let mut changed = secret.clone();
                changed[9] ^= 1;
                assert_eq!(theirs.unprotect_control(&mut changed), Err(Refusal::Forged));
                let mut opened = secret.clone();
                theirs.unprotect_control(&mut opened).unwrap();
                assert_eq!(opened, clear);
                assert_eq!(theirs.unprotect_control(&mut secret), Err(Refusal::Replayed));
            }
        }
    }

    #[test]
    fn an_identifier_of_keys_is_skipped() {
        let suite = Suite::AesCm128Sha1_80;
        let (mut ours, _) = pair(suite);
        let key: Vec<u8> = (0..16).collect();
        let salt: Vec<u8> = (100..114).collect();
        let mut theirs = Context::new(suite, &key, &salt, 2).unwrap();
        let clear = packet(5, b"sound");
        let mut secret = clear.clone();
        ours.protect(&mut secret).unwrap();
        let tag = secret.split_off(secret.len() - 10);
        secret.extend([0, 1]);
        secret.extend(tag);
        theirs.unprotect(&mut secret).unwrap();
        assert_eq!(secret, clear);
    }

    #[test]
    fn sources_are_bounded() {
        let (mut ours, mut theirs) = pair(Suite::AesGcm128);
        for ssrc in 0..100u32 {
            let header = Header { payload_type: 0, marker: false, sequence: 1, timestamp: 7, ssrc };
            let mut secret = Vec::new();
            header.write(b"x", &mut secret);
            ours.protect(&mut secret).unwrap();
            theirs.unprotect(&mut secret).unwrap();
        }
        assert_eq!(theirs.sources.len(), SOURCES);
    }

    /// The packet that follows a title in a text of test vectors, from an offset on; and where.
    fn vector(text: &str, from: usize, title: &str) -> (Vec<u8>, usize) {
        let begin = from + text[from..].find(title).unwrap() + title.len();
        let lines = text[begin..].trim_start().lines().take_while(|line| !line.trim().is_empty());
        (hex(&lines.collect::<String>()), begin)
    }

    /// RFC 7714 §16 and 17. The vectors belong to others: they are read where the variable says.
    #[test]
    fn packets_are_those_of_the_standard() {
        let Some(folder) = std::env::var_os("ANTIPHON_CONFORMANCE") else {
            eprintln!("skipped: ANTIPHON_CONFORMANCE names no folder of published vectors");
            return;
        };
        let read = |name| std::fs::read_to_string(std::path::Path::new(&folder).join(name));
        let rtp = read("srtp/rtp-vectors.txt").unwrap();
        let rtcp = read("srtp/rtcp-vectors.txt").unwrap();
        for (suite, title) in [
            (Suite::AesGcm128, "16.1.1.  SRTP AEAD_AES_128_GCM Encryption"),
            (Suite::AesGcm256, "16.2.1.  SRTP AEAD_AES_256_GCM Encryption"),
        ] {
            let key: Vec<u8> = (0..suite.key_length() as u8).collect();
            let cipher = || Cipher::from_session_keys(suite, &key, b"Quid pro quo");
            let (mut ours, mut theirs) = pair(suite);
            (ours.rtp, ours.rtcp, theirs.rtp, theirs.rtcp) =
                (cipher(), cipher(), cipher(), cipher());
            let at = rtp.find(title).unwrap();
            let (clear, at) = vector(&rtp, at, "Encrypting the following packet:");
            let (secret, _) = vector(&rtp, at, "Encrypted and tagged packet:");
            let mut packet = clear.clone();
            ours.protect(&mut packet).unwrap();
            assert_eq!(packet, secret, "{suite:?}");
            theirs.unprotect(&mut packet).unwrap();
            assert_eq!(packet, clear);
            let (clear, secret) = if suite == Suite::AesGcm128 {
                let (clear, at) = vector(&rtcp, 0, "Encrypting the following packet:");
                (clear, vector(&rtcp, at, "Encrypted and tagged packet:").0)
            } else {
                let (secret, at) = vector(&rtcp, 0, "Decrypting the following packet:");
                (vector(&rtcp, at, "Verified and decrypted packet:").0, secret)
            };
            let mut packet = clear.clone();
            let place = ours.source(control_source(&clear).unwrap());
            ours.sources[place].next_control = 0x5d4;
            ours.protect_control(&mut packet).unwrap();
            assert_eq!(packet, secret, "{suite:?}");
            theirs.unprotect_control(&mut packet).unwrap();
            assert_eq!(packet, clear);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut bytes: Vec<u8>, which in 0usize..6) {
            let (_, mut theirs) = pair(Suite::ALL[which]);
            if let Some(first) = bytes.first_mut() { *first = 0x80 | *first & 0x3f; }
            prop_assert!(theirs.unprotect(&mut bytes.clone()).is_err());
            prop_assert!(theirs.unprotect_control(&mut bytes).is_err());
            prop_assert!(theirs.sources.is_empty());
        }
    }
}
