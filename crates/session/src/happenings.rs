//! What sessions and time bring: events of the WebRTC library become the room's verbs, and what is
//! due is looked after.

use std::time::{Duration, Instant};

use antiphon_packet::Class;

use crate::event::Event;
use crate::peer::{Body, PATIENCE, Stage};
use crate::room::{BUSY_TICK, Id, Room};
use crate::transport::{Happening, Polled};

/// Polls of one session in a row before the others get their turn.
const POLLS: usize = 4096;
/// How far a session's clock may run ahead of ours.
const AHEAD: Duration = Duration::from_micros(100);
/// How often connection deadlines are looked after.
const IDLE_TICK: Duration = Duration::from_secs(1);

impl Room {
    /// Takes out of a session all that it has to say.
    pub(crate) fn pump(&mut self, index: usize, now: Instant) {
        for _ in 0..POLLS {
            let Some(Body::Web(web)) = self.peers[index].as_mut().map(|peer| &mut peer.body) else {
                return;
            };
            match web.transport.poll() {
                Ok(Polled::Datagram(datagram)) => {
                    if let Class::Rtp = antiphon_packet::classify(&datagram.contents) {
                        web.figures.packets_out += 1;
                        let kind = datagram.contents[1] & 0x7f;
                        self.counts.retransmitted += (web.retransmission_types >> kind & 1) as u64;
                    }
                    web.figures.bytes_out += datagram.contents.len() as u64;
                    self.output.push(datagram);
                }
                Ok(Polled::Happened(happening)) => self.happened(index, happening, now),
                // The library lets a microsecond pass between two packets of a burst. Its clock may
                // run ahead by that, so that the burst leaves in one go.
                Ok(Polled::Until(at)) if at <= now + AHEAD && web.transport.is_alive() => {
                    web.transport.wake(at.max(now));
                }
                Ok(Polled::Until(at)) => return self.wake_at(index, at.max(now)),
                Err(text) => return self.end_peer(index, "error", text, now),
            }
        }
        self.wake_at(index, now + Duration::from_millis(1));
    }

    fn happened(&mut self, index: usize, happening: Happening, now: Instant) {
        let Some(peer) = self.peers[index].as_mut() else { return };
        let id = peer.id;
        let Some(web) = peer.web() else { return };
        match happening {
            Happening::Packet(packet) => self.forward(index, packet, now),
            Happening::Secured => {
                web.secured = true;
                self.connected(index);
            }
            Happening::Reachable(true) => {
                web.reachable = true;
                self.connected(index);
            }
            Happening::Reachable(false) => {
                web.reachable = false;
                if web.stage == Stage::Connected {
                    web.stage = Stage::Interrupted { until: now + PATIENCE };
                    self.events.push(Event::Interrupted { peer: id });
                }
            }
            Happening::Closed => self.end_peer(index, "closed", String::new(), now),
            Happening::KeyframeWanted(mid) => {
                let track =
                    web.slots.iter().find(|slot| slot.mid == mid).and_then(|slot| slot.track);
                if let Some(track) = track {
                    self.request_keyframe(track, now);
                }
            }
            Happening::Reported { ntp, arrived } => web.clock.heard(ntp, arrived),
            Happening::ChannelOpened(channel, label) => self.channel_opened(index, channel, label),
            Happening::ChannelMessage { channel, data, binary } => {
                self.channel_message(index, channel, &data, binary, now);
            }
            Happening::ChannelClosed(channel) => web.channels.closed(channel),
            Happening::Estimated(bitrate) => web.figures.available = Some(bitrate),
            Happening::Figures(figures) => web.figures.path = figures,
            Happening::NacksIn(mid, sum) => self.counts.nacks += web.figures.nacks_in(mid, sum),
            Happening::NacksOut(mid, sum) => {
                self.counts.nacks_sent += web.figures.nacks_out(mid, sum);
            }
            Happening::Ignored => {}
        }
    }

    fn connected(&mut self, index: usize) {
        let Some(peer) = self.peers[index].as_mut() else { return };
        let id = peer.id;
        let Some(web) = peer.web() else { return };
        if !web.secured || !web.reachable || web.stage == Stage::Connected {
            return;
        }
        let first = matches!(web.stage, Stage::Connecting { .. });
        web.stage = Stage::Connected;
        let address = web.transport.remote().map_or_else(String::new, |at| at.to_string());
        let srtp_profile = web.transport.srtp_profile();
        self.events.push(Event::Connected { peer: id, srtp_profile, address });
        if first {
            self.unsettle(index);
        }
    }

    pub(crate) fn tick(&mut self, now: Instant) {
        self.tick_at = None;
        for index in 0..self.peers.len() {
            let Some(web) = self.web(index) else {
                self.miss_phone(index, now);
                continue;
            };
            if web.patience_ends().is_some_and(|at| at <= now) {
                let text = match web.stage {
                    Stage::Connecting { .. } => "never connected",
                    _ => "nothing was heard any more",
                };
                web.transport.close();
                self.end_peer(index, "timeout", text.to_owned(), now);
            }
        }
        let due: Vec<Id> = self
            .tracks
            .values()
            .filter(|track| track.request_due.is_some_and(|at| at <= now))
            .map(|track| track.id)
            .collect();
        for track in due {
            self.request_keyframe(track, now);
        }
        self.tell_speakers(now);
        if !self.by_id.is_empty() {
            let waiting = self.tracks.values().any(|track| track.request_due.is_some());
            let pause = if self.busy || waiting { BUSY_TICK } else { IDLE_TICK };
            self.tick_at = Some(now + pause);
        }
        self.busy = false;
    }
}
