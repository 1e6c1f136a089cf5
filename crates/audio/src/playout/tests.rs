use super::*;
use crate::codec::Encoder;
use crate::format::Codec;
use crate::level::level;
use proptest::prelude::*;

fn pcmu() -> Format {
    Format::new(Codec::Pcmu, 8000, 1).unwrap()
}

/// A packet on its way: when it arrives, in microseconds.
#[derive(Clone)]
struct Sent {
    at: u64,
    sequence: u16,
    timestamp: u32,
    kind: Kind,
    payload: Vec<u8>,
}

/// A tone of 250 Hz in packets that arrive as soon as they are full.
fn stream(format: Format, packet_ms: u32, count: u64) -> Vec<Sent> {
    let mut encoder = Encoder::new(&format).unwrap();
    let length = format.samples(packet_ms);
    let angle = |n: usize| n as f32 * 250.0 * std::f32::consts::TAU / format.sample_rate as f32;
    let mut packets = Vec::new();
    for n in 0..count {
        let range = n as usize * length..(n as usize + 1) * length;
        let samples: Vec<i16> = range.map(|n| (angle(n).sin() * 9000.0) as i16).collect();
        let mut payload = Vec::new();
        encoder.encode(&samples, &mut payload).unwrap();
        packets.push(Sent {
            at: (n + 1) * u64::from(packet_ms) * 1000,
            sequence: 65_000u16.wrapping_add(n as u16),
            timestamp: (u32::MAX - 9000).wrapping_add(n as u32 * format.ticks(packet_ms)),
            kind: Kind::Sound,
            payload,
        });
    }
    packets
}

/// What was played, and what happened.
struct Played {
    samples: Vec<i16>,
    frames: Vec<Frame>,
    figures: Figures,
}

impl Played {
    fn count(&self, kind: Frame) -> usize {
        self.frames.iter().filter(|&&frame| frame == kind).count()
    }

    /// The part from this second on.
    fn from(&self, format: Format, second: f32) -> &[i16] {
        &self.samples[(second * format.sample_rate as f32) as usize..]
    }
}

/// Plays packets; ticks come `phase` µs after each 20 ms.
fn play(format: Format, packets: &[Sent], phase: u64) -> Played {
    let start = Instant::now();
    let mut playout = Playout::new(format, start).unwrap();
    let mut sorted = packets.to_vec();
    sorted.sort_by_key(|packet| packet.at);
    let mut waiting = sorted.iter().peekable();
    let (mut samples, mut frames) = (Vec::new(), Vec::new());
    let end = sorted.last().map_or(0, |packet| packet.at);
    for tick in 0.. {
        let at = tick * 20_000 + phase;
        while let Some(packet) = waiting.next_if(|packet| packet.at <= at) {
            let arrived = Arrived {
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                kind: packet.kind,
                payload: &packet.payload,
            };
            playout.insert(arrived, start + Duration::from_micros(packet.at));
        }
        let (frame, piece) = playout.tick(start + Duration::from_micros(at));
        assert_eq!(piece.len(), format.samples(20));
        frames.push(frame);
        samples.extend(piece);
        if at > end {
            break;
        }
    }
    Played { samples, frames, figures: playout.figures() }
}

/// A pseudo-random sequence, the same each time.
fn random(n: u64) -> u64 {
    let mut x = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 31;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ x >> 29
}

fn largest_step(samples: &[i16]) -> i32 {
    let steps = samples.windows(2).map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs());
    steps.max().unwrap_or(0)
}

#[test]
fn a_clean_stream_is_played_as_it_is_and_at_once() {
    for phase in (0..20_000).step_by(1700) {
        let packets = stream(pcmu(), 20, 200);
        let played = play(pcmu(), &packets, phase);
        let mut expected = Vec::new();
        let mut decoder = Decoder::new(&pcmu()).unwrap();
        packets.iter().for_each(|packet| decoder.decode(&packet.payload, &mut expected).unwrap());
        let silent = played.count(Frame::Silence);
        assert!(silent <= 3, "it begins after {silent} frames");
        assert!(expected.starts_with(&played.samples[silent * 160..]), "phase {phase}");
        let figures = played.figures;
        assert!(figures.delay_ms < 25.0, "{phase}: {figures:?}");
        assert_eq!((figures.lost, figures.concealed, figures.stretched), (0, 0, 0));
    }
}

#[test]
fn packets_of_any_duration_are_played() {
    for format in [pcmu(), Format::new(Codec::G722, 8000, 1).unwrap(), Format::OPUS] {
        for packet_ms in [10, 20, 40, 60] {
            let count = 4000 / u64::from(packet_ms);
            let played = play(format, &stream(format, packet_ms, count), 7000);
            assert_eq!(played.figures.concealed, 0, "{format:?}, {packet_ms} ms");
            assert_eq!(level(played.from(format, 0.5)), -14);
        }
    }
    let played = play(pcmu(), &stream(pcmu(), 30, 130), 3000);
    assert_eq!((played.figures.concealed, played.figures.stretched), (0, 0));
}

#[test]
fn jitter_is_evened_out_and_the_delay_follows_it() {
    for spread in [10u64, 30, 60, 120] {
        let mut packets = stream(pcmu(), 20, 1000);
        for (n, packet) in packets.iter_mut().enumerate() {
            packet.at += random(n as u64) % (spread * 1000);
        }
        let played = play(pcmu(), &packets, 9000);
        let late = played.frames[200..].iter().filter(|&&f| f == Frame::Concealed).count();
        assert!(late <= 24, "{spread} ms: {late} of 800 frames were made up");
        let (wanted, delay) = (played.figures.wanted_ms, played.figures.delay_ms);
        let spread = spread as f32;
        assert!((spread * 0.8..=spread + 6.0).contains(&wanted), "{spread}: wants {wanted}");
        assert!(delay <= wanted + 30.0, "{spread}: {delay} of {wanted}");
    }
}

#[test]
fn lost_packets_are_made_up_for_and_counted() {
    for format in [pcmu(), Format::OPUS] {
        let mut packets = stream(format, 20, 1000);
        let all = packets.len();
        packets.retain(|packet| !random(packet.sequence.into()).is_multiple_of(20));
        let lost = (all - packets.len()) as u64;
        let played = play(format, &packets, 5000);
        assert!(played.figures.lost.abs_diff(lost) <= 2, "{lost}: {:?}", played.figures);
        assert_eq!(played.figures.late, 0);
        let concealed = played.figures.concealed / format.samples(20) as u64;
        assert!(concealed.abs_diff(lost) <= 3, "{concealed} frames for {lost} packets");
        assert!(played.figures.delay_ms < 26.0);
        let loud = level(played.from(format, 1.0));
        assert!((-15..=-14).contains(&loud), "{format:?}: {loud} dBov");
        let steps = largest_step(played.from(format, 1.0));
        assert!(steps < 4000, "{format:?}: a step of {steps}, where the tone has 1,800");
    }
}

#[test]
fn reordered_and_doubled_packets_do_no_harm() {
    let mut packets = stream(pcmu(), 20, 600);
    for n in (3..590).step_by(6) {
        packets[n].at += 25_000;
        let twice = Sent { at: packets[n + 1].at + 1000, ..packets[n + 1].clone() };
        packets.push(twice);
    }
    let played = play(pcmu(), &packets, 2000);
    let made_up = played.frames[100..].iter().filter(|&&f| f == Frame::Concealed).count();
    assert_eq!(made_up, 0);
    assert!(played.figures.duplicates + played.figures.late >= 90);
}

#[test]
fn clocks_that_differ_do_no_harm() {
    for (packet_us, name) in [(19_992, "fast"), (20_008, "slow")] {
        let mut packets = stream(pcmu(), 20, 15_000);
        for (n, packet) in packets.iter_mut().enumerate() {
            packet.at = (n as u64 + 1) * packet_us + random(n as u64) % 1500;
        }
        let played = play(pcmu(), &packets, 11_000);
        let figures = played.figures;
        assert!(figures.delay_ms < 30.0, "{name}: {figures:?}");
        assert!(figures.concealed < 10 * 160, "{name}: {figures:?}");
        assert!(figures.stretched > 500, "{name}: 120 ms in five minutes: {figures:?}");
        let steps = largest_step(played.from(pcmu(), 2.0));
        assert!(steps < 3600, "{name}: a step of {steps}");
    }
}

#[test]
fn after_a_hold_up_the_delay_comes_back() {
    let mut packets = stream(pcmu(), 20, 1000);
    for packet in &mut packets[300..310] {
        packet.at = packet.at.max(6_210_000);
    }
    let played = play(pcmu(), &packets, 4000);
    assert!(played.figures.delay_ms < 26.0, "{:?}", played.figures);
    assert!(played.frames[400..].iter().all(|&frame| frame == Frame::Sound));
}

#[test]
fn pauses_are_noise_or_silence_and_no_loss() {
    let mut packets = stream(pcmu(), 20, 200);
    let silence = packets.drain(100..150).next().unwrap();
    packets.push(Sent { kind: Kind::Noise, payload: vec![50], ..silence });
    for packet in packets.iter_mut().filter(|packet| packet.at > 3_000_000) {
        // Nothing is sent in a pause, and nothing is numbered.
        packet.sequence = packet.sequence.wrapping_sub(49);
    }
    let played = play(pcmu(), &packets, 6000);
    let figures = played.figures;
    assert_eq!((figures.lost, figures.concealed, figures.late), (0, 0, 0));
    assert!((49..=51).contains(&played.count(Frame::Noise)), "{}", played.count(Frame::Noise));
    let noise = level(&played.samples[110 * 160..140 * 160]);
    assert!((-51..=-49).contains(&noise), "{noise} dBov");
}

#[test]
fn another_source_or_time_is_followed_soon() {
    let mut packets = stream(pcmu(), 20, 100);
    for packet in &mut packets[50..] {
        packet.timestamp = packet.timestamp.wrapping_add(1_000_000_000);
        packet.sequence = packet.sequence.wrapping_add(20_000);
    }
    let played = play(pcmu(), &packets, 6000);
    assert_eq!(played.figures.restarts, 2);
    let missing = played.count(Frame::Silence) + played.count(Frame::Concealed);
    assert!(missing <= 7, "{missing} frames without sound");
    assert_eq!(level(played.from(pcmu(), 1.5)), -14);
}

#[test]
fn silence_that_follows_a_word_is_not_waited_for() {
    let packets = stream(pcmu(), 20, 50);
    let mut more = packets.clone();
    for packet in stream(pcmu(), 20, 50) {
        // A telephone that simply stops: no comfort noise, timestamps run on.
        more.push(Sent {
            at: packet.at + 4_000_000,
            sequence: packet.sequence.wrapping_add(50),
            timestamp: packet.timestamp.wrapping_add(32_000),
            ..packet
        });
    }
    let played = play(pcmu(), &more, 6000);
    assert!(played.figures.concealed <= 8 * 160);
    assert!(played.figures.lost == 0 && played.figures.delay_ms < 26.0, "{:?}", played.figures);
    assert_eq!(level(played.from(pcmu(), 4.2)), -14);
}

#[test]
fn who_is_silent_is_not_decoded_and_is_heard_again_at_once() {
    let mut packets = stream(Format::OPUS, 20, 300);
    let mut encoder = Encoder::new(&Format::OPUS).unwrap();
    for packet in &mut packets[100..200] {
        packet.payload.clear();
        encoder.encode(&[0; 960], &mut packet.payload).unwrap();
    }
    let start = Instant::now();
    let mut playout = Playout::new(Format::OPUS, start).unwrap();
    playout.set_thrifty(true);
    let (mut silent, mut loud) = (0, 0);
    for (n, packet) in packets.iter().enumerate() {
        let at = start + Duration::from_micros(packet.at);
        let Sent { sequence, timestamp, kind, ref payload, .. } = *packet;
        playout.insert(Arrived { sequence, timestamp, kind, payload }, at);
        let (_, samples) = playout.tick(at + Duration::from_millis(8));
        if (140..200).contains(&n) {
            silent += usize::from(samples.iter().all(|&sample| sample == 0));
        } else if n >= 202 {
            loud += usize::from(level(samples) >= -16);
        }
    }
    assert!(silent >= 50, "{silent} of 60 were left out");
    assert!(loud >= 95, "{loud} of 98 were heard");
}

proptest! {
    #[test]
    fn any_stream_is_survived(steps in prop::collection::vec(
        (any::<u16>(), any::<u32>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..400), 0u64..60),
        0..150,
    ), wild: bool) {
        for format in [pcmu(), Format::OPUS] {
            let start = Instant::now();
            let mut playout = Playout::new(format, start).unwrap();
            let (mut now, mut tick) = (start, start);
            for (n, (sequence, timestamp, noise, payload, ms)) in steps.iter().enumerate() {
                now += Duration::from_millis(*ms);
                let (sequence, timestamp) = if wild {
                    (*sequence, *timestamp)
                } else {
                    let n = n as u32 + *timestamp % 6;
                    (n as u16, n * format.ticks(20))
                };
                let kind = if *noise { Kind::Noise } else { Kind::Sound };
                playout.insert(Arrived { sequence, timestamp, kind, payload }, now);
                while tick <= now {
                    prop_assert_eq!(playout.tick(tick).1.len(), format.samples(20));
                    tick += FRAME;
                }
            }
            let figures = playout.figures();
            prop_assert_eq!(figures.received, steps.len() as u64);
        }
    }
}
