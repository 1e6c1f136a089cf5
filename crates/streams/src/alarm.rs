//! Makes a descriptor readable at a time, or at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::{Result, read};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Times at which somebody wants to be called, by number. One who changed his mind is called too.
pub(crate) struct Alarm {
    timer: OwnedFd,
    times: BinaryHeap<Reverse<(Instant, u64)>>,
    /// When the descriptor will be readable.
    set: Option<Instant>,
}

impl Alarm {
    pub(crate) fn new() -> Result<Alarm> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Alarm { timer, times: BinaryHeap::new(), set: None })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }

    /// Calls `whom` at that time.
    pub(crate) fn at(&mut self, time: Instant, whom: u64, now: Instant) {
        self.times.push(Reverse((time, whom)));
        self.ensure(time, now);
    }

    /// Makes the descriptor readable at once.
    pub(crate) fn ring(&mut self, now: Instant) {
        self.ensure(now, now);
    }

    fn ensure(&mut self, time: Instant, now: Instant) {
        if self.set.is_some_and(|set| set <= time) {
            return;
        }
        // A time of zero would switch it off.
        let wait = time.saturating_duration_since(now).max(Duration::from_nanos(1));
        let value = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = Itimerspec { it_interval: never, it_value: value };
        // It fails for wrong arguments only.
        if timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &spec).is_ok() {
            self.set = Some(time);
        }
    }

    /// The descriptor was readable.
    pub(crate) fn rang(&mut self) {
        let mut count = [0u8; 8];
        // That it has not rung is no harm.
        if read(&self.timer, &mut count).is_ok() {
            self.set = None;
        }
    }

    /// One whose time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Option<u64> {
        let Reverse((time, whom)) = *self.times.peek()?;
        if time > now {
            return None;
        }
        self.times.pop();
        Some(whom)
    }

    /// Sees to it that the next one is called.
    pub(crate) fn arm(&mut self, now: Instant) {
        if let Some(&Reverse((time, _))) = self.times.peek() {
            self.ensure(time, now);
        }
    }
}
