//! The engine of streams as a Python class.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use antiphon_streams::{Engine, Event, Limits, Profile, Start, Times, What};
use antiphon_xml::{Outgoing, Stamp};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::sip_flow::unfit;
use crate::streams_events::{self as events, StreamAccepted, StreamClosed, StreamSecured};
use crate::streams_pipe::{self as pipe, Group, Kept};
use crate::streams_stanza::Stanza;

/// Longest time of a limit: more is a mistake.
const LONGEST: f64 = 86_400.0;

/// Adds all classes of streams to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    crate::streams_stanza::add(module)?;
    events::add(module)?;
    module.add_class::<pipe::Pipe>()?;
    module.add_class::<Kept>()?;
    module.add_class::<Group>()?;
    module.add_class::<Streams>()
}

/// Sockets, TLS, framing.
#[pyclass(module = "antiphon._native")]
pub(crate) struct Streams {
    engine: Engine,
}

/// One connection, or those of a group.
#[derive(FromPyObject)]
enum To<'py> {
    One(u64),
    All(PyRef<'py, Group>),
}

impl To<'_> {
    fn ids(&self) -> &[u64] {
        match self {
            To::One(id) => std::slice::from_ref(id),
            To::All(group) => &group.0,
        }
    }
}

fn seconds(name: &str, seconds: f64) -> PyResult<Duration> {
    if (0.001..=LONGEST).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(unfit(format!("{name}: 0.001 to {LONGEST} seconds")))
    }
}

/// A descriptor of our own for what the caller's one refers to.
fn duplicate(fd: RawFd) -> PyResult<OwnedFd> {
    if fd < 0 {
        return Err(unfit("fd: none"));
    }
    // SAFETY: it is borrowed for this one call, in which nobody can close it: we have the GIL. If it
    // is not open, the call fails.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    Ok(borrowed.try_clone_to_owned()?)
}

fn profile(alpn: Option<Vec<String>>, ask: bool) -> Arc<Profile> {
    let alpn = alpn.unwrap_or_default().into_iter().map(String::into_bytes).collect();
    Arc::new(Profile { alpn, ask })
}

#[pymethods]
impl Streams {
    #[new]
    #[pyo3(signature = (*, handshake_time=15.0, login_time=60.0))]
    fn new(handshake_time: f64, login_time: f64) -> PyResult<Streams> {
        let times = Times {
            handshake: seconds("handshake_time", handshake_time)?,
            login: seconds("login_time", login_time)?,
        };
        let engine = Engine::new(times).map_err(std::io::Error::from)?;
        Ok(Streams { engine })
    }

    #[getter]
    fn fd(&self) -> RawFd {
        self.engine.fd().as_raw_fd()
    }

    fn identities(&mut self, chains: HashMap<String, (Vec<u8>, Vec<u8>)>) -> PyResult<()> {
        let pairs = chains.iter().map(|(name, (chain, key))| (&**name, &**chain, &**key));
        self.engine.identities(pairs).map_err(unfit)
    }

    fn trust(&mut self, roots: &[u8]) -> PyResult<()> {
        self.engine.trust(roots).map_err(unfit)
    }

    #[pyo3(
        signature = (
            fd, framing, *, tag, tls=false, alpn=None, ask=false, paths=None, element=16_384,
            outbox=4_194_304
        ),
        text_signature = "($self, fd, framing, *, tag, tls=False, alpn=(), ask=False, paths=(), \
                          element=16384, outbox=4194304)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn listen(
        &mut self,
        fd: RawFd,
        framing: u8,
        tag: u32,
        tls: bool,
        alpn: Option<Vec<String>>,
        ask: bool,
        paths: Option<Vec<String>>,
        element: u32,
        outbox: u32,
    ) -> PyResult<()> {
        let framing = pipe::framing(framing, paths.unwrap_or_default())?;
        let start = Start { tag, framing, tls, profile: profile(alpn, ask), element, outbox };
        self.engine.listen(duplicate(fd)?, start).map_err(std::io::Error::from)?;
        Ok(())
    }

    fn unlisten(&mut self, tag: u32) {
        self.engine.unlisten(tag);
    }

    #[pyo3(
        signature = (
            fd, framing, *, tag, tls=false, server_name="", alpn=None, element=65_536,
            outbox=4_194_304
        ),
        text_signature = "($self, fd, framing, *, tag, tls=False, server_name='', alpn=(), \
                          element=65536, outbox=4194304)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn connect(
        &mut self,
        fd: RawFd,
        framing: u8,
        tag: u32,
        tls: bool,
        server_name: &str,
        alpn: Option<Vec<String>>,
        element: u32,
        outbox: u32,
    ) -> PyResult<u64> {
        if !matches!(framing, pipe::XMPP | pipe::RAW) {
            return Err(unfit("framing: XMPP or RAW"));
        }
        let framing = pipe::framing(framing, Vec::new())?;
        let start = Start { tag, framing, tls, profile: profile(alpn, false), element, outbox };
        self.engine.connect(duplicate(fd)?, start, server_name).map_err(PyOSError::new_err)
    }

    fn poll(&mut self, py: Python<'_>) -> PyResult<Vec<Told>> {
        self.engine.poll().into_iter().map(|event| told(py, event)).collect()
    }

    fn flush(&mut self) {
        self.engine.flush();
    }

    #[pyo3(signature = (to, data, *, addressed=false))]
    fn send(&mut self, to: To<'_>, data: &[u8], addressed: bool) {
        self.engine.send(to.ids(), &Outgoing::new(data), addressed);
    }

    #[pyo3(
        signature = (to, stanza, from_=None, *, address=None, extra=None, drop=0, by=""),
        text_signature = "($self, to, stanza, from_=None, *, address=None, extra=b'', drop=0, by='')"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn forward(
        &mut self,
        to: To<'_>,
        stanza: &Stanza,
        from_: Option<&str>,
        address: Option<&str>,
        extra: Option<&[u8]>,
        drop: u64,
        by: &str,
    ) {
        let stamp = Stamp {
            from: from_.map(str::as_bytes),
            to: address.map(str::as_bytes),
            without_to: false,
            type_: None,
            extra: extra.unwrap_or_default(),
            drop,
            by: by.as_bytes(),
        };
        let addressed = address.is_none() && matches!(to, To::All(_));
        self.engine.forward(to.ids(), &stanza.element, &stamp, addressed);
    }

    #[pyo3(signature = (stream, *, restart=false, starttls=false, free=false))]
    fn resume(&mut self, stream: u64, restart: bool, starttls: bool, free: bool) {
        self.engine.resume(stream, restart, starttls, free);
    }

    fn refuse(&mut self, stream: u64, status: u16) {
        self.engine.refuse(stream, status);
    }

    fn name(&mut self, stream: u64, address: &str) {
        self.engine.name(stream, address);
    }

    #[pyo3(
        signature = (
            stream, *, element=None, bytes_per_s=None, elements_per_s=None, high=None, outbox=None
        )
    )]
    fn limits(
        &mut self,
        stream: u64,
        element: Option<u32>,
        bytes_per_s: Option<u32>,
        elements_per_s: Option<u32>,
        high: Option<u32>,
        outbox: Option<u32>,
    ) {
        let limits = Limits { element, bytes: bytes_per_s, elements: elements_per_s, high, outbox };
        self.engine.limits(stream, limits);
    }

    #[pyo3(signature = (stream, paused=true))]
    fn pause(&mut self, stream: u64, paused: bool) {
        self.engine.pause(stream, paused);
    }

    fn keep(&mut self, stream: u64, kept: Option<&Kept>) {
        self.engine.keep(stream, kept.map(|kept| kept.0.clone()));
    }

    fn buffered(&mut self, stream: u64) -> usize {
        self.engine.buffered(stream)
    }

    fn idle(&mut self, stream: u64) -> f64 {
        self.engine.idle(stream)
    }

    #[pyo3(signature = (stream, last=None), text_signature = "($self, stream, last=b'')")]
    fn close(&mut self, stream: u64, last: Option<&[u8]>) {
        self.engine.close(stream, last.unwrap_or_default());
    }

    fn abort(&mut self, stream: u64) {
        self.engine.abort(stream);
    }

    fn counters(&self) -> HashMap<&'static str, u64> {
        let mut all = HashMap::from(self.engine.counters.all());
        all.insert("open", self.engine.open() as u64);
        all
    }

    #[classattr]
    const XMPP: u8 = pipe::XMPP;
    #[classattr]
    const WEBSOCKET: u8 = pipe::WEBSOCKET;
    #[classattr]
    const HTTP: u8 = pipe::HTTP;
    #[classattr]
    const RAW: u8 = pipe::RAW;
    #[classattr]
    const BOSH: u8 = pipe::BOSH;

    #[classattr]
    const ACCEPTED: u8 = events::ACCEPTED;
    #[classattr]
    const SECURED: u8 = events::SECURED;
    #[classattr]
    const REQUEST: u8 = events::REQUEST;
    #[classattr]
    const OPENED: u8 = events::OPENED;
    #[classattr]
    const ITEM: u8 = events::ITEM;
    #[classattr]
    const BYTES: u8 = events::BYTES;
    #[classattr]
    const ENDED: u8 = events::ENDED;
    #[classattr]
    const FAILED: u8 = events::FAILED;
    #[classattr]
    const FULL: u8 = events::FULL;
    #[classattr]
    const DRAINED: u8 = events::DRAINED;
    #[classattr]
    const CLOSED: u8 = events::CLOSED;
}

/// Kind, tag, id, what comes with it.
type Told = (u8, u32, u64, Py<PyAny>);

fn told(py: Python<'_>, event: Event) -> PyResult<Told> {
    let (kind, what) = match event.what {
        What::Accepted(peer, secure) => {
            let accepted =
                StreamAccepted { host: peer.ip().to_string(), port: peer.port(), secure };
            (events::ACCEPTED, Py::new(py, accepted)?.into_any())
        }
        What::Secured(secured) => {
            let bytes = |bytes: &[u8]| PyBytes::new(py, bytes).unbind();
            let secured = StreamSecured {
                version: secured.version,
                chain: secured.chain.iter().map(|one| bytes(one)).collect(),
                exporter: secured.exporter.map(|key| bytes(&key)),
                certificate: secured.certificate.as_deref().map(bytes),
                cipher: secured.cipher,
                sni: secured.sni,
                alpn: secured.alpn,
                trusted: secured.trusted,
            };
            (events::SECURED, Py::new(py, secured)?.into_any())
        }
        What::Found(found, ordinal) => match events::found(py, found, &[], ordinal)? {
            Some(told) => told,
            None => (events::ENDED, py.None()),
        },
        What::Bytes(bytes) => (events::BYTES, PyBytes::new(py, &bytes).into_any().unbind()),
        What::Full => (events::FULL, py.None()),
        What::Drained => (events::DRAINED, py.None()),
        What::Closed(reason, received, sent) => {
            let closed = StreamClosed { reason, received, sent };
            (events::CLOSED, Py::new(py, closed)?.into_any())
        }
    };
    Ok((kind, event.tag, event.id, what))
}
