//! TLS as server and as client: certificates by name, replaced while running; certificates of peers
//! are taken as they come and handed up, to be judged by somebody else.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerConfig, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConnection, Connection, DigitallySignedStruct, DistinguishedName, Error, ProtocolVersion,
    RootCertStore, ServerConnection, SignatureScheme,
};

/// Label of RFC 9266 §2.
const EXPORTER: &[u8] = b"EXPORTER-Channel-Binding";

/// What TLS agreed on.
#[derive(Debug)]
pub struct Secured {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// As the IANA names it.
    pub cipher: String,
    /// The name that was asked for.
    pub sni: Option<String>,
    /// The protocol agreed on.
    pub alpn: Option<String>,
    /// The peer's certificate and what led to its authority, DER.
    pub chain: Vec<Vec<u8>>,
    /// Whether that leads to a trusted root (and names the server that was asked for).
    pub trusted: bool,
    /// Channel binding of RFC 9266, of TLS 1.3.
    pub exporter: Option<[u8; 32]>,
    /// Our own certificate, DER.
    pub certificate: Option<Vec<u8>>,
}

/// How TLS of a listener is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Protocols offered, preferred first.
    pub alpn: Vec<Vec<u8>>,
    /// Whether peers are asked for a certificate.
    pub ask: bool,
}

type Names = HashMap<String, Arc<CertifiedKey>>;

/// Certificates by name.
#[derive(Debug, Default)]
struct Resolver(RwLock<Arc<Names>>);

impl Resolver {
    fn find(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let exact = name.and_then(|name| names.get(&name.to_ascii_lowercase()));
        let parent = name.and_then(|name| name.split_once('.')).map(|(_, parent)| parent);
        let wild = parent.map(|parent| format!("*.{}", parent.to_ascii_lowercase()));
        let found = exact.or_else(|| names.get(&wild?)).or_else(|| names.get(""));
        found.cloned()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(hello.server_name())
    }
}

/// Takes any certificate; that the peer has its key is verified all the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl Anybody {
    fn schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

type Signed = Result<HandshakeSignatureValid, Error>;

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Signed {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Signed {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Signed {
        ClientCertVerifier::verify_tls12_signature(self, message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Signed {
        ClientCertVerifier::verify_tls13_signature(self, message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

/// What all connections share.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    resolver: Arc<Resolver>,
    roots: Option<Arc<RootCertStore>>,
    servers: HashMap<Profile, Arc<ServerConfig>>,
    clients: HashMap<Profile, Arc<ClientConfig>>,
}

impl Default for Tls {
    fn default() -> Tls {
        Tls {
            provider: Arc::new(default_provider()),
            resolver: Arc::default(),
            roots: None,
            servers: HashMap::new(),
            clients: HashMap::new(),
        }
    }
}

/// A text for humans: why something cannot be used.
pub(crate) type Unfit = String;

impl Tls {
    /// Replaces all certificates: name → PEM of the chain, PEM of the key.
    pub(crate) fn identities<'a>(
        &self,
        pairs: impl IntoIterator<Item = (&'a str, &'a [u8], &'a [u8])>,
    ) -> Result<(), Unfit> {
        let mut names = Names::new();
        for (name, chain, key) in pairs {
            let pair = self.pair(chain, key).map_err(|why| format!("{name:?}: {why}"))?;
            names.insert(name.to_ascii_lowercase(), Arc::new(pair));
        }
        *self.resolver.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
        Ok(())
    }

    fn pair(&self, chain: &[u8], key: &[u8]) -> Result<CertifiedKey, Unfit> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|why| format!("certificate: {why}"))?;
        if chain.is_empty() {
            return Err("certificate: none".to_owned());
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|why| format!("key: {why}"))?;
        let pair = CertifiedKey::from_der(chain, key, &self.provider);
        pair.map_err(|why| format!("key: {why}"))
    }

    /// Replaces the roots by which peers are judged.
    pub(crate) fn trust(&mut self, roots: &[u8]) -> Result<(), Unfit> {
        let mut store = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots) {
            let root = root.map_err(|why| format!("roots: {why}"))?;
            store.add(root).map_err(|why| format!("roots: {why}"))?;
        }
        self.roots = Some(Arc::new(store));
        Ok(())
    }

    /// TLS as a server.
    pub(crate) fn server(&mut self, profile: &Profile) -> Result<Connection, Error> {
        let config = match self.servers.get(profile) {
            Some(config) => config.clone(),
            None => {
                let config = Arc::new(self.server_config(profile)?);
                self.servers.insert(profile.clone(), config.clone());
                config
            }
        };
        ServerConnection::new(config).map(Connection::from)
    }

    fn server_config(&self, profile: &Profile) -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?;
        let builder = if profile.ask {
            builder.with_client_cert_verifier(Arc::new(Anybody(self.provider.clone())))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(self.resolver.clone());
        config.alpn_protocols = profile.alpn.clone();
        // Resumption costs the client a round trip less and us no memory: the ticket has it all.
        config.ticketer = Ticketer::new()?;
        config.send_tls13_tickets = 1;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
    }

    /// TLS as a client of the server of that name.
    pub(crate) fn client(&mut self, profile: &Profile, name: &str) -> Result<Connection, Error> {
        let config = match self.clients.get(profile) {
            Some(config) => config.clone(),
            None => {
                let mut config = ClientConfig::builder_with_provider(self.provider.clone())
                    .with_safe_default_protocol_versions()?
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(Anybody(self.provider.clone())))
                    .with_no_client_auth();
                config.alpn_protocols = profile.alpn.clone();
                let config = Arc::new(config);
                self.clients.insert(profile.clone(), config.clone());
                config
            }
        };
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| Error::General("no name of a server".to_owned()))?;
        ClientConnection::new(config, name).map(Connection::from)
    }

    /// What was agreed on, once the handshake is complete. `name`: whom we asked for as a client.
    pub(crate) fn secured(&self, connection: &Connection, name: &str) -> Secured {
        let is_new = connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        let chain: Vec<CertificateDer<'_>> =
            connection.peer_certificates().unwrap_or_default().to_vec();
        let (sni, certificate) = match connection {
            Connection::Server(server) => {
                let own = self.resolver.find(server.server_name());
                let own = own.and_then(|key| key.cert.first().map(|first| first.to_vec()));
                (server.server_name().map(str::to_owned), own)
            }
            Connection::Client(_) => (None, None),
        };
        let exported =
            connection.export_keying_material([0; 32], EXPORTER, None).ok().filter(|_| is_new);
        Secured {
            version: if is_new { "TLSv1.3" } else { "TLSv1.2" },
            cipher: connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or_default()
                .replace("TLS13_", "TLS_"),
            sni,
            alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            trusted: self.is_trusted(connection, &chain, name),
            chain: chain.iter().map(|one| one.to_vec()).collect(),
            exporter: exported,
            certificate,
        }
    }

    fn is_trusted(
        &self,
        connection: &Connection,
        chain: &[CertificateDer<'_>],
        name: &str,
    ) -> bool {
        let (Some(roots), Some((first, rest))) = (&self.roots, chain.split_first()) else {
            return false;
        };
        let (roots, provider, now) = (roots.clone(), self.provider.clone(), UnixTime::now());
        match connection {
            Connection::Server(_) => WebPkiClientVerifier::builder_with_provider(roots, provider)
                .build()
                .is_ok_and(|verifier| verifier.verify_client_cert(first, rest, now).is_ok()),
            Connection::Client(_) => {
                let Ok(name) = ServerName::try_from(name.to_owned()) else { return false };
                WebPkiServerVerifier::builder_with_provider(roots, provider).build().is_ok_and(
                    |verifier| verifier.verify_server_cert(first, rest, &name, &[], now).is_ok(),
                )
            }
        }
    }
}
