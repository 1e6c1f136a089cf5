//! How many new transactions each source may begin without proving who it is: buckets of tokens, in
//! bounded memory.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::flow::source;

/// Sources remembered at a time.
const REMEMBERED: usize = 16_384;
/// Milliseconds between two searches for buckets that need not be remembered.
const LOOK_AGAIN: u64 = 1000;
/// Stands for all sources that found no place.
const OTHERS: u64 = u64::MAX;

struct Bucket {
    tokens: f64,
    /// Milliseconds.
    at: u64,
}

/// Buckets by source.
pub(crate) struct Sources {
    /// Tokens a millisecond; 0: no limit.
    rate: f64,
    burst: f64,
    buckets: HashMap<u64, Bucket>,
    exempt: HashSet<u64>,
    /// Before this time (ms) full buckets are not looked for again: it takes a walk over all.
    look_at: u64,
}

impl Sources {
    /// `rate` a second.
    pub(crate) fn new(rate: f64, burst: f64) -> Sources {
        let (buckets, exempt) = (HashMap::new(), HashSet::new());
        Sources { rate: rate / 1000.0, burst: burst.max(1.0), buckets, exempt, look_at: 0 }
    }

    pub(crate) fn exempt(&mut self, address: IpAddr, exempt: bool) {
        let source = source(address);
        match exempt {
            true => self.exempt.insert(source),
            false => self.exempt.remove(&source),
        };
    }

    /// Takes a token; false when there is none.
    pub(crate) fn admit(&mut self, address: IpAddr, now: u64) -> bool {
        if self.rate <= 0.0 {
            return true;
        }
        let mut source = source(address);
        if self.exempt.contains(&source) {
            return true;
        }
        if !self.buckets.contains_key(&source) && self.buckets.len() >= REMEMBERED {
            if now >= self.look_at {
                self.look_at = now + LOOK_AGAIN;
                self.forget_full_ones(now);
            }
            if self.buckets.len() >= REMEMBERED {
                source = OTHERS;
            }
        }
        let burst = self.burst;
        let bucket = self.buckets.entry(source).or_insert(Bucket { tokens: burst, at: now });
        let gained = now.saturating_sub(bucket.at) as f64 * self.rate;
        bucket.tokens = (bucket.tokens + gained).min(burst);
        bucket.at = now;
        let admitted = bucket.tokens >= 1.0;
        if admitted {
            bucket.tokens -= 1.0;
        }
        admitted
    }

    /// A full bucket says nothing that a new one would not.
    fn forget_full_ones(&mut self, now: u64) {
        let (rate, burst) = (self.rate, self.burst);
        self.buckets.retain(|_, bucket| {
            bucket.tokens + now.saturating_sub(bucket.at) as f64 * rate < burst
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn host(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let mut sources = Sources::new(10.0, 3.0);
        let admitted =
            |sources: &mut Sources, now| (0..9).filter(|_| sources.admit(host(1), now)).count();
        assert_eq!(admitted(&mut sources, 0), 3);
        assert_eq!(admitted(&mut sources, 100), 1);
        assert_eq!(admitted(&mut sources, 10_000), 3);
        assert!(sources.admit(host(2), 10_000));
        sources.exempt(host(1), true);
        assert_eq!(admitted(&mut sources, 10_000), 9);
        sources.exempt(host(1), false);
        assert_eq!(admitted(&mut sources, 10_000), 0);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut sources = Sources::new(0.0, 0.0);
        assert!((0..1000).all(|_| sources.admit(host(1), 0)));
        assert!(sources.buckets.is_empty());
    }

    #[test]
    fn memory_is_bounded_and_others_share() {
        let mut sources = Sources::new(1.0, 2.0);
        for number in 0..100_000 {
            sources.admit(host(number), 0);
        }
        assert!(sources.buckets.len() <= REMEMBERED + 1);
        assert!(!sources.admit(host(200_000), 0));
        assert!(sources.admit(host(200_000), 10_000));
        assert!(sources.buckets.len() < 10);
    }

    #[test]
    fn full_buckets_are_looked_for_once_a_second() {
        let mut sources = Sources::new(1000.0, 2.0);
        for number in 0..REMEMBERED as u32 {
            sources.admit(host(number), 0);
        }
        // One search finds nothing; what filled up meanwhile waits for the next one.
        sources.admit(host(70_000), 0);
        sources.admit(host(70_001), LOOK_AGAIN - 1);
        assert_eq!(sources.buckets.len(), REMEMBERED + 1);
        sources.admit(host(70_002), LOOK_AGAIN);
        assert!(sources.buckets.len() < 10);
    }
}
