//! A room under commands, descriptions and datagrams of any content, under a virtual clock. A panic
//! is a defect: it would close the room.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use antiphon_packet::peek_check;
use antiphon_session::{Command, Config, Identity, Limits, Room};
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| {
    Arc::new(Config {
        candidates: vec!["192.0.2.1:7882".parse().expect("an address")],
        identity: Identity::generate().expect("an identity"),
        estimate_bandwidth: true,
        limits: Limits::default(),
    })
});

fuzz_target!(|input: (Vec<(u8, u8, u8)>, Vec<String>, Vec<Vec<u8>>)| {
    let (steps, texts, datagrams) = input;
    let mut now = Instant::now();
    let mut room = Room::new(1, CONFIG.clone(), Duration::from_secs(2));
    for (verb, id, other) in steps.into_iter().take(200) {
        let (peer, track, hub) = (u64::from(id % 4), 4 + u64::from(id % 4), 8 + u64::from(id % 4));
        let (source, sinks) = (u64::from(id % 12), vec![u64::from(other % 12)]);
        let text = || texts.get(usize::from(other)).cloned().unwrap_or_default();
        let bytes = datagrams.get(usize::from(other)).map(Vec::as_slice).unwrap_or_default();
        let command = match verb % 16 {
            0 => Command::OpenPeer { peer, may_offer: other % 2 == 0 },
            1 => Command::ClosePeer { peer },
            2 => Command::AcceptOffer { peer, request: 1, sdp: text() },
            3 => Command::AcceptAnswer { peer, request: u64::from(other), sdp: text() },
            4 => Command::AddCandidate { peer, candidate: text() },
            5 => Command::RestartIce { peer },
            6 => Command::Publish { peer, mid: text(), track },
            7 => Command::Unpublish { track },
            8 => Command::Pause { track, paused: other % 2 == 0 },
            9 => Command::OpenHub { hub, mix: other % 2 == 1 },
            10 => Command::CloseHub { hub },
            11 => Command::Connect { source, sinks },
            12 => Command::Disconnect { source, sinks },
            13 => Command::SendData { peer, data: bytes.to_vec(), binary: other % 2 == 0 },
            14 => {
                let local = CONFIG.candidates[0];
                let remote = ([198, 51, 100, id], 5000).into();
                room.receive(peer, local, remote, bytes, peek_check(bytes), now);
                Command::WatchData { peer, watch: true }
            }
            _ => {
                now += Duration::from_millis(u64::from(other) * 50);
                room.wake(now);
                Command::RequestKeyframe { track }
            }
        };
        room.command(command, now);
        room.flush(now);
        room.output().clear();
        room.events();
        room.notices();
    }
    room.close(now);
    room.flush(now);
});
