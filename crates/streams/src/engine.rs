//! All connections of a process, and one epoll for them.
//!
//! A turn reads at most one piece of each connection, tells at most some elements of it, and
//! negotiates TLS with a few: whoever sends much waits for the others.

use std::collections::VecDeque;
use std::mem::{MaybeUninit, take};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{SocketFlags, acceptfrom_with, sockopt};
use slab::Slab;

use crate::alarm::Alarm;
use crate::conn::{Conn, Phase};
use crate::counters::Counters;
use crate::event::{Event, Id, What};
use crate::framer::{Framer, Framing};
use crate::tls::{Profile, Tls};

/// Bytes read of one connection in a turn.
pub(crate) const PIECE: usize = 16 * 1024;
/// Connections looked at in a turn.
const READY: usize = 256;
/// Elements told of one connection in a turn.
pub(crate) const ELEMENTS: usize = 32;
/// Events of a turn, more or less.
const EVENTS: usize = 1024;
/// Pieces of TLS handshakes in a turn; each may be a signature.
const HANDSHAKES: usize = 8;
/// Connections accepted in a turn.
const ACCEPTS: usize = 64;
/// How long sent data may stay unacknowledged (ms).
const USER_TIMEOUT: u32 = 60_000;
/// While the process or the machine is out of something that others will give back.
const EXHAUSTED: Duration = Duration::from_millis(200);
/// How long we may be silent about a stream that cannot be read on.
pub(crate) const FAILED: Duration = Duration::from_secs(5);
/// In which some of the rest must be taken by the peer, while a connection ends.
pub(crate) const ENDING: Duration = Duration::from_secs(30);
/// In which the peer may end it too, when everything has been sent, and how many may take it.
pub(crate) const LINGERING: Duration = Duration::from_secs(2);
pub(crate) const LINGERERS: usize = 512;

const ALARM: u64 = u64::MAX;
const LISTENER: u64 = 1 << 62;
const SLOT_BITS: u32 = 24;

/// How connections of a listener begin.
#[derive(Clone, Debug)]
pub struct Start {
    /// Comes with each event.
    pub tag: u32,
    /// How they are read.
    pub framing: Framing,
    /// Whether TLS comes first.
    pub tls: bool,
    /// How TLS is, then or later.
    pub profile: Arc<Profile>,
    /// Bytes of an element.
    pub element: u32,
    /// Bytes that may wait to be written.
    pub outbox: u32,
}

struct Listener {
    fd: OwnedFd,
    start: Start,
}

/// Times that strangers have.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For TLS, and the head of a request.
    pub handshake: Duration,
    /// From then until they are let free.
    pub login: Duration,
}

/// The engine. It never blocks; one thread uses it.
pub struct Engine {
    epoll: OwnedFd,
    pub(crate) alarm: Alarm,
    pub(crate) times: Times,
    pub(crate) tls: Tls,
    pub(crate) conns: Slab<Box<Conn>>,
    listeners: Slab<Listener>,
    generation: u64,
    pub(crate) piece: Box<[u8]>,
    pub(crate) plain: Vec<u8>,
    ready: Vec<(EventFlags, u64)>,
    pub(crate) dirty: Vec<Id>,
    pub(crate) behind: VecDeque<Id>,
    pub(crate) late: Vec<Event>,
    pub(crate) handshakes: usize,
    pub(crate) lingerers: usize,
    /// Totals.
    pub counters: Counters,
}

pub(crate) fn slot(id: Id) -> usize {
    (id & ((1 << SLOT_BITS) - 1)) as usize
}

impl Engine {
    /// Without listeners.
    pub fn new(times: Times) -> rustix::io::Result<Engine> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let alarm = Alarm::new()?;
        epoll::add(&epoll, alarm.fd(), EventData::new_u64(ALARM), EventFlags::IN)?;
        Ok(Engine {
            epoll,
            alarm,
            times,
            tls: Tls::default(),
            conns: Slab::new(),
            listeners: Slab::new(),
            generation: 0,
            piece: vec![0; PIECE].into(),
            plain: Vec::new(),
            ready: Vec::with_capacity(READY),
            dirty: Vec::new(),
            behind: VecDeque::new(),
            late: Vec::new(),
            handshakes: 0,
            lingerers: 0,
            counters: Counters::default(),
        })
    }

    /// Readable when `poll` has something.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Accepts on a listening socket.
    pub fn listen(&mut self, fd: OwnedFd, start: Start) -> rustix::io::Result<()> {
        // Accepted sockets inherit these; a socket of another kind than TCP lacks some.
        ioctl_fionbio(&fd, true)?;
        sockopt::set_socket_keepalive(&fd, true)?;
        let tcp = sockopt::set_tcp_nodelay(&fd, true);
        let tcp = tcp.and_then(|()| sockopt::set_tcp_user_timeout(&fd, USER_TIMEOUT));
        if let Err(error) = tcp
            && error != Errno::OPNOTSUPP
        {
            return Err(error);
        }
        let entry = self.listeners.vacant_entry();
        let data = EventData::new_u64(LISTENER | entry.key() as u64);
        epoll::add(&self.epoll, &fd, data, EventFlags::IN)?;
        entry.insert(Listener { fd, start });
        Ok(())
    }

    /// Accepts nothing more with that tag.
    pub fn unlisten(&mut self, tag: u32) {
        self.listeners.retain(|_, listener| listener.start.tag != tag);
    }

    /// Takes a connected socket as the client of a server of that name. Raises what TLS says.
    pub fn connect(&mut self, fd: OwnedFd, start: Start, name: &str) -> Result<Id, String> {
        let now = Instant::now();
        let connection = match start.tls {
            true => Some(self.tls.client(&start.profile, name).map_err(|why| why.to_string())?),
            false => None,
        };
        ioctl_fionbio(&fd, true).map_err(|why| why.to_string())?;
        // Without these it works too.
        let _ = sockopt::set_tcp_nodelay(&fd, true);
        let _ = sockopt::set_tcp_user_timeout(&fd, USER_TIMEOUT);
        let id = self.add(fd, &start, true, now).map_err(|why| why.to_string())?;
        if let Some(conn) = self.get(id) {
            conn.server_name = Some(name.into());
            conn.is_freed = true;
            if let Some(connection) = connection {
                conn.phase = Phase::Handshake;
                conn.tls = Some(Box::new(connection));
                self.set_deadline(id, Some(now + self.times.handshake), now);
                self.touch(id);
            }
        }
        Ok(id)
    }

    fn add(
        &mut self,
        fd: OwnedFd,
        start: &Start,
        free: bool,
        now: Instant,
    ) -> rustix::io::Result<Id> {
        let entry = self.conns.vacant_entry();
        if entry.key() >= 1 << SLOT_BITS {
            return Err(Errno::NFILE);
        }
        self.generation += 1;
        let id = self.generation << SLOT_BITS | entry.key() as u64;
        epoll::add(&self.epoll, &fd, EventData::new_u64(id), EventFlags::IN)?;
        let framer = Framer::new(start.framing.clone(), start.element, free);
        let mut conn = Conn::new(id, start.tag, fd, framer, now);
        conn.profile = start.profile.clone();
        conn.outbox = start.outbox;
        entry.insert(Box::new(conn));
        self.counters.accepted += 1;
        Ok(id)
    }

    /// A connection that is not about to end.
    pub(crate) fn get(&mut self, id: Id) -> Option<&mut Conn> {
        let conn = self.conns.get_mut(slot(id))?;
        (conn.id == id).then_some(&mut **conn)
    }

    pub(crate) fn tell(&mut self, event: Event) {
        if self.late.is_empty() {
            self.alarm.ring(Instant::now());
        }
        self.late.push(event);
    }

    /// Has it written with the next flush.
    pub(crate) fn touch(&mut self, id: Id) {
        if let Some(conn) = self.get(id)
            && !conn.dirty
            // Who cannot be written to is not tried, but is let go once too much waits.
            && (!conn.writes || conn.doomed.is_some())
        {
            conn.dirty = true;
            self.dirty.push(id);
        }
    }

    pub(crate) fn set_deadline(&mut self, id: Id, deadline: Option<Instant>, now: Instant) {
        let Some(conn) = self.get(id) else { return };
        conn.deadline = deadline;
        if let Some(time) = deadline {
            self.alarm.at(time, id, now);
        }
    }

    pub(crate) fn watch(&mut self, id: Id, reads: bool, writes: bool) {
        let Some(conn) = self.conns.get_mut(slot(id)).filter(|conn| conn.id == id) else { return };
        if (conn.reads, conn.writes) == (reads, writes) {
            return;
        }
        (conn.reads, conn.writes) = (reads, writes);
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, reads);
        flags.set(EventFlags::OUT, writes);
        // It is in the set as long as it is open.
        let _ = epoll::modify(&self.epoll, &conn.fd, EventData::new_u64(id), flags);
    }

    /// Looks at it again, since something that held it back may have gone.
    pub(crate) fn go_on(&mut self, id: Id) {
        let Some(conn) = self.get(id) else { return };
        if conn.may_cut() && !conn.input.is_empty() && !conn.framer.waits() && !conn.is_behind {
            conn.is_behind = true;
            self.behind.push_back(id);
            self.alarm.ring(Instant::now());
        }
        let Some(conn) = self.get(id) else { return };
        if !conn.reads && conn.may_read() {
            let writes = conn.writes;
            self.watch(id, true, writes);
        }
    }

    /// One turn: what happened since the last.
    pub fn poll(&mut self) -> Vec<Event> {
        let now = Instant::now();
        let mut events = take(&mut self.late);
        self.handshakes = HANDSHAKES;
        let mut ready = take(&mut self.ready);
        self.see_ready(&mut ready);
        if ready.iter().any(|&(_, data)| data == ALARM) {
            self.alarm.rang();
        }
        self.run_due(&mut events, now);
        for _ in 0..self.behind.len() {
            if events.len() >= EVENTS {
                break;
            }
            if let Some(id) = self.behind.pop_front() {
                self.guarded(id, |engine| engine.catch_up(id, &mut events, now));
            }
        }
        for &(flags, data) in &ready {
            if events.len() >= EVENTS {
                break;
            }
            if data == ALARM {
            } else if data & LISTENER != 0 && data < ALARM {
                self.accept((data & !LISTENER) as usize, &mut events, now);
            } else {
                self.guarded(data, |engine| engine.serve(data, flags, &mut events, now));
            }
        }
        ready.clear();
        self.ready = ready;
        events.append(&mut self.late);
        if !self.behind.is_empty() {
            self.alarm.ring(now);
        }
        self.alarm.arm(now);
        self.counters.turns += 1;
        self.counters.events += events.len() as u64;
        events
    }

    fn see_ready(&self, ready: &mut Vec<(EventFlags, u64)>) {
        let mut room = [const { MaybeUninit::<epoll::Event>::uninit() }; READY];
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        // Interrupted: whatever is ready still is in the next turn.
        if let Ok((events, _)) = epoll::wait(&self.epoll, &mut room, Some(&none)) {
            ready.extend(events.iter().map(|event| (event.flags, event.data.u64())));
        }
    }

    /// Does something with what a peer sent; should it panic, that costs this connection only.
    fn guarded(&mut self, id: Id, act: impl FnOnce(&mut Engine)) {
        let done = catch_unwind(AssertUnwindSafe(|| act(self)));
        if done.is_err() {
            self.counters.panics += 1;
            self.drop(id, "panic");
        }
    }

    fn serve(&mut self, id: Id, flags: EventFlags, events: &mut Vec<Event>, now: Instant) {
        if flags.contains(EventFlags::OUT) {
            self.flush_one(id);
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            self.readable(id, flags, events, now);
        }
    }

    fn accept(&mut self, at: usize, events: &mut Vec<Event>, now: Instant) {
        for _ in 0..ACCEPTS {
            let Some(listener) = self.listeners.get(at) else { return };
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let (fd, peer) = match acceptfrom_with(&listener.fd, flags) {
                Ok((fd, peer)) => (fd, peer.and_then(|peer| SocketAddr::try_from(peer).ok())),
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    return self.exhausted(at, now);
                }
                Err(Errno::AGAIN) => return,
                // Of the connection that is gone already (accept(2), "Error handling").
                Err(_) => continue,
            };
            let start = listener.start.clone();
            // A Unix socket's peer has no address.
            let peer = peer.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
            match self.begin(fd, &start, now) {
                Ok(id) => {
                    let what = What::Accepted(peer, start.tls);
                    events.push(Event { tag: start.tag, id, what });
                }
                Err(_) => self.counters.exhausted += 1,
            }
        }
    }

    /// Nobody is served by trying again at once.
    fn exhausted(&mut self, at: usize, now: Instant) {
        self.counters.exhausted += 1;
        if let Some(listener) = self.listeners.get(at) {
            let data = EventData::new_u64(LISTENER | at as u64);
            let _ = epoll::modify(&self.epoll, &listener.fd, data, EventFlags::empty());
            self.alarm.at(now + EXHAUSTED, LISTENER | at as u64, now);
        }
    }

    fn begin(&mut self, fd: OwnedFd, start: &Start, now: Instant) -> rustix::io::Result<Id> {
        let id = self.add(fd, start, false, now)?;
        if start.tls {
            self.start_tls(id, now);
        } else {
            self.set_first_deadline(id, now);
        }
        Ok(id)
    }

    /// Begins TLS as a server, or as the client that the connection is.
    pub(crate) fn start_tls(&mut self, id: Id, now: Instant) {
        let Some(conn) = self.conns.get_mut(slot(id)).filter(|conn| conn.id == id) else { return };
        let connection = match &conn.server_name {
            None => self.tls.server(&conn.profile),
            Some(name) => self.tls.client(&conn.profile, name),
        };
        match connection {
            Ok(connection) => {
                conn.tls = Some(Box::new(connection));
                conn.phase = Phase::Handshake;
                let deadline = now + self.times.handshake;
                self.set_deadline(id, Some(deadline), now);
                self.touch(id);
            }
            Err(_) => {
                conn.doomed = Some("tls");
                self.touch(id);
            }
        }
    }

    /// The time for what comes after TLS.
    pub(crate) fn set_first_deadline(&mut self, id: Id, now: Instant) {
        let Some(conn) = self.get(id) else { return };
        let deadline = match &conn.framer {
            _ if conn.is_freed => None,
            framer if framer.is_free() || framer.may_be_raw() => None,
            framer if framer.is_head() => Some(now + self.times.handshake),
            _ => Some(now + self.times.login),
        };
        self.set_deadline(id, deadline, now);
    }

    fn run_due(&mut self, events: &mut Vec<Event>, now: Instant) {
        while let Some(whom) = self.alarm.due(now) {
            if whom & LISTENER != 0 {
                let at = (whom & !LISTENER) as usize;
                if let Some(listener) = self.listeners.get(at) {
                    let data = EventData::new_u64(whom);
                    let _ = epoll::modify(&self.epoll, &listener.fd, data, EventFlags::IN);
                }
                continue;
            }
            let Some(conn) = self.get(whom) else { continue };
            if conn.throttled.is_some_and(|time| time <= now) {
                conn.throttled = None;
                self.go_on(whom);
            }
            let Some(conn) = self.get(whom) else { continue };
            if conn.deadline.is_some_and(|time| time <= now) {
                self.overdue(whom, events, now);
            }
        }
    }

    fn overdue(&mut self, id: Id, events: &mut Vec<Event>, now: Instant) {
        let Some(conn) = self.get(id) else { return };
        match conn.phase {
            Phase::Open if !conn.framer.is_head() && !conn.framer.is_asked() => {
                self.counters.login_times += 1;
                self.fail(id, "connection-timeout", events, now);
            }
            Phase::Handshake | Phase::Open => {
                self.counters.handshake_times += 1;
                self.drop(id, "handshake_time");
            }
            Phase::Failed => self.drop(id, "failed"),
            Phase::Ending if conn.sent > conn.mark => {
                conn.mark = conn.sent;
                self.set_deadline(id, Some(now + ENDING), now);
            }
            Phase::Ending | Phase::Lingering => {
                let reason = conn.reason;
                self.drop(id, reason);
            }
        }
    }
}
