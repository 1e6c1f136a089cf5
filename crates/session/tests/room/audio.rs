//! Audio endpoints in a room: clocks, gaps, bounds.

use std::time::Duration;

use antiphon_session::{Command, Encoder, Event, Id};

use crate::world::{AUDIO, HEAR, World};

const MS: Duration = Duration::from_millis(1);

fn tone(count: usize) -> Vec<i16> {
    (0..count).map(|n| ((n as f32 * 0.06).sin() * 9000.0) as i16).collect()
}

fn heard(world: &World, by: Id) -> Vec<(u64, usize)> {
    let heard = world.events.iter().filter_map(|event| match event {
        Event::AudioReceived { peer, time, samples, .. } if *peer == by => {
            Some((*time, samples.len()))
        }
        _ => None,
    });
    heard.collect()
}

#[test]
fn what_is_played_leaves_on_the_clock() {
    let mut world = World::new();
    let (bob, mids) = world.join(&[HEAR]);
    let (bot, voice, queue) = world.open_audio(16_000);
    let sink = world.clients[bob].peer;
    world.connect(voice, &[sink]);
    world.play(bot, &queue, &tone(320 * 10 + 5));
    world.run(100 * MS);
    let early = world.clients[bob].heard(mids[0]).len();
    assert!((4..=6).contains(&early), "{early} packets in 100 ms");
    world.run(400 * MS);
    let packets = world.clients[bob].heard(mids[0]);
    assert_eq!(packets.len(), 11, "the rest is filled up with silence");
    assert!(packets.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1));
    assert!(packets.windows(2).all(|pair| pair[1].1.wrapping_sub(pair[0].1) == 960));
    world.run(980 * MS);
    world.play(bot, &queue, &tone(320));
    world.run(100 * MS);
    let packets = world.clients[bob].heard(mids[0]);
    let step = packets[11].1.wrapping_sub(packets[10].1);
    assert!((48 * 1100..48 * 1400).contains(&step), "the timestamp tells the pause: {step}");
}

#[test]
fn gaps_are_concealed_and_late_packets_dropped() {
    let mut world = World::new();
    let (ann, mids) = world.join(&[AUDIO]);
    let (bot, _, _) = world.open_audio(16_000);
    let track = world.publish(ann, mids[0]);
    world.connect(track, &[bot]);
    let mut encoder = Encoder::new(48_000, 1).unwrap();
    let packets: Vec<Vec<u8>> =
        tone(960 * 20).chunks(960).map(|frame| encoder.encode(frame).unwrap()).collect();
    for (number, packet) in packets.iter().enumerate() {
        // Three packets are lost on the way to the room.
        world.clients[ann].cut = (8..11).contains(&number);
        world.send(ann, mids[0], packet, Some(-20));
        world.run(20 * MS);
    }
    world.run(100 * MS);
    let frames = heard(&world, bot);
    assert_eq!(frames.len(), 20, "one a packet, with those that were lost");
    assert!(frames.iter().all(|&(_, samples)| samples == 320));
    assert!(frames.windows(2).all(|pair| pair[1].0 - pair[0].0 == 320), "{frames:?}");
}

#[test]
fn what_nobody_takes_is_dropped() {
    let mut world = World::with(|config| config.limits.audio_waiting = 3);
    let (mouth, voice, queue) = world.open_audio(48_000);
    let (ear, _, _) = world.open_audio(8000);
    world.connect(voice, &[ear]);
    world.play(mouth, &queue, &tone(960 * 10));
    world.run(300 * MS);
    assert_eq!(heard(&world, ear).len(), 3);
    assert_eq!(world.room.take_counts().audio_dropped, 7);
    world.events.clear();
    world.play(mouth, &queue, &tone(960 * 2));
    world.run(100 * MS);
    assert_eq!(heard(&world, ear).len(), 2, "taken events make room");
    world.tell(Command::ClosePeer { peer: ear });
    world.play(mouth, &queue, &tone(960 * 2));
    world.run(100 * MS);
    assert_eq!(heard(&world, ear).len(), 2);
}

#[test]
fn garbage_as_opus_is_counted() {
    let mut world = World::new();
    let (ann, mids) = world.join(&[AUDIO]);
    let (bot, _, _) = world.open_audio(16_000);
    let track = world.publish(ann, mids[0]);
    world.connect(track, &[bot]);
    for n in 0..5 {
        // Code 3 with no frame count byte (RFC 6716 §3.2.5).
        world.send(ann, mids[0], &[0xff], Some(-20));
        world.send(ann, mids[0], &[n; 3], Some(-20));
        world.run(20 * MS);
    }
    assert!(world.room.take_counts().audio_broken >= 5);
    assert_eq!(world.room.peers(), 2);
}
