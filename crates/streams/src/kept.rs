//! What was sent in a session of XEP-0198 and is not acknowledged. It outlives connections.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The queue and counters of one session, shared by its connection and whoever resumes it.
pub struct Kept(Mutex<Queue>);

struct Queue {
    waiting: VecDeque<Box<[u8]>>,
    octets: usize,
    sent: u32,
    received: u32,
    /// How many had been sent when the peer was asked last.
    asked: u32,
    stanzas: usize,
    limit: usize,
}

/// The peer is asked after so many stanzas at most, so that one who receives much and answers does
/// not come near the limit; and after a quarter of a limit that is small.
const ASK_AFTER: usize = 128;

impl Kept {
    /// With room for so many stanzas and bytes.
    pub fn new(stanzas: usize, octets: usize) -> Kept {
        let waiting = VecDeque::new();
        Kept(Mutex::new(Queue {
            waiting,
            octets: 0,
            sent: 0,
            received: 0,
            asked: 0,
            stanzas,
            limit: octets,
        }))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stanzas sent, modulo 2^32.
    pub fn sent(&self) -> u32 {
        self.queue().sent
    }

    /// Stanzas received, modulo 2^32.
    pub fn received(&self) -> u32 {
        self.queue().received
    }

    /// Bytes that wait.
    pub fn octets(&self) -> usize {
        self.queue().octets
    }

    /// Stanzas that wait.
    pub fn len(&self) -> usize {
        self.queue().waiting.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is room for one more.
    pub fn has_room(&self) -> bool {
        let queue = self.queue();
        queue.waiting.len() < queue.stanzas && queue.octets < queue.limit
    }

    /// Counts and keeps a stanza that stands alone, whether there is room or not. `true`: now the
    /// peer is to be asked what it has.
    pub fn push(&self, stanza: Box<[u8]>) -> bool {
        let mut queue = self.queue();
        queue.sent = queue.sent.wrapping_add(1);
        queue.octets += stanza.len();
        queue.waiting.push_back(stanza);
        let asks =
            queue.sent.wrapping_sub(queue.asked) as usize >= ASK_AFTER.min(queue.stanzas / 4);
        if asks {
            queue.asked = queue.sent;
        }
        asks
    }

    /// Counts a stanza that came; which one it was.
    pub(crate) fn count(&self) -> u32 {
        let mut queue = self.queue();
        queue.received = queue.received.wrapping_add(1);
        queue.received
    }

    /// The peer has `h` of what was sent (XEP-0198 §4). `false` if that many never were.
    pub fn acked(&self, h: u32) -> bool {
        let mut queue = self.queue();
        let waiting = queue.sent.wrapping_sub(h) as usize;
        let Some(done) = queue.waiting.len().checked_sub(waiting) else { return false };
        let freed: usize = queue.waiting.drain(..done).map(|stanza| stanza.len()).sum();
        queue.octets -= freed;
        if queue.waiting.is_empty() && queue.waiting.capacity() > 16 {
            queue.waiting = VecDeque::new();
        }
        true
    }

    /// What waits, oldest first.
    pub fn unacked(&self) -> Vec<Box<[u8]>> {
        self.queue().waiting.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_acknowledged_goes_and_the_rest_stays() {
        let kept = Kept::new(3, 100);
        for text in ["a", "bb", "ccc"] {
            assert!(kept.has_room());
            kept.push(text.as_bytes().into());
        }
        assert!(!kept.has_room());
        assert_eq!((kept.sent(), kept.len(), kept.octets()), (3, 3, 6));
        assert!(kept.acked(0));
        assert!(!kept.acked(4));
        assert!(kept.acked(2));
        assert!(!kept.acked(1), "what was acknowledged cannot be taken back");
        assert_eq!(kept.unacked(), [Box::from(&b"ccc"[..])]);
        assert!(kept.acked(3) && kept.is_empty() && kept.octets() == 0);
    }

    #[test]
    fn the_peer_is_asked_before_there_is_no_room() {
        for limit in [16, 2000] {
            let kept = Kept::new(limit, 1 << 20);
            let asked = (1..=limit).filter(|_| kept.push(Box::from(&b"a"[..]))).count();
            assert!(asked >= 3, "{asked} times within {limit}");
            assert!(asked <= 15);
        }
    }

    #[test]
    fn counters_wrap() {
        let kept = Kept::new(10, 100);
        kept.queue().sent = u32::MAX;
        kept.push(Box::from(&b"a"[..]));
        kept.push(Box::from(&b"b"[..]));
        assert_eq!(kept.sent(), 1);
        assert!(kept.acked(0));
        assert_eq!(kept.len(), 1);
        kept.queue().received = u32::MAX;
        assert_eq!(kept.count(), 0);
    }
}
