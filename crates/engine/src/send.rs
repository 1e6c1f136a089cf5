//! Sends what the rooms have to send: groups datagrams into messages, messages into system calls,
//! and never waits. It knows datagrams, not what is in them.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use antiphon_session::Datagram;

use crate::counters::Traffic;
use crate::socket::{Message, Outbox, Socket};

/// UDP_MAX_SEGMENTS of the kernel.
const SEGMENTS: usize = 64;
/// A message with all its segments must fit an IP packet's length.
const MESSAGE_BYTES: usize = 64_000;
/// Larger datagrams than this are not segmented: they might not fit the path's MTU.
const LARGEST_SEGMENT: usize = 1452;
/// Paths without segmentation that are remembered.
const REMEMBERED: usize = 1024;

/// The sending side of a media thread.
pub(crate) struct Sender {
    outbox: Outbox,
    messages: Vec<Message>,
    unsegmented: HashSet<IpAddr>,
}

impl Sender {
    pub(crate) fn new() -> Sender {
        Sender { outbox: Outbox::new(), messages: Vec::new(), unsegmented: HashSet::new() }
    }

    /// Sends all datagrams, each by the socket of its family, and empties the list.
    pub(crate) fn send(
        &mut self,
        datagrams: &mut Vec<Datagram>,
        sockets: &[Socket],
        traffic: &mut Traffic,
    ) {
        if datagrams.is_empty() {
            return;
        }
        let mut messages = std::mem::take(&mut self.messages);
        for socket in sockets {
            let ours = |address: SocketAddr| address.is_ipv6() == socket.is_v6();
            messages.clear();
            self.group(datagrams, ours, &mut messages);
            self.send_all(socket, datagrams, &messages, traffic);
        }
        self.messages = messages;
        datagrams.clear();
    }

    /// Groups neighbours on the same path whose sizes are equal, the last at most as large.
    fn group(
        &self,
        datagrams: &[Datagram],
        ours: impl Fn(SocketAddr) -> bool,
        messages: &mut Vec<Message>,
    ) {
        let mut open = false;
        for (at, datagram) in datagrams.iter().enumerate() {
            let (source, destination) = (datagram.source, datagram.destination);
            if !ours(destination) {
                open = false;
                continue;
            }
            let size = datagram.contents.len();
            if let (true, Some(last)) = (open, messages.last_mut())
                && (last.source, last.destination) == (source, destination)
                && size <= last.segment
                && last.count < SEGMENTS
                && (last.count + 1) * last.segment <= MESSAGE_BYTES
            {
                last.count += 1;
                open = size == last.segment;
                continue;
            }
            messages.push(Message { source, destination, first: at, count: 1, segment: size });
            open = size <= LARGEST_SEGMENT && !self.unsegmented.contains(&destination.ip());
        }
    }

    fn send_all(
        &mut self,
        socket: &Socket,
        datagrams: &[Datagram],
        messages: &[Message],
        traffic: &mut Traffic,
    ) {
        let contents = |at: usize| datagrams[at].contents.as_slice();
        let mut rest = messages;
        while let Some(first) = rest.first() {
            traffic.send_calls += 1;
            match self.outbox.send(socket, rest, contents) {
                Ok(sent) => {
                    for message in &rest[..sent] {
                        count(message, datagrams, traffic);
                    }
                    rest = &rest[sent.max(1)..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // The queue of the interface is full: what is late now is useless later.
                    let dropped: usize = rest.iter().map(|message| message.count).sum();
                    traffic.send_dropped += dropped as u64;
                    return;
                }
                Err(_) if first.count > 1 => {
                    traffic.segmentation_refused += 1;
                    self.send_singly(socket, datagrams, *first, traffic);
                    rest = &rest[1..];
                }
                Err(_) => {
                    traffic.send_dropped += 1;
                    rest = &rest[1..];
                }
            }
        }
    }

    /// The path refused segmentation (EIO, EINVAL): goes without from now on.
    fn send_singly(
        &mut self,
        socket: &Socket,
        datagrams: &[Datagram],
        message: Message,
        traffic: &mut Traffic,
    ) {
        if self.unsegmented.len() >= REMEMBERED {
            self.unsegmented.clear();
        }
        self.unsegmented.insert(message.destination.ip());
        for first in message.first..message.first + message.count {
            let segment = datagrams[first].contents.len();
            let single = Message { first, count: 1, segment, ..message };
            traffic.send_calls += 1;
            match self.outbox.send(socket, &[single], |at| datagrams[at].contents.as_slice()) {
                Ok(1) => count(&single, datagrams, traffic),
                _ => traffic.send_dropped += 1,
            }
        }
    }
}

fn count(message: &Message, datagrams: &[Datagram], traffic: &mut Traffic) {
    let sent = &datagrams[message.first..message.first + message.count];
    traffic.packets_out += sent.len() as u64;
    traffic.bytes_out += sent.iter().map(|datagram| datagram.contents.len() as u64).sum::<u64>();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(to: u16, size: usize) -> Datagram {
        Datagram {
            source: "127.0.0.1:1".parse().unwrap(),
            destination: SocketAddr::new("127.0.0.1".parse().unwrap(), to),
            contents: vec![0; size],
        }
    }

    fn groups(datagrams: &[Datagram]) -> Vec<(usize, usize)> {
        let mut messages = Vec::new();
        Sender::new().group(datagrams, |_| true, &mut messages);
        messages.iter().map(|message| (message.first, message.count)).collect()
    }

    #[test]
    fn equal_neighbours_are_grouped() {
        let sizes = |sizes: &[usize]| sizes.iter().map(|&s| datagram(9, s)).collect::<Vec<_>>();
        assert_eq!(groups(&sizes(&[5, 5, 5])), [(0, 3)]);
        assert_eq!(groups(&sizes(&[5, 5, 3, 5])), [(0, 3), (3, 1)]);
        assert_eq!(groups(&sizes(&[5, 6, 6])), [(0, 1), (1, 2)]);
        assert_eq!(groups(&sizes(&[1500, 1500])), [(0, 1), (1, 1)]);
        assert_eq!(groups(&[datagram(1, 5), datagram(2, 5), datagram(1, 5)]).len(), 3);
        assert_eq!(groups(&sizes(&[1000; 65])), [(0, 64), (64, 1)]);
        assert_eq!(groups(&sizes(&[1400; 46])), [(0, 45), (45, 1)]);
    }

    #[test]
    fn a_path_that_cannot_be_sent_to_is_counted() {
        let sockets = [Socket::bind(false, 0).unwrap()];
        let mut traffic = Traffic::default();
        let mut datagrams = vec![datagram(9, 50), datagram(9, 50), datagram(9, 70_000)];
        // A source that is not ours: the kernel refuses it.
        datagrams[0].source = "192.0.2.1:1".parse().unwrap();
        datagrams[1].source = "192.0.2.1:1".parse().unwrap();
        Sender::new().send(&mut datagrams, &sockets, &mut traffic);
        assert!(datagrams.is_empty());
        assert_eq!((traffic.packets_out, traffic.send_dropped), (0, 3));
        assert_eq!(traffic.segmentation_refused, 1);
    }
}
