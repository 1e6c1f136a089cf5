//! Where a telephone really is. Behind a NAT it sends from another address than it announced, so
//! packets go where its packets come from (symmetric RTP, RFC 4961; latching, RFC 7362). Whoever
//! else sends to our port must not take the stream: this file says whom to believe.
//!
//! Without authentication, a new address is believed only in the first seconds, or when the old one
//! fell silent and the stream goes on with its source and numbers, which a stranger who cannot see
//! it does not know.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// So long after a negotiation the announced address may still take over from a guessed one.
const LEARNING: Duration = Duration::from_secs(5);
/// So long the old address must have been silent before the same stream may come from another.
const SILENCE: Duration = Duration::from_millis(400);
/// So long it must have been silent before another stream from the announced host may.
const LONG_SILENCE: Duration = Duration::from_secs(3);
/// Packets in a row from an address that nobody announced before it is believed.
const PROBATION: u8 = 3;

/// What a packet says for itself.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// Its source.
    pub ssrc: u32,
    /// Its number.
    pub sequence: u16,
    /// The packet's keys prove who sent it.
    pub authentic: bool,
    /// It goes on with the source and numbers of the stream received until now.
    pub follows: bool,
}

/// Whether to take a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// From where the telephone is.
    Known,
    /// From where the telephone is from now on.
    Moved,
    /// From somebody else, or not yet believed.
    Stranger,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    remote: SocketAddr,
    ssrc: u32,
    sequence: u16,
    count: u8,
}

/// The path of one stream.
#[derive(Clone, Debug, Default)]
pub struct Latch {
    announced: Option<SocketAddr>,
    learning_until: Option<Instant>,
    current: Option<SocketAddr>,
    heard: Option<Instant>,
    candidate: Option<Candidate>,
}

impl Latch {
    /// The address of the last description. Another one than before begins anew.
    pub fn announce(&mut self, announced: Option<SocketAddr>, now: Instant) {
        if self.announced != announced {
            self.announced = announced;
            self.current = None;
            self.heard = None;
            self.candidate = None;
        }
        self.learning_until = Some(now + LEARNING);
    }

    /// Where packets come from.
    pub fn current(&self) -> Option<SocketAddr> {
        self.current
    }

    /// Where to send to: where packets come from, otherwise the announced address.
    pub fn target(&self) -> Option<SocketAddr> {
        self.current.or(self.announced)
    }

    /// Whether a packet from this address could matter at all: cheap, before anything is decrypted.
    pub fn may_listen(&self, remote: SocketAddr, is_secured: bool, now: Instant) -> bool {
        is_secured
            || self.current.is_none_or(|current| current == remote)
            || self.is_learning(now)
            || self.is_silent(SILENCE, now)
    }

    /// Judges a packet that is otherwise in order.
    pub fn judge(&mut self, remote: SocketAddr, evidence: Evidence, now: Instant) -> Verdict {
        if self.current == Some(remote) {
            self.heard = Some(now);
            self.candidate = None;
            return Verdict::Known;
        }
        if self.believes(remote, evidence, now) {
            self.current = Some(remote);
            self.heard = Some(now);
            self.candidate = None;
            return Verdict::Moved;
        }
        Verdict::Stranger
    }

    fn believes(&mut self, remote: SocketAddr, evidence: Evidence, now: Instant) -> bool {
        if evidence.authentic {
            return true;
        }
        let is_announced = self.announced == Some(remote);
        let same_host = self.announced.is_some_and(|address| address.ip() == remote.ip());
        let may = match self.current {
            None if is_announced => return true,
            None => true,
            Some(_) if self.is_learning(now) && is_announced => return true,
            Some(current) if self.is_learning(now) && self.announced != Some(current) => {
                evidence.follows
            }
            Some(_) => {
                (self.is_silent(SILENCE, now) && evidence.follows)
                    || (self.is_silent(LONG_SILENCE, now) && same_host)
            }
        };
        may && self.passes_probation(remote, evidence)
    }

    /// Several packets in a row from the same address, source and run of numbers.
    fn passes_probation(&mut self, remote: SocketAddr, evidence: Evidence) -> bool {
        let count = match self.candidate {
            Some(known)
                if known.remote == remote
                    && known.ssrc == evidence.ssrc
                    && evidence.sequence == known.sequence.wrapping_add(1) =>
            {
                known.count + 1
            }
            // Whoever is on probation is not put off by each stray packet of others.
            Some(known) if known.remote != remote && known.count > 1 => {
                self.candidate = Some(Candidate { count: known.count - 1, ..known });
                return false;
            }
            _ => 1,
        };
        let Evidence { ssrc, sequence, .. } = evidence;
        self.candidate = Some(Candidate { remote, ssrc, sequence, count });
        count >= PROBATION
    }

    fn is_learning(&self, now: Instant) -> bool {
        self.learning_until.is_some_and(|until| now < until)
    }

    fn is_silent(&self, since: Duration, now: Instant) -> bool {
        self.heard.is_none_or(|at| now.saturating_duration_since(at) >= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    struct Play {
        latch: Latch,
        now: Instant,
        sequence: u16,
    }

    impl Play {
        fn new(announced: &str) -> Play {
            let now = Instant::now();
            let mut latch = Latch::default();
            latch.announce(Some(address(announced)), now);
            Play { latch, now, sequence: 0 }
        }

        /// Packets from an address 20 ms apart; the last verdict.
        fn send(&mut self, from: &str, count: u16, follows: bool) -> Verdict {
            let mut verdict = Verdict::Stranger;
            for _ in 0..count {
                self.now += Duration::from_millis(20);
                self.sequence += 1;
                let evidence =
                    Evidence { ssrc: 1, sequence: self.sequence, authentic: false, follows };
                verdict = self.latch.judge(address(from), evidence, self.now);
            }
            verdict
        }

        fn pass(&mut self, seconds: u64) {
            self.now += Duration::from_secs(seconds);
        }
    }

    #[test]
    fn the_announced_address_is_believed_at_once() {
        let mut play = Play::new("192.0.2.1:4000");
        assert_eq!(play.latch.target(), Some(address("192.0.2.1:4000")));
        assert_eq!(play.send("192.0.2.1:4000", 1, false), Verdict::Moved);
        assert_eq!(play.send("192.0.2.1:4000", 1, false), Verdict::Known);
    }

    #[test]
    fn a_telephone_behind_a_nat_is_found() {
        let mut play = Play::new("10.0.0.5:4000");
        assert_eq!(play.send("198.51.100.7:1024", 1, false), Verdict::Stranger);
        assert_eq!(play.send("198.51.100.7:1024", 2, false), Verdict::Moved);
        assert_eq!(play.latch.target(), Some(address("198.51.100.7:1024")));
        // A guess gives way to the address that was announced.
        assert_eq!(play.send("10.0.0.5:4000", 1, false), Verdict::Moved);
    }

    #[test]
    fn a_stranger_does_not_take_a_stream_that_lives() {
        let mut play = Play::new("192.0.2.1:4000");
        play.send("192.0.2.1:4000", 10, true);
        for _ in 0..500 {
            assert_eq!(play.send("203.0.113.9:666", 1, false), Verdict::Stranger);
            assert_eq!(play.send("192.0.2.1:4000", 1, true), Verdict::Known);
        }
    }

    #[test]
    fn a_silent_stream_is_not_taken_by_who_does_not_know_it() {
        let mut play = Play::new("192.0.2.1:4000");
        play.send("192.0.2.1:4000", 10, true);
        play.pass(60);
        assert_eq!(play.send("203.0.113.9:666", 50, false), Verdict::Stranger);
        assert_eq!(play.latch.target(), Some(address("192.0.2.1:4000")));
        assert_eq!(play.send("203.0.113.9:777", 3, true), Verdict::Moved, "the NAT moved it");
    }

    #[test]
    fn the_announced_host_may_begin_anew_after_a_long_silence() {
        let mut play = Play::new("192.0.2.1:4000");
        play.send("192.0.2.1:4000", 10, true);
        play.pass(6);
        assert_eq!(play.send("192.0.2.1:5000", 3, false), Verdict::Moved);
    }

    #[test]
    fn keys_prove_who_it_is() {
        let mut play = Play::new("192.0.2.1:4000");
        play.send("192.0.2.1:4000", 10, true);
        let evidence = Evidence { ssrc: 9, sequence: 9, authentic: true, follows: false };
        assert_eq!(play.latch.judge(address("203.0.113.9:1"), evidence, play.now), Verdict::Moved);
    }

    #[test]
    fn a_new_description_begins_anew() {
        let mut play = Play::new("192.0.2.1:4000");
        play.send("192.0.2.1:4000", 10, true);
        play.latch.announce(Some(address("192.0.2.2:4000")), play.now);
        assert_eq!(play.latch.target(), Some(address("192.0.2.2:4000")));
        assert_eq!(play.send("192.0.2.2:4000", 1, false), Verdict::Moved);
        play.latch.announce(Some(address("192.0.2.2:4000")), play.now);
        assert_eq!(play.latch.current(), Some(address("192.0.2.2:4000")), "nothing new");
    }
}
