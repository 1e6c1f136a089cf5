//! Data channel messages: taken from one peer, passed along the wires to others, within limits. It
//! does not know what they mean.

use std::time::Instant;

use str0m::channel::ChannelId;

use crate::event::Event;
use crate::room::{Id, Room};

/// The channel whose messages are ordered and reliable.
const RELIABLE: &str = "room";
/// The channel whose messages may be lost.
const LOSSY: &str = "room-lossy";
/// Before each binary message to a client stands the sender's id, eight bytes, most significant
/// first; 0: the server itself.
const HEADER: usize = 8;
/// Set in the header of a forwarded message that was text.
const TEXT: Id = 1 << 63;

struct OpenChannel {
    id: ChannelId,
    label: String,
}

/// The data channels of one peer and how much it may say.
pub(crate) struct Channels {
    open: Vec<OpenChannel>,
    per_second: f64,
    allowance: f64,
    refilled: Instant,
}

impl Channels {
    /// A peer may say `per_second` messages on average, twice as many in a burst.
    pub(crate) fn new(per_second: u32, now: Instant) -> Channels {
        let per_second = f64::from(per_second);
        Channels { open: Vec::new(), per_second, allowance: 2.0 * per_second, refilled: now }
    }

    pub(crate) fn closed(&mut self, channel: ChannelId) {
        self.open.retain(|open| open.id != channel);
    }

    fn opened(&mut self, id: ChannelId, label: String) {
        self.open.push(OpenChannel { id, label });
    }

    fn by_label(&self, label: &str) -> Option<ChannelId> {
        self.open.iter().find(|open| open.label == label).map(|open| open.id)
    }

    fn label(&self, channel: ChannelId) -> Option<&str> {
        self.open.iter().find(|open| open.id == channel).map(|open| open.label.as_str())
    }

    fn may_speak(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.refilled).as_secs_f64();
        self.allowance = (self.allowance + passed * self.per_second).min(2.0 * self.per_second);
        self.refilled = now;
        let may = self.allowance >= 1.0;
        self.allowance -= f64::from(u8::from(may));
        may
    }
}

impl Room {
    pub(crate) fn channel_opened(&mut self, index: usize, channel: ChannelId, label: String) {
        let limit = self.config.limits.channels;
        if let Some(web) = self.web(index)
            && web.channels.open.len() < limit
        {
            web.channels.opened(channel, label);
        }
    }

    pub(crate) fn channel_message(
        &mut self,
        index: usize,
        channel: ChannelId,
        data: &[u8],
        binary: bool,
        now: Instant,
    ) {
        self.counts.messages_in += 1;
        let longest = self.config.limits.message_bytes;
        let Some(peer) = self.peers[index].as_mut() else { return };
        let (id, watched) = (peer.id, peer.watched);
        let Some(web) = peer.web() else { return };
        let label = match web.channels.label(channel) {
            Some(RELIABLE) => RELIABLE,
            Some(LOSSY) => LOSSY,
            _ => return,
        };
        if data.len() > longest || !web.channels.may_speak(now) {
            self.counts.messages_dropped += 1;
            return;
        }
        if watched {
            self.tell(id, id, data, binary);
        }
        let mut message = Vec::with_capacity(HEADER + data.len());
        let sender = if binary { id } else { id | TEXT };
        message.extend_from_slice(&sender.to_be_bytes());
        message.extend_from_slice(data);
        let sinks: Vec<Id> = self.graph.sinks(id).filter(|&sink| sink != id).collect();
        for sink in sinks {
            let Some(&index) = self.by_id.get(&sink) else { continue };
            if self.peers[index].as_ref().is_some_and(|peer| peer.watched) {
                self.tell(id, sink, data, binary);
            }
            // The header is not text, so what is forwarded is binary whatever it was.
            self.say(index, label, &message, true);
        }
    }

    pub(crate) fn send_data(&mut self, peer: Id, data: &[u8], binary: bool) {
        if let Some(index) = self.index(peer) {
            let mut message = if binary { vec![0; HEADER] } else { Vec::new() };
            message.extend_from_slice(data);
            self.say(index, RELIABLE, &message, binary);
        }
    }

    pub(crate) fn watch_data(&mut self, peer: Id, watch: bool) {
        let Some(index) = self.index(peer) else { return };
        if let Some(peer) = self.peers[index].as_mut() {
            peer.watched = watch;
        }
    }

    fn say(&mut self, index: usize, label: &str, data: &[u8], binary: bool) {
        let Some(web) = self.web(index) else { return };
        let sent = web
            .channels
            .by_label(label)
            .is_some_and(|channel| web.transport.send_message(channel, binary, data));
        if sent {
            self.counts.messages_out += 1;
            self.mark(index);
        } else {
            self.counts.messages_dropped += 1;
        }
    }

    fn tell(&mut self, peer: Id, sink: Id, data: &[u8], binary: bool) {
        self.events.push(Event::DataReceived { peer, sink, data: data.to_vec(), binary });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn messages_are_limited_to_a_rate() {
        let now = Instant::now();
        let mut channels = Channels::new(100, now);
        let at = |ms| now + Duration::from_millis(ms);
        assert_eq!((0..1000).filter(|_| channels.may_speak(now)).count(), 200);
        let sustained = (0..10_000).filter(|n| channels.may_speak(at(n / 10))).count();
        assert!((95..=101).contains(&sustained), "{sustained}");
    }
}
