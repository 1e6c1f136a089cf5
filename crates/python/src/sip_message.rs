//! SIP messages as frozen Python objects whose values are decoded when asked for.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use antiphon_sip as sip;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::sip_flow::{SipFlow, text, unfit};

/// Whose message it is.
enum Held {
    Alone(Arc<sip::Message>),
    Request(Arc<sip::Inbound>),
}

/// A frozen view of one message.
#[pyclass(frozen, subclass, module = "antiphon._native")]
pub(crate) struct SipMessage(Held);

impl SipMessage {
    fn message(&self) -> &sip::Message {
        match &self.0 {
            Held::Alone(message) => message,
            Held::Request(request) => request.message(),
        }
    }
}

type Address = (String, String, HashMap<String, String>);

fn address((display, uri, params): sip::Address) -> Address {
    let params = params.iter().map(|(name, value)| (text(name), text(value))).collect();
    (text(&display), text(&uri), params)
}

#[pymethods]
impl SipMessage {
    #[new]
    fn new(data: &[u8]) -> PyResult<SipMessage> {
        let message = sip::Message::parse(data).map_err(|why| unfit(why.0))?;
        Ok(SipMessage(Held::Alone(Arc::new(message))))
    }

    #[getter]
    fn method<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::intern(py, &String::from_utf8_lossy(self.message().method()))
    }

    #[getter]
    fn version(&self) -> &'static str {
        "SIP/2.0"
    }

    #[getter]
    fn fault(&self) -> Option<(u16, &'static str)> {
        self.message().fault().map(|fault| (fault.status, fault.text))
    }

    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.message().bytes())
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.message().body())
    }

    #[getter]
    fn content_type(&self) -> Option<String> {
        self.message().content_type().map(|found| text(&found))
    }

    #[getter]
    fn call_id(&self) -> String {
        text(self.message().call_id())
    }

    #[getter]
    fn cseq(&self) -> u32 {
        self.message().cseq()
    }

    #[getter(from_tag)]
    fn tag_of_from(&self) -> Option<String> {
        self.message().from_tag().map(text)
    }

    #[getter]
    fn to_tag(&self) -> Option<String> {
        self.message().to_tag().map(text)
    }

    #[getter]
    fn branch(&self) -> Option<String> {
        self.message().branch().map(text)
    }

    #[getter]
    fn via(&self) -> Vec<String> {
        self.all("via", true)
    }

    fn get(&self, name: &str) -> Option<String> {
        self.message().get(name.as_bytes()).map(|value| text(&value))
    }

    #[pyo3(signature = (name, split=false))]
    fn all(&self, name: &str, split: bool) -> Vec<String> {
        self.message().all(name.as_bytes(), split).iter().map(|value| text(value)).collect()
    }

    fn headers(&self) -> Vec<(String, String)> {
        let headers = self.message().headers();
        headers.iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn address(&self, name: &str) -> Option<Address> {
        self.message().addresses(name.as_bytes()).into_iter().next()?.map(address)
    }

    fn addresses(&self, name: &str) -> Vec<Address> {
        self.message().addresses(name.as_bytes()).into_iter().flatten().map(address).collect()
    }

    fn contacts(&self) -> PyResult<Vec<(String, HashMap<String, String>)>> {
        let read = |one: Option<sip::Address>| {
            let (_, uri, params) = address(one.ok_or_else(|| unfit("malformed Contact"))?);
            Ok((uri, params))
        };
        self.message().contacts().into_iter().map(read).collect()
    }

    #[pyo3(signature = (name=""))]
    fn aor(&self, name: &str) -> Option<String> {
        self.message().address_of_record(name.as_bytes()).map(|found| text(&found))
    }
}

/// A request that waits for a verb.
#[pyclass(frozen, extends = SipMessage, module = "antiphon._native")]
pub(crate) struct SipRequest {
    pub(crate) request: Arc<sip::Inbound>,
    route_flow: Option<sip::Flow>,
}

impl SipRequest {
    pub(crate) fn make(
        py: Python<'_>,
        machine: &sip::Machine,
        request: Arc<sip::Inbound>,
    ) -> PyResult<Py<SipRequest>> {
        let route_flow = machine.route_flow(&request);
        let message = SipMessage(Held::Request(request.clone()));
        Py::new(py, (SipRequest { request, route_flow }, message))
    }

    /// An ACK is equal only to itself.
    fn identity(&self) -> u64 {
        match self.request.id().number() {
            0 => Arc::as_ptr(&self.request) as u64,
            number => number,
        }
    }
}

#[pymethods]
impl SipRequest {
    #[getter]
    fn id(&self) -> u64 {
        self.request.id().number()
    }

    #[getter]
    fn uri(&self) -> String {
        text(self.request.message().uri())
    }

    #[getter]
    fn flow(&self) -> SipFlow {
        SipFlow(self.request.flow())
    }

    #[getter]
    fn in_dialog(&self) -> bool {
        self.request.message().to_tag().is_some()
    }

    #[getter]
    fn local_tag(&self) -> String {
        text(self.request.local_tag())
    }

    #[getter]
    fn ours(&self) -> bool {
        self.request.ours()
    }

    #[getter]
    fn hops(&self) -> Option<u64> {
        self.request.hops()
    }

    #[getter]
    fn auth(&self) -> &'static str {
        match self.request.auth().0 {
            sip::Auth::None => "none",
            sip::Auth::Ok => "ok",
            sip::Auth::Stale => "stale",
            sip::Auth::Bad => "bad",
        }
    }

    #[getter]
    fn auth_user(&self) -> String {
        text(self.request.auth().1)
    }

    #[getter]
    fn auth_realm(&self) -> String {
        text(self.request.auth().2)
    }

    #[getter]
    fn routed(&self) -> bool {
        self.request.routed()
    }

    #[getter]
    fn route_token(&self) -> Option<String> {
        self.request.route_token().map(text)
    }

    #[getter]
    fn route_flow(&self) -> Option<SipFlow> {
        self.route_flow.map(SipFlow)
    }

    #[getter]
    fn next_route(&self) -> Option<String> {
        self.request.next_route().map(text)
    }

    #[getter]
    fn confirmed(&self) -> bool {
        self.request.confirmed()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast::<SipRequest>();
        other.is_ok_and(|other| other.get().identity() == self.identity())
    }

    fn __ne__(&self, other: &Bound<'_, PyAny>) -> bool {
        !self.__eq__(other)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.identity().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let message = self.request.message();
        format!("<SipRequest {} {}>", text(message.method()), text(message.uri()))
    }
}

/// An answer to a request of ours.
#[pyclass(frozen, extends = SipMessage, module = "antiphon._native")]
pub(crate) struct SipResponse {
    pub(crate) answer: sip::Answer,
}

impl SipResponse {
    pub(crate) fn make(py: Python<'_>, answer: sip::Answer) -> PyResult<Py<SipResponse>> {
        let message = SipMessage(Held::Alone(answer.message.clone()));
        Py::new(py, (SipResponse { answer }, message))
    }
}

#[pymethods]
impl SipResponse {
    #[getter]
    fn request(&self) -> u64 {
        self.answer.request.number()
    }

    #[getter]
    fn status(&self) -> u16 {
        self.answer.message.status()
    }

    #[getter]
    fn reason(&self) -> String {
        text(self.answer.message.reason())
    }

    #[getter]
    fn flow(&self) -> SipFlow {
        SipFlow(self.answer.flow)
    }

    #[getter]
    fn local(&self) -> bool {
        self.answer.local
    }

    fn __repr__(&self) -> String {
        let message = &self.answer.message;
        format!("<SipResponse {} to {}>", message.status(), text(message.method()))
    }
}
