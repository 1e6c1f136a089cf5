//! The engine: starts the media threads, knows which of them has which room, and passes commands on
//! without ever waiting for them.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use antiphon_session::{
    AudioQueue, Command, Config, Event, Id, Identity, Limits, PhoneSocket, Prompts,
};
use rustc_hash::FxHashMap;

use crate::counters::Counters;
use crate::events::EventQueue;
use crate::os::{Flag, Poller, cpu_time};
use crate::ports::Ports;
use crate::socket::Socket;
use crate::worker::{Order, Worker};

/// Attempts to find a port that is free for both address families.
const PORT_ATTEMPTS: usize = 16;
const STATISTICS_INTERVAL: Duration = Duration::from_millis(2000);

/// How an engine is set up; see the Python engine's constructor.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Settings {
    pub workers: usize,
    pub udp_port: u16,
    pub addresses: Vec<IpAddr>,
    pub public_addresses: Vec<IpAddr>,
    pub max_peers: usize,
    pub estimate_bandwidth: bool,
    pub event_limit: usize,
    /// First and last port; both 0: any.
    pub phone_ports: (u16, u16),
}

/// Where the thing with an id lives.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) worker: usize,
    pub(crate) room: Id,
    pub(crate) queue: Option<Arc<AudioQueue>>,
    pub(crate) phone: Option<Arc<PhoneHandle>>,
}

/// What the callers' side keeps of a telephone.
#[derive(Default)]
pub(crate) struct PhoneHandle {
    /// Its bound sections.
    pub(crate) sections: Mutex<Vec<PhoneSocket>>,
    pub(crate) prompts: Prompts,
}

impl Owner {
    pub(crate) fn new(worker: usize, room: Id) -> Owner {
        Owner { worker, room, queue: None, phone: None }
    }
}

/// Which thread and room has which id; shared with the threads, which take out what is gone.
#[derive(Default)]
pub(crate) struct Owners(Mutex<FxHashMap<Id, Owner>>);

impl Owners {
    pub(crate) fn remove(&self, id: Id) {
        self.lock().remove(&id);
    }

    fn find(&self, id: Id) -> Option<Owner> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<Id, Owner>> {
        // Entries are inserted and removed whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Handle {
    port: u16,
    pub(crate) orders: Mutex<Sender<Order>>,
    pub(crate) flag: Arc<Flag>,
    counters: Arc<Counters>,
    thread: Mutex<Option<JoinHandle<()>>>,
    cpu_time: Mutex<Duration>,
}

/// See the crate.
pub struct Engine {
    pub(crate) workers: Vec<Handle>,
    owners: Arc<Owners>,
    events: Arc<EventQueue>,
    next_id: AtomicU64,
    unknown_ids: AtomicU64,
    statistics: Mutex<Duration>,
    pub(crate) ports: Arc<Ports>,
    pub(crate) fingerprint: String,
    /// Held while a telephone moves or gets ports: no two of these may pass each other.
    pub(crate) moving: Mutex<()>,
}

impl Engine {
    /// Binds the ports and starts the threads.
    pub fn new(settings: &Settings) -> io::Result<Engine> {
        let identity = Identity::generate().map_err(io::Error::other)?;
        let (first, last) = settings.phone_ports;
        let ports = Arc::new(Ports::new(first, last)?);
        let owners = Arc::new(Owners::default());
        let events = Arc::new(EventQueue::new(settings.event_limit)?);
        let prepared = (0..settings.workers)
            .map(|index| prepare(settings, index, &identity, &owners, &events, &ports))
            .collect::<io::Result<Vec<_>>>()?;
        let (idle, workers): (Vec<Worker>, _) = prepared.into_iter().unzip();
        let engine = Engine {
            workers,
            owners,
            events,
            next_id: AtomicU64::new(1),
            unknown_ids: AtomicU64::new(0),
            statistics: Mutex::new(STATISTICS_INTERVAL),
            ports,
            fingerprint: identity.fingerprint(),
            moving: Mutex::default(),
        };
        for (index, (worker, handle)) in idle.into_iter().zip(&engine.workers).enumerate() {
            let name = format!("media-{index}");
            // If it fails, the engine is dropped, and with it end those that run.
            let thread = std::thread::Builder::new().name(name).spawn(move || worker.run())?;
            *locked(&handle.thread) = Some(thread);
        }
        Ok(engine)
    }

    /// The UDP ports, one a thread.
    pub fn ports(&self) -> Vec<u16> {
        self.workers.iter().map(|worker| worker.port).collect()
    }

    /// Readable while events wait.
    pub fn fd(&self) -> RawFd {
        self.events.fd()
    }

    /// Takes up to `limit` events.
    pub fn drain(&self, limit: usize) -> Vec<Event> {
        self.events.take(limit)
    }

    /// A number that was not given before.
    pub fn new_id(&self) -> Id {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Sums over all threads.
    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        let mut sums = BTreeMap::new();
        for worker in &self.workers {
            for (name, value) in worker.counters.read() {
                *sums.entry(name).or_default() += value;
            }
            let cpu_us = worker.cpu_time().as_micros() as u64;
            *sums.entry("cpu_us").or_default() += cpu_us;
        }
        *sums.entry("unknown_ids").or_default() += self.unknown_ids.load(Ordering::Relaxed);
        let garbage = sums.remove("datagrams_garbage").unwrap_or(0);
        *sums.entry("datagrams_malformed").or_default() += garbage;
        sums.insert("events_dropped", self.events.dropped());
        sums
    }

    /// Places a room on the thread with the fewest peers.
    pub fn open_room(&self, room: Id) {
        let peers = |worker: &Handle| {
            let counters = &worker.counters;
            (counters.peers.load(Ordering::Relaxed), counters.rooms.load(Ordering::Relaxed))
        };
        let Some((worker, handle)) =
            self.workers.iter().enumerate().min_by_key(|(_, worker)| peers(worker))
        else {
            return;
        };
        let mut owners = self.owners.lock();
        if owners.contains_key(&room) {
            return;
        }
        owners.insert(room, Owner::new(worker, room));
        drop(owners);
        handle.order(Order::OpenRoom { room, statistics: *locked(&self.statistics) });
    }

    /// Closes a room and all that is in it.
    pub fn close_room(&self, room: Id) {
        let Some(owner) = self.find(room).filter(|owner| owner.room == room) else { return };
        self.owners.lock().retain(|_, other| other.room != room);
        self.workers[owner.worker].order(Order::CloseRoom { room });
    }

    /// Opens a WebRTC endpoint; `may_offer`: sections may be added by offers of ours.
    pub fn open_peer(&self, room: Id, peer: Id, may_offer: bool) {
        self.open(room, peer, None, Command::OpenPeer { peer, may_offer });
    }

    /// Opens an audio endpoint.
    pub fn open_audio(&self, room: Id, peer: Id, sample_rate: u32, channels: u8) {
        let queue = Arc::new(AudioQueue::new(sample_rate, channels));
        let command = Command::OpenAudio { peer, sample_rate, channels, queue: queue.clone() };
        self.open(room, peer, Some(queue), command);
    }

    /// The queue of an audio endpoint; tell [`Engine::play`] after filling it while it was empty.
    pub fn audio_queue(&self, peer: Id) -> Option<Arc<AudioQueue>> {
        self.find(peer)?.queue
    }

    /// Samples were queued for an endpoint that had none.
    pub fn play(&self, peer: Id) {
        self.command(peer, Command::PlayAudio { peer });
    }

    /// Names the media of a section.
    pub fn publish(&self, peer: Id, mid: String, track: Id) {
        self.open_beside(peer, track, Command::Publish { peer, mid, track });
    }

    /// Opens a hub; `mix`: it gives one sound of all but the sink's own.
    pub fn open_hub(&self, room: Id, hub: Id, mix: bool) {
        self.open(room, hub, None, Command::OpenHub { hub, mix });
    }

    /// Passes a command to the room that has `id`; an unknown one is counted.
    pub fn command(&self, id: Id, command: Command) {
        if let Some(owner) = self.find(id) {
            let order = Order::Room { room: owner.room, command };
            self.workers[owner.worker].order(order);
        }
    }

    /// How often each room tells its statistics; zero: never.
    pub fn set_statistics_interval(&self, interval: Duration) {
        *locked(&self.statistics) = interval;
        for worker in &self.workers {
            worker.order(Order::SetStatisticsInterval { interval });
        }
    }

    /// Closes all peers, stops and joins the threads.
    pub fn close(&self) {
        for worker in &self.workers {
            worker.order(Order::Stop);
        }
        for worker in &self.workers {
            worker.cpu_time();
            if let Some(thread) = locked(&worker.thread).take() {
                // A thread that panicked has nothing more to say.
                let _ = thread.join();
            }
        }
        self.owners.lock().clear();
    }

    fn open(&self, room: Id, id: Id, queue: Option<Arc<AudioQueue>>, command: Command) {
        let Some(owner) = self.find(room).filter(|owner| owner.room == room) else { return };
        let owner = Owner { queue, ..Owner::new(owner.worker, room) };
        self.own(owner, id, command);
    }

    fn open_beside(&self, sibling: Id, id: Id, command: Command) {
        let Some(owner) = self.find(sibling) else { return };
        self.own(Owner::new(owner.worker, owner.room), id, command);
    }

    pub(crate) fn own(&self, owner: Owner, id: Id, command: Command) {
        let (worker, room) = (owner.worker, owner.room);
        let mut owners = self.owners.lock();
        if owners.contains_key(&id) {
            return;
        }
        owners.insert(id, owner);
        drop(owners);
        self.workers[worker].order(Order::Room { room, command });
    }

    /// Where something lives from now on, if it lives.
    pub(crate) fn settle(&self, id: Id, owner: Owner) {
        if let Some(known) = self.owners.lock().get_mut(&id) {
            *known = owner;
        }
    }

    pub(crate) fn find(&self, id: Id) -> Option<Owner> {
        let owner = self.owners.find(id);
        if owner.is_none() {
            self.unknown_ids.fetch_add(1, Ordering::Relaxed);
        }
        owner
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

impl Handle {
    pub(crate) fn order(&self, order: Order) {
        // A thread that has stopped takes no orders; that is what stopping means.
        if locked(&self.orders).send(order).is_ok() {
            self.flag.raise();
        }
    }

    /// CPU time of the thread; the last value known after it has ended.
    fn cpu_time(&self) -> Duration {
        let mut last = locked(&self.cpu_time);
        let thread = locked(&self.thread);
        if let Some(time) = thread.as_ref().and_then(|thread| cpu_time(thread.as_pthread_t())) {
            *last = time;
        }
        *last
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Binds a thread's sockets and makes all that it works with.
pub(crate) fn prepare(
    settings: &Settings,
    index: usize,
    identity: &Identity,
    owners: &Arc<Owners>,
    events: &Arc<EventQueue>,
    ports: &Arc<Ports>,
) -> io::Result<(Worker, Handle)> {
    let sockets = bind(settings.udp_port, index)?;
    let port = sockets[0].port();
    let has_v6 = sockets.len() > 1;
    let mut seen = HashSet::new();
    let candidates = settings.addresses.iter().chain(&settings.public_addresses);
    let candidates = candidates
        .filter(|address| (address.is_ipv4() || has_v6) && seen.insert(**address))
        .map(|&address| SocketAddr::new(address, port))
        .collect();
    let (orders, receiver) = channel();
    let flag = Arc::new(Flag::new()?);
    let counters = Arc::new(Counters::new());
    let worker = Worker {
        sockets,
        poller: Poller::new()?,
        flag: flag.clone(),
        orders: receiver,
        config: Arc::new(Config {
            candidates,
            identity: identity.clone(),
            estimate_bandwidth: settings.estimate_bandwidth,
            limits: Limits::default(),
        }),
        max_peers: settings.max_peers,
        events: events.clone(),
        counters: counters.clone(),
        owners: owners.clone(),
        ports: ports.clone(),
    };
    worker.watch()?;
    let handle = Handle {
        port,
        orders: Mutex::new(orders),
        flag,
        counters,
        thread: Mutex::new(None),
        cpu_time: Mutex::default(),
    };
    Ok((worker, handle))
}

/// Binds the same port of both families; IPv6 only where the machine has it.
fn bind(first: u16, index: usize) -> io::Result<Vec<Socket>> {
    if first != 0 {
        let port = u16::try_from(usize::from(first) + index)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "no such UDP port"))?;
        let v4 = Socket::bind(false, port)?;
        return match Socket::bind(true, port) {
            Ok(v6) => Ok(vec![v4, v6]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
            Err(_) => Ok(vec![v4]),
        };
    }
    for _ in 0..PORT_ATTEMPTS {
        let v4 = Socket::bind(false, 0)?;
        match Socket::bind(true, v4.port()) {
            Ok(v6) => return Ok(vec![v4, v6]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(_) => return Ok(vec![v4]),
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no UDP port is free for IPv4 and IPv6"))
}
