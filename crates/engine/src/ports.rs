//! Ports of telephones: an even one for RTP and the next one for RTCP (RFC 3550 §11), out of a range
//! or any. Ports that were in use rest for a while, so that late packets of a call reach nobody.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::socket::Socket;

/// So long ports rest after use.
const REST: Duration = Duration::from_secs(10);
/// Resting ports that are remembered.
const REMEMBERED: usize = 4096;
/// Attempts to find a free pair where no range is given.
const ATTEMPTS: usize = 64;

/// See the module.
pub(crate) struct Ports {
    /// First even port and number of pairs; `None`: any.
    range: Option<(u16, u16)>,
    resting: Mutex<VecDeque<(Instant, u16)>>,
}

impl Ports {
    /// Ports from `first` to `last`, both included; both 0: any.
    pub(crate) fn new(first: u16, last: u16) -> io::Result<Ports> {
        let range = if (first, last) == (0, 0) {
            None
        } else {
            let even = u32::from(first).next_multiple_of(2);
            let pairs = (u32::from(last) + 1).saturating_sub(even) / 2;
            if first == 0 || pairs == 0 {
                let text = "the port range for telephones has no pair of an even and an odd port";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Some((even as u16, pairs as u16))
        };
        Ok(Ports { range, resting: Mutex::default() })
    }

    /// Binds a pair on all addresses of a family.
    pub(crate) fn bind(&self, is_v6: bool) -> io::Result<[Socket; 2]> {
        match self.range {
            Some((first, pairs)) => self.bind_in_range(first, pairs, is_v6),
            None => self.bind_any(is_v6),
        }
    }

    fn bind_in_range(&self, first: u16, pairs: u16, is_v6: bool) -> io::Result<[Socket; 2]> {
        let mut resting = self.resting();
        let start = rand(pairs);
        let candidates = (0..pairs).map(|at| first + 2 * ((start + at) % pairs));
        let mut later = Vec::new();
        for port in candidates {
            if resting.contains(&port) {
                later.push(port);
            } else if let Some(pair) = try_pair(port, is_v6)? {
                return Ok(pair);
            }
        }
        // All others are in use: those that have rested longest, before none.
        resting.retain(|port| later.contains(port));
        for port in resting {
            if let Some(pair) = try_pair(port, is_v6)? {
                return Ok(pair);
            }
        }
        Err(exhausted())
    }

    fn bind_any(&self, is_v6: bool) -> io::Result<[Socket; 2]> {
        let resting = self.resting();
        for _ in 0..ATTEMPTS {
            let lower = Socket::bind_small(is_v6, 0)?;
            let port = lower.port();
            if port % 2 != 0 || resting.contains(&port) {
                // Kept until the other is tried, the kernel would give the same port again.
                if let Some(pair) = port.checked_sub(1).filter(|even| even % 2 == 0)
                    && !resting.contains(&pair)
                    && let Ok(even) = Socket::bind_small(is_v6, pair)
                {
                    return Ok([even, lower]);
                }
                continue;
            }
            match Socket::bind_small(is_v6, port + 1) {
                Ok(upper) => return Ok([lower, upper]),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(exhausted())
    }

    /// The pair that begins with `port` is free again, after a rest.
    pub(crate) fn release(&self, port: u16) {
        let mut resting = self.lock();
        if resting.len() >= REMEMBERED {
            resting.pop_front();
        }
        resting.push_back((Instant::now(), port));
    }

    /// Ports that rest, the longest first.
    fn resting(&self) -> Vec<u16> {
        let mut resting = self.lock();
        let now = Instant::now();
        while resting.front().is_some_and(|(since, _)| now.duration_since(*since) >= REST) {
            resting.pop_front();
        }
        resting.iter().map(|&(_, port)| port).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Instant, u16)>> {
        // Entries are added and removed whole.
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both ports of a pair; `None` if one is in use.
fn try_pair(port: u16, is_v6: bool) -> io::Result<Option<[Socket; 2]>> {
    let pair = Socket::bind_small(is_v6, port)
        .and_then(|lower| Ok([lower, Socket::bind_small(is_v6, port + 1)?]));
    match pair {
        Ok(pair) => Ok(Some(pair)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error),
    }
}

fn exhausted() -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, "no pair of UDP ports is free for a telephone")
}

/// Below `limit`; ports that cannot be guessed are harder to send to uninvited.
fn rand(limit: u16) -> u16 {
    fastrand::u16(..limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_even_and_odd_and_rest_after_use() {
        let ports = Ports::new(0, 0).unwrap();
        for _ in 0..20 {
            let [rtp, rtcp] = ports.bind(false).unwrap();
            assert_eq!((rtp.port() % 2, rtcp.port()), (0, rtp.port() + 1));
        }
    }

    #[test]
    fn a_range_is_kept_and_ends() {
        // A free range of three pairs, found by the kernel.
        let mut found = None;
        for _ in 0..100 {
            let first = Ports::new(0, 0).unwrap().bind(false).unwrap()[0].port();
            if first < 65_000 && (first..first + 6).all(|port| Socket::bind(false, port).is_ok()) {
                found = Some(first);
                break;
            }
        }
        let first = found.unwrap();
        let ports = Ports::new(first - 1, first + 6).unwrap();
        let mut bound: Vec<_> = (0..3).map(|_| ports.bind(false).unwrap()).collect();
        bound.sort_by_key(|pair| pair[0].port());
        let firsts: Vec<u16> = bound.iter().map(|pair| pair[0].port()).collect();
        assert_eq!(firsts, [first, first + 2, first + 4]);
        let full = ports.bind(false).err().unwrap();
        assert_eq!(full.kind(), io::ErrorKind::AddrInUse);
        bound.truncate(1);
        ports.release(first + 4);
        for _ in 0..10 {
            assert_eq!(ports.bind(false).unwrap()[0].port(), first + 2, "the other one rests");
        }
        let _held = ports.bind(false).unwrap();
        assert_eq!(ports.bind(false).unwrap()[0].port(), first + 4, "better than none");
    }

    #[test]
    fn ranges_without_a_pair_are_refused() {
        for (first, last) in [(0, 5), (7, 7), (7, 8), (10, 10), (20, 10)] {
            assert!(Ports::new(first, last).is_err(), "{first}-{last}");
        }
    }
}
