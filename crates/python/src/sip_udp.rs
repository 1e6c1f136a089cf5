//! A driver of the SIP machine for one UDP socket: batches in and out by one system call each, in
//! the thread of the event loop. The socket is somebody else's, non-blocking and bound.

use std::io::{Error, ErrorKind};
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use antiphon_sip as sip;
use pyo3::prelude::*;

use crate::sip::SipMachine;
use crate::sip_events::take;
use crate::sip_flow::unfit;

/// Datagrams of one system call.
const BATCH: usize = 64;
/// Batches of one turn: others of the event loop want theirs.
const BATCHES: usize = 8;
/// No datagram is longer.
const LONGEST: usize = 65_536;

/// recvmmsg and sendmmsg around a machine.
#[pyclass(module = "antiphon._native")]
pub(crate) struct SipUdp {
    fd: i32,
    listener: u16,
    machine: Py<SipMachine>,
    buffers: Buffers,
    /// Datagrams that the last poll read.
    #[pyo3(get)]
    received: usize,
}

/// What the system calls point to.
struct Buffers {
    /// Zeroed memory is the kernel's until it is written to: only what datagrams touch is used.
    bytes: Vec<u8>,
    names: Vec<libc::sockaddr_storage>,
    iovecs: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

// SAFETY: the pointers in `iovecs` and `headers` lead into the other vectors of the same value, which
// go where it goes and are not given to anybody.
unsafe impl Send for Buffers {}
// SAFETY: nothing is read or written through a shared reference.
unsafe impl Sync for Buffers {}

#[pymethods]
impl SipUdp {
    #[new]
    fn new(py: Python<'_>, fd: i32, machine: Py<SipMachine>, listener: u16) -> PyResult<SipUdp> {
        if usize::from(listener) >= machine.borrow(py).machine.listener_count() {
            return Err(unfit("listener: no such listener"));
        }
        Ok(SipUdp { fd, listener, machine, buffers: Buffers::new(), received: 0 })
    }

    fn poll(&mut self, py: Python<'_>, now: f64) -> PyResult<Vec<Py<PyAny>>> {
        let mut guard = self.machine.borrow_mut(py);
        self.received = 0;
        for _ in 0..BATCHES {
            let count = self.buffers.receive(self.fd);
            self.received += count;
            for at in 0..count {
                let Some((data, remote)) = self.buffers.get(at) else { continue };
                let flow = sip::Flow::new(self.listener, sip::Transport::Udp, 0, remote);
                guard.guarded(|machine| machine.receive(now, data, flow));
            }
            if count < BATCH {
                break;
            }
        }
        guard.guarded(|machine| machine.wake(now));
        take(py, &mut guard.machine)
    }

    fn flush(&mut self, py: Python<'_>) {
        let mut guard = self.machine.borrow_mut(py);
        let machine = &mut guard.machine;
        let listener = self.listener;
        let is_ours = |out: &sip::Out| {
            out.flow.listener == listener && out.flow.transport == sip::Transport::Udp
        };
        let (pending, arena) = machine.pending();
        let ours: Vec<sip::Out> = pending.iter().filter(|out| is_ours(out)).copied().collect();
        if ours.is_empty() {
            return;
        }
        let failed = self.buffers.send(self.fd, &ours, arena);
        machine.output(|out, _| is_ours(out));
        for out in &failed {
            machine.undeliverable(out);
        }
    }
}

impl Buffers {
    fn new() -> Buffers {
        // SAFETY: all three are plain data of the C library for which zeros are valid.
        let (name, iovec, header) = unsafe { (zeroed(), zeroed(), zeroed()) };
        Buffers {
            bytes: vec![0; BATCH * LONGEST],
            names: vec![name; BATCH],
            iovecs: vec![iovec; BATCH],
            headers: vec![header; BATCH],
        }
    }

    fn point(&mut self, at: usize, base: *mut u8, length: usize, name_length: u32) {
        self.iovecs[at] = libc::iovec { iov_base: base.cast(), iov_len: length };
        let header = &mut self.headers[at].msg_hdr;
        header.msg_name = (&raw mut self.names[at]).cast();
        header.msg_namelen = name_length;
        header.msg_iov = &raw mut self.iovecs[at];
        header.msg_iovlen = 1;
        header.msg_control = std::ptr::null_mut();
        header.msg_controllen = 0;
        header.msg_flags = 0;
    }

    /// Reads one batch; how many datagrams came.
    fn receive(&mut self, fd: i32) -> usize {
        for at in 0..BATCH {
            let base = self.bytes[at * LONGEST..].as_mut_ptr();
            self.point(at, base, LONGEST, size_of::<libc::sockaddr_storage>() as u32);
        }
        // SAFETY: each header points to a name and an iovec of the lengths given, all owned by
        // `self` and untouched until the call returns.
        let count = unsafe {
            libc::recvmmsg(
                fd,
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        // Nothing there, or an error of an earlier datagram: nothing to read.
        usize::try_from(count).unwrap_or(0)
    }

    fn get(&self, at: usize) -> Option<(&[u8], SocketAddr)> {
        let length = self.headers[at].msg_len as usize;
        Some((&self.bytes[at * LONGEST..][..length], from_raw(&self.names[at])?))
    }

    /// Sends all; those that the kernel would not take come back.
    fn send(&mut self, fd: i32, outs: &[sip::Out], arena: &[u8]) -> Vec<sip::Out> {
        let mut failed = Vec::new();
        let mut rest = outs;
        while !rest.is_empty() {
            let count = rest.len().min(BATCH);
            for (at, out) in rest[..count].iter().enumerate() {
                let bytes = out.bytes(arena);
                let length;
                (self.names[at], length) = to_raw(out.flow.remote);
                self.point(at, bytes.as_ptr().cast_mut(), bytes.len(), length);
            }
            // SAFETY: as above; what the iovecs point to is only read, and outlives the call.
            let sent = unsafe {
                libc::sendmmsg(
                    fd,
                    self.headers.as_mut_ptr(),
                    count as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(sent) {
                Ok(sent) => rest = &rest[sent.clamp(1, count)..],
                Err(_) => {
                    let error = Error::last_os_error().kind();
                    if error == ErrorKind::Interrupted {
                        continue;
                    }
                    // An error is the first datagram's. A full queue is like a loss on the way.
                    if error != ErrorKind::WouldBlock {
                        failed.push(rest[0]);
                    }
                    rest = &rest[1..];
                }
            }
        }
        failed
    }
}

fn to_raw(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: zeros are valid; each branch writes a structure that is smaller than the storage
    // and may stand at its beginning.
    unsafe {
        let mut storage: libc::sockaddr_storage = zeroed();
        let place = &raw mut storage;
        match address {
            SocketAddr::V4(address) => {
                let name = &mut *place.cast::<libc::sockaddr_in>();
                name.sin_family = libc::AF_INET as libc::sa_family_t;
                name.sin_port = address.port().to_be();
                name.sin_addr.s_addr = u32::from(*address.ip()).to_be();
                (storage, size_of::<libc::sockaddr_in>() as libc::socklen_t)
            }
            SocketAddr::V6(address) => {
                let name = &mut *place.cast::<libc::sockaddr_in6>();
                name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                name.sin6_port = address.port().to_be();
                name.sin6_addr.s6_addr = address.ip().octets();
                name.sin6_scope_id = address.scope_id();
                (storage, size_of::<libc::sockaddr_in6>() as libc::socklen_t)
            }
        }
    }
}

fn from_raw(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    // SAFETY: the kernel says by the family which structure stands at the beginning.
    unsafe {
        let place = &raw const *storage;
        match i32::from(storage.ss_family) {
            libc::AF_INET => {
                let name = &*place.cast::<libc::sockaddr_in>();
                let ip = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
                Some(SocketAddrV4::new(ip, u16::from_be(name.sin_port)).into())
            }
            libc::AF_INET6 => {
                let name = &*place.cast::<libc::sockaddr_in6>();
                let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
                let port = u16::from_be(name.sin6_port);
                Some(SocketAddrV6::new(ip, port, 0, name.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}
