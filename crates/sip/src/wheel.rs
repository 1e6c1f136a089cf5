//! Timers: a wheel of ticks. Entries are not taken out early; whoever is woken finds out whether it
//! still matters.

/// Milliseconds of a tick.
const TICK: u64 = 10;
/// A power of two; later entries go around more than once.
const SLOTS: usize = 4096;
const WORDS: usize = SLOTS / 64;

/// One entry: at which tick, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due<T> {
    tick: u32,
    pub(crate) what: T,
}

/// Entries by the tick at which they are due. Times are milliseconds since any beginning.
pub(crate) struct Wheel<T> {
    slots: Vec<Vec<Due<T>>>,
    /// One bit for each slot that has entries.
    filled: [u64; WORDS],
    /// The last tick that was looked at.
    tick: u64,
    count: usize,
}

impl<T: Copy> Wheel<T> {
    pub(crate) fn new() -> Wheel<T> {
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        Wheel { slots, filled: [0; WORDS], tick: 0, count: 0 }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Arms a timer; never early, at most two ticks late.
    pub(crate) fn arm(&mut self, now: u64, delay: u64, what: T) {
        if self.count == 0 {
            // Nothing was due in between.
            self.tick = self.tick.max(now / TICK);
        }
        let tick = ((now + delay).div_ceil(TICK)).max(self.tick + 1);
        let slot = tick as usize % SLOTS;
        self.slots[slot].push(Due { tick: tick as u32, what });
        self.filled[slot / 64] |= 1 << (slot % 64);
        self.count += 1;
    }

    /// When something is due at the earliest; it may turn out that it goes around once more.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let from = (self.tick as usize + 1) % SLOTS;
        let distance = self.distance_to_filled(from)?;
        Some((self.tick + 1 + distance as u64) * TICK)
    }

    /// How many slots after `from` the next one with entries is.
    fn distance_to_filled(&self, from: usize) -> Option<usize> {
        for step in 0..=WORDS {
            let word = (from / 64 + step) % WORDS;
            let mut bits = self.filled[word];
            if step == 0 {
                bits &= u64::MAX << (from % 64);
            }
            if bits != 0 {
                let slot = word * 64 + bits.trailing_zeros() as usize;
                return Some((slot + SLOTS - from) % SLOTS);
            }
        }
        None
    }

    /// Takes out what is due up to `now`, in order of ticks.
    pub(crate) fn expire(&mut self, now: u64, out: &mut Vec<T>) {
        let end = now / TICK;
        while self.tick < end {
            match self.deadline() {
                Some(next) if next / TICK <= end => self.tick = next / TICK,
                _ => {
                    self.tick = end;
                    return;
                }
            }
            self.expire_slot(out);
        }
    }

    fn expire_slot(&mut self, out: &mut Vec<T>) {
        let (slot, tick) = (self.tick as usize % SLOTS, self.tick as u32);
        let entries = &mut self.slots[slot];
        let before = entries.len();
        // An entry is due in the very tick it was armed for, so that numbers may wrap.
        entries.retain(|due| {
            let is_due = due.tick == tick;
            if is_due {
                out.push(due.what);
            }
            !is_due
        });
        self.count -= before - entries.len();
        if entries.is_empty() {
            self.filled[slot / 64] &= !(1 << (slot % 64));
            if entries.capacity() > 64 {
                *entries = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn late_entries_go_around() {
        let mut wheel = Wheel::new();
        let mut out = Vec::new();
        wheel.arm(0, 181_000, 1);
        wheel.arm(0, 500, 2);
        assert_eq!(wheel.deadline(), Some(500));
        wheel.expire(499, &mut out);
        assert!(out.is_empty());
        wheel.expire(180_990, &mut out);
        assert_eq!(out, [2]);
        wheel.expire(181_000, &mut out);
        assert_eq!((out, wheel.count(), wheel.deadline()), (vec![2, 1], 0, None));
    }

    #[test]
    fn a_long_sleep_loses_nothing() {
        let mut wheel = Wheel::new();
        let mut out = Vec::new();
        wheel.expire(5_000_000_000, &mut out);
        wheel.arm(6_000_000_000, 10, 1);
        assert_eq!(wheel.deadline(), Some(6_000_000_010));
        wheel.expire(9_000_000_000, &mut out);
        assert_eq!(out, [1]);
    }

    proptest! {
        #[test]
        fn nothing_is_early_and_nothing_is_lost(
            delays in proptest::collection::vec(0u64..200_000, 1..50),
            step in 1u64..5_000,
        ) {
            let mut wheel = Wheel::new();
            for &delay in &delays {
                wheel.arm(7, delay, delay);
            }
            let (mut now, mut found) = (7, Vec::new());
            while now < 300_000 {
                now += step;
                let mut out = Vec::new();
                wheel.expire(now, &mut out);
                for delay in out {
                    prop_assert!(7 + delay <= now && now < 7 + delay + step + 2 * TICK);
                    found.push(delay);
                }
            }
            let mut wanted = delays;
            wanted.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, wanted);
        }
    }
}
