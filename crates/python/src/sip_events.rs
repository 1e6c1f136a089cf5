//! What the SIP machine tells, as frozen Python objects.

use antiphon_sip as sip;
use pyo3::prelude::*;

use crate::sip_flow::text;
use crate::sip_message::{SipRequest, SipResponse};

/// CANCEL came.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct SipCancelled {
    request: Py<SipRequest>,
    reason: Option<String>,
}

/// All targets of a held relay have failed.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct SipExhausted {
    request: Py<SipRequest>,
    response: Py<SipResponse>,
}

/// No ACK, or no PRACK.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct SipUnacknowledged {
    request: Py<SipRequest>,
    provisional: bool,
}

/// Keys of an account are asked for.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct SipAccountNeeded {
    user: String,
    realm: String,
}

/// News of a relayed dialog.
#[pyclass(frozen, get_all, module = "antiphon._native")]
pub(crate) struct SipRelayed {
    request: u64,
    call_id: String,
    method: &'static str,
    status: u16,
    from_tag: String,
    to_tag: String,
}

/// Takes all events out of a machine.
pub(crate) fn take(py: Python<'_>, machine: &mut sip::Machine) -> PyResult<Vec<Py<PyAny>>> {
    let events = machine.events();
    events.into_iter().map(|event| to_python(py, machine, event)).collect()
}

fn to_python(py: Python<'_>, machine: &sip::Machine, event: sip::Event) -> PyResult<Py<PyAny>> {
    use sip::Event as E;
    let request = |request| SipRequest::make(py, machine, request);
    Ok(match event {
        E::Request(one) => request(one)?.into_any(),
        E::Response(answer) => SipResponse::make(py, answer)?.into_any(),
        E::Cancelled { request: one, reason } => {
            let reason = reason.map(|reason| text(&reason));
            Py::new(py, SipCancelled { request: request(one)?, reason })?.into_any()
        }
        E::Exhausted { request: one, best } => {
            let response = SipResponse::make(py, best)?;
            Py::new(py, SipExhausted { request: request(one)?, response })?.into_any()
        }
        E::Unacknowledged { request: one, provisional } => {
            Py::new(py, SipUnacknowledged { request: request(one)?, provisional })?.into_any()
        }
        E::AccountNeeded { user, realm } => {
            Py::new(py, SipAccountNeeded { user: text(&user), realm: text(&realm) })?.into_any()
        }
        E::Relayed(news) => Py::new(py, SipRelayed::from(news))?.into_any(),
    })
}

impl From<sip::Relayed> for SipRelayed {
    fn from(news: sip::Relayed) -> SipRelayed {
        SipRelayed {
            request: news.request.number(),
            call_id: text(&news.call_id),
            method: news.method,
            status: news.status,
            from_tag: text(&news.from_tag),
            to_tag: text(&news.to_tag),
        }
    }
}
