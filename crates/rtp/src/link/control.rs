//! Reports and requests of a section (RTCP).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Arrival, Heard, Link, REPORT_INTERVAL, Sent};
use crate::reception::Reception;
use crate::rtcp::{Compound, Control, parse};

/// Compounds that a telephone may send at once, and one more in each interval.
pub(super) const BURST: u32 = 32;
const INTERVAL: Duration = Duration::from_millis(50);

impl Link {
    pub(super) fn receive_control(
        &mut self,
        arrival: Arrival,
        datagram: &[u8],
        now: Instant,
    ) -> Heard {
        let secured = self.is_secured();
        let known = self.is_their_host(arrival.remote);
        if !secured && !known {
            self.refused.strangers += 1;
            return Heard::Nothing;
        }
        if !self.may_report(known, now) {
            self.refused.malformed += 1;
            return Heard::Nothing;
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(datagram);
        if secured {
            let mut scratch = std::mem::take(&mut self.scratch);
            let Some(keys) = self.control_keys() else { return Heard::Nothing };
            let opened = keys.theirs.unprotect_control(&mut scratch);
            self.scratch = scratch;
            if opened.is_err() {
                self.refused.forged += 1;
                return Heard::Nothing;
            }
        }
        let Some(controls) = parse(&self.scratch) else {
            self.refused.malformed += 1;
            return Heard::Nothing;
        };
        self.heard = Some(now);
        if arrival.control {
            self.control_remote = Some(arrival.remote);
            self.control_local = Some(arrival.local);
        }
        for control in &controls {
            let Control::Report { ssrc, sender, blocks } = control else { continue };
            if let (Some(info), Some(reception)) = (sender, &mut self.reception)
                && reception.ssrc() == *ssrc
            {
                reception.reported(info, now);
            }
            let ours = self.transmission.ssrc();
            if let Some(block) = blocks.iter().find(|block| block.ssrc == ours) {
                self.transmission.reported(block, &self.epoch, now);
            }
        }
        Heard::Control(controls)
    }

    /// Reports in the clear are believed of the host that media come from or were announced at.
    pub(super) fn is_their_host(&self, remote: SocketAddr) -> bool {
        if let Some(ice) = &self.ice {
            return ice.knows(remote);
        }
        let hosts = [self.latch.current(), self.settings.remote, self.settings.remote_control];
        hosts.into_iter().flatten().any(|known| known.ip() == remote.ip())
    }

    fn may_report(&mut self, known: bool, now: Instant) -> bool {
        let (allowance, since) = &mut self.compounds[usize::from(known)];
        let elapsed = now.saturating_duration_since(*since);
        let refill = (elapsed.as_millis() / INTERVAL.as_millis()) as u32;
        if refill > 0 {
            (*allowance, *since) = (allowance.saturating_add(refill).min(BURST), now);
        }
        let may = *allowance > 0;
        *allowance = allowance.saturating_sub(1);
        may
    }

    /// Asks for a picture that decoding can begin with: by PLI and by FIR, since telephones know
    /// the one or the other.
    pub fn request_keyframe(&mut self, now: Instant) -> bool {
        let Some(media) = self.reception.as_ref().map(Reception::ssrc) else { return false };
        let mut compound = self.begin_compound(now);
        compound.picture_loss(self.transmission.ssrc(), media);
        self.full_intra = self.full_intra.wrapping_add(1);
        compound.full_intra(self.transmission.ssrc(), media, self.full_intra);
        self.send_control(compound)
    }

    /// Says that our source ends.
    pub fn goodbye(&mut self, now: Instant) {
        if self.transmission.last_sent().is_some() {
            let mut compound = self.begin_compound(now);
            compound.goodbye(self.transmission.ssrc());
            self.send_control(compound);
        }
        for component in 0..2 {
            if let Some(handshake) = &mut self.handshakes[component] {
                handshake.close(now);
            }
            self.send_records(component);
        }
    }

    pub(super) fn begin_compound(&mut self, now: Instant) -> Compound {
        let ssrc = self.transmission.ssrc();
        // RFC 3550 §6.4: a sender is who has sent since the last reports.
        let recently = self
            .transmission
            .last_sent()
            .is_some_and(|at| now.saturating_duration_since(at) < REPORT_INTERVAL * 2);
        let info = if recently { self.transmission.info(&self.epoch, now) } else { None };
        let block = self.reception.as_mut().map(|reception| reception.block(now));
        let mut compound = Compound::default();
        compound.report(ssrc, info, block.as_slice());
        compound.description(ssrc, &self.cname);
        compound
    }

    pub(super) fn send_control(&mut self, compound: Compound) -> bool {
        let control = !self.settings.mux;
        let (remote, local) = self.target(control);
        let Some(remote) = remote else { return false };
        let mut contents = compound.finish();
        if self.is_secured() {
            let Some(keys) = self.control_keys() else { return false };
            if keys.ours.protect_control(&mut contents).is_err() {
                return false;
            }
        }
        self.output.push(Sent { control, local, remote, contents });
        true
    }
}
