//! What a machine is told when it is made, and its limits.

use crate::digest::Algorithm;

/// Names, limits and timers. Times are milliseconds.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our domains and hosts, in lower case: `host` or `host:port`.
    pub names: Vec<String>,
    /// Realms whose credentials are checked; the first one is named in challenges.
    pub realms: Vec<String>,
    /// Digest algorithms that challenges offer, the preferred one first (RFC 8760 §2.4).
    pub algorithms: Vec<Algorithm>,
    /// Keys flow tokens.
    pub secret: Vec<u8>,
    /// Requests within a dialog that carry our token are forwarded without asking.
    pub follow: bool,
    /// Option tags that Proxy-Require may ask.
    pub supported: Vec<String>,
    /// Transactions at a time.
    pub max_transactions: usize,
    /// Requests that wait for a decision at a time.
    pub max_undecided: usize,
    /// How long they may wait.
    pub decision_time: u64,
    /// Bytes of a message.
    pub max_message: usize,
    /// Headers of a message.
    pub max_headers: usize,
    /// Longer requests do not go by UDP; 0: all do.
    pub udp_limit: usize,
    /// New transactions a second without valid credentials from one source; 0: no limit.
    pub source_rate: f64,
    /// How many at once.
    pub source_burst: f64,
    /// How long a nonce is good.
    pub nonce_time: u64,
    /// Memory for the trace.
    pub trace_bytes: usize,
    /// RFC 3261 §17.1.1.1: round-trip estimate.
    pub t1: u64,
    /// Longest interval between repetitions.
    pub t2: u64,
    /// How long a message may live in the network.
    pub t4: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            names: Vec::new(),
            realms: Vec::new(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            secret: Vec::new(),
            follow: true,
            supported: Vec::new(),
            max_transactions: 200_000,
            max_undecided: 10_000,
            decision_time: 10_000,
            max_message: 65_535,
            max_headers: 256,
            udp_limit: 1300,
            source_rate: 0.0,
            source_burst: 0.0,
            nonce_time: 300_000,
            trace_bytes: 4 << 20,
            t1: 500,
            t2: 4000,
            t4: 5000,
        }
    }
}

/// What was done since the beginning.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "see `named`")]
pub struct Counts {
    pub received: u64,
    pub sent: u64,
    pub absorbed: u64,
    pub resent: u64,
    pub unreadable: u64,
    pub malformed: u64,
    pub unmatched: u64,
    pub limited: u64,
    pub overloaded: u64,
    pub timeouts: u64,
    pub transport_failures: u64,
    pub undecided_too_long: u64,
    pub keepalives: u64,
    pub loops: u64,
    pub send_dropped: u64,
    pub panics: u64,
}

impl Counts {
    /// Names and values.
    pub fn named(&self) -> [(&'static str, u64); 16] {
        [
            ("received", self.received),
            ("sent", self.sent),
            ("absorbed", self.absorbed),
            ("resent", self.resent),
            ("unreadable", self.unreadable),
            ("malformed", self.malformed),
            ("unmatched", self.unmatched),
            ("limited", self.limited),
            ("overloaded", self.overloaded),
            ("timeouts", self.timeouts),
            ("transport_failures", self.transport_failures),
            ("undecided_too_long", self.undecided_too_long),
            ("keepalives", self.keepalives),
            ("loops", self.loops),
            ("send_dropped", self.send_dropped),
            ("panics", self.panics),
        ]
    }
}
