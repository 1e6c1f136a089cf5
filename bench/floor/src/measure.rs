//! What this process has used, and how a result is written.

use std::time::Duration;

use libc::{CLOCK_PROCESS_CPUTIME_ID, RUSAGE_SELF, rusage, timespec};

/// CPU time: exact, and in user and system mode by the coarser accounting.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    cpu: Duration,
    user: Duration,
    system: Duration,
}

impl Usage {
    pub(crate) fn now() -> Usage {
        let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: both are plain structures that the calls fill; zeros are values of them.
        let used = unsafe {
            libc::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &raw mut time);
            let mut used: rusage = std::mem::zeroed();
            libc::getrusage(RUSAGE_SELF, &raw mut used);
            used
        };
        let of = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
        Usage {
            cpu: Duration::new(time.tv_sec as u64, time.tv_nsec as u32),
            user: of(used.ru_utime),
            system: of(used.ru_stime),
        }
    }

    pub(crate) fn since(self, earlier: Usage) -> Duration {
        self.cpu - earlier.cpu
    }

    /// Prints the result of a run that began at `earlier` and sent so many packets.
    pub(crate) fn report(self, earlier: Usage, mode: &str, subscribers: usize, packets: u64) {
        let cpu = self.since(earlier).as_secs_f64() * 1e6 / packets.max(1) as f64;
        let user = (self.user - earlier.user).as_secs_f64();
        let system = (self.system - earlier.system).as_secs_f64();
        let share = user / (user + system).max(1e-9);
        println!(
            "{{\"mode\":\"{mode}\",\"subscribers\":{subscribers},\"packets\":{packets},\
             \"us_per_packet\":{cpu:.3},\"user_us_per_packet\":{:.3},\
             \"system_us_per_packet\":{:.3}}}",
            cpu * share,
            cpu * (1.0 - share),
        );
    }
}
