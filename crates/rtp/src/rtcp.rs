//! RTCP packets as bytes: reports, descriptions, goodbyes (RFC 3550 §6), feedback (RFC 4585 §6, RFC
//! 5104 §4.3.1). It knows no session and keeps nothing.

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const GENERIC_NACK: u8 = 1;
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA: u8 = 4;
const CNAME: u8 = 1;
/// More packets than this in one compound are not looked at.
const MOST_PACKETS: usize = 16;
/// More lost packets than this in one compound are not named.
const MOST_LOST: usize = 256;

/// How one source is received, as its receiver says (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The source this is about.
    pub ssrc: u32,
    /// Packets lost since the last report, in 1/256 of those expected.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; 24 bits with sign.
    pub lost: i32,
    /// Highest sequence number received, extended.
    pub highest: u32,
    /// Variance of the interarrival time, in ticks.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report, 0 if there was none.
    pub last_report: u32,
    /// Time since that report, in 1/65536 s.
    pub delay: u32,
}

/// What a sender says of what it has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock in NTP format.
    pub ntp: u64,
    /// The same moment in ticks.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Bytes of payload sent.
    pub bytes: u32,
}

/// One packet of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// SR (with `sender`) or RR.
    Report {
        /// Who reports.
        ssrc: u32,
        /// What it has sent, if it sends.
        sender: Option<SenderInfo>,
        /// What it receives.
        blocks: Vec<Block>,
    },
    /// BYE: these sources end.
    Goodbye(Vec<u32>),
    /// PLI or FIR: a picture that decoding can begin with is wanted of this source.
    KeyframeWanted(u32),
    /// Generic NACK: these packets of the source are missing.
    Missing {
        /// The source.
        ssrc: u32,
        /// Their sequence numbers.
        sequences: Vec<u16>,
    },
}

/// Reads a compound; `None` if it is malformed. What is of no interest here is left out.
pub fn parse(compound: &[u8]) -> Option<Vec<Control>> {
    let mut found = Vec::new();
    let mut rest = compound;
    let mut lost = 0;
    for _ in 0..MOST_PACKETS {
        if rest.is_empty() {
            break;
        }
        let head = rest.get(..4)?;
        let (version, padded, count) = (head[0] >> 6, head[0] & 0x20 != 0, head[0] & 0x1f);
        let length = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        let mut body = rest.get(4..length)?;
        if version != 2 {
            return None;
        }
        if padded {
            let padding = usize::from(*body.last()?);
            body = body.get(..body.len().checked_sub(padding)?)?;
        }
        match (head[1], count) {
            (SENDER_REPORT, _) => found.push(report(body, count, true)?),
            (RECEIVER_REPORT, _) => found.push(report(body, count, false)?),
            (GOODBYE, _) => {
                let sources = body.get(..4 * usize::from(count))?.chunks_exact(4);
                found.push(Control::Goodbye(sources.map(word).collect()));
            }
            (PAYLOAD_FEEDBACK, PICTURE_LOSS) => {
                found.push(Control::KeyframeWanted(word(body.get(4..8)?)));
            }
            (PAYLOAD_FEEDBACK, FULL_INTRA) => {
                let entries = body.get(8..)?.chunks_exact(8).take(MOST_PACKETS);
                found.extend(entries.map(|entry| Control::KeyframeWanted(word(&entry[..4]))));
            }
            (TRANSPORT_FEEDBACK, GENERIC_NACK) => {
                let sequences = missing(body.get(8..)?, MOST_LOST - lost);
                lost += sequences.len();
                found.push(Control::Missing { ssrc: word(body.get(4..8)?), sequences });
            }
            _ => {}
        }
        rest = rest.get(length..)?;
    }
    Some(found)
}

fn report(body: &[u8], count: u8, is_sender: bool) -> Option<Control> {
    let ssrc = word(body.get(..4)?);
    let (sender, at) = if is_sender {
        let info = body.get(4..24)?;
        let sender = SenderInfo {
            ntp: u64::from(word(&info[..4])) << 32 | u64::from(word(&info[4..8])),
            timestamp: word(&info[8..12]),
            packets: word(&info[12..16]),
            bytes: word(&info[16..20]),
        };
        (Some(sender), 24)
    } else {
        (None, 4)
    };
    let blocks = body.get(at..at + 24 * usize::from(count))?.chunks_exact(24).map(|block| {
        let lost = word(&block[4..8]);
        Block {
            ssrc: word(&block[..4]),
            fraction_lost: block[4],
            // 24 bits with sign.
            lost: (lost << 8).cast_signed() >> 8,
            highest: word(&block[8..12]),
            jitter: word(&block[12..16]),
            last_report: word(&block[16..20]),
            delay: word(&block[20..24]),
        }
    });
    Some(Control::Report { ssrc, sender, blocks: blocks.collect() })
}

/// RFC 4585 §6.2.1: a packet and a bit for each of the sixteen that follow.
fn missing(entries: &[u8], most: usize) -> Vec<u16> {
    let mut sequences = Vec::new();
    for entry in entries.chunks_exact(4) {
        let first = u16::from_be_bytes([entry[0], entry[1]]);
        let following = u16::from_be_bytes([entry[2], entry[3]]);
        sequences.push(first);
        let bits = (0..16u16).filter(|bit| following >> bit & 1 != 0);
        sequences.extend(bits.map(|bit| first.wrapping_add(bit + 1)));
    }
    sequences.truncate(most);
    sequences
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |word, &byte| word << 8 | u32::from(byte))
}

/// Writes a compound packet by packet.
#[derive(Debug, Default)]
pub struct Compound(Vec<u8>);

impl Compound {
    /// SR if `sender` is given, else RR; at most 31 blocks are written. Always the first packet.
    pub fn report(&mut self, ssrc: u32, sender: Option<SenderInfo>, blocks: &[Block]) {
        let blocks = &blocks[..blocks.len().min(31)];
        let kind = if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
        let start = self.begin(blocks.len() as u8, kind);
        self.word(ssrc);
        if let Some(info) = sender {
            self.0.extend_from_slice(&info.ntp.to_be_bytes());
            self.word(info.timestamp);
            self.word(info.packets);
            self.word(info.bytes);
        }
        for block in blocks {
            self.word(block.ssrc);
            let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff).cast_unsigned() & 0xff_ffff;
            self.word(u32::from(block.fraction_lost) << 24 | lost);
            self.word(block.highest);
            self.word(block.jitter);
            self.word(block.last_report);
            self.word(block.delay);
        }
        self.end(start);
    }

    /// SDES with the canonical name (RFC 3550 §6.5.1), cut off after 255 bytes.
    pub fn description(&mut self, ssrc: u32, cname: &str) {
        let name = &cname.as_bytes()[..cname.len().min(255)];
        let start = self.begin(1, SOURCE_DESCRIPTION);
        self.word(ssrc);
        self.0.extend_from_slice(&[CNAME, name.len() as u8]);
        self.0.extend_from_slice(name);
        // The list ends with at least one zero, at a word's end.
        self.0.push(0);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self.end(start);
    }

    /// BYE.
    pub fn goodbye(&mut self, ssrc: u32) {
        let start = self.begin(1, GOODBYE);
        self.word(ssrc);
        self.end(start);
    }

    /// PLI (RFC 4585 §6.3.1).
    pub fn picture_loss(&mut self, ssrc: u32, media: u32) {
        let start = self.begin(PICTURE_LOSS, PAYLOAD_FEEDBACK);
        self.word(ssrc);
        self.word(media);
        self.end(start);
    }

    /// FIR (RFC 5104 §4.3.1); `number` is one more for each new request.
    pub fn full_intra(&mut self, ssrc: u32, media: u32, number: u8) {
        let start = self.begin(FULL_INTRA, PAYLOAD_FEEDBACK);
        self.word(ssrc);
        self.word(0);
        self.word(media);
        self.word(u32::from(number) << 24);
        self.end(start);
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    fn begin(&mut self, count: u8, kind: u8) -> usize {
        let start = self.0.len();
        self.0.extend_from_slice(&[0x80 | count, kind, 0, 0]);
        start
    }

    fn end(&mut self, start: usize) {
        let words = ((self.0.len() - start) / 4 - 1) as u16;
        self.0[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
    }

    fn word(&mut self, word: u32) {
        self.0.extend_from_slice(&word.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> (SenderInfo, Block) {
        let sender =
            SenderInfo { ntp: 0x0102_0304_0506_0708, timestamp: 9, packets: 10, bytes: 11 };
        let block = Block {
            ssrc: 2,
            fraction_lost: 3,
            lost: -4,
            highest: 5,
            jitter: 6,
            last_report: 7,
            delay: 8,
        };
        (sender, block)
    }

    #[test]
    fn what_was_written_is_read() {
        let (info, block) = sample();
        let mut compound = Compound::default();
        compound.report(1, Some(info), &[block, block]);
        compound.description(1, "phone");
        compound.picture_loss(1, 2);
        compound.full_intra(1, 3, 4);
        compound.goodbye(1);
        let bytes = compound.finish();
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(
            parse(&bytes).unwrap(),
            [
                Control::Report { ssrc: 1, sender: Some(info), blocks: vec![block, block] },
                Control::KeyframeWanted(2),
                Control::KeyframeWanted(3),
                Control::Goodbye(vec![1]),
            ]
        );
    }

    #[test]
    fn missing_packets_are_named() {
        let bytes = [0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0b1000_0000, 0b0000_0001];
        let sequences = vec![0xffff, 0, 15];
        assert_eq!(parse(&bytes).unwrap(), [Control::Missing { ssrc: 2, sequences }]);
    }

    #[test]
    fn malformed_compounds_are_refused() {
        let (_, block) = sample();
        let mut compound = Compound::default();
        compound.report(1, None, &[block]);
        let bytes = compound.finish();
        assert!(parse(&bytes[..bytes.len() - 1]).is_none(), "cut off");
        let mut counted = bytes.clone();
        counted[0] += 1;
        assert!(parse(&counted).is_none(), "a block too few");
        let mut version = bytes.clone();
        version[0] = 0x41;
        assert!(parse(&version).is_none());
        let mut padded = bytes;
        padded[0] |= 0x20;
        *padded.last_mut().unwrap() = 200;
        assert!(parse(&padded).is_none(), "more padding than packet");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut bytes: Vec<u8>, kind in 198u8..208) {
            let _ = parse(&bytes);
            if bytes.len() >= 4 {
                bytes[0] = 0x80 | bytes[0] & 0x3f;
                bytes[1] = kind;
                let words = (bytes.len() / 4 - 1) as u16;
                bytes[2..4].copy_from_slice(&words.to_be_bytes());
                let _ = parse(&bytes);
            }
        }
    }
}
