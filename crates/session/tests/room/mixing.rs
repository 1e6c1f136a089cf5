//! What telephones hear of each other, by tones: mixes, conversion between codecs, delays.

use std::time::Duration;

use antiphon_session::{Command, Event};

use crate::telephones::Lines;

const SECOND: Duration = Duration::from_secs(1);
const TONES: [f32; 4] = [440.0, 700.0, 1100.0, 1700.0];
/// A tone of 6,000 has this loudness.
const LOUD: f64 = -17.8;

#[test]
fn each_hears_each_of_the_others_and_not_itself() {
    let mut lines = Lines::new();
    for name in ["opus", "PCMU", "G722", "L16"] {
        lines.add(name);
    }
    for (phone, tone) in lines.phones.iter_mut().zip(TONES) {
        phone.say(tone);
    }
    lines.conference();
    lines.run(3 * SECOND);
    for (n, phone) in lines.phones.iter().enumerate() {
        let from = phone.heard.len() / 3;
        for (k, &tone) in TONES.iter().enumerate() {
            let loudness = phone.tone(tone.into(), from);
            if k == n {
                assert!(loudness < -55.0, "{n} hears itself at {loudness:.1} dBov");
            } else {
                assert!((loudness - LOUD).abs() < 2.0, "{n} hears {k} at {loudness:.1} dBov");
            }
        }
    }
    assert_eq!(lines.room.take_counts().audio_broken, 0);
}

#[test]
fn who_speaks_alone_hears_nothing_and_listeners_share_one_encode() {
    let mut lines = Lines::new();
    for _ in 0..12 {
        lines.add("PCMU");
    }
    let late = lines.add("PCMU");
    lines.phones[0].say(500.0);
    lines.conference();
    lines.run(2 * SECOND);
    assert!(lines.phones[0].heard.iter().all(|&sample| sample == 0), "clean silence");
    let sent = lines.phones[0].packets.len();
    assert!(sent < 20, "silence is hardly sent: {sent} packets");
    for listener in [1, 5, 11, late] {
        let phone = &lines.phones[listener];
        assert!((phone.tone(500.0, phone.heard.len() / 2) - LOUD).abs() < 1.0);
        let pairs = phone.packets.iter().zip(&lines.phones[1].packets);
        assert!(pairs.clone().count() > 90);
        pairs.for_each(|(a, b)| assert_eq!(a.2, b.2, "the same bytes for all"));
    }
}

#[test]
fn streams_stay_whole_while_listeners_become_speakers_and_back() {
    for name in ["PCMU", "opus"] {
        let mut lines = Lines::new();
        for _ in 0..4 {
            lines.add(name);
        }
        lines.phones[0].say(500.0);
        lines.conference();
        for turn in 0..6 {
            lines.run(SECOND);
            if turn % 2 == 0 {
                lines.phones[1].say(900.0);
            } else {
                lines.phones[1].be_silent();
            }
        }
        let phone = &lines.phones[1];
        let ticks = phone.format.ticks(20);
        for pair in phone.packets.windows(2) {
            let ((_, before, _), (_, after, _)) = (&pair[0], &pair[1]);
            assert_eq!(after.sequence.wrapping_sub(before.sequence), 1);
            assert_eq!(after.timestamp.wrapping_sub(before.timestamp), ticks, "{name}");
        }
        assert!(phone.packets.len() > 280, "{}", phone.packets.len());
        assert!((phone.tone(500.0, phone.heard.len() / 6) - LOUD).abs() < 1.5);
    }
}

#[test]
fn who_is_on_hold_gets_nothing_and_who_is_muted_says_nothing() {
    let mut lines = Lines::new();
    for _ in 0..3 {
        lines.add("PCMA");
    }
    lines.phones[0].say(500.0);
    lines.conference();
    lines.run(SECOND);
    lines.hold(1, true);
    lines.run(Duration::from_millis(100));
    let before = lines.phones[1].packets.len();
    lines.run(SECOND);
    assert_eq!(lines.phones[1].packets.len(), before);
    lines.hold(1, false);
    lines.run(SECOND);
    assert!(lines.phones[1].packets.len() > before + 45);
    let track = lines.phones[0].track;
    lines.tell(Command::Pause { track, paused: true });
    lines.run(Duration::from_millis(300));
    let from = lines.phones[2].heard.len();
    lines.run(SECOND);
    assert!(lines.phones[2].heard[from..].iter().all(|sample| sample.abs() <= 8));
    lines.tell(Command::Pause { track, paused: false });
    lines.run(SECOND);
    let from = lines.phones[2].heard.len() - 4000;
    assert!((lines.phones[2].tone(500.0, from) - LOUD).abs() < 1.0);
}

#[test]
fn other_packet_durations_and_codecs_may_be_negotiated_in_a_call() {
    let mut lines = Lines::new();
    for _ in 0..3 {
        lines.add("PCMU");
    }
    lines.phones[0].say(500.0);
    lines.conference();
    for (ptime, bytes) in [(20, 160), (40, 320), (10, 80), (30, 240)] {
        lines.set_ptime(1, ptime);
        let from = lines.phones[1].heard.len();
        lines.run(SECOND);
        let phone = &lines.phones[1];
        assert_eq!(phone.packets.last().unwrap().2.len(), bytes);
        assert!(phone.heard.len() - from > 7000, "{ptime}: {}", phone.heard.len() - from);
        assert!((phone.tone(500.0, from + 800) - LOUD).abs() < 1.5, "{ptime} ms");
    }
}

#[test]
fn a_hub_that_closes_and_peers_that_leave_stop_the_clock() {
    let mut lines = Lines::new();
    for _ in 0..3 {
        lines.add("PCMU");
    }
    lines.phones[0].say(500.0);
    let hub = lines.conference();
    lines.run(SECOND);
    let (first, second) = (lines.phones[0].peer, lines.phones[1].peer);
    lines.tell(Command::ClosePeer { peer: first });
    lines.run(SECOND);
    lines.tell(Command::Disconnect { source: hub, sinks: vec![second] });
    let before = lines.phones[1].packets.len();
    lines.tell(Command::CloseHub { hub });
    lines.run(SECOND);
    assert_eq!(lines.phones[1].packets.len(), before);
    let deadline = lines.room.deadline().unwrap();
    assert!(deadline > lines.now + Duration::from_millis(20), "nothing ticks");
    assert!(lines.room.ids().all(|id| id != hub));
}

#[test]
fn a_direct_wire_passes_the_same_codec_and_converts_others() {
    let mut lines = Lines::new();
    let (ann, bob, carol) = (lines.add("PCMU"), lines.add("PCMU"), lines.add("G722"));
    let dave = lines.add("opus");
    lines.phones[ann].say(600.0);
    let track = lines.phones[ann].track;
    for at in [bob, carol, dave] {
        let peer = lines.phones[at].peer;
        lines.connect(track, peer);
    }
    lines.run(2 * SECOND);
    for at in [bob, carol, dave] {
        let phone = &lines.phones[at];
        let loudness = phone.tone(600.0, phone.heard.len() / 2);
        assert!((loudness - LOUD).abs() < 1.0, "{at}: {loudness:.1} dBov");
        let gaps = phone
            .packets
            .windows(2)
            .map(|pair| pair[1].1.timestamp.wrapping_sub(pair[0].1.timestamp));
        gaps.for_each(|gap| assert_eq!(gap, phone.format.ticks(20)));
    }
    let counts = lines.room.take_counts();
    let (passed, converted) = (lines.phones[bob].packets.len() as u64, counts.converted);
    assert!(passed >= 99 && converted.abs_diff(2 * passed) <= 2, "{passed} {converted}");
    assert_eq!((counts.codec_missing, counts.audio_broken, counts.mixed), (0, 0, 0));
    let speaks =
        |event: &Event| matches!(event, Event::Speaker { track: Some(t), .. } if *t == track);
    assert!(lines.events.iter().any(speaks), "who speaks is known without levels in packets");
}

#[test]
fn two_sounds_wired_to_one_telephone_are_mixed() {
    let mut lines = Lines::new();
    let (ann, bob) = (lines.add("opus"), lines.add("PCMU"));
    lines.phones[ann].say(600.0);
    let (bot, screen, queue) = lines.open_audio();
    let tone: Vec<i16> = (0..48_000 * 3)
        .map(|n| ((n as f32 * 1000.0 * std::f32::consts::TAU / 48_000.0).sin() * 6000.0) as i16)
        .collect();
    let (track, peer) = (lines.phones[ann].track, lines.phones[bob].peer);
    lines.connect(track, peer);
    lines.connect(screen, peer);
    queue.push(&tone).unwrap();
    lines.tell(Command::PlayAudio { peer: bot });
    lines.run(2 * SECOND);
    let phone = &lines.phones[bob];
    let from = phone.heard.len() / 2;
    for tone in [600.0, 1000.0] {
        assert!((phone.tone(tone, from) - LOUD).abs() < 1.5, "{tone}: {}", phone.tone(tone, from));
    }
    lines.tell(Command::Disconnect { source: screen, sinks: vec![peer] });
    lines.run(Duration::from_millis(500));
    let from = lines.phones[bob].heard.len();
    lines.run(SECOND);
    let phone = &lines.phones[bob];
    assert!((phone.tone(600.0, from) - LOUD).abs() < 1.5);
    assert!(phone.tone(1000.0, from) < -60.0);
}

#[test]
fn programs_hear_telephones() {
    let mut lines = Lines::new();
    let ann = lines.add("PCMU");
    lines.phones[ann].say(600.0);
    let (bot, ..) = lines.open_audio();
    let track = lines.phones[ann].track;
    lines.connect(track, bot);
    lines.run(SECOND);
    let heard = lines.events.iter().filter_map(|event| match event {
        Event::AudioReceived { peer, track: of, samples, .. } if (*peer, *of) == (bot, track) => {
            Some(samples.len())
        }
        _ => None,
    });
    assert!(heard.sum::<usize>() > 45_000);
}

/// How much later sound leaves through a mix of three than if its packets were passed on at once, in
/// ms. `phase`: when the clock of the mix begins, in ms after the telephones.
fn delay(from: &str, to: &str, phase: u64) -> f64 {
    let mut lines = Lines::new();
    let (ann, bob) = (lines.add(from), lines.add(to));
    lines.add("PCMU");
    lines.run(Duration::from_millis(phase));
    lines.conference();
    let rate = lines.phones[ann].format.sample_rate as usize;
    // A burst of a tone that begins sharply, long after the jitter buffer has settled.
    let onset = rate * 4;
    lines.phones[ann].voice = Some(Box::new(move |n| {
        let angle = n as f32 * 1200.0 * std::f32::consts::TAU / rate as f32;
        if n < onset { (angle / 7.0).sin() * 300.0 } else { angle.sin() * 12_000.0 }
    }));
    lines.run(5 * SECOND);
    // A packet is full, and sent, 20 ms after its first sample was spoken.
    let spoken = onset as f64 / rate as f64 * 1000.0 + 20.0;
    let phone = &lines.phones[bob];
    let per = phone.format.samples(20);
    let at = phone.heard.iter().position(|&sample| sample.abs() > 3000).unwrap();
    let (left, ..) = phone.packets[at / per];
    let inside = (at % per) as f64 * 1000.0 / f64::from(phone.format.sample_rate);
    let left = (left - lines.first_sent(ann)).as_secs_f64() * 1000.0;
    left + inside - spoken
}

#[test]
fn the_mix_adds_little_delay() {
    for (from, to) in [("PCMU", "PCMU"), ("G722", "PCMU"), ("opus", "opus"), ("PCMU", "opus")] {
        let delays: Vec<f64> = (0..20).step_by(3).map(|phase| delay(from, to, phase)).collect();
        let worst = delays.iter().copied().fold(0.0, f64::max);
        let mean = delays.iter().sum::<f64>() / delays.len() as f64;
        println!("{from} to {to}: {mean:.1} ms added, at most {worst:.1} ms");
        assert!(worst <= 40.0, "{from} to {to}: {delays:?}");
    }
}

/// Percent of a core that a room of telephones takes, inside the room. Who does not speak sends this
/// much noise.
fn load(count: usize, speakers: usize, noise: f32) -> f64 {
    let mut lines = Lines::new();
    for n in 0..count {
        let at = lines.add(if n % 2 == 0 { "opus" } else { "PCMU" });
        if n < speakers {
            lines.phones[at].say(TONES[n % 4]);
        } else if noise > 0.0 {
            let random = |n: usize| (n as u32).wrapping_mul(2_654_435_761) >> 8;
            let value = move |n| random(random(n) as usize) as f32 / (1 << 23) as f32 - 1.0;
            lines.phones[at].voice = Some(Box::new(move |n| value(n) * noise));
        }
    }
    lines.conference();
    lines.run(2 * SECOND);
    lines.spent = Duration::ZERO;
    lines.run(5 * SECOND);
    lines.spent.as_secs_f64() / 5.0 * 100.0
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_mix() {
    for (count, speakers, noise) in
        [(3, 1, 0.0), (10, 3, 0.0), (100, 0, 0.0), (100, 3, 0.0), (100, 3, 30.0), (100, 3, 60.0)]
    {
        let percent = load(count, speakers, noise);
        println!(
            "{count} telephones, {speakers} speakers, noise {noise}: {percent:.2} % of a core"
        );
    }
}
