//! The system calls of the media threads, made safe: eventfd, epoll, CPU clocks.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Descriptors that one wait tells.
const READY: usize = 64;

/// Turns the −1 of a system call into its error.
pub(crate) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A descriptor that is readable while it is raised.
pub(crate) struct Flag(OwnedFd);

impl Flag {
    pub(crate) fn new() -> io::Result<Flag> {
        // SAFETY: takes no pointers; the result is checked.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: just created, owned by nobody else.
        Ok(Flag(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub(crate) fn raise(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: writes eight bytes from a buffer of eight. It can only fail when the counter is
        // full, and then the flag is raised.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    pub(crate) fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: reads eight bytes into a buffer of eight. It only fails when nothing is raised.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Waits for descriptors to become readable.
pub(crate) struct Poller {
    epoll: OwnedFd,
    ready: Vec<libc::epoll_event>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        // SAFETY: takes no pointers; the result is checked.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: just created, owned by nobody else.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Poller { epoll, ready: vec![libc::epoll_event { events: 0, u64: 0 }; READY] })
    }

    /// Watches `fd` under a name until it is closed or forgotten.
    pub(crate) fn watch(&self, fd: RawFd, name: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: name };
        // SAFETY: `event` outlives the call.
        check(unsafe {
            libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event)
        })
        .map(|_| ())
    }

    /// Watches `fd` no longer.
    pub(crate) fn forget(&self, fd: RawFd) {
        // SAFETY: no event is passed; what is not watched only makes the call fail.
        unsafe {
            let none = std::ptr::null_mut();
            libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_DEL, fd, none);
        }
    }

    /// Waits until something is readable or the time has passed; the names of what is readable.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> impl Iterator<Item = u64> + '_ {
        // Rounded up: waking before a deadline would only mean waiting again.
        let milliseconds =
            timeout.map_or(-1, |time| time.as_micros().div_ceil(1000).min(60_000) as libc::c_int);
        // SAFETY: the buffer holds as many events as are asked for.
        let count = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                self.ready.as_mut_ptr(),
                self.ready.len() as libc::c_int,
                milliseconds,
            )
        };
        // Only an interruption can fail here; it is as good as nothing ready.
        let count = usize::try_from(count).unwrap_or(0);
        self.ready[..count].iter().map(|event| event.u64)
    }
}

/// CPU time that a thread of this process has used; `None` when it has ended.
pub(crate) fn cpu_time(thread: libc::pthread_t) -> Option<Duration> {
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both pointers outlive the calls; the caller holds the thread's join handle, so that
    // its identifier is valid.
    unsafe {
        if libc::pthread_getcpuclockid(thread, &mut clock) != 0
            || libc::clock_gettime(clock, &mut time) != 0
        {
            return None;
        }
    }
    Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}
