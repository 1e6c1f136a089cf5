//! One media thread: waits, takes commands and datagrams in, lets rooms act, sends what they say.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use antiphon_session::{Command, Config, Datagram, Event, Id, Notice, Room};
use rustc_hash::FxHashMap;

use crate::counters::{Counters, Traffic};
use crate::engine::Owners;
use crate::events::EventQueue;
use crate::os::{Flag, Poller};
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

/// What the engine tells a thread.
pub(crate) enum Order {
    OpenRoom { room: Id, statistics: Duration },
    CloseRoom { room: Id },
    Room { room: Id, command: Command },
    SetStatisticsInterval { interval: Duration },
    Stop,
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
        let mut thread = Thread {
            worker: self,
            rooms: Rooms::default(),
            routes: Routes::default(),
            peers: FxHashMap::default(),
            traffic: Traffic::default(),
            sender: Sender::new(),
            outgoing: Vec::new(),
            told: Vec::new(),
        };
        let mut inbox = Inbox::new();
        while thread.turn(&mut inbox) {}
    }
}

impl Thread {
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
        if let Command::OpenPeer { peer, .. } | Command::OpenAudio { peer, .. } = command {
            if self.peers.len() >= self.worker.max_peers || !self.rooms.contains(room) {
                let text = "no room for another peer on this media thread".to_owned();
                self.worker.owners.remove(peer);
                self.told.push(Event::Closed { peer, reason: "error", text });
                return;
            }
            self.peers.insert(peer, room);
        }
        if !self.rooms.with(room, |room| room.command(command, now)) {
            self.traffic.rooms_unknown += 1;
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
        let Thread { worker, rooms, routes, peers, outgoing, told, .. } = self;
        rooms.flush(now, |room| {
            outgoing.append(room.output());
            told.extend(room.events());
            worker.counters.add_room(&room.take_counts());
            for notice in room.notices() {
                routes.apply(&notice);
                if let Notice::Gone(id) = notice {
                    peers.remove(&id);
                    worker.owners.remove(id);
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
                peers.remove(&id);
                worker.owners.remove(id);
            }
        }
        self.sender.send(outgoing, &worker.sockets, &mut self.traffic);
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
