//! The engine's verbs for telephones: their ports are bound by who calls, everything else is done by
//! the media threads.

use std::io;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use antiphon_rtp::Epoch;
use antiphon_session::{Command, Id, PhoneMedia, PhoneSocket};

use crate::engine::{Engine, Owner, locked};
use crate::moves::Target;
use crate::worker::Order;

/// Sections of one telephone.
const SECTIONS: usize = 8;

/// Why a section could not be bound.
#[derive(Debug)]
pub enum BindError {
    /// No such telephone.
    Unknown,
    /// No port is free, or too many sections.
    Io(io::Error),
}

impl Engine {
    /// Opens a telephone's endpoint.
    pub fn open_phone(&self, room: Id, peer: Id) {
        let Some(owner) = self.find(room).filter(|owner| owner.room == room) else { return };
        let epoch = Epoch { at: Instant::now(), wall: SystemTime::now() };
        let phone = Some(Arc::default());
        let owner = Owner { phone, ..Owner::new(owner.worker, room) };
        self.own(owner, peer, Command::OpenPhone { peer, epoch });
    }

    /// Binds ports of a section (RTP, RTCP); those that it has if it is bound.
    pub fn bind_phone(
        &self,
        peer: Id,
        mid: String,
        is_video: bool,
        is_v6: bool,
    ) -> Result<(u16, u16), BindError> {
        // A telephone that moved meanwhile would not be where the sockets are sent to.
        let _stays = locked(&self.moving);
        let owner = self.find(peer).ok_or(BindError::Unknown)?;
        let mut sections = locked(&owner.phone.as_ref().ok_or(BindError::Unknown)?.sections);
        if let Some(bound) = sections.iter().find(|section| section.mid == mid) {
            return Ok(bound.ports);
        }
        if sections.len() >= SECTIONS {
            return Err(BindError::Io(io::Error::other("too many sections")));
        }
        let sockets = self.ports.bind(is_v6).map_err(BindError::Io)?;
        let ports = (sockets[0].port(), sockets[1].port());
        let socket = PhoneSocket { section: self.new_id(), mid, is_video, ports, is_v6 };
        sections.push(socket.clone());
        let order = Order::BindPhone { room: owner.room, peer, socket, sockets };
        self.workers[owner.worker].order(order);
        Ok(ports)
    }

    /// Applies what was negotiated for a section.
    pub fn configure_phone(&self, peer: Id, mid: String, media: PhoneMedia) {
        self.command(peer, Command::ConfigurePhone { peer, mid, media: Box::new(media) });
    }

    /// Frees the ports of a section.
    pub fn close_phone_section(&self, peer: Id, mid: String) {
        let Some(owner) = self.find(peer) else { return };
        if let Some(phone) = owner.phone {
            locked(&phone.sections).retain(|section| section.mid != mid);
        }
        self.command(peer, Command::ClosePhoneSection { peer, mid });
    }

    /// Takes a telephone to another room.
    pub fn move_phone(&self, peer: Id, room: Id) {
        let Some(target) = self.find(room).filter(|owner| owner.room == room) else { return };
        let _one_at_a_time = locked(&self.moving);
        let Some(owner) = self.find(peer).filter(|owner| owner.phone.is_some()) else { return };
        if owner.room == room {
            return;
        }
        let (from, to) = (&self.workers[owner.worker], &self.workers[target.worker]);
        let orders = locked(&to.orders).clone();
        let parcel = Target { room, orders, flag: to.flag.clone() };
        self.settle(peer, Owner { worker: target.worker, room, ..owner.clone() });
        from.order(Order::SurrenderPhone { room: owner.room, peer, target: parcel });
        to.order(Order::AwaitPhone { room, peer });
    }

    /// Presses keys towards a telephone.
    pub fn press(&self, peer: Id, keys: String) {
        self.command(peer, Command::Press { peer, keys });
    }

    /// Plays mono samples to a telephone; false if too much waits.
    pub fn play_prompt(&self, peer: Id, sample_rate: u32, samples: Vec<i16>) -> bool {
        let Some(phone) = self.find(peer).and_then(|owner| owner.phone) else { return true };
        match phone.prompts.admit(sample_rate, samples) {
            Some(sound) => self.command(peer, Command::PlayPrompt { peer, sound }),
            None => return false,
        }
        true
    }

    /// Forgets what waits to be played.
    pub fn stop_prompt(&self, peer: Id) {
        self.command(peer, Command::StopPrompt { peer });
    }

    /// Of the certificate for DTLS, as in descriptions (RFC 8122 §5).
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}
