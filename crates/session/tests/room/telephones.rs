//! Telephones around a room in one thread under a virtual clock: each sends a tone, and keeps what it
//! hears.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use antiphon_audio::{Codec, Decoder, Encoder, Format};
use antiphon_rtp::{Epoch, Header, Protection, Settings};
use antiphon_session::{
    AudioQueue, Command, Config, Event, Id, Identity, Limits, PhoneMedia, PhonePort, PhoneSocket,
    Room,
};

const SERVER: &str = "192.0.2.1";
pub const STEP: Duration = Duration::from_millis(1);
const FRAME_MS: u64 = 20;

pub fn format(name: &str) -> Format {
    let (rate, channels) = match name {
        "opus" => (48_000, 2),
        "L16" => (16_000, 1),
        _ => (8_000, 1),
    };
    Format::new(Codec::named(name).unwrap(), rate, channels).unwrap()
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::L16 => 97,
        Codec::Opus => 96,
    }
}

pub struct Telephone {
    pub peer: Id,
    pub track: Id,
    pub format: Format,
    address: SocketAddr,
    encoder: Encoder,
    decoder: Decoder,
    /// What it says at each sample of its own time; `None` sends nothing.
    pub voice: Option<Box<dyn Fn(usize) -> f32>>,
    sent: u64,
    phase: Duration,
    /// What it heard, decoded in order, without regard to time.
    pub heard: Vec<i16>,
    /// Time of arrival, header and payload of what it got.
    pub packets: Vec<(Instant, Header, Vec<u8>)>,
    pub ptime: u64,
    is_held: bool,
}

impl Telephone {
    /// Tells which part of what it heard since the `from`th sample is a tone: its loudness in dBov.
    pub fn tone(&self, frequency: f64, from: usize) -> f64 {
        let samples = &self.heard[from.min(self.heard.len())..];
        let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
        for (n, &sample) in samples.iter().enumerate() {
            let window = (std::f64::consts::PI * n as f64 / samples.len() as f64).sin().powi(2);
            let angle =
                std::f64::consts::TAU * frequency * n as f64 / f64::from(self.format.sample_rate);
            re += window * f64::from(sample) * angle.cos();
            im += window * f64::from(sample) * angle.sin();
            weight += window;
        }
        let peak = 2.0 * (re * re + im * im).sqrt() / weight.max(1.0) / 32_768.0;
        20.0 * peak.max(1e-9).log10() - 3.01
    }

    pub fn say(&mut self, frequency: f32) {
        let rate = self.format.sample_rate as f32;
        self.voice = Some(Box::new(move |n| {
            (n as f32 * frequency * std::f32::consts::TAU / rate).sin() * 6000.0
        }));
    }

    pub fn be_silent(&mut self) {
        self.voice = Some(Box::new(|_| 0.0));
    }

    fn packet(&mut self) -> Option<Vec<u8>> {
        let voice = self.voice.as_ref()?;
        let count = self.format.samples(FRAME_MS as u32);
        let first = self.sent as usize * count;
        let samples: Vec<i16> = (first..first + count).map(|n| voice(n) as i16).collect();
        let mut payload = Vec::new();
        self.encoder.encode(&samples, &mut payload).unwrap();
        let header = Header {
            payload_type: payload_type(self.format.codec),
            marker: self.sent == 0,
            sequence: 40_000u16.wrapping_add(self.sent as u16),
            timestamp: (self.sent as u32).wrapping_mul(self.format.ticks(FRAME_MS as u32)),
            ssrc: 7000 + self.peer as u32,
        };
        let mut packet = Vec::new();
        header.write(&payload, &mut packet);
        Some(packet)
    }
}

pub struct Lines {
    pub now: Instant,
    pub room: Room,
    pub phones: Vec<Telephone>,
    pub events: Vec<Event>,
    next: Id,
    /// Processor time of this thread inside the room.
    pub spent: Duration,
}

impl Lines {
    pub fn new() -> Lines {
        let config = Config {
            candidates: vec![format!("{SERVER}:7882").parse().unwrap()],
            identity: Identity::generate().unwrap(),
            estimate_bandwidth: false,
            limits: Limits::default(),
        };
        Lines {
            now: Instant::now(),
            room: Room::new(1, Arc::new(config), Duration::ZERO),
            phones: Vec::new(),
            events: Vec::new(),
            next: 1000,
            spent: Duration::ZERO,
        }
    }

    pub fn id(&mut self) -> Id {
        self.next += 1;
        self.next
    }

    pub fn tell(&mut self, command: Command) {
        self.room.command(command, self.now);
        self.settle();
    }

    /// A telephone with one codec that publishes its sound and is silent.
    pub fn add(&mut self, name: &str) -> usize {
        let (peer, track) = (self.id(), self.id());
        let at = self.phones.len();
        let epoch = Epoch { at: self.now, wall: SystemTime::UNIX_EPOCH };
        let format = format(name);
        let mut phone = Telephone {
            peer,
            track,
            format,
            address: SocketAddr::new("198.51.100.9".parse().unwrap(), 10_000 + 2 * at as u16),
            encoder: Encoder::new(&format).unwrap(),
            decoder: Decoder::new(&format).unwrap(),
            voice: None,
            sent: 0,
            // Telephones do not send at the same time.
            phase: Duration::from_micros(at as u64 * 7_300 % 20_000),
            heard: Vec::new(),
            packets: Vec::new(),
            ptime: FRAME_MS,
            is_held: false,
        };
        phone.be_silent();
        self.phones.push(phone);
        self.tell(Command::OpenPhone { peer, epoch });
        let socket = PhoneSocket {
            section: 1,
            mid: "audio".to_owned(),
            is_video: false,
            ports: (20_000 + 2 * at as u16, 20_001 + 2 * at as u16),
            is_v6: false,
        };
        self.tell(Command::BindPhone { peer, socket });
        self.configure(at);
        self.tell(Command::Publish { peer, mid: "audio".to_owned(), track });
        at
    }

    fn configure(&mut self, at: usize) {
        let phone = &self.phones[at];
        let format = phone.format;
        let named = (
            payload_type(format.codec),
            format.codec.name().to_owned(),
            format.clock_rate,
            format.channels,
            String::new(),
        );
        let media = PhoneMedia {
            settings: Settings {
                remote: Some(phone.address),
                remote_control: None,
                mux: true,
                sends: !phone.is_held,
                receives: true,
                protection: Protection::Plain,
                ice: None,
            },
            formats: vec![named.clone()],
            accepts: vec![named],
            packet_time: Duration::from_millis(phone.ptime),
        };
        let (peer, mid) = (phone.peer, "audio".to_owned());
        self.tell(Command::ConfigurePhone { peer, mid, media: Box::new(media) });
    }

    pub fn set_ptime(&mut self, at: usize, ptime: u64) {
        self.phones[at].ptime = ptime;
        self.configure(at);
    }

    pub fn hold(&mut self, at: usize, is_held: bool) {
        self.phones[at].is_held = is_held;
        self.configure(at);
    }

    /// A mix of all telephones, for all of them.
    pub fn conference(&mut self) -> Id {
        let hub = self.id();
        self.tell(Command::OpenHub { hub, mix: true });
        for at in 0..self.phones.len() {
            let Telephone { peer, track, .. } = self.phones[at];
            self.tell(Command::Connect { source: track, sinks: vec![hub] });
            self.tell(Command::Connect { source: hub, sinks: vec![peer] });
        }
        hub
    }

    pub fn connect(&mut self, source: Id, sink: Id) {
        self.tell(Command::Connect { source, sinks: vec![sink] });
    }

    /// When the first sample of a telephone's own time was spoken.
    pub fn first_sent(&self, at: usize) -> Instant {
        let phone = &self.phones[at];
        let packets = Duration::from_millis(FRAME_MS) * phone.sent as u32;
        self.now - phone.phase - packets
    }

    pub fn open_audio(&mut self) -> (Id, Id, Arc<AudioQueue>) {
        let (peer, track) = (self.id(), self.id());
        let queue = Arc::new(AudioQueue::new(48_000, 1));
        let shared = queue.clone();
        self.tell(Command::OpenAudio { peer, sample_rate: 48_000, channels: 1, queue: shared });
        self.tell(Command::Publish { peer, mid: "audio".to_owned(), track });
        (peer, track, queue)
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += STEP;
            for at in 0..self.phones.len() {
                self.phones[at].phase += STEP;
                if self.phones[at].phase < Duration::from_millis(FRAME_MS) {
                    continue;
                }
                self.phones[at].phase -= Duration::from_millis(FRAME_MS);
                let packet = self.phones[at].packet();
                self.phones[at].sent += 1;
                if let Some(packet) = packet {
                    self.receive(at, &packet);
                }
            }
            self.settle();
        }
    }

    fn receive(&mut self, at: usize, packet: &[u8]) {
        let phone = &self.phones[at];
        let port = PhonePort { peer: phone.peer, section: 1, control: false };
        let local = SocketAddr::new(SERVER.parse().unwrap(), 20_000 + 2 * at as u16);
        let began = thread_time();
        self.room.receive_phone(port, local, phone.address, packet, self.now);
        self.spent += thread_time() - began;
    }

    fn settle(&mut self) {
        let began = thread_time();
        if self.room.deadline().is_some_and(|at| at <= self.now) {
            self.room.wake(self.now);
        }
        self.room.flush(self.now);
        self.spent += thread_time() - began;
        self.events.extend(self.room.events());
        for (port, datagram) in self.room.phone_output().drain(..) {
            let mut phones = self.phones.iter_mut();
            let Some(phone) = phones.find(|phone| phone.peer == port.peer) else { continue };
            // RFC 5761 §4: reports are told by their type.
            if (192..=223).contains(&datagram.contents[1]) {
                continue;
            }
            let (header, at) = Header::parse(&datagram.contents).unwrap();
            let payload = datagram.contents[at..].to_vec();
            phone.decoder.decode(&payload, &mut phone.heard).unwrap();
            phone.packets.push((self.now, header, payload));
        }
    }
}

/// Processor time of this thread: others on the machine do not count.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
