//! Packets of somebody who is silent need not be decoded to know that.

use super::Playout;
use crate::{level, opus};

/// Silent for so many packets, somebody may be dozed off on: half a second.
const PATIENCE: u32 = 25;
/// So many packets are then left out before one is listened to again: those whose speech layer says
/// that nobody speaks, and those that say nothing.
const TOLD: u32 = 24;
const UNTOLD: u32 = 2;

/// What is known of one stream.
#[derive(Default)]
pub(super) struct Thrift {
    is_allowed: bool,
    /// Packets since something was heard.
    quiet: u32,
    /// Packets left out since one was listened to.
    left_out: u32,
    /// The mean size of packets in silence.
    size: f32,
    /// The last packet that was left out: it prepares the decoder for the next one.
    last: Option<Vec<u8>>,
    scratch: Vec<i16>,
}

impl Thrift {
    pub(super) fn allow(&mut self, is_allowed: bool) {
        self.is_allowed = is_allowed;
    }

    /// Notes what a packet sounds like. (One that was left out sounds like silence.)
    pub(super) fn heard(&mut self, samples: &[i16]) {
        if !self.is_allowed {
            self.quiet = 0;
        } else if level::energy(samples) > level::QUIET {
            self.quiet = 0;
            self.left_out = 0;
        } else {
            self.quiet = self.quiet.saturating_add(1);
        }
    }

    /// Whether a packet can be left out.
    fn is_idle(&mut self, payload: &[u8]) -> bool {
        let size = payload.len() as f32;
        if !self.is_allowed || self.quiet < PATIENCE {
            self.size = size;
            return false;
        }
        // Encoders of varying rate spend more on what can be heard.
        let is_usual = size <= self.size * 1.5 + 8.0;
        self.size += (size - self.size) * 0.1;
        let most = match opus::is_voice(payload) {
            Some(true) => return false,
            Some(false) => TOLD,
            None if is_usual => UNTOLD,
            None => return false,
        };
        self.left_out < most
    }
}

impl Playout {
    /// Leaves a packet out if it can be; otherwise readies the decoder for it.
    pub(super) fn doze(&mut self, payload: &[u8]) -> bool {
        let thrift = &mut self.thrift;
        if thrift.is_idle(payload) {
            thrift.left_out += 1;
            thrift.last = Some(payload.to_vec());
            return true;
        }
        thrift.left_out = 0;
        if let Some(last) = thrift.last.take() {
            thrift.scratch.clear();
            // Its sound is too old; a broken one is told when it is its turn.
            let _ = self.decoder.decode(&last, &mut thrift.scratch);
        }
        false
    }
}
