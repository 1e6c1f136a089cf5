//! Fingerprints of certificates in session descriptions (RFC 8122 §5).

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, Algorithm};

/// The hash functions that are believed; MD5 and the like are not (RFC 8122 §5.1).
const ALGORITHMS: [(&str, &Algorithm); 4] = [
    ("sha-256", &digest::SHA256),
    ("sha-384", &digest::SHA384),
    ("sha-512", &digest::SHA512),
    ("sha-1", &digest::SHA1_FOR_LEGACY_USE_ONLY),
];

/// A hash of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    name: &'static str,
    hash: Vec<u8>,
}

impl Fingerprint {
    /// By SHA-256 of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Fingerprint {
        let hash = digest::digest(&digest::SHA256, certificate);
        Fingerprint { name: "sha-256", hash: hash.as_ref().to_vec() }
    }

    /// Reads the value of `a=fingerprint`; `None` where it is malformed or of an unknown function.
    pub fn parse(value: &str) -> Option<Fingerprint> {
        let (name, hash) = value.trim().split_once(' ')?;
        let (name, algorithm) =
            ALGORITHMS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        let bytes = hash.trim().split(':').map(|byte| match byte.len() {
            2 if !byte.starts_with('+') => u8::from_str_radix(byte, 16).ok(),
            _ => None,
        });
        let hash = bytes.take(65).collect::<Option<Vec<u8>>>()?;
        (hash.len() == algorithm.output_len()).then_some(Fingerprint { name, hash })
    }

    /// Whether it is that of a certificate in DER.
    pub fn matches(&self, certificate: &[u8]) -> bool {
        let known = ALGORITHMS.into_iter().find(|(name, _)| *name == self.name);
        known.is_some_and(|(_, algorithm)| {
            let hash = digest::digest(algorithm, certificate);
            verify_slices_are_equal(hash.as_ref(), &self.hash).is_ok()
        })
    }
}

impl fmt::Display for Fingerprint {
    /// The value of `a=fingerprint`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ", self.name)?;
        for (at, byte) in self.hash.iter().enumerate() {
            let colon = if at > 0 { ":" } else { "" };
            write!(formatter, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read_and_matches() {
        let text = Fingerprint::of(b"certificate").to_string();
        assert!(text.starts_with("sha-256 ") && text.len() == 8 + 32 * 3 - 1, "{text}");
        let read = Fingerprint::parse(&text.to_lowercase().replace("sha", "SHA")).unwrap();
        assert!(read.matches(b"certificate") && !read.matches(b"another"));
        let sha1 = "sha-1 D9:61:0B:11:61:E7:15:23:A6:09:02:8E:6B:73:B5:B4:F1:D7:AE:8B";
        assert!(Fingerprint::parse(sha1).is_some());
        for wrong in ["", "sha-256", "sha-256 AA", "md5 AA:BB", &sha1.replace("D9", "+9")] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_survived(value in "\\PC*", rest in "[0-9A-F:]{0,100}") {
            let _ = Fingerprint::parse(&value);
            let _ = Fingerprint::parse(&format!("sha-1 {rest}"));
        }
    }
}
