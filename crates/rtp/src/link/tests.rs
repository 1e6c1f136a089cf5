//! Two sections that are each other's telephones, on a path that delays and loses, under a virtual
//! clock.

use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::Compound;
use crate::dtls::tests::certificate;

const PACKET: Duration = Duration::from_millis(20);
const DELAY: Duration = Duration::from_millis(40);

fn address(host: u8, port: u16) -> SocketAddr {
    ([192, 0, 2, host], port).into()
}

fn clock_rate(payload_type: u8) -> Option<u32> {
    (payload_type == 0).then_some(8000)
}

fn settings(remote: SocketAddr, protection: Protection) -> Settings {
    let remote = Some(remote);
    let (remote_control, ice) = (None, None);
    Settings { remote, remote_control, mux: false, sends: true, receives: true, protection, ice }
}

struct Side {
    link: Link,
    host: u8,
    sequence: u64,
    heard: Vec<u64>,
    controls: Vec<(Instant, Vec<Control>)>,
}

struct Play {
    now: Instant,
    sides: [Side; 2],
    /// What is on its way: when it arrives, at which side, from whom, to which port.
    flying: Vec<(Instant, usize, SocketAddr, bool, Vec<u8>)>,
}

impl Play {
    fn new(protections: [Protection; 2]) -> Play {
        let now = Instant::now();
        let side = |host: u8, protection: &Protection| {
            let epoch = Epoch { at: now, wall: SystemTime::now() };
            let mut link = Link::new(host.into(), "name".into(), certificate(), epoch, now);
            link.configure(settings(address(3 - host, 4000), protection.clone()), now);
            Side { link, host, sequence: 7, heard: Vec::new(), controls: Vec::new() }
        };
        let sides = [side(1, &protections[0]), side(2, &protections[1])];
        Play { now, sides, flying: Vec::new() }
    }

    /// Both talk for so many packets; `lose`: which of the first side's.
    fn talk(&mut self, packets: u64, lose: impl Fn(u64) -> bool) {
        for index in 0..packets {
            self.now += PACKET;
            for at in 0..2 {
                let side = &mut self.sides[at];
                side.sequence += 1;
                let outgoing = Outgoing {
                    payload_type: 0,
                    marker: false,
                    sequence: side.sequence,
                    timestamp: (side.sequence * 160) as u32,
                    clock_rate: 8000,
                };
                assert!(side.link.send(outgoing, &[side.host; 160], self.now));
                side.link.wake(self.now);
                let from = side.host;
                for sent in side.link.output().collect::<Vec<_>>() {
                    if at == 0 && !sent.control && lose(index) {
                        continue;
                    }
                    assert_eq!(sent.remote.ip(), address(3 - from, 0).ip());
                    let source = address(from, 4000 + u16::from(sent.control));
                    let arrival = self.now + DELAY;
                    self.flying.push((arrival, 1 - at, source, sent.control, sent.contents));
                }
            }
            self.arrive();
        }
    }

    fn arrive(&mut self) {
        let now = self.now;
        let (due, rest) = std::mem::take(&mut self.flying).into_iter().partition(|at| at.0 <= now);
        self.flying = rest;
        let due: Vec<(Instant, usize, SocketAddr, bool, Vec<u8>)> = due;
        for (_, at, remote, control, contents) in due {
            let side = &mut self.sides[at];
            let local = address(side.host, 4000 + u16::from(control));
            let arrival = Arrival { local, remote, control };
            match side.link.receive(arrival, &contents, clock_rate, now) {
                Heard::Nothing => {}
                Heard::Packet(packet) => side.heard.push(packet.sequence),
                Heard::Control(controls) => side.controls.push((now, controls)),
            }
        }
    }
}

fn keys() -> [Protection; 2] {
    let make = || Crypto::generate(1, Suite::AesCm128Sha1_80).unwrap();
    let (ours, theirs) = (make(), make());
    let one = Protection::Keys(Box::new((ours.clone(), theirs.clone())));
    [one, Protection::Keys(Box::new((theirs, ours)))]
}

#[test]
fn reports_tell_losses_and_the_round_trip() {
    for protections in [[Protection::Plain, Protection::Plain], keys()] {
        let mut play = Play::new(protections);
        play.talk(3000, |index| index % 10 == 5);
        let [first, second] = &play.sides;
        assert!((2690..=2700).contains(&second.heard.len()), "{}", second.heard.len());
        assert!(first.heard.len() > 2990);
        // 60 s: a report each 2.5 to 7.5 s (RFC 3550 §6.3.1), the first somewhat earlier.
        assert!((8..=25).contains(&second.controls.len()), "{}", second.controls.len());
        let gaps = second.controls.windows(2).map(|pair| pair[1].0 - pair[0].0);
        assert!(gaps.clone().min() >= Some(Duration::from_millis(2480)));
        assert!(gaps.max() <= Some(Duration::from_millis(7520)));
        let Control::Report { sender: Some(info), .. } = &second.controls[3].1[0] else {
            panic!("whoever sends says what");
        };
        assert!(info.packets > 0 && info.bytes == info.packets * 160);
        let loss = first.link.transmission().loss().unwrap();
        assert!((0.05..0.15).contains(&loss), "{loss}");
        assert!((0.05..0.15).contains(&second.link.loss_in().unwrap()));
        let round_trip = first.link.transmission().round_trip().unwrap();
        // Both ways, and until the clock of this play ticks; reports tell times in 1/65536 s.
        assert!((79..=125).contains(&round_trip.as_millis()), "{round_trip:?}");
        assert_eq!(play.sides[0].link.take_refused(), Refused::default());
    }
}

#[test]
fn who_only_listens_reports_too_and_who_ends_says_so() {
    let mut play = Play::new([Protection::Plain, Protection::Plain]);
    play.talk(10, |_| false);
    let (now, first) = (play.now, &mut play.sides[0].link);
    first.goodbye(now);
    let sent: Vec<Sent> = first.output().collect();
    let controls = parse_all(&sent[0].contents);
    assert!(controls.contains(&Control::Goodbye(vec![1])), "{controls:?}");
    let later = now + Duration::from_secs(60);
    first.wake(later);
    let sent: Vec<Sent> = first.output().collect();
    let controls = parse_all(&sent[0].contents);
    assert!(
        matches!(controls[0], Control::Report { sender: None, ref blocks, .. } if blocks.len() == 1)
    );
}

fn parse_all(compound: &[u8]) -> Vec<Control> {
    crate::rtcp::parse(compound).unwrap()
}

#[test]
fn a_stranger_neither_takes_the_stream_nor_ends_it() {
    let mut play = Play::new([Protection::Plain, Protection::Plain]);
    play.talk(100, |_| false);
    let now = play.now;
    let link = &mut play.sides[0].link;
    for sequence in 0..200u16 {
        let header = Header { payload_type: 0, marker: false, sequence, timestamp: 0, ssrc: 66 };
        let mut packet = Vec::new();
        header.write(&[0; 160], &mut packet);
        let stranger = address(66, 6666);
        let arrival = Arrival { local: address(1, 4000), remote: stranger, control: false };
        assert!(matches!(link.receive(arrival, &packet, clock_rate, now), Heard::Nothing));
        let mut bye = Compound::default();
        bye.report(2, None, &[]);
        let arrival = Arrival { control: true, ..arrival };
        assert!(matches!(link.receive(arrival, &bye.finish(), clock_rate, now), Heard::Nothing));
    }
    assert_eq!(link.take_refused().strangers, 400);
    assert_eq!(link.remote(), Some(address(2, 4000)));
}

#[test]
fn a_flood_is_cut_off() {
    let mut play = Play::new([Protection::Plain, Protection::Plain]);
    let now = play.now;
    let link = &mut play.sides[0].link;
    let mut taken = 0;
    for sequence in 0..10_000u16 {
        let header = Header { payload_type: 0, marker: false, sequence, timestamp: 0, ssrc: 2 };
        let mut packet = Vec::new();
        header.write(&[0; 160], &mut packet);
        let remote = address(2, 4000);
        let arrival = Arrival { local: address(1, 4000), remote, control: false };
        let heard = link.receive(arrival, &packet, clock_rate, now);
        taken += u32::from(matches!(heard, Heard::Packet(_)));
    }
    // The first comes from somebody who is not known yet.
    assert_eq!(taken, BURST + 1);
}

#[test]
fn a_flood_of_strangers_does_not_silence_the_telephone() {
    let mut play = Play::new([Protection::Plain, Protection::Plain]);
    play.talk(10, |_| false);
    let (now, before) = (play.now, play.sides[0].heard.len());
    let link = &mut play.sides[0].link;
    // All may be heard just after a negotiation.
    link.configure(settings(address(2, 4000), Protection::Plain), now);
    for port in 0..2 * BURST as u16 {
        let header = Header { payload_type: 0, marker: false, sequence: 1, timestamp: 0, ssrc: 66 };
        let mut packet = Vec::new();
        header.write(&[0; 160], &mut packet);
        let arrival =
            Arrival { local: address(1, 4000), remote: address(66, port), control: false };
        assert!(matches!(link.receive(arrival, &packet, clock_rate, now), Heard::Nothing));
    }
    play.talk(10, |_| false);
    assert_eq!(play.sides[0].heard.len(), before + 10);
}

#[test]
fn a_key_that_stays_keeps_its_counters() {
    let mut play = Play::new(keys());
    play.sides.iter_mut().for_each(|side| side.sequence = 65_530);
    play.talk(20, |_| false);
    let (now, before) = (play.now, play.sides[1].heard.len());
    let link = &mut play.sides[0].link;
    let Protection::Keys(pair) = link.settings().protection.clone() else { panic!("keys") };
    // A telephone takes another key and calls ours by another number. Were ours begun anew, indices
    // would come twice, and nobody who heard the numbers go round could read on.
    let (mut ours, _) = *pair;
    ours.tag = 7;
    let theirs = Crypto::generate(1, Suite::AesCm128Sha1_80).unwrap();
    let protection = Protection::Keys(Box::new((ours, theirs)));
    link.configure(settings(address(2, 4000), protection), now);
    play.talk(20, |_| false);
    assert_eq!(play.sides[1].heard.len(), before + 20);
    assert!(play.sides[0].link.take_refused().forged > 0, "it has another key");
}

proptest! {
    #[test]
    fn any_datagram_is_survived(datagrams: Vec<(bool, u8, Vec<u8>)>, which in 0usize..3) {
        let fingerprint = crate::Fingerprint::of(&[]);
        let protection = match which {
            0 => Protection::Plain,
            1 => keys()[0].clone(),
            _ => Protection::Dtls { client: false, fingerprint },
        };
        let now = Instant::now();
        let epoch = Epoch { at: now, wall: SystemTime::UNIX_EPOCH };
        let mut link = Link::new(1, "name".into(), certificate(), epoch, now);
        link.configure(settings(address(2, 4000), protection), now);
        for (control, first, mut datagram) in datagrams {
            if let Some(byte) = datagram.first_mut() { *byte = first; }
            let arrival = Arrival { local: address(1, 4000), remote: address(2, 4000), control };
            let _ = link.receive(arrival, &datagram, clock_rate, now);
            link.wake(now);
            link.output();
        }
    }
}
