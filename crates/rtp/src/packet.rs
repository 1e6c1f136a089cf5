//! RTP packets as bytes (RFC 3550 §5.1). It knows no codec and no session.

/// Length of a header without contributors and extension.
pub const HEADER: usize = 12;

/// The fixed part of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 7 bits.
    pub payload_type: u8,
    /// What it marks depends on the payload's format.
    pub marker: bool,
    /// Modulo 2^16.
    pub sequence: u16,
    /// In ticks of the format's clock, modulo 2^32.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
}

impl Header {
    /// Reads the fixed part and finds where the payload begins; `None` if it is no whole header.
    pub fn parse(packet: &[u8]) -> Option<(Header, usize)> {
        let fixed = packet.get(..HEADER)?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let header = Header {
            payload_type: fixed[1] & 0x7f,
            marker: fixed[1] & 0x80 != 0,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        let mut length = HEADER + 4 * usize::from(fixed[0] & 0x0f);
        if fixed[0] & 0x10 != 0 {
            let extension = packet.get(length..length + 4)?;
            let words = u16::from_be_bytes([extension[2], extension[3]]);
            length += 4 + 4 * usize::from(words);
        }
        (length <= packet.len()).then_some((header, length))
    }

    /// Writes a packet without contributors, extension and padding.
    pub fn write(&self, payload: &[u8], packet: &mut Vec<u8>) {
        packet.reserve(HEADER + payload.len());
        packet.push(0x80);
        packet.push(self.payload_type & 0x7f | u8::from(self.marker) << 7);
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(payload);
    }
}

/// The payload of a packet in the clear, without padding; `None` where the padding is wrong.
pub fn payload(packet: &[u8], header: usize) -> Option<&[u8]> {
    let payload = packet.get(header..)?;
    if packet.first()? & 0x20 == 0 {
        return Some(payload);
    }
    let padding = usize::from(*payload.last()?);
    // RFC 3550 §5.1: the last octet counts itself.
    if padding == 0 { None } else { payload.get(..payload.len().checked_sub(padding)?) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: Header = Header {
        payload_type: 8,
        marker: true,
        sequence: 0xfffe,
        timestamp: 77,
        ssrc: 0xdead_beef,
    };

    #[test]
    fn what_was_written_is_read() {
        let mut packet = Vec::new();
        SAMPLE.write(b"sound", &mut packet);
        assert_eq!(Header::parse(&packet), Some((SAMPLE, HEADER)));
        assert_eq!(payload(&packet, HEADER), Some(&b"sound"[..]));
    }

    #[test]
    fn contributors_extensions_and_padding_are_no_payload() {
        let mut packet = Vec::new();
        SAMPLE.write(&[], &mut packet);
        packet[0] |= 0x20 | 0x10 | 2;
        packet.extend([1; 8]);
        packet.extend([0xbe, 0xde, 0, 1, 9, 9, 9, 9]);
        packet.extend([7, 7, 0, 0, 3]);
        let (_, length) = Header::parse(&packet).unwrap();
        assert_eq!(payload(&packet, length), Some(&[7u8, 7][..]));
        *packet.last_mut().unwrap() = 6;
        assert_eq!(payload(&packet, length), None, "more padding than payload");
        *packet.last_mut().unwrap() = 0;
        assert_eq!(payload(&packet, length), None, "padding counts itself");
        packet.truncate(length - 1);
        assert_eq!(Header::parse(&packet), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            if let Some((_, length)) = Header::parse(&bytes) {
                prop_assert!(length <= bytes.len());
                if let Some(payload) = payload(&bytes, length) {
                    prop_assert!(payload.len() <= bytes.len() - length);
                }
            }
        }
    }
}
