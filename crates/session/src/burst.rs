//! Packets of one frame wait for each other, so that each sink gets them in one go: the kernel then
//! takes them as one message (UDP GSO), and the sink's state is fetched from memory once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::codec::Format;
use crate::room::Id;
use crate::transport::Packet;

/// Longest that a packet waits for the rest of its frame. Encoders hand a frame over at once; what
/// comes later was spread out by a pacer, and waiting on would only delay it.
const PATIENCE: Duration = Duration::from_millis(5);
/// Most packets that wait.
const LONGEST: usize = 32;

/// A packet that was received, and what is known of it.
pub(crate) struct Received {
    pub(crate) packet: Packet,
    pub(crate) format: Format,
    pub(crate) captured: Instant,
}

/// The packets of one track that wait.
#[derive(Default)]
pub(crate) struct Burst {
    waiting: Vec<Received>,
}

impl Burst {
    /// Adds a packet; true if the burst is complete with it.
    pub(crate) fn push(&mut self, received: Received) -> bool {
        let ends = received.packet.marker;
        self.waiting.push(received);
        ends || self.waiting.len() >= LONGEST
    }

    pub(crate) fn take(&mut self) -> Vec<Received> {
        std::mem::take(&mut self.waiting)
    }

    /// Gives the emptied packets' memory back for the next burst.
    pub(crate) fn reuse(&mut self, mut emptied: Vec<Received>) {
        emptied.clear();
        if self.waiting.is_empty() {
            self.waiting = emptied;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// Which tracks have packets waiting, and until when; in order of time.
#[derive(Default)]
pub(crate) struct Waiting {
    tracks: VecDeque<(Instant, Id)>,
}

impl Waiting {
    pub(crate) fn begin(&mut self, track: Id, now: Instant) {
        self.tracks.push_back((now + PATIENCE, track));
    }

    pub(crate) fn end(&mut self, track: Id) {
        self.tracks.retain(|&(_, waiting)| waiting != track);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.tracks.front().map(|&(at, _)| at)
    }

    /// The next track whose time is over.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Id> {
        if self.deadline()? > now {
            return None;
        }
        self.tracks.pop_front().map(|(_, track)| track)
    }
}
