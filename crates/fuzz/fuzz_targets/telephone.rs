//! Anything as datagrams at a telephone's ports: packets, reports, checks, handshakes, keys.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use antiphon_rtp::{Credentials, Crypto, Epoch, Fingerprint, Protection, Settings};
use antiphon_session::{
    Command, Config, Identity, Limits, PhoneMedia, PhonePort, PhoneSocket, Room,
};
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| {
    Arc::new(Config {
        candidates: vec!["192.0.2.1:4000".parse().expect("an address")],
        identity: Identity::generate().expect("an identity"),
        estimate_bandwidth: false,
        limits: Limits::default(),
    })
});

fn media(kind: u8, text: &str) -> PhoneMedia {
    let key = "1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
    let crypto = || Crypto::parse(key).expect("a key");
    let protection = match kind % 4 {
        1 => Protection::Keys(Box::new((crypto(), crypto()))),
        2 | 3 => Protection::Dtls { client: kind % 4 == 2, fingerprint: Fingerprint::of(&[]) },
        _ => Protection::Plain,
    };
    let ice = (kind & 4 != 0).then(|| Credentials {
        fragment: "ours".to_owned(),
        password: "p".repeat(22),
        their_fragment: "their".to_owned(),
    });
    let formats = vec![
        (0, "PCMU".to_owned(), 8000, 1, String::new()),
        (96, "opus".to_owned(), 48_000, 2, String::new()),
        (9, "G722".to_owned(), 8000, 1, String::new()),
        (13, "CN".to_owned(), 8000, 1, String::new()),
        (101, "telephone-event".to_owned(), 8000, 1, String::new()),
        (97, "H264".to_owned(), 90_000, 1, text.to_owned()),
        (98, "VP8".to_owned(), 90_000, 1, String::new()),
    ];
    let settings = Settings {
        remote: Some(([198, 51, 100, 1], 5000).into()),
        remote_control: None,
        mux: kind & 8 != 0,
        sends: kind & 16 == 0,
        receives: kind & 32 == 0,
        protection,
        ice,
    };
    let packet_time = Duration::from_millis(20);
    PhoneMedia { settings, accepts: formats.clone(), formats, packet_time }
}

fuzz_target!(|input: (u8, String, Vec<(u8, Vec<u8>)>)| {
    let (kind, text, datagrams) = input;
    let mut now = Instant::now();
    let mut room = Room::new(1, CONFIG.clone(), Duration::from_secs(2));
    let epoch = Epoch { at: now, wall: SystemTime::UNIX_EPOCH };
    for peer in [10, 20] {
        room.command(Command::OpenPhone { peer, epoch }, now);
        for (section, mid) in [(peer + 1, "0"), (peer + 2, "1")] {
            let (is_video, ports) = (mid == "1", (4000, 4001));
            let socket = PhoneSocket { section, mid: mid.to_owned(), is_video, ports, is_v6: false };
            room.command(Command::BindPhone { peer, socket }, now);
            let (mid, media) = (mid.to_owned(), Box::new(media(kind, &text)));
            room.command(Command::ConfigurePhone { peer, mid, media }, now);
            let (mid, track) = (if is_video { "1" } else { "0" }.to_owned(), section + 100);
            room.command(Command::Publish { peer, mid, track }, now);
        }
    }
    for (source, sink) in [(111, 20), (112, 20), (121, 10), (122, 10)] {
        room.command(Command::Connect { source, sinks: vec![sink] }, now);
    }
    for (way, datagram) in datagrams.into_iter().take(200) {
        let peer = if way & 1 == 0 { 10 } else { 20 };
        let section = peer + 1 + u64::from(way >> 1 & 1);
        let port = PhonePort { peer, section, control: way & 4 != 0 };
        let local = ([192, 0, 2, 1], 4000).into();
        let remote = ([198, 51, 100, 1 + (way >> 3 & 1)], 5000).into();
        room.receive_phone(port, local, remote, &datagram, now);
        room.flush(now);
        now += Duration::from_millis(u64::from(way >> 4) * 20);
        room.wake(now);
        room.phone_output().clear();
        room.events();
        room.notices();
    }
    room.close(now);
});
