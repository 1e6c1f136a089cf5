//! Totals of the engine.

/// Since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Connections that came or were made.
    pub accepted: u64,
    /// Connections that are gone.
    pub closed: u64,
    /// Turns.
    pub turns: u64,
    /// Events told.
    pub events: u64,
    /// System calls that read, and that wrote.
    pub reads: u64,
    /// See `reads`.
    pub writes: u64,
    /// TLS handshakes that succeeded.
    pub handshakes: u64,
    /// TLS that failed, then or later.
    pub tls_failures: u64,
    /// Streams that could not be read on.
    pub failed: u64,
    /// Peers that took too long for TLS or the head of a request.
    pub handshake_times: u64,
    /// Peers that took too long to log in.
    pub login_times: u64,
    /// Times that a peer was held back for sending too fast.
    pub throttled: u64,
    /// Peers that did not read, or did not acknowledge.
    pub not_reading: u64,
    /// Streams whose peer had sent something on before TLS began.
    pub injected: u64,
    /// Times that no connection could be accepted for want of descriptors or memory.
    pub exhausted: u64,
    /// Defects of ours that ended a connection.
    pub panics: u64,
}

impl Counters {
    pub(crate) fn ended(&mut self, reason: &str) {
        if matches!(reason, "outbox" | "unacknowledged") {
            self.not_reading += 1;
        }
    }

    /// By name.
    pub fn all(&self) -> [(&'static str, u64); 16] {
        [
            ("accepted", self.accepted),
            ("closed", self.closed),
            ("turns", self.turns),
            ("events", self.events),
            ("reads", self.reads),
            ("writes", self.writes),
            ("handshakes", self.handshakes),
            ("tls_failures", self.tls_failures),
            ("failed", self.failed),
            ("handshake_times", self.handshake_times),
            ("login_times", self.login_times),
            ("throttled", self.throttled),
            ("not_reading", self.not_reading),
            ("injected", self.injected),
            ("exhausted", self.exhausted),
            ("panics", self.panics),
        ]
    }
}
