//! The bounded queue of events from all media threads to the one who drains it.

use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use antiphon_session::Event;

use crate::os::Flag;

/// Events in order per room. When it is full, those that may be dropped are.
pub struct EventQueue {
    waiting: Mutex<VecDeque<Event>>,
    flag: Flag,
    limit: usize,
    dropped: AtomicU64,
}

impl EventQueue {
    /// A queue that drops what may be dropped when `limit` events wait.
    pub fn new(limit: usize) -> io::Result<EventQueue> {
        let (waiting, dropped) = (Mutex::default(), AtomicU64::new(0));
        Ok(EventQueue { waiting, flag: Flag::new()?, limit, dropped })
    }

    /// Readable while events wait.
    pub fn fd(&self) -> RawFd {
        self.flag.fd()
    }

    /// Events dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Appends events.
    pub fn extend(&self, events: impl Iterator<Item = Event>) {
        let mut waiting = self.lock();
        let was_empty = waiting.is_empty();
        for event in events {
            if waiting.len() >= self.limit && event.is_droppable() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            } else {
                waiting.push_back(event);
            }
        }
        if was_empty && !waiting.is_empty() {
            self.flag.raise();
        }
    }

    /// Takes up to `limit` events, the oldest first.
    pub fn take(&self, limit: usize) -> Vec<Event> {
        let mut waiting = self.lock();
        let count = limit.min(waiting.len());
        let taken = waiting.drain(..count).collect();
        if waiting.is_empty() {
            self.flag.clear();
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        // A panic between two pushes leaves a queue that is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readable(queue: &EventQueue) -> bool {
        let mut fd = libc::pollfd { fd: queue.fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor, which outlives the call.
        unsafe { libc::poll(&mut fd, 1, 0) == 1 }
    }

    fn interrupted(peer: u64) -> Event {
        Event::Interrupted { peer }
    }

    fn levels() -> Event {
        Event::AudioLevels { room: 1, levels: Vec::new() }
    }

    #[test]
    fn only_what_may_be_dropped_is() {
        let queue = EventQueue::new(3).unwrap();
        assert!(!readable(&queue));
        queue.extend((0..3).map(|_| levels()));
        queue.extend([levels(), interrupted(1), levels(), interrupted(2)].into_iter());
        assert_eq!(queue.dropped(), 2);
        assert!(readable(&queue));
        assert_eq!(queue.take(4).len(), 4);
        assert!(readable(&queue));
        let rest = queue.take(100);
        assert!(matches!(rest[..], [Event::Interrupted { peer: 2 }]));
        assert!(!readable(&queue));
        queue.extend(std::iter::empty());
        assert!(!readable(&queue));
        queue.extend([levels()].into_iter());
        assert!(readable(&queue));
    }
}
