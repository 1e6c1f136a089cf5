//! One media thread: waits, takes commands and datagrams in, lets rooms act, sends what they say.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use antiphon_session::{
    Command, Config, Datagram, Event, Id, Notice, PhonePort, PhoneSocket, Room,
};
use rustc_hash::FxHashMap;

use crate::counters::{Counters, Traffic};
use crate::engine::Owners;
use crate::events::EventQueue;
use crate::lines::{FIRST, Line, Lines};
use crate::moves::{Arrival, Moves, Parcel, Target};
use crate::os::{Flag, Poller};
use crate::ports::Ports;
use crate::rooms::Rooms;
use crate::routes::{Route, Routes};
use crate::send::Sender;
use crate::socket::{Inbox, Socket};

/// Name of the command flag for the poller; sockets have their indices.
const COMMANDS: u64 = u64::MAX;
/// Batches taken from one socket before what they caused is sent.
const BATCHES: usize = 4;
/// Commands taken in one turn.
const COMMAND_BATCH: usize = 1024;

/// Says that the kernel does not watch a telephone's ports.
fn unwatched(peer: Id) -> Event {
    let text = "its ports cannot be watched".to_owned();
    Event::Closed { peer, reason: "error", text }
}

/// What the engine tells a thread.
pub(crate) enum Order {
    OpenRoom { room: Id, statistics: Duration },
    CloseRoom { room: Id },
    Room { room: Id, command: Command },
    BindPhone { room: Id, peer: Id, socket: PhoneSocket, sockets: [Socket; 2] },
    SurrenderPhone { room: Id, peer: Id, target: Target },
    AwaitPhone { room: Id, peer: Id },
    PhoneArrived { room: Id, peer: Id, parcel: Option<Box<Parcel>> },
    SetStatisticsInterval { interval: Duration },
    Stop,
}

impl Order {
    /// The room whose orders this one keeps its place among.
    pub(crate) fn room(&self) -> Option<Id> {
        match self {
            Order::OpenRoom { room, .. }
            | Order::CloseRoom { room }
            | Order::Room { room, .. }
            | Order::BindPhone { room, .. }
            | Order::SurrenderPhone { room, .. }
            | Order::AwaitPhone { room, .. } => Some(*room),
            Order::PhoneArrived { .. } | Order::SetStatisticsInterval { .. } | Order::Stop => None,
        }
    }
}

/// What a thread works with.
pub(crate) struct Worker {
    pub(crate) sockets: Vec<Socket>,
    pub(crate) poller: Poller,
    pub(crate) flag: Arc<Flag>,
    pub(crate) orders: Receiver<Order>,
    pub(crate) config: Arc<Config>,
    pub(crate) max_peers: usize,
    pub(crate) events: Arc<EventQueue>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) owners: Arc<Owners>,
    pub(crate) ports: Arc<Ports>,
}

/// A thread's state.
struct Thread {
    worker: Worker,
    rooms: Rooms,
    routes: Routes,
    /// The room of each peer.
    peers: FxHashMap<Id, Id>,
    traffic: Traffic,
    sender: Sender,
    outgoing: Vec<Datagram>,
    phone_outgoing: Vec<(PhonePort, Datagram)>,
    lines: Lines,
    moves: Moves,
    told: Vec<Event>,
}

impl Worker {
    /// Registers the descriptors to wait for.
    pub(crate) fn watch(&self) -> std::io::Result<()> {
        self.poller.watch(self.flag.fd(), COMMANDS)?;
        for (index, socket) in self.sockets.iter().enumerate() {
            self.poller.watch(socket.fd(), index as u64)?;
        }
        Ok(())
    }

    /// Works until told to stop.
    pub(crate) fn run(self) {
        let mut thread = Thread::new(self);
        let mut inbox = Inbox::new();
        while thread.turn(&mut inbox) {}
    }
}

impl Thread {
    fn new(worker: Worker) -> Thread {
        Thread {
            lines: Lines::new(worker.ports.clone()),
            worker,
            rooms: Rooms::default(),
            routes: Routes::default(),
            peers: FxHashMap::default(),
            traffic: Traffic::default(),
            sender: Sender::new(),
            outgoing: Vec::new(),
            phone_outgoing: Vec::new(),
            moves: Moves::default(),
            told: Vec::new(),
        }
    }

    /// One turn; false to end.
    fn turn(&mut self, inbox: &mut Inbox) -> bool {
        let deadline = self.rooms.deadline();
        let timeout = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let ready: Vec<u64> = self.worker.poller.wait(timeout).collect();
        let now = Instant::now();
        let mut goes_on = true;
        for name in ready {
            if name == COMMANDS {
                goes_on = self.take_orders(now);
            } else if name >= FIRST {
                self.receive_phone(name, inbox, now);
            } else {
                self.receive(name as usize, inbox, now);
            }
        }
        self.rooms.wake(now);
        self.flush(now);
        if !goes_on {
            self.stop(now);
        }
        goes_on
    }

    fn take_orders(&mut self, now: Instant) -> bool {
        // Cleared first: what is sent from here on raises it again.
        self.worker.flag.clear();
        for _ in 0..COMMAND_BATCH {
            match self.worker.orders.try_recv() {
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return false,
                Ok(order) => self.obey(order, now),
                Err(TryRecvError::Empty) => return true,
            }
        }
        self.worker.flag.raise();
        true
    }

    fn obey(&mut self, order: Order, now: Instant) {
        let Some(order) = self.moves.hold(order) else { return };
        match order {
            Order::OpenRoom { room, statistics } => {
                self.rooms.insert(room, Room::new(room, self.worker.config.clone(), statistics));
            }
            Order::CloseRoom { room } => {
                self.rooms.with(room, |room| room.close(now));
                self.flush(now);
                self.rooms.remove(room);
            }
            Order::Room { room, command } => self.command(room, command, now),
            Order::BindPhone { room, peer, socket, sockets } => {
                self.bind_phone(room, peer, socket, sockets, now);
            }
            Order::SurrenderPhone { room, peer, target } => {
                let parcel = self.surrender_phone(room, peer, now);
                target.send(peer, parcel);
            }
            Order::AwaitPhone { room, peer } => {
                if let Some(arrival) = self.moves.wait(room, peer) {
                    self.adopt_phone(room, peer, arrival, now);
                }
            }
            Order::PhoneArrived { room, peer, parcel } => {
                if let Some(arrival) = self.moves.arrive(room, peer, parcel) {
                    self.adopt_phone(room, peer, arrival, now);
                }
            }
            Order::SetStatisticsInterval { interval } => {
                for room in self.rooms.ids() {
                    let command = Command::SetStatisticsInterval { interval };
                    self.rooms.with(room, |room| room.command(command, now));
                }
            }
            Order::Stop => {}
        }
    }

    fn command(&mut self, room: Id, command: Command, now: Instant) {
        if let Command::OpenPeer { peer, .. }
        | Command::OpenAudio { peer, .. }
        | Command::OpenPhone { peer, .. } = command
            && !self.admit(peer, room)
        {
            return;
        }
        if !self.rooms.with(room, |room| room.command(command, now)) {
            self.traffic.rooms_unknown += 1;
        }
    }

    /// Notes that a peer is in a room, if both fit.
    fn admit(&mut self, peer: Id, room: Id) -> bool {
        if self.peers.len() >= self.worker.max_peers || !self.rooms.contains(room) {
            let text = "no room for another peer on this media thread".to_owned();
            self.worker.owners.remove(peer);
            self.told.push(Event::Closed { peer, reason: "error", text });
            return false;
        }
        self.peers.insert(peer, room);
        true
    }

    fn bind_phone(
        &mut self,
        room: Id,
        peer: Id,
        socket: PhoneSocket,
        sockets: [Socket; 2],
        now: Instant,
    ) {
        let section = socket.section;
        let mut lines = Vec::with_capacity(2);
        for (socket, control) in sockets.into_iter().zip([false, true]) {
            lines.push(Line { socket, port: PhonePort { peer, section, control } });
        }
        if self.peers.get(&peer) != Some(&room) {
            return self.lines.release(lines);
        }
        if self.watch(lines) {
            self.command(room, Command::BindPhone { peer, socket }, now);
        } else {
            // Nothing would ever be heard there: whoever waits for its media must know.
            self.lines.close_section(peer, section);
            self.command(room, Command::ClosePeer { peer }, now);
            self.told.push(unwatched(peer));
        }
    }

    /// Watches sockets; false if the kernel does not take them.
    fn watch(&mut self, lines: Vec<Line>) -> bool {
        let mut lines = lines.into_iter();
        lines.all(|line| self.lines.add(line, &self.worker.poller).is_ok())
    }

    fn surrender_phone(&mut self, room: Id, peer: Id, now: Instant) -> Option<Parcel> {
        let mut phone = None;
        self.rooms.with(room, |room| phone = room.take_phone(peer, now));
        let phone = phone?;
        // What it still has to send leaves from here.
        self.flush(now);
        self.peers.remove(&peer);
        Some(Parcel { phone, lines: self.lines.surrender(peer, &self.worker.poller) })
    }

    fn adopt_phone(&mut self, room: Id, peer: Id, arrival: Arrival, now: Instant) {
        let (parcel, orders) = arrival;
        match parcel {
            Some(parcel) if self.admit(peer, room) => {
                let Parcel { phone, lines } = *parcel;
                if self.watch(lines) {
                    self.rooms.with(room, |room| room.adopt_phone(phone, now));
                } else {
                    self.lines.close_phone(peer);
                    self.peers.remove(&peer);
                    self.worker.owners.remove(peer);
                    self.told.push(unwatched(peer));
                }
            }
            Some(parcel) => self.lines.release(parcel.lines),
            None => self.worker.owners.remove(peer),
        }
        for order in orders {
            self.obey(order, now);
        }
    }

    fn receive_phone(&mut self, name: u64, inbox: &mut Inbox, now: Instant) {
        // A port that more comes to than fits one batch is asked again with the next turn.
        let Some(line) = self.lines.get(name) else { return };
        self.traffic.receive_calls += 1;
        inbox.fill_few(&line.socket);
        let port = line.port;
        let room = self.peers.get(&port.peer).copied();
        for at in 0..inbox.len() {
            self.traffic.packets_in += 1;
            let (Some(received), Some(room)) = (inbox.get(at), room) else {
                self.traffic.datagrams_garbage += 1;
                continue;
            };
            self.traffic.bytes_in += received.contents.len() as u64;
            self.rooms.with(room, |room| {
                let (local, remote) = (received.local, received.remote);
                room.receive_phone(port, local, remote, received.contents, now);
            });
        }
    }

    fn receive(&mut self, socket: usize, inbox: &mut Inbox, now: Instant) {
        for _ in 0..BATCHES {
            self.traffic.receive_calls += 1;
            let more = inbox.fill(&self.worker.sockets[socket]);
            for at in 0..inbox.len() {
                self.traffic.packets_in += 1;
                let Some(received) = inbox.get(at) else {
                    self.traffic.datagrams_garbage += 1;
                    continue;
                };
                self.traffic.bytes_in += received.contents.len() as u64;
                match self.routes.find(received.remote, received.contents) {
                    Route::Peer { peer, check } => {
                        let Some(&room) = self.peers.get(&peer) else { continue };
                        self.rooms.with(room, |room| {
                            let (local, remote) = (received.local, received.remote);
                            room.receive(peer, local, remote, received.contents, check, now);
                        });
                    }
                    Route::Unknown => self.traffic.datagrams_unknown += 1,
                    Route::Garbage => self.traffic.datagrams_garbage += 1,
                }
            }
            if !more {
                break;
            }
        }
    }

    /// Lets the touched rooms act and passes on what they say.
    fn flush(&mut self, now: Instant) {
        let Thread { worker, rooms, routes, peers, outgoing, phone_outgoing, lines, told, .. } =
            self;
        let mut closing = Vec::new();
        rooms.flush(now, |room| {
            outgoing.append(room.output());
            phone_outgoing.append(room.phone_output());
            told.extend(room.events());
            worker.counters.add_room(&room.take_counts());
            for notice in room.notices() {
                routes.apply(&notice);
                match notice {
                    Notice::Gone(id) => {
                        if peers.remove(&id).is_some() {
                            closing.push((id, None));
                        }
                        worker.owners.remove(id);
                    }
                    Notice::SectionGone { peer, section } => closing.push((peer, Some(section))),
                    _ => {}
                }
            }
        });
        for (event, ids) in rooms.failures() {
            self.traffic.rooms_failed += 1;
            if let Event::WorkerFailed { room, .. } = event {
                worker.owners.remove(room);
            }
            told.push(event);
            for id in ids {
                routes.purge(id);
                if peers.remove(&id).is_some() {
                    closing.push((id, None));
                }
                worker.owners.remove(id);
            }
        }
        self.sender.send(outgoing, &worker.sockets, &mut self.traffic);
        lines.send(&mut self.sender, phone_outgoing, &mut self.traffic);
        // Only now: what those who went had left to say has been said.
        for (peer, section) in closing {
            match section {
                Some(section) => lines.close_section(peer, section),
                None => lines.close_phone(peer),
            }
        }
        if !told.is_empty() {
            worker.events.extend(told.drain(..));
        }
        worker.counters.add_traffic(&std::mem::take(&mut self.traffic));
        worker.counters.peers.store(peers.len() as u64, Ordering::Relaxed);
        worker.counters.rooms.store(rooms.len() as u64, Ordering::Relaxed);
    }

    fn stop(&mut self, now: Instant) {
        for room in self.rooms.ids() {
            self.rooms.with(room, |room| room.close(now));
        }
        self.flush(now);
        for room in self.rooms.ids() {
            self.rooms.remove(room);
        }
        self.flush(now);
    }
}
