//! Keys from a DTLS handshake (RFC 5764), proven by the fingerprint of the certificate that the
//! descriptions name. It knows no RTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::crypto::CryptoProvider;
use dimpl::crypto::aws_lc_rs::default_provider;
use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};

use crate::fingerprint::Fingerprint;
use crate::request::{AMENDING, amend};
use crate::signature::VERIFIER;
use crate::srtp::{Context, Suite};

/// Handshakes that may fail before the session does: a stranger may have begun one.
const ATTEMPTS: u32 = 4;
/// A handshake that a stranger began and left open is given up after this time.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a client without an address looks for one.
const AGAIN: Duration = Duration::from_millis(100);
/// Room for what a handshake puts out. Where a certificate is longer the library panics: more than
/// all records that it keeps (30, each in a datagram that was let in), so that none can be.
const LONGEST: usize = 64 * 1024;
/// Outputs of one call in a row.
const OUTPUTS: usize = 64;

/// Our certificate, and how handshakes are done.
pub struct Certificate {
    certificate: DtlsCertificate,
    client: Arc<Config>,
    server: Arc<Config>,
}

impl Certificate {
    /// A certificate and its private key in DER.
    pub fn new(certificate: Vec<u8>, private_key: Vec<u8>) -> Result<Certificate, String> {
        let certificate = DtlsCertificate { certificate, private_key };
        let server = CryptoProvider {
            signature_verification: &VERIFIER,
            hash_provider: &AMENDING,
            ..default_provider()
        };
        let (client, server) = (config(default_provider())?, config(server)?);
        Ok(Certificate { certificate, client, server })
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate.certificate)
    }
}

fn config(provider: CryptoProvider) -> Result<Arc<Config>, String> {
    let config = Config::builder().with_crypto_provider(provider).build();
    config.map(Arc::new).map_err(|error| error.to_string())
}

/// What came of a handshake.
pub(crate) enum Outcome {
    /// Keys: ours, theirs.
    Keys(Box<(Context, Context)>),
    /// It failed for good.
    Failed(String),
}

/// The handshake of one component.
pub(crate) struct Handshake {
    certificate: Arc<Certificate>,
    is_client: bool,
    expected: Fingerprint,
    dtls: Dtls,
    /// The certificate that was shown is the one that was named.
    is_proven: bool,
    is_done: bool,
    failures: u32,
    /// Whether what comes now may be the telephone's: a stranger's failures do not count.
    counts: bool,
    /// Who we shake hands with, since when.
    with: Option<(SocketAddr, Instant)>,
    due: Option<Instant>,
    outgoing: Vec<Vec<u8>>,
}

impl Handshake {
    pub(crate) fn new(
        certificate: Arc<Certificate>,
        is_client: bool,
        expected: Fingerprint,
        now: Instant,
    ) -> Handshake {
        Handshake {
            dtls: begin(&certificate, is_client, now),
            certificate,
            is_client,
            expected,
            is_proven: false,
            is_done: false,
            failures: 0,
            counts: true,
            with: None,
            // A client speaks first.
            due: is_client.then_some(now),
            outgoing: Vec::new(),
        }
    }

    /// Whether records from this address are looked at: by a client from who it calls, by a server
    /// from the first who sends any, until it fails or takes too long. `is_announced`: the descriptions named its host.
    pub(crate) fn listens(&self, remote: SocketAddr, is_announced: bool, now: Instant) -> bool {
        if self.is_client {
            return is_announced;
        }
        self.with.is_none_or(|(with, since)| {
            let is_stale = !self.is_done && now.saturating_duration_since(since) > PATIENCE;
            with == remote || is_stale || (is_announced && with.ip() != remote.ip())
        })
    }

    /// Takes in a record.
    pub(crate) fn receive(
        &mut self,
        remote: SocketAddr,
        is_announced: bool,
        record: &[u8],
        now: Instant,
    ) -> Option<Outcome> {
        self.counts = self.is_client || is_announced;
        if !self.is_client && !self.is_done && self.with.is_some_and(|(with, _)| with != remote) {
            self.dtls = begin(&self.certificate, false, now);
            self.is_proven = false;
        }
        let since = self.with.filter(|(with, _)| *with == remote).map_or(now, |(_, since)| since);
        self.with = Some((remote, since));
        // Its clock first, so that what the record causes has the right time.
        let taken = self.dtls.handle_timeout(now).and_then(|()| self.dtls.handle_packet(record));
        self.poll(taken.map_err(|error| error.to_string()), now)
    }

    /// When [`Handshake::wake`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// There is nowhere to send to yet.
    pub(crate) fn postpone(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            self.due = Some(now + AGAIN);
        }
    }

    pub(crate) fn wake(&mut self, now: Instant) -> Option<Outcome> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        let woken = self.dtls.handle_timeout(now).map_err(|error| error.to_string());
        self.poll(woken, now)
    }

    /// Records to send.
    pub(crate) fn outgoing(&mut self) -> std::vec::Drain<'_, Vec<u8>> {
        self.outgoing.drain(..)
    }

    /// Where records came from.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.with.map(|(remote, _)| remote)
    }

    /// Says goodbye.
    pub(crate) fn close(&mut self, now: Instant) {
        // What cannot be said any more need not be.
        let closed = self.dtls.close().map_err(|error| error.to_string());
        self.is_done = true;
        let _ = self.poll(closed, now);
    }

    fn poll(&mut self, done: Result<(), String>, now: Instant) -> Option<Outcome> {
        let mut buffer = vec![0; LONGEST];
        let mut keys = None;
        let mut wrong = None;
        for _ in 0..OUTPUTS {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(records) => {
                    let mut datagram = records.to_vec();
                    if !self.is_client {
                        amend(&mut datagram);
                    }
                    self.outgoing.push(datagram);
                }
                Output::PeerCert(certificate) => {
                    self.is_proven = self.expected.matches(certificate);
                    if !self.is_proven {
                        wrong = Some("the certificate is not the one that was named".to_owned());
                    }
                }
                Output::KeyingMaterial(material, profile) if self.is_proven => {
                    keys = contexts(&material, profile, self.is_client);
                }
                Output::Timeout(at) => {
                    // A server that nobody spoke to has nothing to do.
                    self.due = (self.is_client || self.with.is_some()).then_some(at);
                    break;
                }
                _ => {}
            }
        }
        if let Some(keys) = keys {
            self.is_done = true;
            return Some(Outcome::Keys(Box::new(keys)));
        }
        match (done, wrong) {
            (Ok(()), None) => None,
            (_, Some(text)) => {
                // A client heard it from where it has called; a server may hear it from anybody.
                self.failures += if self.is_client { ATTEMPTS } else { 0 };
                self.failed(text, now)
            }
            (Err(text), None) => self.failed(text, now),
        }
    }

    fn failed(&mut self, text: String, now: Instant) -> Option<Outcome> {
        if self.is_done {
            // The keys stay; they do not depend on what comes later.
            self.due = None;
            return None;
        }
        self.failures += u32::from(self.counts);
        if self.failures >= ATTEMPTS {
            self.due = None;
            return Some(Outcome::Failed(format!("DTLS: {text}")));
        }
        self.dtls = begin(&self.certificate, self.is_client, now);
        self.is_proven = false;
        self.with = None;
        self.due = self.is_client.then_some(now);
        None
    }
}

fn begin(certificate: &Certificate, is_client: bool, now: Instant) -> Dtls {
    let config = if is_client { &certificate.client } else { &certificate.server };
    let (config, own) = (config.clone(), certificate.certificate.clone());
    // 1.2 is what telephones speak.
    let mut dtls = Dtls::new_12(config, own, now);
    dtls.set_active(is_client);
    dtls
}

/// RFC 5764 §4.2: the client's key, the server's, the client's salt, the server's.
fn contexts(material: &[u8], profile: SrtpProfile, is_client: bool) -> Option<(Context, Context)> {
    let suite = match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Suite::AesCm128Sha1_80,
        SrtpProfile::AEAD_AES_128_GCM => Suite::AesGcm128,
        SrtpProfile::AEAD_AES_256_GCM => Suite::AesGcm256,
        _ => return None,
    };
    let (key, salt) = (suite.key_length(), suite.salt_length());
    let keys = material.get(..2 * key)?;
    let salts = material.get(2 * key..2 * (key + salt))?;
    let client = Context::new(suite, &keys[..key], &salts[..salt], 0)?;
    let server = Context::new(suite, &keys[key..], &salts[salt..], 0)?;
    Some(if is_client { (client, server) } else { (server, client) })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::signature::tests::{RsaKeys, rsa};

    pub(crate) fn certificate() -> Arc<Certificate> {
        let made = dimpl::certificate::generate_self_signed_certificate().unwrap();
        Arc::new(Certificate::new(made.certificate, made.private_key).unwrap())
    }

    fn address(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    struct Pair {
        client: Handshake,
        server: Handshake,
        now: Instant,
    }

    impl Pair {
        fn new(expected_of_client: Option<Fingerprint>) -> Pair {
            let (ours, theirs, now) = (certificate(), certificate(), Instant::now());
            let (client, server) = (ours.fingerprint(), theirs.fingerprint());
            let expected = expected_of_client.unwrap_or(client);
            Pair {
                client: Handshake::new(ours, true, server, now),
                server: Handshake::new(theirs, false, expected, now),
                now,
            }
        }

        /// The client's certificate is of an RSA key, and signed for by that of `key`.
        fn with_rsa_client(certificate: &[u8], key: &[u8]) -> Pair {
            let provider = CryptoProvider { key_provider: &RsaKeys, ..default_provider() };
            let client = config(provider).unwrap();
            let certificate =
                DtlsCertificate { certificate: certificate.to_vec(), private_key: key.to_vec() };
            let ours = Certificate { certificate, server: client.clone(), client };
            let mut pair = Pair::new(Some(ours.fingerprint()));
            let server = pair.server.certificate.fingerprint();
            pair.client = Handshake::new(Arc::new(ours), true, server, pair.now);
            pair
        }

        /// Lets them talk; the outcomes of client and server. `lose`: which of their records.
        fn talk(
            &mut self,
            mut lose: impl FnMut(usize) -> bool,
        ) -> (Option<Outcome>, Option<Outcome>) {
            let (mut ours, mut theirs, mut count) = (None, None, 0);
            for _ in 0..400 {
                self.now += Duration::from_millis(100);
                ours = ours.or(self.client.wake(self.now));
                theirs = theirs.or(self.server.wake(self.now));
                for record in self.client.outgoing().collect::<Vec<_>>() {
                    count += 1;
                    if !lose(count) {
                        theirs =
                            theirs.or(self.server.receive(address(1), true, &record, self.now));
                    }
                }
                for record in self.server.outgoing().collect::<Vec<_>>() {
                    count += 1;
                    if !lose(count) {
                        ours = ours.or(self.client.receive(address(2), true, &record, self.now));
                    }
                }
                if ours.is_some() && theirs.is_some() {
                    break;
                }
            }
            (ours, theirs)
        }
    }

    #[test]
    fn both_sides_get_the_same_keys_over_a_lossy_path() {
        let mut pair = Pair::new(None);
        let (Some(Outcome::Keys(client)), Some(Outcome::Keys(server))) =
            pair.talk(|count| count % 5 == 2)
        else {
            panic!("no keys");
        };
        let (mut ours, mut theirs) = (client.0, server.1);
        let mut packet = vec![0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, b'x'];
        let clear = packet.clone();
        ours.protect(&mut packet).unwrap();
        theirs.unprotect(&mut packet).unwrap();
        assert_eq!(packet, clear);
        assert_eq!(ours.suite(), Suite::AesGcm256);
    }

    #[test]
    fn a_telephone_may_have_an_rsa_certificate_if_it_has_its_key() {
        let ((certificate, key), (_, another)) = (rsa(), rsa());
        let outcomes = Pair::with_rsa_client(&certificate, &key).talk(|_| false);
        assert!(matches!(outcomes, (Some(Outcome::Keys(_)), Some(Outcome::Keys(_)))));
        let outcomes = Pair::with_rsa_client(&certificate, &key).talk(|count| count == 3);
        assert!(matches!(outcomes, (Some(Outcome::Keys(_)), Some(Outcome::Keys(_)))));
        let (client, server) = Pair::with_rsa_client(&certificate, &another).talk(|_| false);
        assert!(!matches!(client, Some(Outcome::Keys(_))));
        assert!(!matches!(server, Some(Outcome::Keys(_))));
    }

    #[test]
    fn a_long_certificate_is_survived() {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = (0..400).map(|n| format!("host{n}.example")).collect();
        let made = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        assert!(made.der().len() > 6000);
        let ours = Certificate::new(made.der().to_vec(), key.serialize_der()).unwrap();
        let mut pair = Pair::new(Some(ours.fingerprint()));
        let server = pair.server.certificate.fingerprint();
        pair.client = Handshake::new(Arc::new(ours), true, server, pair.now);
        let outcomes = pair.talk(|_| false);
        assert!(matches!(outcomes, (Some(Outcome::Keys(_)), Some(Outcome::Keys(_)))));
    }

    #[test]
    fn another_certificate_than_the_one_named_is_refused() {
        let mut pair = Pair::new(Some(Fingerprint::of(b"somebody else")));
        let (_, outcome) = pair.talk(|_| false);
        assert!(!matches!(outcome, Some(Outcome::Keys(_))));
    }

    #[test]
    fn a_stranger_does_not_spoil_it() {
        let mut pair = Pair::new(None);
        let hello = Pair::new(None);
        let mut stranger = hello.client;
        stranger.wake(pair.now + Duration::from_secs(1));
        for record in stranger.outgoing().collect::<Vec<_>>() {
            pair.server.receive(address(9), false, &record, pair.now);
        }
        pair.server.receive(address(9), false, &[22; 50], pair.now);
        assert!(!pair.server.listens(address(1), false, pair.now));
        assert!(pair.server.listens(address(1), false, pair.now + PATIENCE * 2));
        let (client, server) = pair.talk(|_| false);
        assert!(matches!((client, server), (Some(Outcome::Keys(_)), Some(Outcome::Keys(_)))));
    }

    #[test]
    fn what_fails_of_strangers_does_not_count() {
        let mut pair = Pair::new(None);
        let mut stranger = Pair::new(None).client;
        stranger.wake(pair.now);
        let hello: Vec<_> = stranger.outgoing().collect();
        let mut begun = 0;
        for _ in 0..ATTEMPTS * 2 {
            for record in &hello {
                assert!(pair.server.receive(address(9), false, record, pair.now).is_none());
            }
            // Nobody goes on with it: it is given up after a while.
            for _ in 0..120 {
                pair.now += Duration::from_secs(1);
                assert!(pair.server.wake(pair.now).is_none());
            }
            begun += u32::from(pair.server.remote().is_none());
        }
        assert!(begun >= ATTEMPTS, "{begun}");
        let (client, server) = pair.talk(|_| false);
        assert!(matches!((client, server), (Some(Outcome::Keys(_)), Some(Outcome::Keys(_)))));
    }

    #[test]
    fn each_who_comes_has_its_own_patience() {
        let mut pair = Pair::new(None);
        pair.server.receive(address(9), false, &[22; 50], pair.now);
        let later = pair.now + PATIENCE * 2;
        pair.server.receive(address(1), true, &[22; 50], later);
        assert!(!pair.server.listens(address(9), false, later + PATIENCE / 2));
    }
}
