//! Keys that are pressed, as events in an RTP stream (RFC 4733).

mod receiver;
mod sender;

pub use receiver::{Press, Receiver};
pub use sender::{PressError, Report, Sender};

/// The keys by their event code (RFC 4733 §3.2).
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
/// Length of one report, in bytes.
const REPORT: usize = 4;

/// One report of an event, as it stands in a payload (RFC 4733 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Event {
    code: u8,
    ends: bool,
    /// Attenuation in dB below 1 mW, 0 … 63.
    volume: u8,
    /// In ticks of the RTP timestamp, since the packet's timestamp.
    duration: u16,
}

impl Event {
    fn parse(bytes: &[u8]) -> Option<Event> {
        let &[code, flags, high, low] = bytes else { return None };
        let duration = u16::from_be_bytes([high, low]);
        Some(Event { code, ends: flags & 0x80 != 0, volume: flags & 0x3f, duration })
    }

    fn write(self) -> [u8; REPORT] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, u8::from(self.ends) << 7 | self.volume & 0x3f, high, low]
    }

    /// The key; `None` for events that are none (flash hook, modem tones).
    fn key(self) -> Option<char> {
        KEYS.get(usize::from(self.code)).map(|&key| key.into())
    }
}

#[cfg(test)]
mod tests;
