//! Offers, answers, glares, limits, and sessions that begin, break and end.

use std::time::Duration;

use crate::world::{AUDIO, HEAR, SEE, STEP, VIDEO, World, vp8};
use antiphon_session::{Command, Event, Id};
use proptest::prelude::*;
use str0m::Rtc;
use str0m::config::DtlsCert;
use str0m::media::Direction;

const MS: Duration = Duration::from_millis(1);

fn closed(world: &World) -> Vec<(Id, &'static str)> {
    let closed = world.events.iter().filter_map(|event| match event {
        Event::Closed { peer, reason, .. } => Some((*peer, *reason)),
        _ => None,
    });
    closed.collect()
}

#[test]
fn sections_are_offered_once_and_used_again() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[AUDIO, VIDEO]);
    let (bob, _) = world.join(&[AUDIO]);
    let (sound, picture) = (world.publish(ann, ann_mids[0]), world.publish(ann, ann_mids[1]));
    let peer = world.clients[bob].peer;
    world.connect(sound, &[peer]);
    world.connect(picture, &[peer]);
    let offers = world.offers_to(peer);
    assert_eq!(offers.len(), 1, "one is outstanding, the other waits");
    world.answer(bob);
    world.answer(bob);
    assert_eq!(world.offers_to(peer).len(), 2);
    let mapped = world.mapped(peer);
    assert_eq!(mapped.len(), 2);
    world.disconnect(sound, &[peer]);
    world.disconnect(picture, &[peer]);
    assert!(world.mapped(peer).is_empty());
    world.connect(picture, &[peer]);
    world.connect(sound, &[peer]);
    assert_eq!(world.mapped(peer), mapped, "the same sections carry the same kinds again");
    assert_eq!(world.offers_to(peer).len(), 2);
    world.run(200 * MS);
    world.send(ann, ann_mids[1], &vp8(true, 1, 1, 1), None);
    world.run(100 * MS);
    assert_eq!(world.clients[bob].packets.len(), 1);
}

#[test]
fn wires_made_together_share_an_offer() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[AUDIO, VIDEO]);
    let (bob, _) = world.join(&[AUDIO]);
    let hub = world.id();
    world.tell(Command::OpenHub { hub, mix: false });
    for mid in ann_mids {
        let track = world.publish(ann, mid);
        world.connect(track, &[hub]);
    }
    let peer = world.clients[bob].peer;
    world.connect(hub, &[peer]);
    let (_, sdp) = world.offers_to(peer).pop().unwrap();
    assert_eq!(sdp.matches("m=").count(), 3);
    assert!(sdp.contains("a=setup:actpass") && sdp.contains("a=end-of-candidates"));
}

#[test]
fn their_offer_wins_a_glare_and_ours_is_made_again() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, _) = world.join(&[AUDIO]);
    let picture = world.publish(ann, ann_mids[0]);
    let peer = world.clients[bob].peer;
    world.connect(picture, &[peer]);
    let (stale, sdp) = world.offers_to(peer).pop().unwrap();
    // Bob has offered meanwhile: another microphone.
    world.offer(bob, &[AUDIO], &[]);
    assert_eq!(world.offers_to(peer).len(), 2, "still needed");
    world.tell(Command::AcceptAnswer { peer, request: stale, sdp });
    assert!(world.failures().is_empty(), "a stale answer is ignored");
    world.answer(bob);
    assert_eq!(world.mapped(peer).len(), 1);
    // When their offer brings the section that ours was for, ours is not needed any more.
    let (cid, _) = world.join(&[AUDIO]);
    let peer = world.clients[cid].peer;
    world.connect(picture, &[peer]);
    let mids = world.offer(cid, &[SEE], &[]);
    assert_eq!(world.offers_to(peer).len(), 1);
    assert_eq!(world.mapped(peer), [(mids[0].to_string(), picture)].into());
}

#[test]
fn a_refused_section_is_not_offered_again_until_wired_again() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, _) = world.join(&[AUDIO]);
    let picture = world.publish(ann, ann_mids[0]);
    let peer = world.clients[bob].peer;
    world.connect(picture, &[peer]);
    let (request, sdp) = world.offers_to(peer).pop().unwrap();
    let offer = str0m::change::SdpOffer::from_sdp_string(&sdp).unwrap();
    let answer = world.clients[bob].rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
    let (head, video) = answer.split_at(answer.find("m=video").unwrap());
    let sdp = format!("{head}{}", video.replace("a=recvonly", "a=inactive"));
    world.tell(Command::AcceptAnswer { peer, request, sdp });
    world.run(500 * MS);
    assert_eq!(world.offers_to(peer).len(), 1);
    assert!(world.mapped(peer).is_empty());
    world.disconnect(picture, &[peer]);
    world.connect(picture, &[peer]);
    assert_eq!(world.offers_to(peer).len(), 2);
}

#[test]
fn a_section_that_they_turn_off_stops() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, bob_mids) = world.join(&[SEE]);
    let picture = world.publish(ann, ann_mids[0]);
    let peer = world.clients[bob].peer;
    world.connect(picture, &[peer]);
    assert_eq!(world.mapped(peer).len(), 1);
    let mut changes = world.clients[bob].rtc.sdp_api();
    changes.set_direction(bob_mids[0], Direction::Inactive);
    let (offer, pending) = changes.apply().unwrap();
    world.exchange(bob, offer.to_sdp_string(), pending);
    assert!(world.mapped(peer).is_empty());
    world.send(ann, ann_mids[0], &vp8(true, 1, 1, 1), None);
    world.run(200 * MS);
    assert!(world.clients[bob].packets.is_empty());
    assert!(world.offers_to(peer).is_empty());
}

#[test]
fn peers_that_may_not_be_offered_to_wait_for_a_section() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[AUDIO]);
    let sound = world.publish(ann, ann_mids[0]);
    let (bob, _) = world.join(&[VIDEO]);
    let peer = world.id();
    world.clients[bob].peer = peer;
    world.tell(Command::OpenPeer { peer, may_offer: false });
    world.connect(sound, &[peer]);
    world.tell(Command::RestartIce { peer });
    world.run(100 * MS);
    assert!(world.offers_to(peer).is_empty());
    let at = world.add();
    world.clients[at].peer = peer;
    world.offer(at, &[HEAR], &[]);
    assert_eq!(world.mapped(peer).len(), 1);
}

#[test]
fn tracks_may_be_published_before_their_section_is_known() {
    let mut world = World::new();
    let (bob, bob_mids) = world.join(&[SEE]);
    let ann = world.add();
    let mut changes = world.clients[ann].rtc.sdp_api();
    let mid = changes.add_media(VIDEO.0, VIDEO.1, None, None, None);
    let (offer, pending) = changes.apply().unwrap();
    let picture = world.publish(ann, mid);
    let peer = world.clients[bob].peer;
    world.connect(picture, &[peer]);
    assert!(world.mapped(peer).is_empty());
    world.exchange(ann, offer.to_sdp_string(), pending);
    assert_eq!(world.mapped(peer), [(bob_mids[0].to_string(), picture)].into());
}

#[test]
fn bad_descriptions_are_refused_and_do_no_harm() {
    let mut world = World::new();
    let (ann, _) = world.join(&[AUDIO]);
    let peer = world.clients[ann].peer;
    let bad = [
        String::new(),
        "v=0".to_owned(),
        "\u{0}\u{1}garbage".to_owned(),
        "x".repeat(70_000),
        format!("v=0\r\n{}", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(300)),
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=setup:passive\r\n".to_owned(),
    ];
    for (request, sdp) in bad.into_iter().enumerate() {
        world.tell(Command::AcceptOffer { peer, request: 50 + request as u64, sdp });
    }
    assert_eq!(
        world.failures().iter().map(|(n, _)| *n).collect::<Vec<_>>(),
        [50, 51, 52, 53, 54, 55]
    );
    world.tell(Command::AddCandidate { peer, candidate: "nonsense".to_owned() });
    assert_eq!(world.failures().last().unwrap().0, 0);
    world.tell(Command::AddCandidate { peer, candidate: String::new() });
    assert_eq!(world.failures().len(), 7);
    world.offer(ann, &[VIDEO], &[]);
    assert_eq!(world.failures().len(), 7);
}

#[test]
fn a_peer_that_never_connects_is_closed_after_30_seconds() {
    let mut world = World::new();
    let ann = world.add();
    let peer = world.clients[ann].peer;
    world.run(29 * 1000 * MS);
    assert!(closed(&world).is_empty());
    world.run(3 * 1000 * MS);
    assert_eq!(closed(&world), [(peer, "timeout")]);
    assert_eq!(world.room.peers(), 0);
    world.tell(Command::ClosePeer { peer });
    assert_eq!(world.room.take_counts().unknown_ids, 1);
}

#[test]
fn a_short_cut_is_survived_and_a_long_one_ends() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, _) = world.join(&[SEE]);
    let picture = world.publish(ann, ann_mids[0]);
    let (source, sink) = (world.clients[ann].peer, world.clients[bob].peer);
    world.connect(picture, &[sink]);
    world.clients[ann].cut = true;
    world.run(5 * 1000 * MS);
    world.clients[ann].cut = false;
    world.run(2000 * MS);
    world.send(ann, ann_mids[0], &vp8(true, 1, 1, 1), None);
    world.run(100 * MS);
    assert_eq!(world.clients[bob].packets.len(), 1);
    assert!(!world.events.iter().any(|event| matches!(event, Event::Interrupted { .. })));
    world.clients[ann].cut = true;
    world.run(25 * 1000 * MS);
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, Event::Interrupted { peer } if *peer == source))
    );
    assert!(closed(&world).is_empty());
    world.run(35 * 1000 * MS);
    assert_eq!(closed(&world), [(source, "timeout")]);
}

#[test]
fn a_client_that_says_goodbye_is_closed() {
    let mut world = World::new();
    let (ann, _) = world.join(&[AUDIO]);
    let peer = world.clients[ann].peer;
    let now = world.now;
    world.clients[ann].rtc.close().unwrap();
    world.clients[ann].pump(now);
    world.run(200 * MS);
    assert_eq!(closed(&world), [(peer, "closed")]);
    assert_eq!(world.room.peers(), 0);
}

#[test]
fn a_closed_room_says_goodbye() {
    let mut world = World::new();
    let (ann, _) = world.join(&[AUDIO]);
    let now = world.now;
    world.room.close(now);
    world.settle();
    world.run(STEP * 4);
    assert!(world.clients[ann].closed);
    assert_eq!(world.room.deadline(), None, "an empty room has nothing to wake for");
}

#[test]
fn a_client_that_roams_is_followed() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[AUDIO]);
    let (bob, bob_mids) = world.join(&[HEAR]);
    let sound = world.publish(ann, ann_mids[0]);
    let sink = world.clients[bob].peer;
    world.connect(sound, &[sink]);
    world.run(1000 * MS);
    // A new mapping of the NAT in front of bob: the same socket, seen from another port.
    world.clients[bob].address.set_port(6000);
    world.run(4000 * MS);
    let before = world.clients[bob].heard(bob_mids[0]).len();
    for n in 0..50 {
        world.send(ann, ann_mids[0], &[n], Some(-20));
        world.run(20 * MS);
    }
    assert!(world.clients[bob].heard(bob_mids[0]).len() >= before + 49);
    assert!(closed(&world).is_empty());
}

#[test]
fn new_addresses_are_limited_to_a_rate() {
    let mut world = World::new();
    let (ann, _) = world.join(&[AUDIO]);
    let proven = |world: &mut World| {
        world.room.take_counts();
        let port = world.clients[ann].address.port();
        world.clients[ann].address.set_port(port + 1);
        world.run(2500 * MS);
        world.room.take_counts().datagrams_malformed
    };
    // Slowly: each is accepted, however many they become.
    assert!((0..40).all(|_| proven(&mut world) == 0));
    assert!(closed(&world).is_empty());
    // A stranger who has caught one check sends it from many ports.
    let check = world.clients[ann].last_check.clone();
    let refused = |world: &mut World, ports: std::ops::Range<u16>| {
        world.room.take_counts();
        for port in ports {
            world.deliver(&antiphon_session::Datagram {
                source: ([203, 0, 113, 9], port).into(),
                destination: crate::world::SERVER.parse().unwrap(),
                contents: check.clone(),
            });
        }
        world.room.take_counts().datagrams_malformed
    };
    assert!(refused(&mut world, 1000..2000) >= 980);
}

#[test]
fn ice_restarts_from_either_side() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[AUDIO]);
    let (bob, bob_mids) = world.join(&[HEAR]);
    let sound = world.publish(ann, ann_mids[0]);
    let sink = world.clients[bob].peer;
    world.connect(sound, &[sink]);
    world.tell(Command::RestartIce { peer: sink });
    world.answer(bob);
    let mut changes = world.clients[ann].rtc.sdp_api();
    changes.ice_restart(true);
    let (offer, pending) = changes.apply().unwrap();
    world.exchange(ann, offer.to_sdp_string(), pending);
    world.run(25_000 * MS);
    assert!(closed(&world).is_empty());
    assert!(!world.events.iter().any(|event| matches!(event, Event::Interrupted { .. })));
    for n in 0..10 {
        world.send(ann, ann_mids[0], &[n], Some(-20));
        world.run(20 * MS);
    }
    world.run(100 * MS);
    assert_eq!(world.clients[bob].heard(bob_mids[0]).len(), 10);
}

#[test]
fn data_travels_the_wires() {
    let mut world = World::new();
    let ann = world.add();
    world.offer(ann, &[AUDIO], &["room"]);
    let bob = world.add();
    world.offer(bob, &[AUDIO], &["room"]);
    world
        .run_until(|world| world.clients.iter().all(|client| client.channels.contains_key("room")));
    let (from, to) = (world.clients[ann].peer, world.clients[bob].peer);
    let hub = world.id();
    world.tell(Command::OpenHub { hub, mix: false });
    for peer in [from, to] {
        world.connect(peer, &[hub]);
        world.connect(hub, &[peer]);
    }
    world.tell(Command::WatchData { peer: to, watch: true });
    let channel = world.clients[ann].channels["room"];
    assert!(world.clients[ann].rtc.channel(channel).unwrap().write(false, b"hello").unwrap());
    let now = world.now;
    world.clients[ann].pump(now);
    world.run(200 * MS);
    let text = [&(from | 1 << 63).to_be_bytes()[..], b"hello"].concat();
    assert_eq!(world.clients[bob].messages, [(true, text)]);
    assert!(world.clients[ann].messages.is_empty(), "nobody hears themselves");
    assert!(world.events.iter().any(|event| matches!(
        event,
        Event::DataReceived { peer, sink, data, binary: false } if (*peer, *sink) == (from, to) && data == b"hello"
    )));
    world.tell(Command::SendData { peer: from, data: b"text".to_vec(), binary: false });
    world.run(200 * MS);
    assert_eq!(world.clients[ann].messages, [(false, b"text".to_vec())]);
    world.tell(Command::SendData { peer: from, data: vec![7], binary: true });
    world.run(200 * MS);
    assert_eq!(world.clients[ann].messages[1], (true, vec![0, 0, 0, 0, 0, 0, 0, 0, 7]));
}

#[test]
fn garbage_on_a_known_address_is_survived() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[AUDIO]);
    let (bob, bob_mids) = world.join(&[HEAR]);
    let sound = world.publish(ann, ann_mids[0]);
    let sink = world.clients[bob].peer;
    world.connect(sound, &[sink]);
    let source = world.clients[ann].address;
    let mut random = proptest::test_runner::TestRng::deterministic_rng(
        proptest::test_runner::RngAlgorithm::ChaCha,
    );
    for _ in 0..5000 {
        let mut contents = vec![0; (random.next_u32() % 1400) as usize + 1];
        random.fill_bytes(&mut contents);
        contents[0] = [0, 22, 23, 128, 144, 200][(random.next_u32() % 6) as usize];
        let destination = crate::world::SERVER.parse().unwrap();
        world.deliver(&antiphon_session::Datagram { source, destination, contents });
    }
    world.send(ann, ann_mids[0], &[7], Some(-20));
    world.run(200 * MS);
    assert_eq!(world.clients[bob].heard(bob_mids[0]).len(), 1);
    assert!(closed(&world).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any damage to an offer is refused or answered, and the next good one is answered.
    #[test]
    fn damaged_offers_are_survived(cuts in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4, any::<u8>()), 1..6)) {
        let mut world = World::new();
        let at = world.add();
        let mut changes = world.clients[at].rtc.sdp_api();
        changes.add_media(AUDIO.0, Direction::SendRecv, None, None, None);
        changes.add_media(VIDEO.0, Direction::SendRecv, None, None, None);
        changes.add_channel("room".to_owned());
        let (offer, pending) = changes.apply().unwrap();
        let good = offer.to_sdp_string();
        let mut lines: Vec<Vec<u8>> = good.lines().map(|line| line.as_bytes().to_vec()).collect();
        for (index, how, byte) in cuts {
            let at = index.index(lines.len());
            match how {
                0 => { lines.remove(at); }
                1 => { let line = lines[at].clone(); lines.insert(at, line); }
                2 => { let middle = lines[at].len() / 2; lines[at].truncate(middle); }
                _ => { let middle = lines[at].len() / 2; lines[at].insert(middle, byte); }
            }
            if lines.is_empty() { break; }
        }
        let bad = String::from_utf8_lossy(&lines.join(&b"\r\n"[..])).into_owned();
        let peer = world.clients[at].peer;
        world.tell(Command::AcceptOffer { peer, request: 7, sdp: bad });
        let refused = world.failures().len();
        prop_assert!(refused == 1 || world.answer_of(peer, 7).is_some());
        if refused == 1 && world.room.peers() == 1 {
            let other = world.add();
            world.clients[other].rtc = std::mem::replace(&mut world.clients[at].rtc, str0m::Rtc::new(world.now));
            world.clients[other].address = world.clients[at].address;
            world.clients[at].address.set_port(1);
            world.exchange(other, good, pending);
            world.run_until(|world| world.clients[other].connected);
        }
    }
}

/// How often the room has something to do in a second in which one subscriber, whose offer is
/// changed so, is sent 20 packets; and what it got.
fn wakes_with_subscriber(change: impl Fn(&str) -> String) -> (u32, usize) {
    let mut world = World::with(|config| config.estimate_bandwidth = true);
    let bob = world.add_who(false);
    let mut changes = world.clients[bob].rtc.sdp_api();
    changes.add_media(SEE.0, SEE.1, None, None, None);
    let (offer, pending) = changes.apply().unwrap();
    world.exchange(bob, change(&offer.to_sdp_string()), pending);
    world.run_until(|world| world.clients[bob].connected);
    let (ann, mids) = world.join(&[VIDEO]);
    let (track, peer) = (world.publish(ann, mids[0]), world.clients[bob].peer);
    world.connect(track, &[peer]);
    world.run(1000 * MS);
    let mut wakes = 0;
    for picture in 0..20 {
        world.send(ann, mids[0], &vp8(picture == 0, picture, 1, 1), None);
        let end = world.now + 50 * MS;
        while world.now < end {
            wakes += u32::from(world.room.deadline().is_some_and(|at| at <= world.now + STEP));
            world.run(STEP);
        }
    }
    (wakes, world.clients[bob].packets.len())
}

#[test]
fn no_bandwidth_is_estimated_towards_who_never_says_what_came() {
    let silent = |sdp: &str| {
        let said = |line: &&str| !line.contains("transport-cc") && !line.contains("transport-wide");
        sdp.lines().filter(said).map(|line| format!("{line}\r\n")).collect()
    };
    let (with, heard) = wakes_with_subscriber(str::to_owned);
    let (without, too) = wakes_with_subscriber(silent);
    assert_eq!((heard, too), (20, 20));
    assert!(without * 2 < with, "{without} wakes instead of {with}");
}

#[test]
fn a_long_certificate_ends_a_session_and_no_room() {
    let mut world = World::new();
    let (ann, _) = world.join(&[AUDIO]);
    for names in [10, 300] {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = (0..names).map(|n| format!("host{n}.example")).collect();
        let made = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let private_key = key.serialize_der();
        let certificate = DtlsCert { certificate: made.der().to_vec(), private_key };
        let fits = certificate.certificate.len() < 2000;
        let rtc = Rtc::builder().set_rtp_mode(true).set_dtls_cert(certificate).build(world.now);
        let bob = world.add_as(rtc, true);
        world.offer(bob, &[AUDIO], &[]);
        world.run(3000 * MS);
        let peer = world.clients[bob].peer;
        assert_eq!(closed(&world).iter().any(|(id, _)| *id == peer), !fits);
    }
    assert!(!world.clients[ann].closed);
}
