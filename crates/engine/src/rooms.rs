//! The rooms of one thread: calls into them are guarded, so that a panic in one closes that one, and
//! their deadlines are kept in one heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use antiphon_session::{Event, Id, Room};
use rustc_hash::FxHashMap;

struct Entry {
    room: Room,
    touched: bool,
    armed: Option<Instant>,
}

#[derive(Default)]
pub(crate) struct Rooms {
    rooms: FxHashMap<Id, Entry>,
    touched: Vec<Id>,
    timers: BinaryHeap<Reverse<(Instant, Id)>>,
    failed: Vec<(Id, String, Vec<Id>)>,
}

impl Rooms {
    pub(crate) fn insert(&mut self, id: Id, room: Room) {
        self.rooms.entry(id).or_insert(Entry { room, touched: false, armed: None });
    }

    pub(crate) fn remove(&mut self, id: Id) -> Option<Room> {
        self.rooms.remove(&id).map(|entry| entry.room)
    }

    pub(crate) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(crate) fn contains(&self, id: Id) -> bool {
        self.rooms.contains_key(&id)
    }

    pub(crate) fn ids(&self) -> Vec<Id> {
        self.rooms.keys().copied().collect()
    }

    /// Calls into a room; it will be flushed. False if there is no such room.
    pub(crate) fn with(&mut self, id: Id, call: impl FnOnce(&mut Room)) -> bool {
        let Some(entry) = self.rooms.get_mut(&id) else { return false };
        if !std::mem::replace(&mut entry.touched, true) {
            self.touched.push(id);
        }
        if let Err(text) = guarded(&mut entry.room, call) {
            self.fail(id, text);
        }
        true
    }

    /// Wakes the rooms that are due.
    pub(crate) fn wake(&mut self, now: Instant) {
        while let Some(&Reverse((at, id))) = self.timers.peek() {
            if at > now {
                break;
            }
            self.timers.pop();
            let Some(entry) = self.rooms.get_mut(&id) else { continue };
            if entry.armed == Some(at) {
                entry.armed = None;
                self.with(id, |room| room.wake(now));
            }
        }
    }

    /// Flushes the rooms that were touched and hands each to `collect`.
    pub(crate) fn flush(&mut self, now: Instant, mut collect: impl FnMut(&mut Room)) {
        for id in std::mem::take(&mut self.touched) {
            let Some(entry) = self.rooms.get_mut(&id) else { continue };
            entry.touched = false;
            if let Err(text) = guarded(&mut entry.room, |room| room.flush(now)) {
                self.fail(id, text);
                continue;
            }
            collect(&mut entry.room);
            let deadline = entry.room.deadline();
            if let Some(at) = deadline
                && entry.armed.is_none_or(|armed| at < armed)
            {
                entry.armed = Some(at);
                self.timers.push(Reverse((at, id)));
            }
        }
    }

    /// When [`Rooms::wake`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.peek().map(|&Reverse((at, _))| at)
    }

    /// The rooms that failed since: what to tell, and the ids that went with them.
    pub(crate) fn failures(&mut self) -> Vec<(Event, Vec<Id>)> {
        let failed = std::mem::take(&mut self.failed).into_iter();
        failed.map(|(room, text, ids)| (Event::WorkerFailed { room, text }, ids)).collect()
    }

    fn fail(&mut self, id: Id, text: String) {
        let Some(entry) = self.rooms.remove(&id) else { return };
        let ids = entry.room.ids().collect();
        self.failed.push((id, text, ids));
        // Dropping what a panic left half-done may panic again; the room is gone in either case.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(entry)));
    }
}

/// A room that panicked is never called again, so that no broken state is seen.
fn guarded(room: &mut Room, call: impl FnOnce(&mut Room)) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| call(room))).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown panic".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use antiphon_session::{Config, Identity, Limits};
    use std::sync::Arc;
    use std::time::Duration;

    fn room(id: Id) -> Room {
        let config = Config {
            candidates: vec!["127.0.0.1:1".parse().unwrap()],
            identity: Identity::generate().unwrap(),
            estimate_bandwidth: false,
            limits: Limits::default(),
        };
        Room::new(id, Arc::new(config), Duration::ZERO)
    }

    #[test]
    fn a_panic_closes_one_room_only() {
        let mut rooms = Rooms::default();
        rooms.insert(1, room(1));
        rooms.insert(2, room(2));
        assert!(rooms.with(1, |_| std::panic::panic_any("broken")));
        assert!(rooms.with(2, |_| {}));
        assert!(!rooms.with(3, |_| {}));
        let failures = rooms.failures();
        assert!(
            matches!(&failures[0].0, Event::WorkerFailed { room: 1, text } if text == "broken")
        );
        let mut flushed = 0;
        rooms.flush(Instant::now(), |_| flushed += 1);
        assert_eq!((rooms.len(), flushed), (1, 1));
    }
}
