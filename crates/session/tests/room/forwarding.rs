//! Media through a room: from one client to others, over switches, pauses and losses.

use std::time::Duration;

use crate::world::{AUDIO, HEAR, SEE, VIDEO, World, vp8};
use antiphon_session::{Command, Event};
use str0m::media::Mid;

const MS: Duration = Duration::from_millis(1);

/// Sends `count` frames, the first of them a keyframe if asked.
fn film(world: &mut World, at: usize, mid: Mid, count: u16, key: bool) {
    for n in 0..count {
        world.send(at, mid, &vp8(key && n == 0, 100 + n, n as u8, at as u8), None);
        world.run(30 * MS);
    }
}

#[test]
fn two_clients_hear_each_other() {
    let mut world = World::new();
    let both = (AUDIO.0, str0m::media::Direction::SendRecv);
    let (ann, ann_mids) = world.join(&[both]);
    let (bob, bob_mids) = world.join(&[both]);
    let (from_ann, from_bob) = (world.publish(ann, ann_mids[0]), world.publish(bob, bob_mids[0]));
    let hub = world.id();
    world.tell(Command::OpenHub { hub, mix: false });
    let peers = [world.clients[ann].peer, world.clients[bob].peer];
    world.connect(hub, &peers);
    world.connect(from_ann, &[hub]);
    world.connect(from_bob, &[hub]);
    for n in 0..20 {
        world.send(ann, ann_mids[0], &[n, 1], Some(-20));
        world.send(bob, bob_mids[0], &[n, 2], Some(-20));
        world.run(20 * MS);
    }
    world.run(100 * MS);
    for (at, mid, tag) in [(ann, ann_mids[0], 2), (bob, bob_mids[0], 1)] {
        let heard = world.clients[at].heard(mid);
        let payloads: Vec<Vec<u8>> = heard.iter().map(|packet| packet.2.clone()).collect();
        assert_eq!(
            payloads,
            (0..20).map(|n| vec![n, tag]).collect::<Vec<_>>(),
            "nobody hears themselves"
        );
        assert!(heard.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1));
        assert!(heard.windows(2).all(|pair| pair[1].1.wrapping_sub(pair[0].1) == 960));
    }
    let started: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::TrackStarted { track, codec } => Some((*track, *codec)),
            _ => None,
        })
        .collect();
    assert_eq!(started, [(from_ann, "opus"), (from_bob, "opus")]);
    assert!(world.events.iter().any(|event| matches!(
        event,
        Event::Connected { srtp_profile: "AEAD_AES_256_GCM", address, .. } if address == "198.51.100.7:5000"
    )));
}

#[test]
fn a_section_runs_on_over_a_switch_from_a_keyframe() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (cid, cid_mids) = world.join(&[VIDEO]);
    let (bob, bob_mids) = world.join(&[SEE]);
    let (first, second) = (world.publish(ann, ann_mids[0]), world.publish(cid, cid_mids[0]));
    let peer = world.clients[bob].peer;
    world.connect(first, &[peer]);
    film(&mut world, ann, ann_mids[0], 5, true);
    let cut_at = world.clients[bob].heard(bob_mids[0]).len();
    assert_eq!(cut_at, 5);
    world.disconnect(first, &[peer]);
    assert!(world.mapped(peer).is_empty());
    world.connect(second, &[peer]);
    assert_eq!(world.mapped(peer), [(bob_mids[0].to_string(), second)].into());
    film(&mut world, cid, cid_mids[0], 4, false);
    assert_eq!(world.clients[bob].heard(bob_mids[0]).len(), cut_at, "nothing before a keyframe");
    assert!(!world.clients[cid].keyframes_asked.is_empty());
    film(&mut world, ann, ann_mids[0], 3, true);
    film(&mut world, cid, cid_mids[0], 5, true);
    world.run(100 * MS);
    let heard = world.clients[bob].heard(bob_mids[0]);
    assert_eq!(heard.len(), cut_at + 5);
    assert!(heard.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "no gap in the sequence");
    let step = heard[cut_at].1.wrapping_sub(heard[cut_at - 1].1);
    // 4 + 3 + 1 frames of 30 ms at 90 kHz, give or take the steps of the clock.
    assert!((17_000..28_000).contains(&step), "timestamps follow the clock: {step}");
    let pictures: Vec<u16> = heard
        .iter()
        .map(|(_, _, payload)| u16::from_be_bytes([payload[2] & 0x7f, payload[3]]))
        .collect();
    assert!(pictures.windows(2).all(|pair| pair[1] == pair[0] + 1), "{pictures:?}");
    assert!(heard.windows(2).all(|pair| pair[1].2[4] == pair[0].2[4].wrapping_add(1)));
    assert_eq!(heard[cut_at].2[10], cid as u8);
    assert_eq!(
        world.clients[bob].packets[0].1.header.ssrc,
        world.clients[bob].packets[cut_at].1.header.ssrc
    );
    assert!(world.offers_to(peer).is_empty());
}

#[test]
fn a_pause_leaves_no_gap_and_ends_with_a_keyframe() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, bob_mids) = world.join(&[SEE]);
    let track = world.publish(ann, ann_mids[0]);
    let peer = world.clients[bob].peer;
    world.connect(track, &[peer]);
    film(&mut world, ann, ann_mids[0], 5, true);
    world.tell(Command::Pause { track, paused: true });
    film(&mut world, ann, ann_mids[0], 30, true);
    assert_eq!(world.clients[bob].heard(bob_mids[0]).len(), 5);
    let asked = world.clients[ann].keyframes_asked.len();
    world.tell(Command::Pause { track, paused: false });
    film(&mut world, ann, ann_mids[0], 3, false);
    assert_eq!(world.clients[ann].keyframes_asked.len(), asked + 1);
    film(&mut world, ann, ann_mids[0], 3, true);
    world.run(100 * MS);
    let heard = world.clients[bob].heard(bob_mids[0]);
    assert_eq!(heard.len(), 8);
    assert!(heard.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1));
    assert_eq!(world.room.take_counts().paused, 30);
}

#[test]
fn a_keyframe_that_came_is_not_asked_for_again() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, bob_mids) = world.join(&[SEE]);
    let track = world.publish(ann, ann_mids[0]);
    film(&mut world, ann, ann_mids[0], 3, true);
    let peer = world.clients[bob].peer;
    world.connect(track, &[peer]);
    film(&mut world, ann, ann_mids[0], 3, false);
    let asked = world.clients[ann].keyframes_asked.len();
    assert_eq!(asked, 1);
    film(&mut world, ann, ann_mids[0], 40, true);
    assert_eq!(world.clients[bob].heard(bob_mids[0]).len(), 40);
    assert_eq!(world.clients[ann].keyframes_asked.len(), asked, "1.2 s later still");
}

#[test]
fn packets_wait_for_the_end_of_their_frame_but_not_for_long() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, bob_mids) = world.join(&[SEE]);
    let track = world.publish(ann, ann_mids[0]);
    let peer = world.clients[bob].peer;
    world.connect(track, &[peer]);
    film(&mut world, ann, ann_mids[0], 5, true);
    world.run(50 * MS);
    let heard = |world: &World| world.clients[bob].heard(bob_mids[0]).len();
    let before = heard(&world);
    assert_eq!(before, 5);
    let payload = vp8(false, 200, 1, 0);
    world.send_part(ann, ann_mids[0], &payload, 0, false);
    world.run(2 * MS);
    assert_eq!(heard(&world), before, "it waits for the rest of its frame");
    world.send_part(ann, ann_mids[0], &payload, 1, true);
    world.run(2 * MS);
    assert_eq!(heard(&world), before + 2, "the frame is complete");
    world.send_part(ann, ann_mids[0], &payload, 0, false);
    world.run(10 * MS);
    assert_eq!(heard(&world), before + 3, "the rest does not come");
}

#[test]
fn keyframes_are_asked_for_at_most_twice_a_second() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, bob_mids) = world.join(&[SEE]);
    let (cid, cid_mids) = world.join(&[SEE]);
    let track = world.publish(ann, ann_mids[0]);
    let sinks = [world.clients[bob].peer, world.clients[cid].peer];
    world.connect(track, &sinks);
    film(&mut world, ann, ann_mids[0], 10, true);
    world.run(1000 * MS);
    let (before, start) = (world.clients[ann].keyframes_asked.len(), world.now);
    for n in 0..100 {
        let (at, mid) = if n % 2 == 0 { (bob, bob_mids[0]) } else { (cid, cid_mids[0]) };
        world.ask_keyframe(at, mid);
        film(&mut world, ann, ann_mids[0], 1, false);
    }
    let asked = &world.clients[ann].keyframes_asked[before..];
    let seconds = (world.now - start).as_secs_f64();
    assert!((5..=8).contains(&asked.len()), "{} in {seconds} s", asked.len());
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= 490 * MS));
    // One that came too early is made up for.
    let count = world.clients[ann].keyframes_asked.len();
    world.ask_keyframe(bob, bob_mids[0]);
    world.run(1200 * MS);
    assert!(world.clients[ann].keyframes_asked.len() > count);
}

#[test]
fn lost_packets_are_sent_again() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let (bob, bob_mids) = world.join(&[SEE]);
    let track = world.publish(ann, ann_mids[0]);
    let peer = world.clients[bob].peer;
    world.connect(track, &[peer]);
    film(&mut world, ann, ann_mids[0], 10, true);
    for round in 0..5 {
        // What leaves for bob while he is cut off is lost on the way.
        world.clients[bob].cut = true;
        world.send(ann, ann_mids[0], &vp8(false, 200 + round, 0, 9), None);
        world.run(10 * MS);
        world.clients[bob].cut = false;
        film(&mut world, ann, ann_mids[0], 5, false);
    }
    world.run(300 * MS);
    let mut sequences: Vec<u64> =
        world.clients[bob].heard(bob_mids[0]).iter().map(|packet| packet.0).collect();
    sequences.sort_unstable();
    assert_eq!(sequences.len(), 10 + 5 * 6);
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0] + 1));
    world.run(3000 * MS);
    let counts = world.room.take_counts();
    assert!(counts.retransmitted >= 5, "{counts:?}");
    assert!(counts.nacks >= 5, "{counts:?}");
}

#[test]
fn who_speaks_is_told_from_the_levels() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[AUDIO]);
    let (bob, bob_mids) = world.join(&[AUDIO]);
    let (_, _) = world.join(&[HEAR]);
    let (loud, soft) = (world.publish(ann, ann_mids[0]), world.publish(bob, bob_mids[0]));
    let speak = |world: &mut World, ann_level, bob_level| {
        for _ in 0..100 {
            world.send(ann, ann_mids[0], &[1], Some(ann_level));
            world.send(bob, bob_mids[0], &[2], Some(bob_level));
            world.run(20 * MS);
        }
    };
    speak(&mut world, -20, -100);
    speak(&mut world, -100, -20);
    world.run(4000 * MS);
    let speakers: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Speaker { track, .. } => Some(*track),
            _ => None,
        })
        .collect();
    assert_eq!(speakers, [Some(loud), Some(soft), None]);
    assert!(world.events.iter().any(|event| matches!(
        event,
        Event::AudioLevels { levels, .. } if levels.iter().any(|&(id, level)| id == loud && level > 95)
    )));
}

#[test]
fn a_codec_that_the_sink_lacks_is_not_forwarded() {
    let mut world = World::new();
    let (ann, ann_mids) = world.join(&[VIDEO]);
    let bob = world.add();
    let mut rtc =
        str0m::Rtc::builder().set_rtp_mode(true).clear_codecs().enable_h264(true).build(world.now);
    let address = world.clients[bob].address;
    rtc.add_local_candidate(str0m::Candidate::host(address, "udp").unwrap());
    world.clients[bob].rtc = rtc;
    world.offer(bob, &[SEE], &[]);
    world.run_until(|world| world.clients[bob].connected);
    let track = world.publish(ann, ann_mids[0]);
    let peer = world.clients[bob].peer;
    world.connect(track, &[peer]);
    film(&mut world, ann, ann_mids[0], 10, true);
    assert!(world.clients[bob].packets.is_empty());
    assert_eq!(world.room.take_counts().codec_missing, 10);
}
