//! What a media thread counts, readable from other threads.

use std::sync::atomic::{AtomicU64, Ordering};

use antiphon_session::Counts;

macro_rules! traffic {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of a thread's sockets; plain numbers until they are published.
        #[derive(Clone, Copy, Default)]
        pub(crate) struct Traffic { $($(#[$doc])* pub(crate) $name: u64,)* }

        impl Traffic {
            const NAMES: &[&str] = &[$(stringify!($name),)*];

            fn values(&self) -> [u64; Traffic::NAMES.len()] {
                [$(self.$name,)*]
            }
        }
    };
}

traffic! {
    /// Datagrams received.
    packets_in,
    /// Datagrams sent.
    packets_out,
    /// Their bytes.
    bytes_in,
    /// Their bytes.
    bytes_out,
    /// System calls that received.
    receive_calls,
    /// System calls that sent.
    send_calls,
    /// Datagrams that could not be sent.
    send_dropped,
    /// Messages of several datagrams that the path refused.
    segmentation_refused,
    /// Datagrams for no peer.
    datagrams_unknown,
    /// Datagrams of no protocol spoken here, or cut off.
    datagrams_garbage,
    /// Commands for a room that is not on this thread.
    rooms_unknown,
    /// Rooms that failed.
    rooms_failed,
}

const ROOM: usize = Counts::NAMES.len();
const ALL: usize = ROOM + Traffic::NAMES.len();

/// The sums of one thread.
pub(crate) struct Counters {
    sums: [AtomicU64; ALL],
    pub(crate) peers: AtomicU64,
    pub(crate) rooms: AtomicU64,
}

impl Counters {
    pub(crate) fn new() -> Counters {
        Counters {
            sums: [const { AtomicU64::new(0) }; ALL],
            peers: AtomicU64::new(0),
            rooms: AtomicU64::new(0),
        }
    }

    pub(crate) fn add_room(&self, counts: &Counts) {
        self.add(0, &counts.values());
    }

    pub(crate) fn add_traffic(&self, traffic: &Traffic) {
        self.add(ROOM, &traffic.values());
    }

    fn add(&self, from: usize, values: &[u64]) {
        for (sum, &value) in self.sums[from..].iter().zip(values) {
            if value > 0 {
                // Only the thread itself writes: no need for a locked addition.
                sum.store(sum.load(Ordering::Relaxed) + value, Ordering::Relaxed);
            }
        }
    }

    /// (name, value) of everything.
    pub(crate) fn read(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let names = Counts::NAMES.iter().chain(Traffic::NAMES);
        let sums = self.sums.iter().map(|sum| sum.load(Ordering::Relaxed));
        names.copied().zip(sums).chain([
            ("peers", self.peers.load(Ordering::Relaxed)),
            ("rooms", self.rooms.load(Ordering::Relaxed)),
        ])
    }
}
