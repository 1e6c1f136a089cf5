//! An even stream of samples out of one RTP stream: a jitter buffer that decodes, makes up for what
//! is lost, and adapts its delay. It is asked for 20 ms at a time.

use std::time::{Duration, Instant};

use crate::codec::{AudioError, Decoder};
use crate::conceal::Concealer;
use crate::delay::Delay;
use crate::format::Format;
use crate::noise::Noise;
use crate::queue::{Place, Queue, Waiting};
use crate::stretch;

pub use crate::queue::Kind;

mod adapt;
mod thrift;

/// What one call of [`Playout::tick`] gives.
pub const FRAME: Duration = Duration::from_millis(20);
/// A loss longer than this is a pause: the stream begins anew behind it.
const LONGEST_GAP_MS: u32 = 200;
/// So long sound is made up while nothing comes at all.
const LONGEST_WAIT_MS: u32 = 120;
/// More than this beyond the wanted delay is thrown away at once.
const EXCESS_MS: u32 = 200;

/// A packet that arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// What it carries.
    pub kind: Kind,
    /// Its payload.
    pub payload: &'a [u8],
}

/// What a frame is made of, mostly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// What was sent.
    Sound,
    /// Made up for what was lost.
    Concealed,
    /// Comfort noise.
    Noise,
    /// Zeros: nothing is sent.
    Silence,
}

/// What happened to one stream, in sums, and its delay now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Packets taken in.
    pub received: u64,
    /// Packets that did not come, or not in time.
    pub lost: u64,
    /// Packets that came too late.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that could not be decoded.
    pub broken: u64,
    /// Times that the stream began anew.
    pub restarts: u64,
    /// Samples that were made up.
    pub concealed: u64,
    /// Samples taken out to play sooner, or put in to play later.
    pub stretched: u64,
    /// How long the quickest packets are held, in milliseconds.
    pub delay_ms: f32,
    /// How long they should be.
    pub wanted_ms: f32,
}

/// See the module.
pub struct Playout {
    format: Format,
    decoder: Decoder,
    concealer: Concealer,
    noise: Noise,
    queue: Queue,
    delay: Delay,
    adaptation: adapt::Adaptation,
    /// Decoded and not yet played.
    ready: Vec<i16>,
    output: Vec<i16>,
    /// Something is played; otherwise the stream pauses, or has not begun.
    is_playing: bool,
    /// The pause is filled with noise.
    is_noisy: bool,
    /// The sender said that it would fall silent.
    is_resting: bool,
    /// Numbers that come next.
    sequence: u64,
    timestamp: u64,
    /// Ticks that were made up while nothing was there, without going on in the stream.
    starved: u64,
    thrift: thrift::Thrift,
    /// Ticks of the last packet.
    packet: u64,
    made_up: usize,
    ticked: Option<Instant>,
    figures: Figures,
}

impl Playout {
    /// For packets of `format`.
    pub fn new(format: Format, now: Instant) -> Result<Playout, AudioError> {
        Ok(Playout {
            format,
            decoder: Decoder::new(&format)?,
            concealer: Concealer::new(format.sample_rate),
            noise: Noise::default(),
            queue: Queue::new(format.clock_rate),
            delay: Delay::new(format.clock_rate, now),
            adaptation: adapt::Adaptation::default(),
            ready: Vec::new(),
            output: Vec::new(),
            is_playing: false,
            is_noisy: false,
            is_resting: false,
            sequence: 0,
            timestamp: 0,
            starved: 0,
            thrift: thrift::Thrift::default(),
            packet: format.ticks(20).into(),
            made_up: 0,
            ticked: None,
            figures: Figures::default(),
        })
    }

    /// The format of the packets it takes.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The stream's source changed: its numbers begin anew.
    pub fn reset(&mut self, now: Instant) {
        self.queue.reset();
        self.begin_anew(now);
    }

    /// Allows, or no longer, to leave packets of somebody who has been silent for a while undecoded:
    /// one who begins to speak may lose up to 60 ms of the first word. For streams of which only the
    /// loudest few are heard, and for codecs that cost much.
    pub fn set_thrifty(&mut self, thrifty: bool) {
        self.thrift.allow(thrifty && self.format.codec.conceals());
    }

    /// What happened so far.
    pub fn figures(&self) -> Figures {
        let delay_ms = self.adaptation.delay_ms().unwrap_or_default();
        Figures { delay_ms, wanted_ms: self.delay.margin(), ..self.figures }
    }

    /// Takes in a packet.
    pub fn insert(&mut self, packet: Arrived<'_>, now: Instant) {
        self.figures.received += 1;
        let (sequence, timestamp) = match self.queue.place(packet.sequence, packet.timestamp) {
            Place::At { sequence, timestamp } => (sequence, timestamp),
            Place::Begins { sequence, timestamp } => {
                self.begin_anew(now);
                (sequence, timestamp)
            }
            Place::Strange => return,
        };
        let late = self.delay.arrived(timestamp, now);
        self.note_arrival(timestamp, late, now);
        if self.is_playing && sequence < self.sequence {
            self.figures.late += 1;
            return;
        }
        if self.queue.is_full() {
            self.skip_ahead();
        }
        let waiting = Waiting {
            sequence,
            timestamp,
            kind: packet.kind,
            payload: packet.payload.to_vec(),
            arrived: now,
            late,
        };
        if !self.queue.insert(waiting) {
            self.figures.duplicates += 1;
        }
    }

    /// The next 20 ms at the format's sample rate. `now`: when they are due, on an even clock.
    pub fn tick(&mut self, now: Instant) -> (Frame, &[i16]) {
        self.ticked = Some(now);
        self.made_up = 0;
        let count = self.format.samples(20);
        if !self.is_playing {
            self.try_begin(now);
        }
        let limit = self.ticks_of_ms(self.delay.margin() as u32 + EXCESS_MS);
        if self.is_playing && self.queue.span() > limit {
            self.skip_ahead();
            self.try_begin(now);
        }
        self.fill(count);
        if self.is_playing {
            self.adapt(count);
        }
        let frame = self.finish(count);
        (frame, &self.output)
    }

    /// Moves a frame to the output, filled up with what a pause sounds like.
    fn finish(&mut self, count: usize) -> Frame {
        self.output.clear();
        let there = count.min(self.ready.len());
        self.output.extend(self.ready.drain(..there));
        let rest = count - there;
        if rest > 0 {
            self.output.resize(count, 0);
            if self.is_noisy {
                self.noise.fill(&mut self.output[there..]);
            }
        }
        self.figures.concealed += self.made_up as u64;
        match () {
            () if self.made_up * 2 >= count => Frame::Concealed,
            () if there > 0 => Frame::Sound,
            () if self.is_noisy => Frame::Noise,
            () => Frame::Silence,
        }
    }

    fn begin_anew(&mut self, now: Instant) {
        self.figures.restarts += 1;
        self.delay.restart(now);
        self.is_noisy = false;
        self.pause();
    }

    /// Stops playing until a packet has been held long enough.
    fn pause(&mut self) {
        self.is_playing = false;
        self.starved = 0;
        self.adaptation.clear();
    }

    /// Begins with the first packet if it was held long enough.
    fn try_begin(&mut self, now: Instant) {
        while let Some(front) = self.queue.front() {
            if front.kind == Kind::Noise {
                self.take_noise();
                continue;
            }
            let hold = (self.delay.margin() - front.late).max(0.0);
            if front.arrived + Duration::from_secs_f32(hold / 1000.0) > now {
                return;
            }
            if self.sequence > 0 && front.sequence > self.sequence {
                let missing = front.sequence - self.sequence;
                self.figures.lost += if missing < 100 { missing } else { 0 };
            }
            (self.sequence, self.timestamp) = (front.sequence, front.timestamp);
            self.starved = 0;
            self.is_playing = true;
            self.is_noisy = false;
            self.is_resting = false;
            self.concealer.reset();
            self.adaptation.clear();
            return;
        }
    }

    fn take_noise(&mut self) {
        let Some(packet) = self.queue.pop() else { return };
        self.noise.update(&packet.payload);
        self.is_noisy = true;
        self.sequence = packet.sequence + 1;
    }

    /// Drops what waits but the newest, after a burst that came far too late.
    fn skip_ahead(&mut self) {
        let wanted = self.ticks_of_ms(self.delay.margin() as u32 + 20);
        while self.queue.span() > wanted || self.queue.is_full() {
            self.queue.pop();
            self.figures.late += 1;
        }
        self.ready.clear();
        self.pause();
        if let Some(front) = self.queue.front() {
            self.sequence = front.sequence;
        }
    }

    /// Decodes or makes up until so many samples are ready, or the stream pauses.
    fn fill(&mut self, count: usize) {
        while self.is_playing && self.ready.len() < count {
            if self.more() {
                continue;
            }
            if !self.is_playing {
                return;
            }
            if self.is_resting {
                return self.pause();
            }
            let missing = count - self.ready.len();
            self.conceal(missing, None);
            self.starved += self.ticks_of(missing);
            self.adaptation.clear();
            if self.starved > self.ticks_of_ms(LONGEST_WAIT_MS) {
                self.pause();
            }
        }
    }

    /// Brings at least one more sample, or false: nothing is there, or the stream pauses.
    fn more(&mut self) -> bool {
        while self.queue.front().is_some_and(|front| front.sequence < self.sequence) {
            self.queue.pop();
            self.figures.late += 1;
        }
        let Some(front) = self.queue.front() else { return false };
        let in_order = front.sequence == self.sequence;
        let mut gap = front.timestamp.saturating_sub(self.timestamp);
        if !in_order && self.starved > 0 {
            // What was made up while waiting stands for what was lost.
            let covered = gap.min(self.starved);
            self.timestamp += covered;
            self.starved = 0;
            gap -= covered;
        }
        if gap == 0 || (in_order && front.kind == Kind::Noise) {
            return self.play_front();
        }
        if in_order || gap > self.ticks_of_ms(LONGEST_GAP_MS) {
            // Nothing was sent for a while, or so much was lost that it is the same.
            self.pause();
            return false;
        }
        self.bridge(gap);
        true
    }

    /// Makes up for the next of lost ticks before the first packet.
    fn bridge(&mut self, gap: u64) {
        let ticks = gap.min(self.packet).min(self.ticks_of_ms(20));
        let is_last = ticks == gap;
        let next = if is_last { self.queue.front().map(|p| p.payload.clone()) } else { None };
        self.conceal(self.format.samples_of(ticks as u32), next.as_deref());
        self.timestamp += ticks;
        if is_last && let Some(front) = self.queue.front() {
            self.figures.lost += front.sequence - self.sequence;
            self.sequence = front.sequence;
        }
    }

    fn play_front(&mut self) -> bool {
        let Some(front) = self.queue.front() else { return false };
        let lost = front.sequence - self.sequence;
        self.figures.lost += lost;
        if front.kind == Kind::Noise {
            self.take_noise();
            self.pause();
            return false;
        }
        let Some(packet) = self.queue.pop() else { return false };
        let begin = self.ready.len();
        if self.doze(&packet.payload) {
            self.ready.resize(begin + self.decoder.duration(&packet.payload), 0);
        } else if self.decoder.decode(&packet.payload, &mut self.ready).is_err() {
            self.figures.broken += 1;
            self.ready.truncate(begin);
            self.conceal(self.format.samples_of(self.packet as u32), None);
        } else if !self.format.codec.conceals() {
            self.concealer.heard(&mut self.ready[begin..]);
        }
        self.thrift.heard(&self.ready[begin..]);
        let decoded = self.ready.len() - begin;
        self.packet = self.ticks_of(decoded).max(1);
        // RFC 6716 §2.1.9, RFC 7587 §3.1.3: an Opus frame of no more than its header says that
        // nothing follows for a while.
        self.is_resting = self.format.codec.conceals() && packet.payload.len() <= 2;
        self.sequence = packet.sequence + 1;
        self.timestamp = packet.timestamp + self.packet;
        self.catch_up(begin);
        true
    }

    /// After waiting for a packet that came late after all: plays later from now on, or, if the
    /// delay was long enough for most, leaves out what was made up in its place.
    fn catch_up(&mut self, begin: usize) {
        let starved = std::mem::take(&mut self.starved);
        if starved == 0 || !self.adaptation.should_skip(self.ms_of(starved), self.delay.margin()) {
            return;
        }
        let skipped = self.format.samples_of(starved as u32).min(self.ready.len() - begin);
        self.ready.drain(begin..begin + skipped);
        self.adaptation.clear();
    }

    /// Appends made up samples. `next`: the packet behind the loss.
    fn conceal(&mut self, count: usize, next: Option<&[u8]>) {
        let begin = self.ready.len();
        self.made_up += count;
        if let Decoder::Opus(decoder) = &mut self.decoder {
            // The library makes whole multiples of 2.5 ms (RFC 6716 §2.1.4).
            let unit = self.format.samples(5) / 2;
            let whole = count.next_multiple_of(unit);
            if decoder.conceal_into(whole, next, &mut self.ready).is_err() {
                self.ready.resize(begin + count, 0);
            }
            self.ready.truncate(begin + count);
        } else {
            self.ready.resize(begin + count, 0);
            self.concealer.lost(&mut self.ready[begin..]);
        }
    }

    fn ticks_of(&self, samples: usize) -> u64 {
        samples as u64 * u64::from(self.format.clock_rate) / u64::from(self.format.sample_rate)
    }

    fn ticks_of_ms(&self, milliseconds: u32) -> u64 {
        u64::from(self.format.ticks(milliseconds))
    }

    fn ms_of(&self, ticks: u64) -> f32 {
        ticks as f32 * 1000.0 / self.format.clock_rate as f32
    }
}

#[cfg(test)]
mod tests;
