//! The framing of one stream without a socket, and the queues that outlive connections.

use std::sync::Arc;

use antiphon_streams::{self as streams, Framer, Framing};
use antiphon_xml::Outgoing;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::sip_flow::unfit;
use crate::streams_events::found;

pub(crate) const XMPP: u8 = 1;
pub(crate) const WEBSOCKET: u8 = 2;
pub(crate) const HTTP: u8 = 3;
pub(crate) const RAW: u8 = 4;
pub(crate) const BOSH: u8 = 5;

/// The framing of a number.
pub(crate) fn framing(number: u8, paths: Vec<String>) -> PyResult<Framing> {
    Ok(match number {
        XMPP => Framing::Xmpp,
        WEBSOCKET => Framing::WebSocket(paths.into()),
        HTTP => Framing::Http(paths.into()),
        RAW => Framing::Raw,
        BOSH => Framing::Bosh,
        _ => return Err(unfit("framing: one of Streams")),
    })
}

/// Framing of one stream.
#[pyclass(module = "antiphon._native")]
pub(crate) struct Pipe {
    framer: Framer,
    input: Vec<u8>,
    output: Vec<u8>,
}

type Events = Vec<(u8, Py<PyAny>)>;

#[pymethods]
impl Pipe {
    #[new]
    #[pyo3(
        signature = (framing, *, element=65_536, free=false, paths=None),
        text_signature = "(framing, *, element=65536, free=False, paths=())"
    )]
    fn new(framing: u8, element: u32, free: bool, paths: Option<Vec<String>>) -> PyResult<Pipe> {
        let framing = self::framing(framing, paths.unwrap_or_default())?;
        Ok(Pipe {
            framer: Framer::new(framing, element, free),
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    fn feed(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<Events> {
        self.input.extend_from_slice(data);
        self.read(py)
    }

    #[pyo3(signature = (*, restart=false, free=false))]
    fn resume(&mut self, py: Python<'_>, restart: bool, free: bool) -> PyResult<Events> {
        self.framer.resume(restart, free, &mut self.output);
        self.read(py)
    }

    fn send<'py>(&self, py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        self.framer.send(&mut out, &Outgoing::new(data), None);
        PyBytes::new(py, &out)
    }

    fn output<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &std::mem::take(&mut self.output))
    }
}

impl Pipe {
    fn read(&mut self, py: Python<'_>) -> PyResult<Events> {
        let mut events = Vec::new();
        let mut at = 0;
        while let Some((used, what)) = self.framer.next(&mut self.input[at..], &mut self.output) {
            if let Some(what) = what {
                events.extend(found(py, what, &self.input[at..], 0)?);
            }
            at += used;
        }
        self.input.drain(..at);
        Ok(events)
    }
}

/// What was sent and is not acknowledged.
#[pyclass(frozen, module = "antiphon._native")]
pub(crate) struct Kept(pub(crate) Arc<streams::Kept>);

#[pymethods]
impl Kept {
    #[new]
    #[pyo3(signature = (*, stanzas=1000, octets=4_194_304))]
    fn new(stanzas: usize, octets: usize) -> Kept {
        Kept(Arc::new(streams::Kept::new(stanzas, octets)))
    }

    #[getter]
    fn sent(&self) -> u32 {
        self.0.sent()
    }

    #[getter]
    fn received(&self) -> u32 {
        self.0.received()
    }

    #[getter]
    fn octets(&self) -> usize {
        self.0.octets()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// It is there even when nothing waits.
    fn __bool__(&self) -> bool {
        true
    }

    fn acked(&self, h: u32) -> bool {
        self.0.acked(h)
    }

    fn add(&self, stanza: &[u8]) -> bool {
        let has_room = self.0.has_room();
        if has_room {
            self.0.push(Outgoing::new(stanza).alone(None).into());
        }
        has_room
    }

    fn unacked<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.0.unacked().iter().map(|stanza| PyBytes::new(py, stanza)).collect()
    }
}

/// Connections that get the same.
#[pyclass(frozen, module = "antiphon._native")]
pub(crate) struct Group(pub(crate) Box<[u64]>);

#[pymethods]
impl Group {
    #[new]
    fn new(streams: Vec<u64>) -> Group {
        Group(streams.into())
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}
