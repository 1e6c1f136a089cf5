//! Flows and targets of SIP as Python objects, and what checks the texts that go into messages.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use antiphon_sip as sip;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

pub(crate) fn unfit(text: impl Into<String>) -> PyErr {
    PyValueError::new_err(text.into())
}

/// Where a message came from, or goes to.
#[pyclass(frozen, eq, hash, from_py_object, module = "antiphon._native")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SipFlow(pub(crate) sip::Flow);

#[pymethods]
impl SipFlow {
    #[new]
    fn new(
        listener: u16,
        transport: &str,
        connection: u64,
        remote: (String, u16),
    ) -> PyResult<SipFlow> {
        let transport = transport_named(transport)?;
        if transport == sip::Transport::Udp && connection != 0 {
            return Err(unfit("connection: 0 for UDP"));
        }
        let (host, port) = remote;
        // A link-local address names its interface; packets are told apart without.
        let host = host.split('%').next().unwrap_or_default();
        let address: IpAddr = host.parse().map_err(|_| unfit("remote: not an IP address"))?;
        let remote = SocketAddr::new(address, port);
        Ok(SipFlow(sip::Flow::new(listener, transport, connection, remote)))
    }

    #[getter]
    fn listener(&self) -> u16 {
        self.0.listener
    }

    #[getter]
    fn transport(&self) -> &'static str {
        self.0.transport.name()
    }

    #[getter]
    fn connection(&self) -> u64 {
        self.0.connection
    }

    #[getter]
    fn remote(&self) -> (String, u16) {
        (self.0.remote.ip().to_string(), self.0.remote.port())
    }

    #[getter]
    fn reliable(&self) -> bool {
        self.0.transport.reliable()
    }

    fn __repr__(&self) -> String {
        let sip::Flow { listener, transport, connection, remote } = self.0;
        format!(
            "<SipFlow {} {remote} listener {listener} connection {connection}>",
            transport.name()
        )
    }
}

pub(crate) fn transport_named(name: &str) -> PyResult<sip::Transport> {
    sip::Transport::named(name.as_bytes()).ok_or_else(|| unfit("transport: udp, tcp, tls, ws, wss"))
}

/// One leg of a relay.
#[pyclass(frozen, module = "antiphon._native")]
pub(crate) struct SipTarget {
    #[pyo3(get)]
    uri: String,
    #[pyo3(get)]
    flow: SipFlow,
    routes: Vec<Vec<u8>>,
    #[pyo3(get)]
    direct: bool,
    #[pyo3(get)]
    bound: bool,
    headers: Vec<u8>,
}

#[pymethods]
impl SipTarget {
    #[new]
    #[pyo3(
        signature = (uri, flow, *, route=None, direct=true, bound=false, headers=None),
        text_signature = "(uri, flow, *, route=(), direct=True, bound=False, headers=b'')"
    )]
    fn new(
        uri: String,
        flow: SipFlow,
        route: Option<Vec<String>>,
        direct: bool,
        bound: bool,
        headers: Option<&[u8]>,
    ) -> PyResult<SipTarget> {
        check_uri(&uri)?;
        let routes: Vec<Vec<u8>> = route.unwrap_or_default().iter().map(|one| bare(one)).collect();
        if !routes.iter().all(|route| sip::is_uri(route)) {
            return Err(unfit("route: not a URI"));
        }
        let headers = checked(headers.unwrap_or_default())?.to_vec();
        Ok(SipTarget { uri, flow, routes, direct, bound, headers })
    }

    #[getter]
    fn route(&self) -> Vec<String> {
        self.routes.iter().map(|route| text(route)).collect()
    }

    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.headers)
    }
}

impl SipTarget {
    pub(crate) fn as_target(&self) -> sip::Target<'_> {
        sip::Target {
            uri: self.uri.as_bytes(),
            flow: self.flow.0,
            routes: &self.routes,
            direct: self.direct,
            bound: self.bound,
            headers: &self.headers,
        }
    }
}

/// A Route value without its angle brackets.
fn bare(route: &str) -> Vec<u8> {
    let route = route.trim();
    let inner = route.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.unwrap_or(route).as_bytes().to_vec()
}

pub(crate) fn check_uri(uri: &str) -> PyResult<()> {
    if sip::is_uri(uri.as_bytes()) { Ok(()) } else { Err(unfit(format!("not a URI: {uri:?}"))) }
}

fn checked(lines: &[u8]) -> PyResult<&[u8]> {
    if lines.is_empty() || sip::are_lines(lines) {
        Ok(lines)
    } else {
        Err(unfit("headers: complete lines, each ending with CR LF"))
    }
}

/// Complete header lines out of bytes, or out of names and values.
pub(crate) fn lines<'a>(headers: Option<&'a Bound<'_, PyAny>>) -> PyResult<Cow<'a, [u8]>> {
    let Some(headers) = headers else { return Ok(Cow::Borrowed(b"")) };
    if let Ok(bytes) = headers.cast::<PyBytes>() {
        return Ok(Cow::Borrowed(checked(bytes.as_bytes())?));
    }
    let pairs: Vec<(String, String)> = headers.extract()?;
    let mut out = Vec::with_capacity(64 * pairs.len());
    for (name, value) in pairs {
        if !sip::is_name(name.as_bytes()) || !sip::is_value(value.as_bytes()) {
            return Err(unfit(format!("not a header: {name:?}: {value:?}")));
        }
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    Ok(Cow::Owned(out))
}

/// Text for Python; what is no UTF-8 is replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
