//! What streams tell, as Python objects.

use antiphon_streams::{Found, Request};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::streams_stanza::Stanza;

pub(crate) const ACCEPTED: u8 = 1;
pub(crate) const SECURED: u8 = 2;
pub(crate) const REQUEST: u8 = 3;
pub(crate) const OPENED: u8 = 4;
pub(crate) const ITEM: u8 = 5;
pub(crate) const BYTES: u8 = 6;
pub(crate) const ENDED: u8 = 7;
pub(crate) const FAILED: u8 = 8;
pub(crate) const FULL: u8 = 9;
pub(crate) const DRAINED: u8 = 10;
pub(crate) const CLOSED: u8 = 11;

/// A connection came.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct StreamAccepted {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) secure: bool,
}

/// TLS is there.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct StreamSecured {
    pub(crate) version: &'static str,
    pub(crate) cipher: String,
    pub(crate) sni: Option<String>,
    pub(crate) alpn: Option<String>,
    pub(crate) chain: Vec<Py<PyBytes>>,
    pub(crate) trusted: bool,
    pub(crate) exporter: Option<Py<PyBytes>>,
    pub(crate) certificate: Option<Py<PyBytes>>,
}

/// A WebSocket is asked for.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct StreamRequest {
    path: String,
    host: String,
    origin: Option<String>,
    headers: Vec<(String, String)>,
}

/// A connection is gone.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct StreamClosed {
    pub(crate) reason: &'static str,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

/// Adds the classes.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<StreamAccepted>()?;
    module.add_class::<StreamSecured>()?;
    module.add_class::<StreamRequest>()?;
    module.add_class::<StreamClosed>()
}

pub(crate) fn request(request: Request) -> StreamRequest {
    StreamRequest {
        host: request.header("host").unwrap_or_default().to_owned(),
        origin: request.header("origin").map(str::to_owned),
        path: request.path,
        headers: request.headers,
    }
}

/// What a framer found in `bytes`, and which stanza of its session it was. None: it ended.
pub(crate) fn found(
    py: Python<'_>,
    found: Found,
    bytes: &[u8],
    ordinal: u32,
) -> PyResult<Option<(u8, Py<PyAny>)>> {
    let stanza = |element| Py::new(py, Stanza::new(element, ordinal)).map(Py::into_any);
    Ok(Some(match found {
        Found::Request(asked) => (REQUEST, Py::new(py, request(*asked))?.into_any()),
        Found::Opened(element) => (OPENED, stanza(element)?),
        Found::Item(element) => (ITEM, stanza(element)?),
        Found::Bytes(count) => (BYTES, PyBytes::new(py, &bytes[..count]).into_any().unbind()),
        Found::Ended => (ENDED, py.None()),
        Found::Failed(condition) => (FAILED, condition.into_pyobject(py)?.into_any().unbind()),
        Found::Closed | Found::Refused => return Ok(None),
    }))
}
