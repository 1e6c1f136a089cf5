//! Sockets, batches received by one system call, and waiting. It knows no packets.

use std::io;
use std::mem::zeroed;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

/// Datagrams of one receiving call.
const BATCH: usize = 64;
const LONGEST: usize = 2048;

pub(crate) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// As many descriptors as the system lets us have.
pub(crate) fn allow_many() -> io::Result<()> {
    // SAFETY: a plain structure, filled and read by the calls.
    unsafe {
        let mut limit: libc::rlimit = zeroed();
        check(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit))?;
        limit.rlim_cur = limit.rlim_max.min(65_536);
        check(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit))?;
    }
    Ok(())
}

/// Keeps the calling process on one core.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    // SAFETY: a plain set of bits, and a call that reads it.
    unsafe {
        let mut set: libc::cpu_set_t = zeroed();
        libc::CPU_SET(core, &mut set);
        check(libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set))?;
    }
    Ok(())
}

/// A socket on the loopback interface that never blocks, with buffers of so many bytes.
pub(crate) fn bind(buffer: libc::c_int) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    for option in [libc::SO_RCVBUF, libc::SO_SNDBUF] {
        // SAFETY: the value outlives the call and has the length given.
        check(unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const buffer).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        })?;
    }
    Ok(socket)
}

/// Waits until one of the sockets has something; false if the time is over.
pub(crate) fn wait(fd: RawFd, timeout: Duration) -> io::Result<bool> {
    let mut entry = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let time = libc::timespec {
        tv_sec: timeout.as_secs() as libc::time_t,
        tv_nsec: timeout.subsec_nanos().into(),
    };
    // SAFETY: one entry and one time, both outlive the call.
    let ready = unsafe { libc::ppoll(&raw mut entry, 1, &raw const time, std::ptr::null()) };
    Ok(check(ready)? > 0)
}

/// Buffers for a batch.
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    iovecs: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Inbox {
    pub(crate) fn new() -> Inbox {
        let mut bytes = vec![0; BATCH * LONGEST];
        let mut iovecs: Vec<libc::iovec> = bytes
            .chunks_mut(LONGEST)
            .map(|chunk| libc::iovec { iov_base: chunk.as_mut_ptr().cast(), iov_len: LONGEST })
            .collect();
        let headers = iovecs
            .iter_mut()
            .map(|iovec| {
                // SAFETY: a plain structure for which zeros are a value.
                let mut header: libc::mmsghdr = unsafe { zeroed() };
                header.msg_hdr.msg_iov = iovec;
                header.msg_hdr.msg_iovlen = 1;
                header
            })
            .collect();
        Inbox { bytes, iovecs, headers }
    }

    /// The datagrams that are there, at most a batch.
    pub(crate) fn receive(&mut self, fd: RawFd) -> impl Iterator<Item = &mut [u8]> {
        debug_assert_eq!(self.iovecs.len(), BATCH);
        // SAFETY: the headers point to the iovecs, these to the bytes, and none of these vectors
        // ever grows.
        let count = unsafe {
            let flags = libc::MSG_DONTWAIT;
            libc::recvmmsg(fd, self.headers.as_mut_ptr(), BATCH as u32, flags, std::ptr::null_mut())
        };
        let count = usize::try_from(count).unwrap_or(0);
        let lengths = self.headers[..count].iter().map(|header| header.msg_len as usize);
        self.bytes.chunks_mut(LONGEST).zip(lengths).map(|(chunk, length)| &mut chunk[..length])
    }
}
