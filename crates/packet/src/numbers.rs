//! Sequence numbers, timestamps and picture numbers of one outgoing stream that run on while the
//! sources behind it change (RFC 3550 §5.1; RFC 7667 §3.7 "selective forwarding").

use std::time::Duration;

/// What one packet carries on the wire, extended to 64 bits where it wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Extended sequence number (rollover counter in the upper bits).
    pub sequence: u64,
    /// RTP timestamp, modulo 2^32.
    pub timestamp: u32,
}

/// Maps the numbers of changing sources onto one stream without gaps or steps back.
#[derive(Clone, Debug)]
pub struct Rewriter {
    last: Numbers,
    source: Option<Source>,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    first: u64,
    shift: u64,
    timestamp_shift: u32,
}

impl Rewriter {
    /// A stream whose first packet will carry the numbers after `start`. For a receiver to guess the
    /// rollover counter, `start.sequence` is to be well below 2^15 (RFC 3711 §3.3.1).
    pub fn new(start: Numbers) -> Self {
        Rewriter { last: start, source: None }
    }

    /// The next packet comes from another source, or from the same one after a pause.
    pub fn switch(&mut self) {
        self.source = None;
    }

    /// Whether the next packet starts a source (nothing was mapped since `switch`).
    pub fn is_switching(&self) -> bool {
        self.source.is_none()
    }

    /// Maps one packet. `since_last`: time since this stream's last packet; `clock_rate` in Hz. At a
    /// switch the timestamp advances by that time (at least one tick). `None`: the packet is older
    /// than the first one after the switch, so its number on this stream belongs to another packet.
    pub fn rewrite(
        &mut self,
        input: Numbers,
        since_last: Duration,
        clock_rate: u32,
    ) -> Option<Numbers> {
        let source = *self.source.get_or_insert_with(|| {
            let ticks = since_last.as_micros() * u128::from(clock_rate) / 1_000_000;
            let timestamp = self.last.timestamp.wrapping_add((ticks as u32).max(1));
            Source {
                first: input.sequence,
                shift: self.last.sequence.wrapping_add(1).wrapping_sub(input.sequence),
                timestamp_shift: timestamp.wrapping_sub(input.timestamp),
            }
        });
        if input.sequence < source.first {
            return None;
        }
        let output = Numbers {
            sequence: input.sequence.wrapping_add(source.shift),
            timestamp: input.timestamp.wrapping_add(source.timestamp_shift),
        };
        if output.sequence > self.last.sequence {
            self.last = output;
        }
        Some(output)
    }
}

/// A counter that wraps at a power of two and runs on over switches, e.g. the VP8 picture id
/// (RFC 7741 §4.2). Until the first switch it leaves the source's values alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cyclic {
    shift: u16,
    last: Option<u16>,
    switching: bool,
}

impl Cyclic {
    /// The next value comes from another source.
    pub fn switch(&mut self) {
        self.switching = self.last.is_some();
    }

    /// Maps `value`, a number below `modulus` (a power of two, at most 2^15).
    pub fn rewrite(&mut self, value: u16, modulus: u16) -> u16 {
        let mask = modulus - 1;
        if self.switching {
            self.switching = false;
            let next = self.last.map_or(value, |last| last.wrapping_add(1));
            self.shift = next.wrapping_sub(value);
        }
        let output = value.wrapping_add(self.shift) & mask;
        let ahead = self.last.is_none_or(|last| output.wrapping_sub(last) & mask < modulus / 2);
        if ahead {
            self.last = Some(output);
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: Duration = Duration::from_millis(33);

    fn numbers(sequence: u64, timestamp: u32) -> Numbers {
        Numbers { sequence, timestamp }
    }

    #[test]
    fn runs_on_over_a_switch() {
        let mut rewriter = Rewriter::new(numbers(100, 5000));
        let first = rewriter.rewrite(numbers(70_000, 90), Duration::ZERO, 90_000).unwrap();
        assert_eq!(first, numbers(101, 5001));
        let second = rewriter.rewrite(numbers(70_001, 90 + 3000), FRAME, 90_000).unwrap();
        assert_eq!(second, numbers(102, 8001));
        rewriter.switch();
        let third = rewriter.rewrite(numbers(3, 4_000_000_000), FRAME, 90_000).unwrap();
        assert_eq!(third, numbers(103, 8001 + 2970));
        assert_eq!(rewriter.rewrite(numbers(2, 3_999_999_000), FRAME, 90_000), None);
    }

    #[test]
    fn keeps_the_order_and_the_gaps_of_its_source() {
        let mut rewriter = Rewriter::new(numbers(0, 0));
        let at = |rewriter: &mut Rewriter, sequence| {
            rewriter.rewrite(numbers(sequence, 7), FRAME, 48_000).map(|out| out.sequence)
        };
        assert_eq!(at(&mut rewriter, 10), Some(1));
        assert_eq!(at(&mut rewriter, 13), Some(4));
        assert_eq!(at(&mut rewriter, 11), Some(2));
        rewriter.switch();
        assert_eq!(at(&mut rewriter, 14), Some(5));
    }

    #[test]
    fn picture_ids_run_on() {
        let mut ids = Cyclic::default();
        assert_eq!(ids.rewrite(32_767, 1 << 15), 32_767);
        assert_eq!(ids.rewrite(0, 1 << 15), 0);
        ids.switch();
        assert_eq!(ids.rewrite(500, 1 << 15), 1);
        assert_eq!(ids.rewrite(501, 1 << 15), 2);
        assert_eq!(ids.rewrite(500, 1 << 15), 1);
        ids.switch();
        assert_eq!(ids.rewrite(9, 1 << 15), 3);
    }

    proptest! {
        /// Over any run of sources: no number twice, and no step back but for reordering within one.
        #[test]
        fn numbers_are_unique_and_dense(
            runs in prop::collection::vec((0u64..1 << 40, any::<u32>(), 1u64..50), 1..20)
        ) {
            let mut rewriter = Rewriter::new(numbers(1000, 77));
            let mut expected = 1000;
            let mut last = 77u32;
            for (first, timestamp, length) in runs {
                rewriter.switch();
                for index in 0..length {
                    let input = numbers(first + index, timestamp.wrapping_add(index as u32 * 3000));
                    let output = rewriter.rewrite(input, FRAME, 90_000).unwrap();
                    expected += 1;
                    prop_assert_eq!(output.sequence, expected);
                    let step = output.timestamp.wrapping_sub(last);
                    prop_assert!(step > 0 && step <= 3000, "timestamp step {}", step);
                    last = output.timestamp;
                }
            }
        }

        #[test]
        fn cyclic_values_stay_below_the_modulus(values: Vec<(u16, bool)>) {
            let mut ids = Cyclic::default();
            for (value, switch) in values {
                if switch { ids.switch(); }
                prop_assert!(ids.rewrite(value & 0x7f, 128) < 128);
            }
        }
    }
}
