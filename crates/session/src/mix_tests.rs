use super::*;
use antiphon_audio::{Codec, Decoder, Encoder};

const HUB: Id = 1;

fn format(codec: Codec) -> Format {
    Format::new(codec, 8000, 1).unwrap()
}

/// A mix and those in it: listener `n` is 100 + n and sends track 200 + n.
struct Conference {
    mixes: Mixes,
    now: Instant,
    sent: u16,
    voice: Voice,
}

impl Conference {
    fn new(count: Id, voice: Voice) -> Conference {
        let (mut mixes, now) = (Mixes::default(), Instant::now());
        mixes.open(HUB);
        for n in 0..count {
            mixes.add_source(HUB, 200 + n, 100 + n);
            mixes.add_listener(HUB, 100 + n);
        }
        mixes.start(now);
        Conference { mixes, now, sent: 0, voice }
    }

    /// 20 ms in which these send a constant of this loudness as L16.
    fn step(&mut self, loud: &[(Id, i16)]) -> Ticked {
        self.now += Duration::from_millis(20);
        self.sent += 1;
        let source = format(Codec::L16);
        for &(n, value) in loud {
            let mut payload = Vec::new();
            // Alternating, since a constant is no sound.
            let samples: Vec<i16> =
                (0..160).map(|k| if k % 16 < 8 { value } else { -value }).collect();
            Encoder::new(&source).unwrap().encode(&samples, &mut payload).unwrap();
            let packet = arrived(self.sent.into(), u32::from(self.sent) * 160, false, &payload);
            let early = self.now - Duration::from_millis(5);
            self.mixes.hear(200 + n, 9, false, Some(source), packet, early).unwrap();
        }
        let at = self.mixes.begin_tick(self.now).unwrap();
        let voice = self.voice;
        self.mixes.tick(at, |_, _| Some(voice))
    }

    fn run(&mut self, frames: u32, loud: &[(Id, i16)]) -> Vec<Ticked> {
        (0..frames).map(|_| self.step(loud)).collect()
    }
}

fn pcma(comfort_noise: bool) -> Voice {
    Voice { format: format(Codec::Pcma), comfort_noise }
}

fn loudness(packets: &[Coded]) -> i8 {
    let mut samples = Vec::new();
    let mut decoder = Decoder::new(&format(Codec::Pcma)).unwrap();
    packets.iter().for_each(|packet| decoder.decode(&packet.payload, &mut samples).unwrap());
    level::level(&samples)
}

#[test]
fn listeners_share_a_stream_and_each_speaker_has_one_of_its_own() {
    let mut conference = Conference::new(10, pcma(false));
    let ticked = conference.run(20, &[(0, 3000), (1, 3000)]).pop().unwrap();
    let mut groups: Vec<Vec<Id>> =
        ticked.speeches.iter().map(|speech| speech.listeners.clone()).collect();
    groups.sort();
    assert_eq!(groups, [vec![100], vec![101], (102..110).collect()]);
    let of = |listener: Id| {
        let mut speeches = ticked.speeches.iter();
        speeches.find(|speech| speech.listeners.contains(&listener)).unwrap()
    };
    let (one, both) = (loudness(&of(100).packets), loudness(&of(105).packets));
    assert!(both >= one + 5, "{one} and {both} dBov: the same sound twice is 6 dB more");
    assert!(ticked.switched.is_empty(), "streams go on");
    let told: Vec<Id> = ticked.levels.iter().map(|&(track, _)| track).collect();
    assert!(told.contains(&200) && told.contains(&201));
}

#[test]
fn silence_is_told_now_and_then() {
    for comfort_noise in [false, true] {
        let mut conference = Conference::new(3, pcma(comfort_noise));
        conference.run(10, &[(0, 3000)]);
        let ticked = conference.run(150, &[]);
        let packets: usize =
            ticked.iter().flat_map(|tick| &tick.speeches).map(|speech| speech.packets.len()).sum();
        assert!(packets < 90, "{packets} packets in three seconds for three streams");
        let last = &ticked[80..];
        let speeches: Vec<&Speech> = last.iter().flat_map(|tick| &tick.speeches).collect();
        assert!((2..=4).contains(&speeches.len()), "{}", speeches.len());
        assert!(speeches.iter().all(|speech| speech.is_noise == comfort_noise));
        if comfort_noise {
            assert!(speeches.iter().all(|speech| speech.packets[0].payload == [127]));
        }
        assert!(speeches.iter().all(|speech| speech.listeners.len() == 3));
        let again = conference.run(5, &[(0, 3000)]);
        let first = again.iter().flat_map(|tick| &tick.speeches).find(|speech| !speech.is_noise);
        assert!(first.unwrap().packets[0].marker, "a talk spurt begins");
    }
}

#[test]
fn lost_packets_are_made_up_for_and_counted() {
    let mut conference = Conference::new(3, pcma(false));
    conference.run(10, &[(0, 3000)]);
    conference.sent += 2;
    let ticked = conference.run(10, &[(0, 3000)]);
    let concealed: u64 = ticked.iter().map(|tick| tick.concealed).sum();
    assert!((1..=3).contains(&concealed), "{concealed}");
    let heard = ticked.iter().flat_map(|tick| &tick.speeches);
    let listener = heard.filter(|speech| speech.listeners.contains(&101));
    listener.for_each(|speech| assert!(loudness(&speech.packets) > -30));
}

#[test]
fn only_a_few_are_heard_at_a_time() {
    let mut conference = Conference::new(20, pcma(false));
    let all: Vec<(Id, i16)> = (0..20).map(|n| (n, 2000 + 10 * n as i16)).collect();
    let ticked = conference.run(20, &all).pop().unwrap();
    let alone = ticked.speeches.iter().filter(|speech| speech.listeners.len() == 1).count();
    assert_eq!(alone, SPEAKERS);
}

#[test]
fn the_clock_stands_still_without_listeners_and_catches_up_no_more_than_a_little() {
    let mut conference = Conference::new(2, pcma(false));
    conference.run(3, &[(0, 3000)]);
    let late = conference.now + Duration::from_secs(60);
    let ticks = std::iter::from_fn(|| conference.mixes.begin_tick(late)).count();
    assert!(ticks <= 2, "{ticks} ticks after a minute asleep");
    for n in 0..2 {
        conference.mixes.remove_listener(HUB, 100 + n);
    }
    assert_eq!(conference.mixes.deadline(), None);
    assert!(conference.mixes.close(HUB) && !conference.mixes.close(HUB));
    assert!(!conference.mixes.hears(200));
}
