//! Ports of the telephones of one thread: which socket belongs to which section, received from and
//! sent by in turn with the ports of browsers.

use std::io;
use std::sync::Arc;

use antiphon_session::{Datagram, Id, PhonePort};
use rustc_hash::FxHashMap;

use crate::counters::Traffic;
use crate::os::Poller;
use crate::ports::Ports;
use crate::send::Sender;
use crate::socket::Socket;

/// Names of telephones' sockets for the poller begin here; below are the thread's own.
pub(crate) const FIRST: u64 = 1 << 32;

/// A socket of a section.
pub(crate) struct Line {
    pub(crate) socket: Socket,
    pub(crate) port: PhonePort,
}

/// See the module.
pub(crate) struct Lines {
    ports: Arc<Ports>,
    by_name: FxHashMap<u64, Line>,
    names: FxHashMap<PhonePort, u64>,
    phones: FxHashMap<Id, Vec<PhonePort>>,
    next: u64,
}

impl Lines {
    pub(crate) fn new(ports: Arc<Ports>) -> Lines {
        Lines {
            ports,
            by_name: FxHashMap::default(),
            names: FxHashMap::default(),
            phones: FxHashMap::default(),
            next: FIRST,
        }
    }

    /// Begins to watch a socket.
    pub(crate) fn add(&mut self, line: Line, poller: &Poller) -> io::Result<()> {
        let name = self.next;
        self.next += 1;
        poller.watch(line.socket.fd(), name)?;
        self.names.insert(line.port, name);
        self.phones.entry(line.port.peer).or_default().push(line.port);
        self.by_name.insert(name, line);
        Ok(())
    }

    pub(crate) fn get(&self, name: u64) -> Option<&Line> {
        self.by_name.get(&name)
    }

    /// Closes the ports of a section; they rest.
    pub(crate) fn close_section(&mut self, peer: Id, section: u64) {
        let lines = self.take(peer, |port| port.section == section);
        self.release(lines);
    }

    /// Closes all ports of a telephone; they rest.
    pub(crate) fn close_phone(&mut self, peer: Id) {
        let lines = self.take(peer, |_| true);
        self.release(lines);
    }

    /// Closes ports; they rest.
    pub(crate) fn release(&self, lines: Vec<Line>) {
        for line in lines.iter().filter(|line| !line.port.control) {
            self.ports.release(line.socket.port());
        }
    }

    /// Takes the ports of a telephone away to watch them elsewhere.
    pub(crate) fn surrender(&mut self, peer: Id, poller: &Poller) -> Vec<Line> {
        let lines = self.take(peer, |_| true);
        lines.iter().for_each(|line| poller.forget(line.socket.fd()));
        lines
    }

    fn take(&mut self, peer: Id, is: impl Fn(&PhonePort) -> bool) -> Vec<Line> {
        let Some(ports) = self.phones.remove(&peer) else { return Vec::new() };
        let (taken, kept): (Vec<_>, Vec<_>) = ports.into_iter().partition(is);
        if !kept.is_empty() {
            self.phones.insert(peer, kept);
        }
        let names = taken.iter().filter_map(|port| self.names.remove(port));
        names.filter_map(|name| self.by_name.remove(&name)).collect()
    }

    /// Sends all datagrams, each by the socket of its port, and empties the list.
    pub(crate) fn send(
        &self,
        sender: &mut Sender,
        datagrams: &mut Vec<(PhonePort, Datagram)>,
        traffic: &mut Traffic,
    ) {
        let mut batch = Vec::new();
        let mut rest = datagrams.drain(..).peekable();
        while let Some((port, datagram)) = rest.next() {
            batch.push(datagram);
            if rest.peek().is_some_and(|(next, _)| *next == port) {
                continue;
            }
            let line = self.names.get(&port).and_then(|name| self.by_name.get(name));
            match line {
                Some(line) => sender.send(&mut batch, std::slice::from_ref(&line.socket), traffic),
                None => traffic.send_dropped += batch.len() as u64,
            }
            batch.clear();
        }
    }
}
