//! The other side: a publisher in real time, and subscribers that read what comes and drop it.

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::seal::{HEADER, Seal, TAG};
use crate::socket::{self, Inbox, check};

/// Payload bytes, and packets of a video frame: 1.5 Mbit/s at 30 frames a second.
pub(crate) const VIDEO: usize = 1041;
pub(crate) const AUDIO: usize = 80;
pub(crate) const FRAME: usize = 6;
/// The number that the publisher's keys are made of.
pub(crate) const PUBLISHER: u64 = 4242;

const FRAME_EVERY: Duration = Duration::from_nanos(1_000_000_000 / 30);
const AUDIO_EVERY: Duration = Duration::from_millis(20);
const BUFFER: libc::c_int = 1 << 20;
/// For the server to get ready.
const PATIENCE: Duration = Duration::from_millis(300);
const EVENTS: usize = 256;

/// Publishes for so many seconds, while it reads `n` sockets.
pub(crate) fn run(
    server: SocketAddr,
    n: usize,
    seconds: f64,
    core: usize,
) -> Result<(), Box<dyn Error>> {
    socket::pin(core)?;
    let sinks: Vec<UdpSocket> = (0..n).map(|_| socket::bind(BUFFER)).collect::<Result<_, _>>()?;
    let ports: Vec<String> = sinks
        .iter()
        .map(|sink| Ok(sink.local_addr()?.port().to_string()))
        .collect::<std::io::Result<_>>()?;
    println!("{}", ports.join(" "));
    let ended = Arc::new(AtomicBool::new(false));
    let reader = {
        let ended = Arc::clone(&ended);
        std::thread::spawn(move || read(&sinks, &ended))
    };
    std::thread::sleep(PATIENCE);
    publish(server, Duration::from_secs_f64(seconds))?;
    ended.store(true, Ordering::Relaxed);
    reader.join().map_err(|_| "the reader failed")??;
    Ok(())
}

fn read(sinks: &[UdpSocket], ended: &AtomicBool) -> std::io::Result<()> {
    // SAFETY: takes no pointers; the result is checked. It lives as long as the process.
    let poller = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    for sink in sinks {
        let fd = sink.as_raw_fd();
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: fd as u64 };
        // SAFETY: one event that outlives the call.
        check(unsafe { libc::epoll_ctl(poller, libc::EPOLL_CTL_ADD, fd, &raw mut event) })?;
    }
    let mut inbox = Inbox::new();
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
    while !ended.load(Ordering::Relaxed) {
        // SAFETY: room for as many events as said.
        let count =
            check(unsafe { libc::epoll_wait(poller, events.as_mut_ptr(), EVENTS as i32, 100) })?;
        for event in &events[..count as usize] {
            inbox.receive(event.u64 as i32).for_each(drop);
        }
    }
    Ok(())
}

fn publish(server: SocketAddr, length: Duration) -> Result<(), Box<dyn Error>> {
    let socket = socket::bind(BUFFER)?;
    let seal = Seal::new(PUBLISHER)?;
    let (video, audio) = ([7; VIDEO], [8; AUDIO]);
    let mut packet = [0; HEADER + VIDEO + TAG];
    let mut sent = [0u64; 2];
    let mut send = |kind: usize, payload: &[u8], marker: bool| -> Result<(), Box<dyn Error>> {
        let mut header = [0; HEADER];
        header[0] = 0x90;
        header[1] = [111, 96][kind] | if marker { 0x80 } else { 0 };
        header[2..4].copy_from_slice(&(sent[kind] as u16).to_be_bytes());
        header[11] = kind as u8 + 1;
        let size = seal.protect(&header, payload, sent[kind], &mut packet)?;
        sent[kind] += 1;
        socket.send_to(&packet[..size], server)?;
        Ok(())
    };
    let began = Instant::now();
    let (mut frame, mut sound) = (began, began + AUDIO_EVERY / 4);
    while began.elapsed() < length {
        std::thread::sleep(frame.min(sound).saturating_duration_since(Instant::now()));
        if frame <= sound {
            frame += FRAME_EVERY;
            for at in 0..FRAME {
                send(1, &video, at + 1 == FRAME)?;
            }
        } else {
            sound += AUDIO_EVERY;
            send(0, &audio, false)?;
        }
    }
    Ok(())
}
