//! One connection: its socket, its TLS, its framing and what waits in between.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use antiphon_xml::Outgoing;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use rustls::Connection;

use crate::bucket::Bucket;
use crate::event::Id;
use crate::framer::Framer;
use crate::kept::Kept;
use crate::tls::Profile;

/// Asks the peer what it has received (XEP-0198 §4).
const REQUEST: &[u8] = b"<r xmlns='urn:xmpp:sm:3'/>";

/// Bytes given to TLS at once: what it holds is not counted.
const TLS_PIECE: usize = 64 * 1024;
/// What may still come while a connection ends.
const LINGER_BYTES: u64 = 256 * 1024;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// TLS is negotiated.
    Handshake,
    /// As usual.
    Open,
    /// The stream cannot be read on; we may still be told what to send.
    Failed,
    /// The rest is sent, nothing is read.
    Ending,
    /// All is sent: the peer is to end it too.
    Lingering,
}

/// Why a connection ended without having been closed by us.
pub(crate) type Reason = &'static str;

pub(crate) struct Conn {
    pub(crate) id: Id,
    pub(crate) tag: u32,
    pub(crate) fd: OwnedFd,
    pub(crate) phase: Phase,
    pub(crate) tls: Option<Box<Connection>>,
    pub(crate) profile: Arc<Profile>,
    /// Whom we asked for, as a client.
    pub(crate) server_name: Option<Box<str>>,
    pub(crate) framer: Framer,
    /// What came and was not taken by the framing.
    pub(crate) input: Vec<u8>,
    /// What waits to be written, from `written` on.
    output: Vec<u8>,
    written: usize,
    /// `to` for what is sent to many, escaped.
    pub(crate) name: Box<[u8]>,
    pub(crate) kept: Option<Arc<Kept>>,
    pub(crate) high: u32,
    pub(crate) outbox: u32,
    pub(crate) bytes: Bucket,
    pub(crate) elements: Bucket,
    /// When something is done about it if nothing happens.
    pub(crate) deadline: Option<Instant>,
    /// When it may be read on.
    pub(crate) throttled: Option<Instant>,
    pub(crate) heard: Instant,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) linger: u64,
    /// What `sent` was when it was last looked at.
    pub(crate) mark: u64,
    pub(crate) paused: bool,
    /// Whether the kernel tells us that something came, and that there is room.
    pub(crate) reads: bool,
    pub(crate) writes: bool,
    /// Whether it is in the list of those to be written.
    pub(crate) dirty: bool,
    /// Whether it is in the list of those whose input is not used up.
    pub(crate) is_behind: bool,
    pub(crate) is_full: bool,
    /// Whether the peer has sent its last.
    pub(crate) has_ended: bool,
    /// Why it ends in order.
    pub(crate) reason: Reason,
    /// Why it must go with the next flush.
    pub(crate) doomed: Option<Reason>,
    pub(crate) is_freed: bool,
}

impl Conn {
    pub(crate) fn new(id: Id, tag: u32, fd: OwnedFd, framer: Framer, now: Instant) -> Conn {
        Conn {
            id,
            tag,
            fd,
            phase: Phase::Open,
            tls: None,
            profile: Arc::default(),
            server_name: None,
            framer,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            name: Box::default(),
            kept: None,
            high: 64 * 1024,
            outbox: 4 * 1024 * 1024,
            bytes: Bucket::new(0, now),
            elements: Bucket::new(0, now),
            deadline: None,
            throttled: None,
            heard: now,
            received: 0,
            sent: 0,
            linger: 0,
            mark: 0,
            paused: false,
            reads: true,
            writes: false,
            dirty: false,
            is_behind: false,
            is_full: false,
            has_ended: false,
            reason: "closed",
            doomed: None,
            is_freed: false,
        }
    }

    /// Whether verbs mean something.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.phase, Phase::Handshake | Phase::Open | Phase::Failed)
    }

    /// Whether what came may be looked at.
    pub(crate) fn may_cut(&self) -> bool {
        self.phase == Phase::Open && !self.paused && self.throttled.is_none()
    }

    /// Whether more may be read from the socket.
    pub(crate) fn may_read(&self) -> bool {
        match self.phase {
            Phase::Handshake | Phase::Lingering => !self.has_ended,
            Phase::Open => {
                self.may_cut() && !self.framer.waits() && !self.is_behind && !self.has_ended
            }
            Phase::Failed | Phase::Ending => false,
        }
    }

    /// Bytes waiting to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.output.len() - self.written
    }

    /// The framing, and where its answers go.
    pub(crate) fn framing(&mut self) -> (&mut Framer, &mut Vec<u8>) {
        (&mut self.framer, &mut self.output)
    }

    /// Puts one element into the queue; counted and kept if it is a stanza.
    pub(crate) fn put(&mut self, element: &Outgoing<'_>, addressed: bool) {
        let to = (addressed && !self.name.is_empty()).then_some(&*self.name);
        if self.framer.send(&mut self.output, element, to)
            && let Some(kept) = &self.kept
        {
            if !kept.has_room() {
                self.doomed = Some("unacknowledged");
            }
            if kept.push(element.alone(to).into()) {
                self.framer.send(&mut self.output, &Outgoing::new(REQUEST), None);
            }
        }
        if self.waiting() > self.outbox as usize {
            self.doomed = Some("outbox");
        }
    }

    /// Reads one piece of what came, decrypted, to the end of `plain`. `false`: nothing was there.
    pub(crate) fn read(
        &mut self,
        piece: &mut [u8],
        plain: &mut Vec<u8>,
        now: Instant,
    ) -> Result<bool, Reason> {
        let count = match recv(&self.fd, &mut *piece, RecvFlags::DONTWAIT) {
            Ok((_, count)) => count,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Ok(false),
            Err(_) => return Err("reset"),
        };
        if count == 0 {
            self.has_ended = true;
            return Ok(true);
        }
        self.heard = now;
        self.received += count as u64;
        self.bytes.take(count, now);
        let came = &piece[..count];
        if self.phase == Phase::Lingering {
            self.linger += count as u64;
            return if self.linger > LINGER_BYTES { Err(self.reason) } else { Ok(true) };
        }
        match &mut self.tls {
            None => plain.extend_from_slice(came),
            Some(tls) => {
                if decrypt(tls, came, plain)? {
                    self.has_ended = true;
                }
            }
        }
        Ok(true)
    }

    /// Writes as much as the socket takes. `true`: all of it.
    pub(crate) fn write(&mut self) -> Result<bool, Reason> {
        let done = match self.tls.take() {
            None => self.write_plain(),
            Some(mut tls) => {
                let done = self.write_tls(&mut tls);
                self.tls = Some(tls);
                done
            }
        };
        match done {
            Ok(()) => {
                self.output = Vec::new();
                self.written = 0;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if self.written > self.output.len() / 2 {
                    self.output.drain(..self.written);
                    self.written = 0;
                }
                Ok(false)
            }
            Err(_) => Err("reset"),
        }
    }

    fn write_plain(&mut self) -> io::Result<()> {
        while self.waiting() > 0 {
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            let count = send(&self.fd, &self.output[self.written..], flags)?;
            self.written += count;
            self.sent += count as u64;
        }
        Ok(())
    }

    fn write_tls(&mut self, tls: &mut Connection) -> io::Result<()> {
        loop {
            while tls.wants_write() {
                self.sent += tls.write_tls(&mut Socket(&self.fd))? as u64;
            }
            if self.waiting() == 0 || tls.is_handshaking() {
                return if self.waiting() == 0 {
                    Ok(())
                } else {
                    Err(ErrorKind::WouldBlock.into())
                };
            }
            let piece = &self.output[self.written..];
            self.written += tls.writer().write(&piece[..piece.len().min(TLS_PIECE)])?;
        }
    }

    /// Tells the peer that nothing more will come. `false`: there is no room for it yet.
    pub(crate) fn finish(&mut self) -> Result<bool, Reason> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            while tls.wants_write() {
                match tls.write_tls(&mut Socket(&self.fd)) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                    Err(_) => return Err("reset"),
                }
            }
        }
        // The peer may be gone already.
        shutdown(&self.fd, Shutdown::Write).map(|()| true).map_err(|_| self.reason)
    }
}

/// `true`: the peer has sent its last.
fn decrypt(tls: &mut Connection, mut came: &[u8], plain: &mut Vec<u8>) -> Result<bool, Reason> {
    let mut has_ended = false;
    while !came.is_empty() {
        let taken = tls.read_tls(&mut came).map_err(|_| "tls")?;
        let state = tls.process_new_packets().map_err(|_| "tls")?;
        let length = state.plaintext_bytes_to_read();
        if length > 0 {
            let at = plain.len();
            plain.resize(at + length, 0);
            tls.reader().read_exact(&mut plain[at..]).map_err(|_| "tls")?;
        }
        has_ended |= state.peer_has_closed();
        if taken == 0 {
            break;
        }
    }
    Ok(has_ended)
}

/// For what TLS writes.
struct Socket<'a>(&'a OwnedFd);

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(self.0, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(rustix::io::writev(self.0, pieces)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
