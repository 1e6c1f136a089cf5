//! What a room is told at its birth: addresses, identity, limits.

use std::net::SocketAddr;
use std::sync::Arc;

use str0m::config::{CryptoProvider, DtlsCert};

use crate::dtls;

/// Bounds on what a stranger can make a room keep or do.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest session description, in bytes.
    pub description_bytes: usize,
    /// Most media sections (m-lines) in one description.
    pub sections: usize,
    /// Most different candidates of one peer.
    pub candidates: usize,
    /// Longest data channel message, in bytes.
    pub message_bytes: usize,
    /// Data channel messages a peer may send per second, on average.
    pub messages_per_second: u32,
    /// Bytes waiting to be sent on the data channels of one peer.
    pub data_waiting_bytes: usize,
    /// Data channels of one peer.
    pub channels: usize,
    /// `AudioReceived` events of one endpoint that may wait at a time.
    pub audio_waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            description_bytes: 64 * 1024,
            sections: 256,
            candidates: 64,
            message_bytes: 64 * 1024,
            messages_per_second: 200,
            data_waiting_bytes: 1024 * 1024,
            channels: 8,
            audio_waiting: 512,
        }
    }
}

/// The certificate and cryptography of the process: one for all peers, since making a key for each
/// costs more than the rest of its session.
#[derive(Clone)]
pub struct Identity {
    pub(crate) certificate: DtlsCert,
    pub(crate) provider: Arc<CryptoProvider>,
    /// The same certificate for the handshakes of telephones.
    pub(crate) dtls: Arc<antiphon_rtp::Certificate>,
}

impl Identity {
    /// Makes a new certificate.
    pub fn generate() -> Result<Identity, String> {
        let provider = dtls::provider();
        let certificate = provider
            .dtls_provider
            .generate_certificate()
            .ok_or("the cryptography cannot make certificates")?;
        let (public, private) = (certificate.certificate.clone(), certificate.private_key.clone());
        let dtls = Arc::new(antiphon_rtp::Certificate::new(public, private)?);
        Ok(Identity { certificate, provider: Arc::new(provider), dtls })
    }

    /// Of the certificate, as in session descriptions (RFC 8122 §5): `sha-256 AA:BB:…`.
    pub fn fingerprint(&self) -> String {
        self.dtls.fingerprint().to_string()
    }
}

/// Everything that the rooms of one thread share.
#[derive(Clone)]
pub struct Config {
    /// Host candidates to offer: the addresses and the port datagrams for this room arrive at.
    pub candidates: Vec<SocketAddr>,
    /// See [`Identity`].
    pub identity: Identity,
    /// Estimate the bandwidth towards each peer (transport-wide feedback).
    pub estimate_bandwidth: bool,
    /// See [`Limits`].
    pub limits: Limits,
}
