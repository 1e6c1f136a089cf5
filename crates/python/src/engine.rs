//! The engine as a Python class. Its methods return at once; those that might wait let go of Python
//! meanwhile.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use antiphon_engine::{BindError, Engine as Inner, Settings};
use antiphon_session::{Command, Id};
use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyBufferError, PyLookupError, PyValueError};
use pyo3::prelude::*;

use crate::events::to_python;
use crate::phone::PhoneMedia;

const SAMPLE_RATES: [u32; 5] = [8000, 12_000, 16_000, 24_000, 48_000];
const PROMPT_RATES: [u32; 2] = [16_000, 48_000];
/// Keys that are pressed by one call.
const MOST_KEYS: usize = 64;
/// More threads than this is a mistake in the arguments.
const MOST_WORKERS: usize = 1024;

/// Media threads, each with one UDP port, an epoll and the rooms placed on it.
#[pyclass(frozen, module = "antiphon._native")]
pub(crate) struct Engine(Inner);

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(
        signature = (*, workers, udp_port, addresses, public_addresses=None, max_peers=4096,
                     estimate_bandwidth=true, event_limit=65536, phone_ports=(0, 0)),
        text_signature = "(*, workers, udp_port, addresses, public_addresses=(), max_peers=4096, \
                          estimate_bandwidth=True, event_limit=65536, phone_ports=(0, 0))"
    )]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        workers: usize,
        udp_port: u16,
        addresses: Vec<String>,
        public_addresses: Option<Vec<String>>,
        max_peers: usize,
        estimate_bandwidth: bool,
        event_limit: usize,
        phone_ports: (u16, u16),
    ) -> PyResult<Engine> {
        if !(1..=MOST_WORKERS).contains(&workers) {
            return Err(PyValueError::new_err(format!("workers: 1 to {MOST_WORKERS}")));
        }
        let settings = Settings {
            workers,
            udp_port,
            addresses: parse(&addresses)?,
            public_addresses: parse(&public_addresses.unwrap_or_default())?,
            max_peers,
            estimate_bandwidth,
            event_limit,
            phone_ports,
        };
        Ok(Engine(py.detach(|| Inner::new(&settings))?))
    }

    fn ports(&self) -> Vec<u16> {
        self.0.ports()
    }

    fn fileno(&self) -> i32 {
        self.0.fd()
    }

    #[pyo3(signature = (limit=1024))]
    fn drain(&self, py: Python<'_>, limit: usize) -> PyResult<Vec<Py<PyAny>>> {
        let events = py.detach(|| self.0.drain(limit));
        events.into_iter().map(|event| to_python(py, event)).collect()
    }

    fn counters(&self) -> BTreeMap<&'static str, u64> {
        self.0.counters()
    }

    fn new_id(&self) -> Id {
        self.0.new_id()
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }

    fn open_room(&self, room: Id) {
        self.0.open_room(room);
    }

    fn close_room(&self, room: Id) {
        self.0.close_room(room);
    }

    #[pyo3(signature = (room, peer, may_offer=true))]
    fn open_peer(&self, room: Id, peer: Id, may_offer: bool) {
        self.0.open_peer(room, peer, may_offer);
    }

    #[pyo3(signature = (room, peer, *, sample_rate=48000, channels=1))]
    fn open_audio(&self, room: Id, peer: Id, sample_rate: u32, channels: u8) -> PyResult<()> {
        if !SAMPLE_RATES.contains(&sample_rate) {
            return Err(PyValueError::new_err(format!("sample_rate: one of {SAMPLE_RATES:?}")));
        }
        if !(1..=2).contains(&channels) {
            return Err(PyValueError::new_err("channels: 1 or 2"));
        }
        self.0.open_audio(room, peer, sample_rate, channels);
        Ok(())
    }

    fn play_audio(&self, peer: Id, samples: PyReadonlyArrayDyn<'_, i16>) -> PyResult<usize> {
        let Some(queue) = self.0.audio_queue(peer) else { return Ok(0) };
        let fits = match *samples.shape() {
            [count] => count % queue.channels() == 0,
            [_, channels] => channels == queue.channels(),
            _ => false,
        };
        if !fits {
            let channels = queue.channels();
            return Err(PyValueError::new_err(format!("samples: shape (n,) or (n, {channels})")));
        }
        let copied;
        let interleaved = match samples.as_slice() {
            Ok(slice) => slice,
            Err(_) => {
                copied = samples.as_array().iter().copied().collect::<Vec<i16>>();
                &copied
            }
        };
        let full = |_| PyBufferError::new_err("more than 60 s of audio are queued");
        let (queued, was_empty) = queue.push(interleaved).map_err(full)?;
        if was_empty && queued > 0 {
            self.0.play(peer);
        }
        Ok(queued)
    }

    fn fingerprint(&self) -> &str {
        self.0.fingerprint()
    }

    fn open_phone(&self, room: Id, peer: Id) {
        self.0.open_phone(room, peer);
    }

    #[pyo3(signature = (peer, mid, kind, *, ipv6=false))]
    fn bind_phone(&self, peer: Id, mid: String, kind: &str, ipv6: bool) -> PyResult<(u16, u16)> {
        let is_video = match kind {
            "audio" => false,
            "video" => true,
            _ => return Err(PyValueError::new_err("kind: audio or video")),
        };
        self.0.bind_phone(peer, mid, is_video, ipv6).map_err(|error| match error {
            BindError::Unknown => PyLookupError::new_err(format!("no telephone {peer}")),
            BindError::Io(error) => error.into(),
        })
    }

    fn configure_phone(&self, peer: Id, mid: String, media: &PhoneMedia) {
        self.0.configure_phone(peer, mid, media.0.clone());
    }

    fn close_phone_section(&self, peer: Id, mid: String) {
        self.0.close_phone_section(peer, mid);
    }

    fn move_phone(&self, peer: Id, room: Id) {
        self.0.move_phone(peer, room);
    }

    fn press(&self, peer: Id, digits: String) -> PyResult<()> {
        if digits.len() > MOST_KEYS {
            return Err(PyValueError::new_err(format!("more than {MOST_KEYS} keys")));
        }
        if let Some(wrong) = digits.chars().find(|key| !"0123456789*#ABCDabcd".contains(*key)) {
            return Err(PyValueError::new_err(format!("no key: {wrong:?}")));
        }
        self.0.press(peer, digits);
        Ok(())
    }

    #[pyo3(signature = (peer, samples, *, sample_rate=48000))]
    fn play_prompt(
        &self,
        peer: Id,
        samples: PyReadonlyArrayDyn<'_, i16>,
        sample_rate: u32,
    ) -> PyResult<()> {
        if !PROMPT_RATES.contains(&sample_rate) {
            return Err(PyValueError::new_err(format!("sample_rate: one of {PROMPT_RATES:?}")));
        }
        if samples.shape().len() != 1 {
            return Err(PyValueError::new_err("samples: shape (n,)"));
        }
        let copied: Vec<i16> = samples.as_array().iter().copied().collect();
        if self.0.play_prompt(peer, sample_rate, copied) {
            Ok(())
        } else {
            Err(PyBufferError::new_err("more than 120 s of prompts wait"))
        }
    }

    fn stop_prompt(&self, peer: Id) {
        self.0.stop_prompt(peer);
    }

    fn close_peer(&self, peer: Id) {
        self.0.command(peer, Command::ClosePeer { peer });
    }

    fn accept_offer(&self, peer: Id, request: u64, sdp: String) {
        self.0.command(peer, Command::AcceptOffer { peer, request, sdp });
    }

    fn accept_answer(&self, peer: Id, request: u64, sdp: String) {
        self.0.command(peer, Command::AcceptAnswer { peer, request, sdp });
    }

    fn add_candidate(&self, peer: Id, candidate: String) {
        self.0.command(peer, Command::AddCandidate { peer, candidate });
    }

    fn restart_ice(&self, peer: Id) {
        self.0.command(peer, Command::RestartIce { peer });
    }

    fn publish(&self, peer: Id, mid: String, track: Id) {
        self.0.publish(peer, mid, track);
    }

    fn unpublish(&self, track: Id) {
        self.0.command(track, Command::Unpublish { track });
    }

    fn pause(&self, track: Id, paused: bool) {
        self.0.command(track, Command::Pause { track, paused });
    }

    #[pyo3(signature = (room, hub, mix=false))]
    fn open_hub(&self, room: Id, hub: Id, mix: bool) {
        self.0.open_hub(room, hub, mix);
    }

    fn close_hub(&self, hub: Id) {
        self.0.command(hub, Command::CloseHub { hub });
    }

    fn connect(&self, source: Id, sinks: Vec<Id>) {
        self.0.command(source, Command::Connect { source, sinks });
    }

    fn disconnect(&self, source: Id, sinks: Vec<Id>) {
        self.0.command(source, Command::Disconnect { source, sinks });
    }

    fn request_keyframe(&self, track: Id) {
        self.0.command(track, Command::RequestKeyframe { track });
    }

    #[pyo3(signature = (peer, data, binary=true))]
    fn send_data(&self, peer: Id, data: &[u8], binary: bool) {
        let data = data.to_vec();
        self.0.command(peer, Command::SendData { peer, data, binary });
    }

    fn watch_data(&self, peer: Id, watch: bool) {
        self.0.command(peer, Command::WatchData { peer, watch });
    }

    fn set_statistics_interval(&self, milliseconds: u64) {
        self.0.set_statistics_interval(Duration::from_millis(milliseconds));
    }
}

fn parse(addresses: &[String]) -> PyResult<Vec<IpAddr>> {
    let parse = |text: &String| {
        text.parse().map_err(|_| PyValueError::new_err(format!("not an IP address: {text:?}")))
    };
    addresses.iter().map(parse).collect()
}
