//! Tells apart the protocols that share one UDP port by their first bytes (RFC 7983 §7, RFC 5761 §4).

/// What a datagram carries, judged by its first two bytes and least length only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A STUN message (RFC 8489), at least its 20-byte header.
    Stun,
    /// A DTLS record (RFC 6347), at least its 13-byte header.
    Dtls,
    /// An (S)RTP packet, at least its 12-byte header.
    Rtp,
    /// An (S)RTCP packet, at least its 8-byte header.
    Rtcp,
    /// Nothing this port speaks.
    Unknown,
}

/// Classifies one datagram; constant time, reads at most two bytes.
pub fn classify(datagram: &[u8]) -> Class {
    let Some(&first) = datagram.first() else { return Class::Unknown };
    match first {
        0..=3 if datagram.len() >= 20 => Class::Stun,
        20..=63 if datagram.len() >= 13 => Class::Dtls,
        // RFC 5761 §4: packet types 192–223 are RTCP, seen as payload type 64–95 with the marker bit.
        128..=191 if datagram.len() >= 8 && (192..=223).contains(&datagram[1]) => Class::Rtcp,
        128..=191 if datagram.len() >= 12 => Class::Rtp,
        _ => Class::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn first_bytes_decide() {
        assert_eq!(classify(&[]), Class::Unknown);
        assert_eq!(classify(&[0; 19]), Class::Unknown);
        assert_eq!(classify(&[0; 20]), Class::Stun);
        assert_eq!(classify(&[22; 13]), Class::Dtls);
        assert_eq!(classify(&[22; 12]), Class::Unknown);
        let mut rtp = [0; 12];
        rtp[0] = 0x80;
        rtp[1] = 0x80 | 96;
        assert_eq!(classify(&rtp), Class::Rtp);
        rtp[1] = 200;
        assert_eq!(classify(&rtp), Class::Rtcp);
        assert_eq!(classify(&[64; 100]), Class::Unknown);
        assert_eq!(classify(&[192; 100]), Class::Unknown);
    }

    proptest! {
        #[test]
        fn any_bytes_are_classified(bytes: Vec<u8>) {
            let class = classify(&bytes);
            prop_assert!(class == Class::Unknown || bytes.len() >= 8);
        }
    }
}
