//! Wraps the library's DTLS: learns which SRTP profile a handshake negotiated, which is told only to its
//! own session, and keeps certificates away that it would panic at. It knows nothing of rooms.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile,
};

/// Room for a certificate: more than all records that a handshake keeps.
const LONGEST: usize = 64 * 1024;

/// The profile of one session, set when its handshake has finished.
#[derive(Debug, Default)]
pub(crate) struct Profile(AtomicU8);

impl Profile {
    /// The profile by the name of its RFC (5764 §4.1.2, 7714 §14.2), empty before the handshake has finished.
    pub(crate) fn name(&self) -> &'static str {
        match self.0.load(Ordering::Relaxed) {
            1 => "SRTP_AES128_CM_HMAC_SHA1_80",
            2 => "AEAD_AES_128_GCM",
            3 => "AEAD_AES_256_GCM",
            _ => "",
        }
    }

    fn set(&self, profile: SrtpProfile) {
        let code = match profile {
            SrtpProfile::AES128_CM_SHA1_80 => 1,
            SrtpProfile::AEAD_AES_128_GCM => 2,
            SrtpProfile::AEAD_AES_256_GCM => 3,
            _ => 0,
        };
        self.0.store(code, Ordering::Relaxed);
    }
}

thread_local! {
    /// The profile cell of the session built last on this thread: the library builds its DTLS inside
    /// its own constructor and hands nothing out of it.
    static BUILT: RefCell<Option<Arc<Profile>>> = const { RefCell::new(None) };
}

/// Takes the profile cell of the session that this thread has just built.
pub(crate) fn take_profile() -> Arc<Profile> {
    BUILT.with_borrow_mut(Option::take).unwrap_or_default()
}

/// The library's cryptography with its DTLS wrapped.
pub(crate) fn provider() -> CryptoProvider {
    let base = str0m::crypto::from_feature_flags();
    static WRAPPED: Wrapped = Wrapped;
    CryptoProvider { dtls_provider: &WRAPPED, ..base }
}

#[derive(Debug)]
struct Wrapped;

impl DtlsProvider for Wrapped {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        str0m::crypto::from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let base = str0m::crypto::from_feature_flags().dtls_provider;
        let inner = base.new_dtls(certificate, now, version, mtu)?;
        let profile = Arc::new(Profile::default());
        BUILT.with_borrow_mut(|built| *built = Some(profile.clone()));
        Ok(Box::new(Watched { inner, profile, is_certified: false }))
    }
}

#[derive(Debug)]
struct Watched {
    inner: Box<dyn DtlsInstance>,
    profile: Arc<Profile>,
    /// The other side's certificate has been seen.
    is_certified: bool,
}

impl Watched {
    /// What [`DtlsInstance::poll_output`] gives while a certificate may come. The library panics where
    /// it does not fit the buffer, whose length a stranger's certificate does not know: one that is
    /// longer ends the session.
    fn poll_certificate<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        let mut room = vec![0; LONGEST.max(buffer.len())];
        let output = self.inner.poll_output(&mut room);
        let mut fill = |bytes: &[u8]| {
            let filled = buffer.get_mut(..bytes.len())?;
            filled.copy_from_slice(bytes);
            Some(bytes.len())
        };
        let (length, wrap): (_, fn(&'a [u8]) -> DtlsOutput<'a>) = match output {
            DtlsOutput::PeerCert(bytes) => {
                self.is_certified = true;
                (fill(bytes), DtlsOutput::PeerCert)
            }
            DtlsOutput::Packet(bytes) => (fill(bytes), DtlsOutput::Packet),
            DtlsOutput::ApplicationData(bytes) => (fill(bytes), DtlsOutput::ApplicationData),
            DtlsOutput::BufferTooSmall { needed } => return DtlsOutput::BufferTooSmall { needed },
            DtlsOutput::Connected => return DtlsOutput::Connected,
            DtlsOutput::KeyingMaterial(keys, profile) => {
                return DtlsOutput::KeyingMaterial(keys, profile);
            }
            DtlsOutput::Timeout(at) => return DtlsOutput::Timeout(at),
            _ => return DtlsOutput::CloseNotify,
        };
        match length {
            Some(length) => wrap(&buffer[..length]),
            None => DtlsOutput::CloseNotify,
        }
    }
}

impl DtlsInstance for Watched {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = if self.is_certified {
            self.inner.poll_output(buffer)
        } else {
            self.poll_certificate(buffer)
        };
        if let DtlsOutput::KeyingMaterial(_, profile) = &output {
            self.profile.set(*profile);
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}
