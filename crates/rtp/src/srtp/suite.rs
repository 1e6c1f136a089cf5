//! Protection profiles and their lengths.

/// What protects a stream. The names are those of RFC 4568 §6.2, RFC 6188 §7 and RFC 7714 §14.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Suite {
    AesCm128Sha1_80,
    AesCm128Sha1_32,
    AesCm256Sha1_80,
    AesCm256Sha1_32,
    AesGcm128,
    AesGcm256,
}

impl Suite {
    /// All, the strongest first.
    pub const ALL: [Suite; 6] = [
        Suite::AesGcm256,
        Suite::AesGcm128,
        Suite::AesCm256Sha1_80,
        Suite::AesCm256Sha1_32,
        Suite::AesCm128Sha1_80,
        Suite::AesCm128Sha1_32,
    ];

    /// The name in `a=crypto`.
    pub fn name(self) -> &'static str {
        match self {
            Suite::AesCm128Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Suite::AesCm256Sha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Suite::AesCm256Sha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Suite::AesGcm128 => "AEAD_AES_128_GCM",
            Suite::AesGcm256 => "AEAD_AES_256_GCM",
        }
    }

    /// The name of the profile in DTLS-SRTP (RFC 5764 §4.1.2, RFC 7714 §14.2); of suites that it
    /// does not have, the name in descriptions.
    pub fn profile(self) -> &'static str {
        match self {
            Suite::AesCm128Sha1_80 => "SRTP_AES128_CM_HMAC_SHA1_80",
            Suite::AesCm128Sha1_32 => "SRTP_AES128_CM_HMAC_SHA1_32",
            other => other.name(),
        }
    }

    /// The suite of that name.
    pub fn named(name: &str) -> Option<Suite> {
        // Names are compared without regard to case (RFC 4568 §9.2: ABNF strings).
        Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of the master key, which are those of the session key.
    pub fn key_length(self) -> usize {
        match self {
            Suite::AesCm128Sha1_80 | Suite::AesCm128Sha1_32 | Suite::AesGcm128 => 16,
            Suite::AesCm256Sha1_80 | Suite::AesCm256Sha1_32 | Suite::AesGcm256 => 32,
        }
    }

    /// Bytes of the master salt.
    pub fn salt_length(self) -> usize {
        if self.is_aead() { 12 } else { 14 }
    }

    pub(super) fn is_aead(self) -> bool {
        matches!(self, Suite::AesGcm128 | Suite::AesGcm256)
    }

    /// Bytes of the tag of an RTP packet.
    pub(super) fn tag_length(self) -> usize {
        match self {
            Suite::AesCm128Sha1_32 | Suite::AesCm256Sha1_32 => 4,
            Suite::AesCm128Sha1_80 | Suite::AesCm256Sha1_80 => 10,
            Suite::AesGcm128 | Suite::AesGcm256 => 16,
        }
    }

    /// Bytes of the tag of an RTCP packet: never the short one (RFC 4568 §6.2.2).
    pub(super) fn control_tag_length(self) -> usize {
        if self.is_aead() { 16 } else { 10 }
    }
}
