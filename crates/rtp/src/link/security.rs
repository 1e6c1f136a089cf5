//! How a section's datagrams are protected and where they go: keys, handshakes, connectivity checks.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Arrival, Change, Heard, Keys, Link, Protection, Sent, Settings};
use crate::dtls::{Handshake, Outcome};

impl Link {
    pub(super) fn protect(&mut self, settings: &Settings, now: Instant) {
        let before = self.keys[0].take();
        self.keys = [None, None];
        self.handshakes = [None, None];
        match &settings.protection {
            Protection::Plain => {}
            Protection::Keys(pair) => {
                let (mut ours, mut theirs) = (pair.0.context(), pair.1.context());
                // RFC 3711 §3.3.1, §9.1: a key that stays keeps its counters; with the same key and
                // source no index may come twice.
                if let (Protection::Keys(old), Some(before)) = (&self.settings.protection, before) {
                    if old.0.is_same_key(&pair.0) {
                        ours = Some(before.ours);
                    }
                    if old.1.is_same_key(&pair.1) {
                        theirs = Some(before.theirs);
                    }
                }
                if let (Some(ours), Some(theirs)) = (ours, theirs) {
                    self.keys[0] = Some(Keys { ours, theirs });
                }
            }
            // RFC 5764 §4.1.2: each port has a handshake of its own.
            Protection::Dtls { .. } => {
                self.handshakes[0] = self.handshake(settings, now);
                self.handshakes[1] = self.handshake(settings, now).filter(|_| !settings.mux);
            }
        }
    }

    pub(super) fn handshake(&self, settings: &Settings, now: Instant) -> Option<Handshake> {
        let Protection::Dtls { client, fingerprint } = &settings.protection else { return None };
        let certificate = self.certificate.clone();
        Some(Handshake::new(certificate, *client, fingerprint.clone(), now))
    }

    pub(super) fn receive_check(&mut self, arrival: Arrival, message: &[u8]) -> Heard {
        let path = (arrival.local, arrival.remote);
        let answer = self.ice.as_mut().and_then(|ice| ice.answer(path, arrival.control, message));
        match answer {
            Some(contents) => {
                let Arrival { local, remote, control } = arrival;
                self.output.push(Sent { control, local: Some(local), remote, contents });
            }
            None => self.refused.strangers += 1,
        }
        Heard::Nothing
    }

    pub(super) fn receive_record(
        &mut self,
        arrival: Arrival,
        record: &[u8],
        now: Instant,
    ) -> Heard {
        let is_announced = self.is_their_host(arrival.remote);
        let may = self.ice.as_ref().is_none_or(|ice| ice.knows(arrival.remote));
        let component = usize::from(arrival.control);
        let handshake = self.handshakes[component].as_mut();
        let listening = handshake.filter(|at| may && at.listens(arrival.remote, is_announced, now));
        let Some(handshake) = listening else {
            self.refused.strangers += 1;
            return Heard::Nothing;
        };
        let outcome = handshake.receive(arrival.remote, is_announced, record, now);
        let local = if arrival.control { &mut self.control_local } else { &mut self.local };
        *local = Some(arrival.local);
        self.came_of(component, outcome);
        self.send_records(component);
        Heard::Nothing
    }

    pub(super) fn came_of(&mut self, component: usize, outcome: Option<Outcome>) {
        match outcome {
            None => {}
            Some(Outcome::Keys(pair)) => {
                let (ours, theirs) = *pair;
                self.keys[component] = Some(Keys { ours, theirs });
                self.changes.extend((component == 0).then_some(Change::Secured));
            }
            Some(Outcome::Failed(text)) => self.changes.push(Change::Failed(text)),
        }
    }

    pub(super) fn send_records(&mut self, component: usize) {
        let control = component == 1;
        let (target, local) = self.target(control);
        let Some(handshake) = &mut self.handshakes[component] else { return };
        let remote = handshake.remote().or(target);
        let records = handshake.outgoing();
        // Records that have nowhere to go yet are made again by the clock.
        let Some(remote) = remote else { return };
        let sent = records.map(|contents| Sent { control, local, remote, contents });
        self.output.extend(sent);
    }

    /// Where datagrams go now, and our address to send from.
    pub(super) fn target(&self, control: bool) -> (Option<SocketAddr>, Option<SocketAddr>) {
        if let Some(ice) = &self.ice {
            let path = ice.path(control);
            return (path.map(|(_, remote)| remote), path.map(|(local, _)| local));
        }
        if !control {
            return (self.latch.target(), self.local);
        }
        let next = |rtp: SocketAddr| Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?));
        let announced = self.settings.remote_control.or(self.latch.target().and_then(next));
        (self.control_remote.or(announced), self.control_local)
    }

    /// The keys of RTCP.
    pub(super) fn control_keys(&mut self) -> Option<&mut Keys> {
        let own = matches!(self.settings.protection, Protection::Dtls { .. }) && !self.settings.mux;
        self.keys[usize::from(own)].as_mut()
    }
}
