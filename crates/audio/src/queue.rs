//! Packets of one stream in order of their numbers, extended to 64 bits.

use std::collections::VecDeque;
use std::time::Instant;

/// Most packets that wait.
const LONGEST: usize = 64;
/// Steps of the numbers beyond these are another stream's, if more follow.
const LARGEST_STEP: i64 = 500;
const LARGEST_PAUSE_SECONDS: i64 = 5;

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sound in the stream's format.
    Sound,
    /// A description of noise (RFC 3389).
    Noise,
}

/// A packet that waits.
pub(crate) struct Waiting {
    pub(crate) sequence: u64,
    pub(crate) timestamp: u64,
    pub(crate) kind: Kind,
    pub(crate) payload: Vec<u8>,
    pub(crate) arrived: Instant,
    /// How much later it came than the quickest packet, in ms.
    pub(crate) late: f32,
}

/// What a packet's numbers are on the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the stream.
    At { sequence: u64, timestamp: u64 },
    /// The first, or the first after a jump: what is known of the stream is void.
    Begins { sequence: u64, timestamp: u64 },
    /// Far from the stream; if the next one follows on it, that one begins anew.
    Strange,
}

/// See the module.
pub(crate) struct Queue {
    clock_rate: i64,
    packets: VecDeque<Waiting>,
    /// Numbers of the newest packet.
    newest: Option<(u64, u64)>,
    suspect: Option<u16>,
}

impl Queue {
    pub(crate) fn new(clock_rate: u32) -> Queue {
        let packets = VecDeque::new();
        Queue { clock_rate: clock_rate.into(), packets, newest: None, suspect: None }
    }

    /// Begins anew with the next packet.
    pub(crate) fn reset(&mut self) {
        self.packets.clear();
        self.newest = None;
        self.suspect = None;
    }

    /// Extends the numbers of a packet.
    pub(crate) fn place(&mut self, sequence: u16, timestamp: u32) -> Place {
        let Some((last_sequence, last_timestamp)) = self.newest else {
            return self.begin(sequence, timestamp);
        };
        let step = i64::from(sequence.wrapping_sub(last_sequence as u16) as i16);
        let ticks = i64::from(timestamp.wrapping_sub(last_timestamp as u32) as i32);
        let near = ticks.abs() <= LARGEST_PAUSE_SECONDS * self.clock_rate;
        // A pause may be long, and sends nothing meanwhile.
        let follows = (1..=3).contains(&step) && ticks > 0;
        let backwards = step > 0 && ticks < 0;
        if step.abs() > LARGEST_STEP || backwards || !(near || follows) {
            let expected = self.suspect.replace(sequence.wrapping_add(1));
            if expected != Some(sequence) {
                return Place::Strange;
            }
            self.reset();
            return self.begin(sequence, timestamp);
        }
        self.suspect = None;
        let sequence = last_sequence.wrapping_add_signed(step);
        let timestamp = last_timestamp.wrapping_add_signed(ticks);
        if step > 0 {
            self.newest = Some((sequence, timestamp));
        }
        Place::At { sequence, timestamp }
    }

    fn begin(&mut self, sequence: u16, timestamp: u32) -> Place {
        // Room to count backwards.
        let sequence = (1 << 32) + u64::from(sequence);
        let timestamp = (1 << 48) + u64::from(timestamp);
        self.newest = Some((sequence, timestamp));
        Place::Begins { sequence, timestamp }
    }

    /// Takes a packet in; false if it is there already.
    pub(crate) fn insert(&mut self, packet: Waiting) -> bool {
        let before = self.packets.iter().rev().take_while(|kept| kept.sequence > packet.sequence);
        let at = self.packets.len() - before.count();
        if at > 0 && self.packets[at - 1].sequence == packet.sequence {
            return false;
        }
        self.packets.insert(at, packet);
        true
    }

    pub(crate) fn front(&self) -> Option<&Waiting> {
        self.packets.front()
    }

    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        self.packets.pop_front()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.packets.len() >= LONGEST
    }

    /// Ticks from the first packet's timestamp to the last one's.
    pub(crate) fn span(&self) -> u64 {
        match (self.packets.front(), self.packets.back()) {
            (Some(first), Some(last)) => last.timestamp.saturating_sub(first.timestamp),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(place: Place) -> Option<(u64, u64)> {
        match place {
            Place::At { sequence, timestamp } | Place::Begins { sequence, timestamp } => {
                Some((sequence, timestamp))
            }
            Place::Strange => None,
        }
    }

    #[test]
    fn numbers_run_on_where_they_wrap() {
        let mut queue = Queue::new(8000);
        let (sequence, timestamp) = numbers(queue.place(65_534, u32::MAX - 100)).unwrap();
        let next = queue.place(65_535, 59);
        assert_eq!(next, Place::At { sequence: sequence + 1, timestamp: timestamp + 160 });
        assert_eq!(numbers(queue.place(1, 379)), Some((sequence + 3, timestamp + 480)));
        assert_eq!(
            numbers(queue.place(0, 219)),
            Some((sequence + 2, timestamp + 320)),
            "reordered"
        );
        assert_eq!(numbers(queue.place(2, 800_000)).unwrap().0, sequence + 4, "after a long pause");
    }

    #[test]
    fn one_stray_packet_is_ignored_and_two_begin_anew() {
        let mut queue = Queue::new(8000);
        queue.place(100, 16_000);
        assert_eq!(queue.place(30_000, 16_160), Place::Strange);
        assert!(matches!(queue.place(101, 16_160), Place::At { .. }));
        assert_eq!(queue.place(30_001, 999), Place::Strange, "the stray ones did not follow");
        assert!(matches!(queue.place(30_002, 1159), Place::Begins { .. }));
        assert_eq!(queue.place(30_003, 500), Place::Strange, "time does not run backwards");
    }

    proptest! {
        #[test]
        fn the_queue_is_sorted_and_holds_each_once(sequences in prop::collection::vec(0u64..30, 0..60)) {
            let mut queue = Queue::new(8000);
            let mut known = std::collections::BTreeSet::new();
            for sequence in sequences {
                let packet = Waiting {
                    sequence, timestamp: sequence * 160, kind: Kind::Sound, payload: vec![],
                    arrived: Instant::now(), late: 0.0,
                };
                prop_assert_eq!(queue.insert(packet), known.insert(sequence));
            }
            let order: Vec<u64> = std::iter::from_fn(|| queue.pop()).map(|p| p.sequence).collect();
            prop_assert_eq!(order, known.into_iter().collect::<Vec<_>>());
        }
    }
}
