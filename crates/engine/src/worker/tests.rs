//! One thread's orders, without the thread.

use std::time::SystemTime;

use antiphon_rtp::Epoch;
use antiphon_session::Identity;

use super::*;
use crate::engine::{Settings, prepare};

const ROOM: Id = 1;
const PHONE: Id = 2;

fn thread() -> Thread {
    let settings = Settings {
        workers: 1,
        udp_port: 0,
        addresses: vec![[127, 0, 0, 1].into()],
        public_addresses: Vec::new(),
        max_peers: 10,
        estimate_bandwidth: false,
        event_limit: 100,
        phone_ports: (0, 0),
    };
    let (owners, ports) = (Arc::default(), Arc::new(Ports::new(0, 0).unwrap()));
    let events = Arc::new(EventQueue::new(settings.event_limit).unwrap());
    let identity = Identity::generate().unwrap();
    let (worker, _) = prepare(&settings, 0, &identity, &owners, &events, &ports).unwrap();
    Thread::new(worker)
}

fn with_phone(now: Instant) -> Thread {
    let mut thread = thread();
    thread.obey(Order::OpenRoom { room: ROOM, statistics: Duration::ZERO }, now);
    let epoch = Epoch { at: now, wall: SystemTime::now() };
    let command = Command::OpenPhone { peer: PHONE, epoch };
    thread.obey(Order::Room { room: ROOM, command }, now);
    thread.flush(now);
    thread
}

fn binding(sockets: [Socket; 2]) -> Order {
    let ports = (sockets[0].port(), sockets[1].port());
    let mid = "audio".to_owned();
    let socket = PhoneSocket { section: 3, mid, is_video: false, ports, is_v6: false };
    Order::BindPhone { room: ROOM, peer: PHONE, socket, sockets }
}

#[test]
fn a_telephone_whose_ports_are_watched_lives() {
    let now = Instant::now();
    let mut thread = with_phone(now);
    let sockets = thread.worker.ports.bind(false).unwrap();
    thread.obey(binding(sockets), now);
    thread.flush(now);
    let events = thread.worker.events.take(10);
    assert!(!events.iter().any(|event| matches!(event, Event::Closed { .. })), "{events:?}");
    assert_eq!(thread.peers.get(&PHONE), Some(&ROOM));
}

#[test]
fn a_telephone_whose_ports_cannot_be_watched_is_closed_and_that_is_told() {
    for refused in 0..2 {
        let now = Instant::now();
        let mut thread = with_phone(now);
        let sockets = thread.worker.ports.bind(false).unwrap();
        // The kernel refuses what it watches already.
        thread.worker.poller.watch(sockets[refused].fd(), 5).unwrap();
        thread.obey(binding(sockets), now);
        thread.flush(now);
        let events = thread.worker.events.take(10);
        let closed = |event: &Event| matches!(event, Event::Closed { peer: PHONE, .. });
        assert_eq!(events.iter().filter(|event| closed(event)).count(), 1, "{events:?}");
        assert!(thread.peers.is_empty());
    }
}
