//! Sound for those who take one stream: each of them hears the loudest voices but its own. It knows
//! tracks and listeners by id and makes packets on a clock of 20 ms; how they are sent it does not
//! know.

use std::time::{Duration, Instant};

use antiphon_audio::mix::{self, Edge, Loudest, add, fade};
use antiphon_audio::pack::Coded;
use antiphon_audio::playout::{self, Arrived, Kind, Playout};
use antiphon_audio::resample::Resampler;
use antiphon_audio::{AudioError, Format, level};
use rustc_hash::FxHashMap;

use crate::mix_bus::{Bus, Voice};
use crate::room::Id;

/// Voices that are heard at a time.
const SPEAKERS: usize = 4;
/// In a mix of more tracks than this, the silent ones are not listened to all the time.
const FEW: usize = 8;
/// Behind by more than this, the clock begins anew instead of catching up.
const CLOCK_SLIP: Duration = Duration::from_millis(200);

/// Packets for some listeners of a mix.
pub(crate) struct Speech {
    /// The mix.
    pub(crate) hub: Id,
    /// Names the stream: its packets are numbered one after the other.
    pub(crate) stream: u64,
    pub(crate) format: Format,
    pub(crate) packets: Vec<Coded>,
    /// The packets describe silence (RFC 3389) instead of sound.
    pub(crate) is_noise: bool,
    pub(crate) listeners: Vec<Id>,
}

/// What a tick gives.
#[derive(Default)]
pub(crate) struct Ticked {
    pub(crate) speeches: Vec<Speech>,
    /// Listeners of mixes for whom the next packet does not follow on the last one.
    pub(crate) switched: Vec<(Id, Id)>,
    /// Levels (dBov) of tracks whose packets do not tell them.
    pub(crate) levels: Vec<(Id, i8)>,
    /// Frames that could not be encoded.
    pub(crate) broken: u64,
    /// Frames of sources that were made up for lost packets.
    pub(crate) concealed: u64,
}

/// The mixes of a room, and the jitter buffers of what goes into them.
#[derive(Default)]
pub(crate) struct Mixes {
    mixes: FxHashMap<Id, Mix>,
    sources: FxHashMap<Id, Source>,
    /// Somebody listens.
    is_wanted: bool,
    due: Option<Instant>,
}

impl Mixes {
    pub(crate) fn open(&mut self, hub: Id) {
        self.mixes.entry(hub).or_insert_with(Mix::new);
    }

    /// Ends a mix; false if there is none of that name.
    pub(crate) fn close(&mut self, hub: Id) -> bool {
        let known = self.mixes.remove(&hub).is_some();
        self.tidy();
        known
    }

    pub(crate) fn contains(&self, hub: Id) -> bool {
        self.mixes.contains_key(&hub)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        self.mixes.keys().copied()
    }

    /// A track of `owner`, who does not hear it, goes into a mix.
    pub(crate) fn add_source(&mut self, hub: Id, track: Id, owner: Id) {
        let Some(mix) = self.mixes.get_mut(&hub) else { return };
        if mix.sources.iter().all(|&(known, _)| known != track) {
            mix.sources.push((track, owner));
            self.sources.entry(track).or_default();
        }
    }

    pub(crate) fn remove_source(&mut self, hub: Id, track: Id) {
        let Some(mix) = self.mixes.get_mut(&hub) else { return };
        mix.sources.retain(|&(known, _)| known != track);
        mix.speakers.retain(|speaker| speaker.track != track);
        self.tidy();
    }

    /// Takes out all tracks but these.
    pub(crate) fn keep_sources(&mut self, hub: Id, tracks: &[Id]) {
        let Some(mix) = self.mixes.get_mut(&hub) else { return };
        mix.sources.retain(|(track, _)| tracks.contains(track));
        mix.speakers.retain(|speaker| tracks.contains(&speaker.track));
        self.tidy();
    }

    pub(crate) fn add_listener(&mut self, hub: Id, peer: Id) {
        let Some(mix) = self.mixes.get_mut(&hub) else { return };
        if !mix.listeners.contains(&peer) {
            mix.listeners.push(peer);
            self.is_wanted = true;
        }
    }

    /// Lets the clock run if somebody listens.
    pub(crate) fn start(&mut self, now: Instant) {
        if self.is_wanted && self.due.is_none() {
            self.due = Some(now);
        }
    }

    pub(crate) fn remove_listener(&mut self, hub: Id, peer: Id) {
        let Some(mix) = self.mixes.get_mut(&hub) else { return };
        mix.listeners.retain(|&known| known != peer);
        mix.own.remove(&peer);
        mix.following.remove(&peer);
        self.tidy();
    }

    /// Whether a track goes into a mix that is made.
    pub(crate) fn is_live(&self, track: Id) -> bool {
        self.due.is_some() && self.hears(track)
    }

    /// Whether a track goes into a mix.
    pub(crate) fn hears(&self, track: Id) -> bool {
        self.sources.contains_key(&track)
    }

    /// Takes in a packet of a track. `source`: its SSRC; `has_level`: the packet tells its level.
    pub(crate) fn hear(
        &mut self,
        track: Id,
        source: u32,
        has_level: bool,
        format: Option<Format>,
        packet: Arrived<'_>,
        now: Instant,
    ) -> Result<(), AudioError> {
        let Some(heard) = self.sources.get_mut(&track) else { return Ok(()) };
        if self.due.is_none() {
            return Ok(());
        }
        heard.has_level = has_level;
        heard.is_muted = false;
        // Noise comes under a payload type of its own, and says nothing of the format.
        let known = heard.playout.as_ref().map(Playout::format);
        if let Some(format) = format
            && known != Some(format)
        {
            heard.playout = Some(Playout::new(format, now)?);
        }
        let Some(playout) = &mut heard.playout else { return Ok(()) };
        if heard.source != source {
            heard.source = source;
            playout.reset(now);
        }
        playout.insert(packet, now);
        Ok(())
    }

    /// A track is muted: nothing more of it is heard.
    pub(crate) fn mute(&mut self, track: Id) {
        if let Some(heard) = self.sources.get_mut(&track) {
            heard.is_muted = true;
        }
    }

    /// When the next tick is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// If a tick is due: the time it was due at.
    pub(crate) fn begin_tick(&mut self, now: Instant) -> Option<Instant> {
        let due = self.due.filter(|&due| due <= now)?;
        let at = if now.saturating_duration_since(due) > CLOCK_SLIP { now } else { due };
        self.due = Some(at + playout::FRAME);
        Some(at)
    }

    /// Makes the next 20 ms of all mixes. `voice`: how to encode for a listener of a mix; `None`
    /// while nothing is to be sent to it.
    pub(crate) fn tick(&mut self, at: Instant, voice: impl Fn(Id, Id) -> Option<Voice>) -> Ticked {
        let mut ticked = Ticked::default();
        let are_many = self.sources.len() > FEW;
        for (&track, source) in &mut self.sources {
            let kind = source.tick(at, are_many);
            ticked.concealed += u64::from(kind == playout::Frame::Concealed);
            if !source.has_level && !source.is_muted && !source.frame.is_empty() {
                ticked.levels.push((track, level::decibels(source.power)));
            }
        }
        for (&hub, mix) in &mut self.mixes {
            mix.tick(hub, &self.sources, &voice, &mut ticked);
        }
        ticked
    }

    /// Drops what no mix needs, and stops the clock when nobody listens.
    fn tidy(&mut self) {
        let mixes = &self.mixes;
        let is_needed =
            |track: &Id| mixes.values().any(|mix| mix.sources.iter().any(|(id, _)| id == track));
        self.sources.retain(|track, _| is_needed(track));
        self.is_wanted = mixes.values().any(|mix| !mix.listeners.is_empty());
        if !self.is_wanted {
            self.due = None;
            // What they hold would be old when somebody listens again.
            self.sources.values_mut().for_each(|source| *source = Source::default());
        }
    }
}

/// A track that goes into a mix.
#[derive(Default)]
struct Source {
    playout: Option<Playout>,
    source: u32,
    has_level: bool,
    is_muted: bool,
    /// The samples of this tick; none if there is nothing to hear.
    frame: Vec<i16>,
    power: f32,
}

impl Source {
    fn tick(&mut self, at: Instant, are_many: bool) -> playout::Frame {
        self.frame.clear();
        self.power = 0.0;
        let Some(playout) = &mut self.playout else { return playout::Frame::Silence };
        playout.set_thrifty(are_many);
        let (kind, samples) = playout.tick(at);
        if kind == playout::Frame::Silence {
            return kind;
        }
        self.frame.extend(samples);
        if kind != playout::Frame::Noise && !self.is_muted {
            // The background of a pause never makes a speaker.
            self.power = level::energy(samples);
        }
        kind
    }

    fn sample_rate(&self) -> Option<u32> {
        self.playout.as_ref().map(|playout| playout.format().sample_rate)
    }
}

/// One mix.
struct Mix {
    /// Tracks, and who sends them.
    sources: Vec<(Id, Id)>,
    listeners: Vec<Id>,
    loudest: Loudest<Id>,
    speakers: Vec<Speaker>,
    /// For all who are not heard themselves.
    common: Bus,
    /// For those who are: all but their own voice.
    own: FxHashMap<Id, Bus>,
    /// Which stream of packets each listener got last.
    following: FxHashMap<Id, u64>,
}

/// A voice that is in the sum.
struct Speaker {
    track: Id,
    owner: Id,
    rate: u32,
    resampler: Resampler,
    edge: Edge,
    frame: Vec<f32>,
}

impl Mix {
    fn new() -> Mix {
        Mix {
            sources: Vec::new(),
            listeners: Vec::new(),
            loudest: Loudest::new(SPEAKERS),
            speakers: Vec::new(),
            common: Bus::default(),
            own: FxHashMap::default(),
            following: FxHashMap::default(),
        }
    }

    fn tick(
        &mut self,
        hub: Id,
        sources: &FxHashMap<Id, Source>,
        voice: &impl Fn(Id, Id) -> Option<Voice>,
        ticked: &mut Ticked,
    ) {
        if self.listeners.is_empty() {
            return;
        }
        self.choose(sources);
        self.speakers.iter_mut().for_each(|speaker| speaker.read(sources));
        let begun = ticked.speeches.len();
        let mut common = Vec::new();
        for &peer in &self.listeners {
            let Some(voice) = voice(hub, peer) else {
                self.own.remove(&peer);
                continue;
            };
            if self.speakers.iter().any(|speaker| speaker.owner == peer) {
                let following = self.following.entry(peer).or_default();
                let own = self.own.entry(peer);
                let own = own.or_insert_with(|| self.common.fork(&voice, following));
                let sum = sum_without(&self.speakers, Some(peer));
                own.run(hub, sum, &[(voice, peer)], ticked);
            } else {
                self.own.remove(&peer);
                common.push((voice, peer));
            }
        }
        self.common.run(hub, sum_without(&self.speakers, None), &common, ticked);
        self.follow(hub, begun, ticked);
    }

    /// Notes who gets packets of another stream than before.
    fn follow(&mut self, hub: Id, begun: usize, ticked: &mut Ticked) {
        for speech in &ticked.speeches[begun..] {
            for &peer in &speech.listeners {
                if self.following.insert(peer, speech.stream) != Some(speech.stream) {
                    ticked.switched.push((hub, peer));
                }
            }
        }
    }

    /// Chooses who is heard, and who was heard until now.
    fn choose(&mut self, sources: &FxHashMap<Id, Source>) {
        let powers = self.sources.iter().filter_map(|&(track, _)| {
            let source = sources.get(&track).filter(|source| !source.is_muted)?;
            Some((track, source.power))
        });
        let powers: Vec<(Id, f32)> = powers.collect();
        let chosen: Vec<Id> = self.loudest.choose(&powers).collect();
        self.speakers.retain(|speaker| speaker.edge != Edge::Ends);
        for speaker in &mut self.speakers {
            let stays = chosen.contains(&speaker.track);
            speaker.edge = if stays { Edge::None } else { Edge::Ends };
        }
        for track in chosen {
            if self.speakers.iter().any(|speaker| speaker.track == track) {
                continue;
            }
            let owner = self.sources.iter().find(|(id, _)| *id == track).map(|(_, owner)| *owner);
            let rate = sources.get(&track).and_then(Source::sample_rate);
            let resampler = rate.and_then(|rate| Resampler::new(rate, mix::SAMPLE_RATE));
            if let (Some(owner), Some(rate), Some(resampler)) = (owner, rate, resampler) {
                let (edge, frame) = (Edge::Begins, Vec::with_capacity(mix::FRAME));
                self.speakers.push(Speaker { track, owner, rate, resampler, edge, frame });
            }
        }
    }
}

impl Speaker {
    /// Brings this tick's samples to the rate of the sum.
    fn read(&mut self, sources: &FxHashMap<Id, Source>) {
        self.frame.clear();
        let Some(source) = sources.get(&self.track) else { return };
        if source.sample_rate() != Some(self.rate) {
            // The codec changed: as if it began anew.
            let Some(rate) = source.sample_rate() else { return };
            let Some(resampler) = Resampler::new(rate, mix::SAMPLE_RATE) else { return };
            (self.rate, self.resampler) = (rate, resampler);
        }
        if source.frame.is_empty() {
            self.frame.resize(mix::FRAME, 0.0);
            self.resampler.reset();
            return;
        }
        self.resampler.process_i16(&source.frame, &mut self.frame);
        self.frame.resize(mix::FRAME, 0.0);
        fade(&mut self.frame, self.edge);
    }
}

/// The sum of all voices but those of one; `None` if there are none.
fn sum_without(speakers: &[Speaker], but: Option<Id>) -> Option<Vec<f32>> {
    let mut voices = speakers.iter().filter(|speaker| Some(speaker.owner) != but);
    let mut sum = voices.next()?.frame.clone();
    sum.resize(mix::FRAME, 0.0);
    voices.for_each(|speaker| add(&mut sum, &speaker.frame));
    Some(sum)
}

/// How a packet enters a jitter buffer.
pub(crate) fn arrived(
    sequence: u64,
    timestamp: u32,
    is_noise: bool,
    payload: &[u8],
) -> Arrived<'_> {
    let kind = if is_noise { Kind::Noise } else { Kind::Sound };
    Arrived { sequence: sequence as u16, timestamp, kind, payload }
}

#[cfg(test)]
#[path = "mix_tests.rs"]
mod tests;
