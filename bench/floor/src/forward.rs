//! Forwarding itself: for each subscriber new numbers, a seal, and a place in a message.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::{AUDIO, FRAME, PUBLISHER, VIDEO};
use crate::egress::{Egress, ROOM};
use crate::measure::Usage;
use crate::seal::{HEADER, Seal, TAG};
use crate::socket::{self, Inbox};

const BUFFER: libc::c_int = 4 << 20;
/// How long the packets of a frame may wait for its last one.
const HOLD: Duration = Duration::from_millis(5);

type Failure = Box<dyn Error>;

struct Subscriber {
    address: SocketAddr,
    seal: Seal,
    ssrc: u32,
    /// Packets sent so far: audio, video, both.
    sent: [u64; 3],
}

fn subscribers(ports: &[u16]) -> Result<Vec<Subscriber>, Failure> {
    let make = |(number, &port): (usize, &u16)| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let seal = Seal::new(number as u64 + 1)?;
        Ok(Subscriber { address, seal, ssrc: 1000 + 2 * number as u32, sent: [0; 3] })
    };
    ports.iter().enumerate().map(make).collect()
}

impl Subscriber {
    fn header(&mut self, video: bool, marker: bool) -> ([u8; HEADER], u64) {
        let kind = usize::from(video);
        let index = self.sent[kind];
        let mut header = [0; HEADER];
        header[0] = 0x90;
        header[1] = if video { 96 } else { 111 } | if marker { 0x80 } else { 0 };
        header[2..4].copy_from_slice(&(index as u16).to_be_bytes());
        header[4..8].copy_from_slice(&(index as u32).to_be_bytes());
        header[8..12].copy_from_slice(&(self.ssrc + kind as u32).to_be_bytes());
        header[12..17].copy_from_slice(&[0xbe, 0xde, 0, 1, 0x31]);
        header[17..19].copy_from_slice(&(self.sent[2] as u16).to_be_bytes());
        self.sent[kind] += 1;
        self.sent[2] += 1;
        (header, index)
    }

    /// Sends packets of one kind and one size.
    fn send(&mut self, packets: &[&[u8]], video: bool, egress: &mut Egress) -> Result<(), Failure> {
        let Some(size) = packets.first().map(|packet| HEADER + packet.len() + TAG) else {
            return Ok(());
        };
        for group in packets.chunks(ROOM / size) {
            let mut length = 0;
            for (at, packet) in group.iter().enumerate() {
                let (header, index) = self.header(video, at + 1 == group.len());
                let room = &mut egress.room()[length..];
                length += self.seal.protect(&header, packet, index, room)?;
            }
            egress.commit(self.address, length, size)?;
        }
        Ok(())
    }
}

fn send_all(
    subscribers: &mut [Subscriber],
    packets: &[&[u8]],
    video: bool,
    egress: &mut Egress,
) -> Result<(), Failure> {
    for subscriber in subscribers {
        subscriber.send(packets, video, egress)?;
    }
    Ok(egress.flush()?)
}

/// As fast as one core can, to sockets that are always full: delivery is in it, waking is not.
pub(crate) fn saturated(n: usize, seconds: f64) -> Result<(), Failure> {
    let sinks: Vec<UdpSocket> = (0..n).map(|_| socket::bind(1)).collect::<Result<_, _>>()?;
    let ports: Vec<u16> =
        sinks.iter().map(|sink| Ok(sink.local_addr()?.port())).collect::<std::io::Result<_>>()?;
    let mut all = subscribers(&ports)?;
    let mut egress = Egress::new(socket::bind(BUFFER)?);
    let (video, audio) = ([7; VIDEO], [8; AUDIO]);
    let frame = [&video[..]; FRAME];
    let mut turn = |egress: &mut Egress| -> Result<(), Failure> {
        // The mix of a second in a tenth of it: 3 frames and 5 packets of audio.
        for sounds in [2, 2, 1] {
            send_all(&mut all, &frame, true, egress)?;
            for _ in 0..sounds {
                send_all(&mut all, &[&audio], false, egress)?;
            }
        }
        Ok(())
    };
    turn(&mut egress)?;
    let (before, began) = (egress.sent, Usage::now());
    while Usage::now().since(began) < Duration::from_secs_f64(seconds) {
        turn(&mut egress)?;
    }
    Usage::now().report(began, "saturated", n, egress.sent - before);
    Ok(())
}

/// In real time, with a publisher, and with subscribers that read.
pub(crate) fn paced(n: usize, seconds: f64, core: usize) -> Result<(), Failure> {
    let ingress = socket::bind(BUFFER)?;
    let address = ingress.local_addr()?.to_string();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["client", &address, &n.to_string(), &seconds.to_string(), &core.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let output = child.stdout.take().ok_or("no output")?;
    BufReader::new(output).read_line(&mut line)?;
    let ports: Vec<u16> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let mut paced = Paced {
        subscribers: subscribers(&ports)?,
        egress: Egress::new(socket::bind(BUFFER)?),
        publisher: Seal::new(PUBLISHER)?,
        received: [0; 2],
        frame: Vec::new(),
        since: None,
    };
    let mut inbox = Inbox::new();
    let began = Usage::now();
    loop {
        let timeout =
            paced.since.map_or(Duration::from_secs(1), |at| HOLD.saturating_sub(at.elapsed()));
        let ready = socket::wait(ingress.as_raw_fd(), timeout)?;
        if ready {
            for packet in inbox.receive(ingress.as_raw_fd()) {
                paced.take(packet)?;
            }
        } else if paced.since.is_none() {
            break; // nothing for a second: the publisher has ended
        }
        if paced.since.is_some_and(|at| at.elapsed() >= HOLD) {
            paced.release()?;
        }
    }
    Usage::now().report(began, "paced", n, paced.egress.sent);
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("the client ended with {status}").into()) }
}

struct Paced {
    subscribers: Vec<Subscriber>,
    egress: Egress,
    publisher: Seal,
    /// Packets of audio and video.
    received: [u64; 2],
    /// Packets of the frame that is coming in, and since when.
    frame: Vec<Vec<u8>>,
    since: Option<Instant>,
}

impl Paced {
    fn take(&mut self, packet: &mut [u8]) -> Result<(), Failure> {
        let (video, marker) = (packet[1] & 0x7f == 96, packet[1] & 0x80 != 0);
        // Nothing is lost on the way and nothing overtakes: the count is the index.
        let index = &mut self.received[usize::from(video)];
        let payload = self.publisher.unprotect(packet, *index)?;
        *index += 1;
        if !video {
            return send_all(&mut self.subscribers, &[payload], false, &mut self.egress);
        }
        self.frame.push(payload.to_vec());
        self.since.get_or_insert_with(Instant::now);
        if marker { self.release() } else { Ok(()) }
    }

    fn release(&mut self) -> Result<(), Failure> {
        self.since = None;
        let frame = std::mem::take(&mut self.frame);
        let packets: Vec<&[u8]> = frame.iter().map(Vec::as_slice).collect();
        send_all(&mut self.subscribers, &packets, true, &mut self.egress)
    }
}
