//! What was negotiated for a section of a telephone, as a Python value; and keys of descriptions.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use antiphon_rtp::{Credentials, Crypto, Fingerprint, Protection, Settings, Suite};
use antiphon_session::{self as session, PhoneFormat};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Payload types of one section.
const FORMATS: usize = 64;
/// Sound in one packet, in milliseconds.
const PACKET_TIME: std::ops::RangeInclusive<u64> = 10..=60;

/// What was negotiated for one section of a telephone.
#[pyclass(frozen, module = "antiphon._native")]
pub(crate) struct PhoneMedia(pub(crate) session::PhoneMedia);

#[pymethods]
impl PhoneMedia {
    #[new]
    #[pyo3(signature = (*, remote, formats, remote_rtcp=None, rtcp_mux=false, sends=true,
                        receives=true, accepts=None, ptime=20, sdes=None, dtls=None, ice=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        remote: Option<(String, u16)>,
        formats: Vec<PhoneFormat>,
        remote_rtcp: Option<(String, u16)>,
        rtcp_mux: bool,
        sends: bool,
        receives: bool,
        accepts: Option<Vec<PhoneFormat>>,
        ptime: u64,
        sdes: Option<(String, String)>,
        dtls: Option<(String, String)>,
        ice: Option<(String, String, String, String)>,
    ) -> PyResult<PhoneMedia> {
        if !PACKET_TIME.contains(&ptime) {
            return Err(PyValueError::new_err("ptime: 10 to 60 ms"));
        }
        let accepts = accepts.unwrap_or_else(|| formats.clone());
        check(&formats)?;
        check(&accepts)?;
        let settings = Settings {
            remote: remote.map(address).transpose()?,
            remote_control: remote_rtcp.map(address).transpose()?,
            mux: rtcp_mux,
            sends,
            receives,
            protection: protection(sdes, dtls)?,
            ice: ice.map(credentials).transpose()?,
        };
        let packet_time = Duration::from_millis(ptime);
        Ok(PhoneMedia(session::PhoneMedia { settings, formats, accepts, packet_time }))
    }
}

fn check(formats: &[PhoneFormat]) -> PyResult<()> {
    if formats.len() > FORMATS {
        return Err(PyValueError::new_err(format!("more than {FORMATS} payload types")));
    }
    for (payload_type, _, rate, ..) in formats {
        // RFC 5761 §4: 64 to 95 would be taken for RTCP.
        if *payload_type > 127 || (64..96).contains(payload_type) {
            return Err(PyValueError::new_err(format!("no payload type: {payload_type}")));
        }
        if !(1000..=384_000).contains(rate) {
            return Err(PyValueError::new_err(format!("no clock rate: {rate}")));
        }
    }
    Ok(())
}

fn address((host, port): (String, u16)) -> PyResult<SocketAddr> {
    let host: IpAddr =
        host.parse().map_err(|_| PyValueError::new_err(format!("not an IP address: {host:?}")))?;
    Ok(SocketAddr::new(host, port))
}

fn protection(
    sdes: Option<(String, String)>,
    dtls: Option<(String, String)>,
) -> PyResult<Protection> {
    match (sdes, dtls) {
        (None, None) => Ok(Protection::Plain),
        (Some((ours, theirs)), None) => {
            let (ours, theirs) = (crypto(&ours)?, crypto(&theirs)?);
            if ours.suite != theirs.suite {
                return Err(PyValueError::new_err("sdes: both suites must be the same"));
            }
            Ok(Protection::Keys(Box::new((ours, theirs))))
        }
        (None, Some((role, fingerprint))) => {
            let client = match role.as_str() {
                "client" => true,
                "server" => false,
                _ => return Err(PyValueError::new_err("dtls: client or server")),
            };
            let unknown = || PyValueError::new_err(format!("no fingerprint: {fingerprint:?}"));
            let fingerprint = Fingerprint::parse(&fingerprint).ok_or_else(unknown)?;
            Ok(Protection::Dtls { client, fingerprint })
        }
        (Some(_), Some(_)) => Err(PyValueError::new_err("sdes or dtls, not both")),
    }
}

fn credentials(
    (fragment, password, their_fragment, _): (String, String, String, String),
) -> PyResult<Credentials> {
    // RFC 8445 §5.3. Their password is for checks of ours, which a lite agent does not make.
    let fits = |text: &str, least| (least..=256).contains(&text.len());
    if !fits(&fragment, 4) || !fits(&password, 22) || !fits(&their_fragment, 4) {
        return Err(PyValueError::new_err(
            "ice: fragments of 4, passwords of 22 characters at least",
        ));
    }
    Ok(Credentials { fragment, password, their_fragment })
}

fn crypto(value: &str) -> PyResult<Crypto> {
    Crypto::parse(value).map_err(|why| PyValueError::new_err(format!("a=crypto: {why}")))
}

/// A value for `a=crypto` with a fresh key.
#[pyfunction]
pub(crate) fn sdes_new(tag: u32, suite: &str) -> PyResult<String> {
    let unknown = || PyValueError::new_err(format!("unknown suite: {suite:?}"));
    let suite = Suite::named(suite).ok_or_else(unknown)?;
    let made = Crypto::generate(tag, suite);
    let crypto = made.ok_or_else(|| PyValueError::new_err("the system gives no randomness"))?;
    Ok(crypto.to_string())
}

/// Tag and suite of an `a=crypto` value.
#[pyfunction]
pub(crate) fn sdes_suite(value: &str) -> PyResult<(u32, &'static str)> {
    let crypto = crypto(value)?;
    Ok((crypto.tag, crypto.suite.name()))
}
