//! Flows: the ways by which messages come and go. A flow is only named here; who dials, accepts and
//! closes it is somebody else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket inside TLS.
    Wss,
}

impl Transport {
    /// All of them; the index is the number used in tokens.
    pub const ALL: [Transport; 5] =
        [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss];

    /// The name in a `transport` parameter.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }

    /// The name in a Via.
    pub(crate) fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// The transport of that name, in any case.
    pub fn named(name: &[u8]) -> Option<Transport> {
        Self::ALL.into_iter().find(|one| name.eq_ignore_ascii_case(one.name().as_bytes()))
    }

    /// Nothing is lost on it, so that nothing need be repeated (RFC 3261 §17.1.1.2).
    pub fn reliable(self) -> bool {
        self != Transport::Udp
    }

    /// Messages follow each other in a stream of bytes, told apart by Content-Length.
    pub(crate) fn framed(self) -> bool {
        matches!(self, Transport::Tcp | Transport::Tls)
    }

    /// A browser is at the other end: nobody can dial it.
    pub(crate) fn websocket(self) -> bool {
        matches!(self, Transport::Ws | Transport::Wss)
    }

    pub(crate) fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }
}

/// Where a message came from, or goes to (RFC 5626 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// A stream's number, never used twice; 0 for UDP, and for "any stream to this remote".
    pub connection: u64,
    /// Address and port of the other side.
    pub remote: SocketAddr,
    /// Which of our listeners.
    pub listener: u16,
    /// How.
    pub transport: Transport,
}

impl Flow {
    /// A flow of one listener; IPv4 addresses in IPv6 clothes are taken out of them.
    pub fn new(listener: u16, transport: Transport, connection: u64, remote: SocketAddr) -> Flow {
        let remote = match remote.ip().to_canonical() {
            IpAddr::V4(address) => SocketAddr::new(address.into(), remote.port()),
            // With its scope, which link-local addresses need.
            IpAddr::V6(_) => remote,
        };
        Flow { connection, remote, listener, transport }
    }

    /// The same remote by a stream that is still to be found or dialled.
    pub(crate) fn anew(self, port: u16) -> Flow {
        Flow { connection: 0, remote: SocketAddr::new(self.remote.ip(), port), ..self }
    }
}

/// Stands for the source of limits: an IPv4 address, or the /64 of an IPv6 address.
pub(crate) fn source(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(u32::from(address)),
        // The upper half of a real IPv6 address is never below 2^32.
        IpAddr::V6(address) => (u128::from(address) >> 64) as u64 | 1 << 63,
    }
}

/// An address that stands for none.
pub(crate) const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        for transport in Transport::ALL {
            assert_eq!(Transport::named(transport.via_name().as_bytes()), Some(transport));
        }
        assert_eq!(Transport::named(b"sctp"), None);
    }

    #[test]
    fn sources_are_hosts_and_networks() {
        let of = |text: &str| source(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
