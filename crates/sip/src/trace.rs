//! The last messages of each call, for those who look for what went wrong. Bounded by bytes; calls
//! and everything else (registrations, presence) do not push each other out.

use std::collections::VecDeque;

use crate::flow::Flow;
use crate::header::{Method, Name};
use crate::index::Index;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

#[derive(Clone, Copy)]
struct Entry {
    /// Stands for the Call-ID.
    call: u64,
    seconds: f64,
    flow: Flow,
    direction: Direction,
    length: u32,
}

/// Messages one behind the other in a ring of bytes.
struct Ring {
    bytes: VecDeque<u8>,
    entries: VecDeque<Entry>,
    limit: usize,
}

/// Two rings.
pub(crate) struct Trace {
    calls: Ring,
    others: Ring,
}

impl Ring {
    fn new(limit: usize) -> Ring {
        Ring { bytes: VecDeque::new(), entries: VecDeque::new(), limit }
    }

    fn record(&mut self, entry: Entry, message: &[u8]) {
        let cost = |length: usize| length + size_of::<Entry>();
        if cost(message.len()) > self.limit {
            return;
        }
        let held = |ring: &Ring| ring.bytes.len() + ring.entries.len() * size_of::<Entry>();
        while held(self) + cost(message.len()) > self.limit {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes.drain(..oldest.length as usize);
        }
        self.entries.push_back(entry);
        self.bytes.extend(message);
    }

    fn of(&self, call: u64, out: &mut Vec<(f64, Direction, Flow, Vec<u8>)>) {
        let mut at = 0;
        for entry in &self.entries {
            let end = at + entry.length as usize;
            if entry.call == call {
                let mut message: Vec<u8> = self.bytes.range(at..end).copied().collect();
                blot(&mut message);
                out.push((entry.seconds, entry.direction, entry.flow, message));
            }
            at = end;
        }
    }
}

impl Trace {
    /// Three quarters of the memory are for calls.
    pub(crate) fn new(bytes: usize) -> Trace {
        Trace { calls: Ring::new(bytes / 4 * 3), others: Ring::new(bytes / 4) }
    }

    pub(crate) fn record(
        &mut self,
        seconds: f64,
        direction: Direction,
        flow: Flow,
        call: u64,
        method: Method,
        message: &[u8],
    ) {
        let ring = match method {
            Method::Register | Method::Options | Method::Other => &mut self.others,
            _ => &mut self.calls,
        };
        if ring.limit > 0 {
            let length = message.len() as u32;
            ring.record(Entry { call, seconds, flow, direction, length }, message);
        }
    }

    /// Messages of a call, by time.
    pub(crate) fn of(&self, call: u64) -> Vec<(f64, Direction, Flow, Vec<u8>)> {
        let mut out = Vec::new();
        self.calls.of(call, &mut out);
        self.others.of(call, &mut out);
        out.sort_by(|a, b| a.0.total_cmp(&b.0));
        out
    }
}

/// Credentials are nobody's business.
fn blot(message: &mut [u8]) {
    let Ok(index) = Index::parse(message, usize::MAX) else { return };
    for line in &index.lines {
        if matches!(line.name, Name::Authorization | Name::ProxyAuthorization) {
            message[line.value as usize..line.value_end as usize].fill(b'*');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Transport;

    fn flow() -> Flow {
        Flow::new(0, Transport::Udp, 0, "192.0.2.1:5060".parse().unwrap())
    }

    #[test]
    fn the_last_messages_stay_and_secrets_do_not() {
        let mut trace = Trace::new(8000);
        let message = b"BYE sip:a SIP/2.0\r\nAuthorization: Digest secret\r\n\r\n";
        for time in 0..1000 {
            let method = if time % 2 == 0 { Method::Bye } else { Method::Register };
            trace.record(f64::from(time), Direction::In, flow(), 1, method, message);
        }
        trace.record(0.5, Direction::Out, flow(), 2, Method::Bye, &[0; 7000]);
        let found = trace.of(1);
        assert!(found.len() > 20 && found.len() < 100);
        assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(found.last().unwrap().0, 999.0);
        assert!(found.iter().all(|one| !String::from_utf8_lossy(&one.3).contains("secret")));
        assert!(trace.of(2).is_empty());
    }
}
