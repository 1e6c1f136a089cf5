//! Messages of several equal segments each (UDP GSO, udp(7)), many in one sendmmsg(2).

use std::io;
use std::mem::zeroed;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Messages of one call.
const MESSAGES: usize = 64;
/// Bytes of one message.
pub(crate) const ROOM: usize = 12_288;

/// Aligned as control messages must be (cmsg(3)).
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Segment {
    header: libc::cmsghdr,
    bytes: u16,
}

pub(crate) struct Egress {
    socket: UdpSocket,
    bytes: Vec<u8>,
    names: Vec<libc::sockaddr_in>,
    iovecs: Vec<libc::iovec>,
    segments: Vec<Segment>,
    headers: Vec<libc::mmsghdr>,
    waiting: usize,
    /// Datagrams that the kernel has taken.
    pub(crate) sent: u64,
}

impl Egress {
    pub(crate) fn new(socket: UdpSocket) -> Egress {
        // SAFETY: these are plain structures for which zeros are a value.
        let (name, header) = unsafe { (zeroed::<libc::sockaddr_in>(), zeroed::<libc::mmsghdr>()) };
        let iovec = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
        let control = libc::cmsghdr {
            cmsg_len: size_of::<libc::cmsghdr>() + size_of::<u16>(),
            cmsg_level: libc::SOL_UDP,
            cmsg_type: libc::UDP_SEGMENT,
        };
        Egress {
            socket,
            bytes: vec![0; MESSAGES * ROOM],
            names: vec![name; MESSAGES],
            iovecs: vec![iovec; MESSAGES],
            segments: vec![Segment { header: control, bytes: 0 }; MESSAGES],
            headers: vec![header; MESSAGES],
            waiting: 0,
            sent: 0,
        }
    }

    /// Room for the next message.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.waiting * ROOM..][..ROOM]
    }

    /// The room holds `length` bytes: datagrams of `segment` bytes, the last perhaps shorter.
    pub(crate) fn commit(
        &mut self,
        to: SocketAddr,
        length: usize,
        segment: usize,
    ) -> io::Result<()> {
        let SocketAddr::V4(to) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        let at = self.waiting;
        let name = &mut self.names[at];
        name.sin_family = libc::AF_INET as libc::sa_family_t;
        name.sin_port = to.port().to_be();
        name.sin_addr.s_addr = u32::from_ne_bytes(to.ip().octets());
        let base = self.bytes[at * ROOM..].as_mut_ptr().cast();
        self.iovecs[at] = libc::iovec { iov_base: base, iov_len: length };
        self.segments[at].bytes = segment as u16;
        let header = &mut self.headers[at].msg_hdr;
        header.msg_name = (&raw mut self.names[at]).cast();
        header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        header.msg_iov = &raw mut self.iovecs[at];
        header.msg_iovlen = 1;
        let single = length <= segment;
        header.msg_control =
            if single { std::ptr::null_mut() } else { (&raw mut self.segments[at]).cast() };
        header.msg_controllen = if single { 0 } else { size_of::<Segment>() };
        self.sent += length.div_ceil(segment) as u64;
        self.waiting += 1;
        if self.waiting == MESSAGES { self.flush() } else { Ok(()) }
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut at = 0;
        while at < self.waiting {
            // SAFETY: the headers from `at` on point into vectors of `self` that never grow.
            let count = unsafe {
                let first = self.headers.as_mut_ptr().add(at);
                libc::sendmmsg(self.socket.as_raw_fd(), first, (self.waiting - at) as u32, 0)
            };
            match usize::try_from(count) {
                Ok(count) => at += count,
                Err(_) => {
                    self.waiting = 0;
                    return Err(io::Error::last_os_error());
                }
            }
        }
        self.waiting = 0;
        Ok(())
    }
}
