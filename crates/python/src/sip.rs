//! The SIP machine and the framer of its streams as Python classes.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use antiphon_sip as sip;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::sip_events::{self, take};
use crate::sip_flow::{SipFlow, SipTarget, check_uri, lines, text, transport_named, unfit};
use crate::sip_message::{SipMessage, SipRequest, SipResponse};
use crate::sip_udp::SipUdp;

/// RFC 5626 §5.2: flow tokens are as good as their secret.
const SHORTEST_SECRET: usize = 16;
const MOST_LISTENERS: usize = 1024;
/// A day: longer times are mistakes.
const LONGEST: f64 = 86_400.0;

/// Adds all classes of SIP to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SipFlow>()?;
    module.add_class::<SipTarget>()?;
    module.add_class::<SipMessage>()?;
    module.add_class::<SipRequest>()?;
    module.add_class::<SipResponse>()?;
    module.add_class::<sip_events::SipCancelled>()?;
    module.add_class::<sip_events::SipExhausted>()?;
    module.add_class::<sip_events::SipUnacknowledged>()?;
    module.add_class::<sip_events::SipAccountNeeded>()?;
    module.add_class::<sip_events::SipRelayed>()?;
    module.add_class::<SipMachine>()?;
    module.add_class::<SipFramer>()?;
    module.add_class::<SipUdp>()
}

/// Transactions, proxy core, digest: no socket, no clock.
#[pyclass(module = "antiphon._native")]
pub(crate) struct SipMachine {
    pub(crate) machine: sip::Machine,
    realm: String,
}

impl SipMachine {
    /// Does something with what a peer sent; should it panic, that is counted, and nothing is done.
    pub(crate) fn guarded<T>(&mut self, act: impl FnOnce(&mut sip::Machine) -> T) -> Option<T> {
        let machine = &mut self.machine;
        let done = catch_unwind(AssertUnwindSafe(|| act(machine)));
        if done.is_err() {
            self.machine.counts.panics += 1;
        }
        done.ok()
    }

    fn check_listener(&self, flow: &SipFlow) -> PyResult<()> {
        let known = usize::from(flow.0.listener) < self.machine.listener_count();
        if known { Ok(()) } else { Err(unfit("flow: no such listener")) }
    }
}

fn milliseconds(name: &str, seconds: f64) -> PyResult<u64> {
    if (0.001..=LONGEST).contains(&seconds) {
        Ok((seconds * 1000.0).round() as u64)
    } else {
        Err(unfit(format!("{name}: 0.001 to {LONGEST} seconds")))
    }
}

fn check_status(status: u16) -> PyResult<()> {
    if (100..700).contains(&status) { Ok(()) } else { Err(unfit("status: 100 to 699")) }
}

fn is_quotable(realm: &str) -> bool {
    !realm.is_empty() && sip::is_value(realm.as_bytes()) && !realm.contains(['"', '\\'])
}

fn refused(why: sip::Unfit) -> PyErr {
    match why {
        sip::Unfit::Malformed(text) => unfit(text),
        sip::Unfit::Listener => unfit("flow: no such listener"),
        sip::Unfit::Full => PyRuntimeError::new_err("too many transactions"),
    }
}

fn key<const N: usize>(keys: &HashMap<String, String>, name: &str) -> PyResult<Option<[u8; N]>> {
    let Some(digits) = keys.get(name) else { return Ok(None) };
    let digits = digits.to_ascii_lowercase().into_bytes();
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = <[u8; N]>::try_from(digits).ok().filter(|_| is_hex);
    digits.map(Some).ok_or_else(|| unfit(format!("keys: {name} has {N} hexadecimal digits")))
}

#[pymethods]
impl SipMachine {
    #[new]
    #[pyo3(
        signature = (*, names, realms, secret, algorithms=None, follow=true, supported=None,
                     max_transactions=200_000, max_undecided=10_000, decision_time=10.0,
                     max_message=65_535, max_headers=256, udp_limit=1300, source_rate=0.0,
                     source_burst=0.0, nonce_time=300.0, trace_bytes=4_194_304, t1=0.5, t2=4.0,
                     t4=5.0),
        text_signature = "(*, names, realms, secret, algorithms=('SHA-256', 'MD5'), follow=True, \
                          supported=(), \
                          max_transactions=200000, max_undecided=10000, decision_time=10.0, \
                          max_message=65535, max_headers=256, udp_limit=1300, source_rate=0.0, \
                          source_burst=0.0, nonce_time=300.0, trace_bytes=4194304, t1=0.5, \
                          t2=4.0, t4=5.0)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn new(
        names: Vec<String>,
        realms: Vec<String>,
        secret: &[u8],
        algorithms: Option<Vec<String>>,
        follow: bool,
        supported: Option<Vec<String>>,
        max_transactions: usize,
        max_undecided: usize,
        decision_time: f64,
        max_message: usize,
        max_headers: usize,
        udp_limit: usize,
        source_rate: f64,
        source_burst: f64,
        nonce_time: f64,
        trace_bytes: usize,
        t1: f64,
        t2: f64,
        t4: f64,
    ) -> PyResult<SipMachine> {
        if secret.len() < SHORTEST_SECRET {
            return Err(unfit(format!("secret: at least {SHORTEST_SECRET} bytes")));
        }
        if !realms.iter().all(|realm| is_quotable(realm)) {
            return Err(unfit("realms: no quotes, no line ends"));
        }
        if !(0.0..=1e6).contains(&source_rate) || !(0.0..=1e6).contains(&source_burst) {
            return Err(unfit("source_rate, source_burst: 0 to 1000000"));
        }
        let t2 = milliseconds("t2", t2)?;
        if t2 > 60_000 {
            return Err(unfit("t2: at most 60 seconds"));
        }
        let realm = realms.first().cloned().unwrap_or_default();
        let usual = sip::Config::default();
        let algorithms = match algorithms {
            None => usual.algorithms,
            Some(names) => names
                .iter()
                .map(|name| sip::Algorithm::named(name.as_bytes()))
                .collect::<Option<Vec<_>>>()
                .filter(|found| !found.is_empty())
                .ok_or_else(|| unfit("algorithms: MD5, SHA-256"))?,
        };
        let config = sip::Config {
            algorithms,
            names: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
            realms,
            secret: secret.to_vec(),
            follow,
            supported: supported.unwrap_or_default(),
            max_transactions,
            max_undecided,
            decision_time: milliseconds("decision_time", decision_time)?,
            max_message,
            max_headers,
            udp_limit,
            source_rate,
            source_burst,
            nonce_time: milliseconds("nonce_time", nonce_time)?,
            trace_bytes,
            t1: milliseconds("t1", t1)?.min(t2),
            t2,
            t4: milliseconds("t4", t4)?,
        };
        Ok(SipMachine { machine: sip::Machine::new(config), realm })
    }

    fn add_listener(&mut self, transport: &str, host: &str, port: u16) -> PyResult<u16> {
        let transport = transport_named(transport)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let probe = match host.contains(':') {
            true => format!("sip:[{host}]"),
            false => format!("sip:{host}"),
        };
        if !sip::is_uri(probe.as_bytes()) || host.contains(['@', ';', '?', '/', ',']) {
            return Err(unfit("host: not a host"));
        }
        if self.machine.listener_count() >= MOST_LISTENERS {
            return Err(unfit("too many listeners"));
        }
        Ok(self.machine.add_listener(transport, host, port))
    }

    fn receive(&mut self, now: f64, data: &[u8], flow: &SipFlow) -> PyResult<()> {
        self.check_listener(flow)?;
        let flow = flow.0;
        self.guarded(|machine| machine.receive(now, data, flow));
        Ok(())
    }

    fn closed(&mut self, now: f64, flow: &SipFlow) {
        let flow = flow.0;
        self.guarded(|machine| machine.closed(now, flow));
    }

    fn failed(&mut self, now: f64, flow: &SipFlow) {
        let flow = flow.0;
        self.guarded(|machine| machine.failed(now, flow));
    }

    fn wake(&mut self, now: f64) {
        self.guarded(|machine| machine.wake(now));
    }

    fn deadline(&mut self) -> Option<f64> {
        self.machine.deadline()
    }

    fn output<'py>(&mut self, py: Python<'py>) -> Vec<(SipFlow, Bound<'py, PyBytes>)> {
        let mut out = Vec::new();
        self.machine.output(|message, bytes| {
            out.push((SipFlow(message.flow), PyBytes::new(py, bytes)));
            true
        });
        out
    }

    fn events(&mut self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        take(py, &mut self.machine)
    }

    fn account(
        &mut self,
        user: &str,
        realm: &str,
        keys: Option<HashMap<String, String>>,
    ) -> PyResult<()> {
        let keys = match keys {
            None => None,
            Some(keys) => {
                Some(sip::Keys { md5: key(&keys, "MD5")?, sha256: key(&keys, "SHA-256")? })
            }
        };
        self.guarded(|machine| machine.account(user.as_bytes(), realm.as_bytes(), keys));
        Ok(())
    }

    #[pyo3(
        signature = (request, *, proxy=false, realm=None, headers=None),
        text_signature = "($self, request, *, proxy=False, realm=None, headers=b'')"
    )]
    fn challenge(
        &mut self,
        request: &SipRequest,
        proxy: bool,
        realm: Option<&str>,
        headers: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let realm = realm.unwrap_or(&self.realm);
        if !is_quotable(realm) {
            return Err(unfit("realm: no quotes, no line ends"));
        }
        let headers = lines(headers)?;
        let (request, realm) = (&request.request, realm.as_bytes().to_vec());
        let done = self.guarded(|machine| machine.challenge(request, proxy, &realm, &headers));
        Ok(done.unwrap_or(false))
    }

    #[pyo3(
        signature = (request, status, reason="", headers=None, body=None, *, reliable=false,
                     stateless=false),
        text_signature = "($self, request, status, reason='', headers=b'', body=b'', *, \
                          reliable=False, stateless=False)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn reply(
        &mut self,
        request: &SipRequest,
        status: u16,
        reason: &str,
        headers: Option<&Bound<'_, PyAny>>,
        body: Option<&[u8]>,
        reliable: bool,
        stateless: bool,
    ) -> PyResult<bool> {
        check_status(status)?;
        if !sip::is_value(reason.as_bytes()) {
            return Err(unfit("reason: one line"));
        }
        let response = sip::Response {
            status,
            reason: reason.as_bytes(),
            headers: &lines(headers)?,
            body: body.unwrap_or_default(),
            reliable,
            stateless,
        };
        Ok(self.guarded(|machine| machine.reply(&request.request, &response)).unwrap_or(false))
    }

    #[pyo3(
        signature = (request, targets, *, record_route=true, hold=false, report=false,
                     ring_time=None, headers=None, remove=None),
        text_signature = "($self, request, targets, *, record_route=True, hold=False, \
                          report=False, ring_time=None, headers=b'', remove=())"
    )]
    #[allow(clippy::too_many_arguments)]
    fn relay(
        &mut self,
        request: &SipRequest,
        targets: Vec<PyRef<'_, SipTarget>>,
        record_route: bool,
        hold: bool,
        report: bool,
        ring_time: Option<f64>,
        headers: Option<&Bound<'_, PyAny>>,
        remove: Option<Vec<String>>,
    ) -> PyResult<bool> {
        let targets: Vec<sip::Target<'_>> =
            targets.iter().map(|target| target.as_target()).collect();
        if targets.is_empty() {
            return Err(unfit("targets: at least one"));
        }
        for target in &targets {
            self.check_listener(&SipFlow(target.flow))?;
        }
        let remove: Vec<Vec<u8>> =
            remove.unwrap_or_default().into_iter().map(String::into_bytes).collect();
        let relay = sip::Relay {
            record_route,
            hold,
            report,
            ring_time: ring_time.map(|time| milliseconds("ring_time", time)).transpose()?,
            headers: &lines(headers)?,
            remove: &remove,
        };
        let request = &request.request;
        Ok(self.guarded(|machine| machine.relay(request, &targets, &relay)).unwrap_or(false))
    }

    fn conclude(&mut self, request: &SipRequest) -> bool {
        self.guarded(|machine| machine.conclude(&request.request)).unwrap_or(false)
    }

    fn is_marked(&self, request: &SipRequest) -> bool {
        self.machine.is_marked(&request.request)
    }

    #[pyo3(signature = (request, flow=None))]
    fn follow(&mut self, request: &SipRequest, flow: Option<SipFlow>) -> PyResult<bool> {
        if let Some(flow) = &flow {
            self.check_listener(flow)?;
        }
        let (request, flow) = (&request.request, flow.map(|flow| flow.0));
        Ok(self.guarded(|machine| machine.follow(request, flow)).unwrap_or(false))
    }

    #[pyo3(
        signature = (method, uri, flow, headers, body=None, *, bound=false),
        text_signature = "($self, method, uri, flow, headers, body=b'', *, bound=False)"
    )]
    fn request(
        &mut self,
        method: &str,
        uri: &str,
        flow: &SipFlow,
        headers: &Bound<'_, PyAny>,
        body: Option<&[u8]>,
        bound: bool,
    ) -> PyResult<u64> {
        if !sip::is_name(method.as_bytes()) {
            return Err(unfit("method: a token"));
        }
        check_uri(uri)?;
        let request = sip::Request {
            method: method.as_bytes(),
            uri: uri.as_bytes(),
            headers: &lines(Some(headers))?,
            body: body.unwrap_or_default(),
            bound,
        };
        self.machine.request(&request, flow.0).map(sip::CellId::number).map_err(refused)
    }

    #[pyo3(
        signature = (response, headers=None, body=None, *, uri=None, flow=None),
        text_signature = "($self, response, headers=b'', body=b'', *, uri=None, flow=None)"
    )]
    fn acknowledge(
        &mut self,
        response: &SipResponse,
        headers: Option<&Bound<'_, PyAny>>,
        body: Option<&[u8]>,
        uri: Option<&str>,
        flow: Option<SipFlow>,
    ) -> PyResult<bool> {
        uri.map(check_uri).transpose()?;
        let headers = lines(headers)?;
        let (body, uri) = (body.unwrap_or_default(), uri.map(str::as_bytes));
        let flow = flow.map(|flow| flow.0);
        let answer = &response.answer;
        let done = self.guarded(|machine| machine.acknowledge(answer, &headers, body, uri, flow));
        done.unwrap_or(Ok(false)).map_err(refused)
    }

    #[pyo3(
        signature = (request, headers=None),
        text_signature = "($self, request, headers=b'')"
    )]
    fn cancel(&mut self, request: u64, headers: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let (id, headers) = (sip::CellId::of(request), lines(headers)?);
        Ok(self.guarded(|machine| machine.cancel(id, &headers)).unwrap_or(false))
    }

    fn flow_token(&self, flow: &SipFlow) -> String {
        text(&self.machine.flow_token(flow.0))
    }

    fn open_token(&self, token: &str) -> Option<SipFlow> {
        self.machine.open_token(token.as_bytes()).map(SipFlow)
    }

    fn moved(&mut self, old: &SipFlow, new: &SipFlow) -> PyResult<()> {
        self.check_listener(new)?;
        self.machine.moved(old.0, new.0);
        Ok(())
    }

    #[pyo3(signature = (address, exempt=true))]
    fn exempt(&mut self, address: &str, exempt: bool) -> PyResult<()> {
        let address: IpAddr = address.parse().map_err(|_| unfit("address: not an IP address"))?;
        self.machine.exempt(address, exempt);
        Ok(())
    }

    fn trace<'py>(
        &self,
        py: Python<'py>,
        call_id: &str,
    ) -> Vec<(f64, &'static str, SipFlow, Bound<'py, PyBytes>)> {
        let entries = self.machine.traced(call_id.as_bytes());
        let shown = entries.into_iter().map(|(time, direction, flow, message)| {
            let direction = match direction {
                sip::Direction::In => "in",
                sip::Direction::Out => "out",
            };
            (time, direction, SipFlow(flow), PyBytes::new(py, &message))
        });
        shown.collect()
    }

    fn counters(&self) -> BTreeMap<&'static str, u64> {
        let sizes = self.machine.sizes().map(|(name, size)| (name, size as u64));
        self.machine.counts.named().into_iter().chain(sizes).collect()
    }
}

/// Messages of a byte stream.
#[pyclass(module = "antiphon._native")]
pub(crate) struct SipFramer(sip::Framer);

#[pymethods]
impl SipFramer {
    #[new]
    #[pyo3(signature = (limit=65_535))]
    fn new(limit: usize) -> SipFramer {
        SipFramer(sip::Framer::new(limit))
    }

    #[getter]
    fn broken(&self) -> Option<&'static str> {
        self.0.broken().map(sip::Broken::text)
    }

    #[getter]
    fn waits(&self) -> bool {
        self.0.waits()
    }

    fn feed<'py>(&mut self, py: Python<'py>, data: &[u8]) -> Vec<Bound<'py, PyBytes>> {
        let mut out = Vec::new();
        self.0.feed(data, |message| out.push(PyBytes::new(py, message)));
        out
    }
}
