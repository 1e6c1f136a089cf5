//! One UDP port of a media thread: batches in and out by one system call, segmentation offload, and
//! the address of ours that each datagram came to or leaves from. It knows no protocol.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::os::check;

/// Datagrams of one receiving call.
const BATCH: usize = 64;
/// The same for a port of a telephone.
const FEW: usize = 8;
/// Longer datagrams are cut off, and dropped for it: nothing we speak is longer.
const LONGEST: usize = 2048;
/// Messages of one sending call.
pub(crate) const MESSAGES: usize = 64;
/// Room for control data: an address (at most 32 bytes with its header) and a segment size.
const CONTROL: usize = 96;
const BUFFER_BYTES: libc::c_int = 4 * 1024 * 1024;
/// Of a port that serves one section of one telephone: a second of video.
const SMALL_BUFFER_BYTES: libc::c_int = 256 * 1024;

/// Aligned as control messages must be (cmsg(3)).
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// A bound socket of one address family.
pub(crate) struct Socket {
    fd: OwnedFd,
    port: u16,
    is_v6: bool,
}

impl Socket {
    /// Binds all addresses of a family to a port; 0 means any.
    pub(crate) fn bind(is_v6: bool, port: u16) -> io::Result<Socket> {
        Socket::bind_with(is_v6, port, BUFFER_BYTES)
    }

    /// The same for a port that little comes to.
    pub(crate) fn bind_small(is_v6: bool, port: u16) -> io::Result<Socket> {
        Socket::bind_with(is_v6, port, SMALL_BUFFER_BYTES)
    }

    fn bind_with(is_v6: bool, port: u16, buffer: libc::c_int) -> io::Result<Socket> {
        let family = if is_v6 { libc::AF_INET6 } else { libc::AF_INET };
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: takes no pointers; the result is checked.
        let fd = check(unsafe { libc::socket(family, kind, 0) })?;
        // SAFETY: just created, owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let raw = fd.as_raw_fd();
        if is_v6 {
            set(raw, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
            set(raw, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
        } else {
            set(raw, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
        }
        // More than the system's limit needs a privilege; what it allows is taken then.
        for (forced, plain) in
            [(libc::SO_RCVBUFFORCE, libc::SO_RCVBUF), (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF)]
        {
            set(raw, libc::SOL_SOCKET, forced, buffer)
                .or_else(|_| set(raw, libc::SOL_SOCKET, plain, buffer))?;
        }
        let any: IpAddr =
            if is_v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let (name, length) = to_raw(SocketAddr::new(any, port));
        // SAFETY: `name` outlives the call and is `length` bytes long.
        check(unsafe { libc::bind(raw, (&raw const name).cast(), length) })?;
        let bound = UdpSocket::from(fd);
        let port = bound.local_addr()?.port();
        Ok(Socket { fd: bound.into(), port, is_v6 })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_v6(&self) -> bool {
        self.is_v6
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// Buffers to receive one batch into, shared by the sockets of a thread.
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    iovecs: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    filled: usize,
    port: u16,
}

/// A datagram that arrived.
pub(crate) struct Received<'a> {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) contents: &'a [u8],
}

// SAFETY: the raw pointers inside `iovecs` and `headers` point only into this value's own vectors,
// which never grow, and are set anew before each call.
unsafe impl Send for Inbox {}

impl Inbox {
    pub(crate) fn new() -> Inbox {
        // SAFETY: these are plain C structures, for which all zeros is a value.
        let (name, header) =
            unsafe { (zeroed::<libc::sockaddr_storage>(), zeroed::<libc::mmsghdr>()) };
        let iovec = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
        Inbox {
            bytes: vec![0; BATCH * LONGEST],
            names: vec![name; BATCH],
            controls: vec![Control([0; CONTROL]); BATCH],
            iovecs: vec![iovec; BATCH],
            headers: vec![header; BATCH],
            filled: 0,
            port: 0,
        }
    }

    /// Receives a batch; whether it was full, so that more may wait.
    pub(crate) fn fill(&mut self, socket: &Socket) -> bool {
        self.fill_up_to(socket, BATCH)
    }

    /// The same for a port that little comes to: preparing for more would be for nothing.
    pub(crate) fn fill_few(&mut self, socket: &Socket) -> bool {
        self.fill_up_to(socket, FEW)
    }

    fn fill_up_to(&mut self, socket: &Socket, most: usize) -> bool {
        for at in 0..most {
            let bytes = &mut self.bytes[at * LONGEST..][..LONGEST];
            let base = bytes.as_mut_ptr().cast();
            self.iovecs[at] = libc::iovec { iov_base: base, iov_len: LONGEST };
            let header = &mut self.headers[at].msg_hdr;
            header.msg_name = (&raw mut self.names[at]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = &raw mut self.iovecs[at];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[at].0.as_mut_ptr().cast();
            header.msg_controllen = CONTROL;
            header.msg_flags = 0;
        }
        // SAFETY: each header points to a name, an iovec and a control buffer of the lengths given,
        // all owned by `self` and untouched until the call returns.
        let count = unsafe {
            libc::recvmmsg(
                socket.fd(),
                self.headers.as_mut_ptr(),
                most as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        // Nothing there, or an error of an earlier datagram that is reported here: nothing to read.
        self.filled = usize::try_from(count).unwrap_or(0);
        self.port = socket.port();
        self.filled == most
    }

    pub(crate) fn len(&self) -> usize {
        self.filled
    }

    /// The datagram at `at` of the batch; `None` if it was cut off.
    pub(crate) fn get(&self, at: usize) -> Option<Received<'_>> {
        let header = &self.headers[..self.filled][at];
        if header.msg_hdr.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0 {
            return None;
        }
        let contents = &self.bytes[at * LONGEST..][..header.msg_len as usize];
        let remote = from_raw(&self.names[at])?;
        let local = SocketAddr::new(arrived_at(&header.msg_hdr)?, self.port);
        Some(Received { local, remote, contents })
    }
}

/// The address of ours that a received message came to.
fn arrived_at(header: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: the kernel has filled the control buffer that `header` points to, and the CMSG macros
    // keep within it; the data of each message is read only for the kind that has it.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while let Some(control) = message.as_ref() {
            match (control.cmsg_level, control.cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info: libc::in_pktinfo =
                        std::ptr::read_unaligned(libc::CMSG_DATA(message).cast());
                    return Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info: libc::in6_pktinfo =
                        std::ptr::read_unaligned(libc::CMSG_DATA(message).cast());
                    return Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                }
                _ => message = libc::CMSG_NXTHDR(header, message),
            }
        }
    }
    None
}

/// One message to send: datagrams of equal size (the last may be shorter) on one path.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    /// Where its datagrams begin among those of the batch, and how many they are.
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// Bytes of each datagram but the last.
    pub(crate) segment: usize,
}

/// Buffers to send messages from.
pub(crate) struct Outbox {
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    iovecs: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

// SAFETY: as for `Inbox`.
unsafe impl Send for Outbox {}

impl Outbox {
    pub(crate) fn new() -> Outbox {
        // SAFETY: these are plain C structures, for which all zeros is a value.
        let (name, header) =
            unsafe { (zeroed::<libc::sockaddr_storage>(), zeroed::<libc::mmsghdr>()) };
        Outbox {
            names: vec![name; MESSAGES],
            controls: vec![Control([0; CONTROL]); MESSAGES],
            iovecs: Vec::new(),
            headers: vec![header; MESSAGES],
        }
    }

    /// Sends up to [`MESSAGES`] messages; how many were, from the first on. The error is that of the
    /// first message that could not be.
    pub(crate) fn send<'a>(
        &mut self,
        socket: &Socket,
        messages: &[Message],
        datagram: impl Fn(usize) -> &'a [u8],
    ) -> io::Result<usize> {
        let messages = &messages[..messages.len().min(MESSAGES)];
        self.iovecs.clear();
        for index in
            messages.iter().flat_map(|message| message.first..message.first + message.count)
        {
            let contents = datagram(index);
            self.iovecs.push(libc::iovec {
                iov_base: contents.as_ptr().cast_mut().cast(),
                iov_len: contents.len(),
            });
        }
        let mut first = 0;
        for (at, message) in messages.iter().enumerate() {
            let (name, length) = to_raw(message.destination);
            self.names[at] = name;
            let segment = (message.count > 1).then_some(message.segment as u16);
            let used = write_control(&mut self.controls[at], message.source.ip(), segment);
            let header = &mut self.headers[at].msg_hdr;
            header.msg_name = (&raw mut self.names[at]).cast();
            header.msg_namelen = length;
            header.msg_iov = &raw mut self.iovecs[first];
            header.msg_iovlen = message.count;
            header.msg_control = self.controls[at].0.as_mut_ptr().cast();
            header.msg_controllen = used;
            first += message.count;
        }
        // SAFETY: each header points to a name, iovecs and control data of the lengths given; the
        // datagrams are borrowed for the call, and the kernel only reads them.
        let sent = check(unsafe {
            libc::sendmmsg(
                socket.fd(),
                self.headers.as_mut_ptr(),
                messages.len() as libc::c_uint,
                libc::MSG_DONTWAIT,
            )
        })?;
        Ok(sent as usize)
    }
}

/// Writes the address to send from and the segment size; returns the bytes used.
fn write_control(control: &mut Control, source: IpAddr, segment: Option<u16>) -> usize {
    let mut used = 0;
    match source {
        IpAddr::V4(address) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr { s_addr: u32::from(address).to_be() },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            used += put(&mut control.0[used..], libc::IPPROTO_IP, libc::IP_PKTINFO, info);
        }
        IpAddr::V6(address) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr { s6_addr: address.octets() },
                ipi6_ifindex: 0,
            };
            used += put(&mut control.0[used..], libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
        }
    }
    if let Some(segment) = segment {
        used += put(&mut control.0[used..], libc::SOL_UDP, libc::UDP_SEGMENT, segment);
    }
    used
}

/// Writes one control message at the beginning of `buffer`; returns the bytes it takes.
fn put<T: Copy>(buffer: &mut [u8], level: libc::c_int, kind: libc::c_int, value: T) -> usize {
    let size = size_of::<T>() as libc::c_uint;
    // SAFETY: these only compute lengths.
    let (space, length) = unsafe { (libc::CMSG_SPACE(size), libc::CMSG_LEN(size)) };
    assert!(buffer.len() >= space as usize, "control buffer too small");
    // SAFETY: the buffer is long enough for header and value, as just checked; it need not be
    // aligned for the unaligned writes.
    unsafe {
        let header =
            libc::cmsghdr { cmsg_len: length as usize, cmsg_level: level, cmsg_type: kind };
        let start = buffer.as_mut_ptr();
        std::ptr::write_unaligned(start.cast(), header);
        let offset = libc::CMSG_LEN(0) as usize;
        std::ptr::write_unaligned(start.add(offset).cast(), value);
    }
    space as usize
}

fn set(fd: RawFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: `value` outlives the call and its size is given.
    check(unsafe {
        let size = size_of::<libc::c_int>() as libc::socklen_t;
        libc::setsockopt(fd, level, name, (&raw const value).cast(), size)
    })
    .map(|_| ())
}

fn to_raw(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: a plain C structure, for which all zeros is a value.
    let mut storage: libc::sockaddr_storage = unsafe { zeroed() };
    let start = &raw mut storage;
    let length = match address {
        SocketAddr::V4(address) => {
            let name = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from(*address.ip()).to_be() },
                sin_zero: [0; 8],
            };
            // SAFETY: the storage is larger than, and aligned for, every kind of address.
            unsafe { start.cast::<libc::sockaddr_in>().write(name) };
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(address) => {
            let name = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                sin6_scope_id: address.scope_id(),
            };
            // SAFETY: as above.
            unsafe { start.cast::<libc::sockaddr_in6>().write(name) };
            size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, length as libc::socklen_t)
}

fn from_raw(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let start = std::ptr::from_ref(storage);
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which structure the kernel has written here.
            let name = unsafe { start.cast::<libc::sockaddr_in>().read() };
            let address = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
            Some(SocketAddrV4::new(address, u16::from_be(name.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let name = unsafe { start.cast::<libc::sockaddr_in6>().read() };
            let address = Ipv6Addr::from(name.sin6_addr.s6_addr);
            let port = u16::from_be(name.sin6_port);
            Some(SocketAddrV6::new(address, port, 0, name.sin6_scope_id).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernel_form() {
        for text in ["192.0.2.7:4000", "[2001:db8::7]:65535"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(from_raw(&to_raw(address).0), Some(address));
        }
    }

    #[test]
    fn segments_arrive_as_datagrams_with_their_addresses() {
        exchange("127.0.0.2", "127.0.0.3");
        // A machine without IPv6 does without it.
        if Socket::bind(true, 0).is_ok() {
            exchange("::1", "::1");
        }
    }

    fn exchange(from: &str, to: &str) {
        let (from, to): (IpAddr, IpAddr) = (from.parse().unwrap(), to.parse().unwrap());
        let is_v6 = from.is_ipv6();
        let (a, b) = (Socket::bind(is_v6, 0).unwrap(), Socket::bind(is_v6, 0).unwrap());
        let source = SocketAddr::new(from, a.port());
        let destination = SocketAddr::new(to, b.port());
        let datagrams: Vec<Vec<u8>> = vec![vec![1; 500], vec![2; 500], vec![3; 20], vec![4; 7]];
        let message = |first, count| Message { source, destination, first, count, segment: 500 };
        let sent = Outbox::new().send(&a, &[message(0, 3), message(3, 1)], |at| &datagrams[at]);
        assert_eq!(sent.unwrap(), 2);
        let mut inbox = Inbox::new();
        let mut got = Vec::new();
        for _ in 0..100 {
            inbox.fill(&b);
            for at in 0..inbox.len() {
                let received = inbox.get(at).unwrap();
                assert_eq!((received.remote, received.local), (source, destination));
                got.push(received.contents.to_vec());
            }
            if got.len() == 4 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(got, datagrams);
    }
}
