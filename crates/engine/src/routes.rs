//! Which peer a datagram is for: by the address it comes from, or by the username fragment of a
//! connectivity check. Only what a room has vouched for is kept; a datagram alone leaves no trace.

use std::collections::HashMap;
use std::net::SocketAddr;

use antiphon_packet::{Check, Class, classify, peek_check};
use antiphon_session::{Id, Notice};
use rustc_hash::FxHashMap;

/// Addresses kept for one peer; the oldest goes first.
const ADDRESSES: usize = 16;

/// Where a datagram goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Peer {
        peer: Id,
        check: Option<Check<'a>>,
    },
    /// Well-formed, but for nobody.
    Unknown,
    /// Of no protocol spoken here.
    Garbage,
}

/// The routing tables of one thread. The keys strangers choose are hashed with a secret.
#[derive(Default)]
pub(crate) struct Routes {
    by_address: HashMap<SocketAddr, Id>,
    by_fragment: HashMap<String, Id>,
    addresses: FxHashMap<Id, Vec<SocketAddr>>,
}

impl Routes {
    pub(crate) fn find<'a>(&self, remote: SocketAddr, contents: &'a [u8]) -> Route<'a> {
        match classify(contents) {
            Class::Unknown => Route::Garbage,
            Class::Stun => {
                // Anything but a check (indications, stray responses) says nothing to an ICE-lite agent.
                let Some(check) = peek_check(contents) else { return Route::Unknown };
                match self.by_fragment.get(check.local_fragment) {
                    Some(&peer) => Route::Peer { peer, check: Some(check) },
                    None => Route::Unknown,
                }
            }
            Class::Dtls | Class::Rtp | Class::Rtcp => match self.by_address.get(&remote) {
                Some(&peer) => Route::Peer { peer, check: None },
                None => Route::Unknown,
            },
        }
    }

    /// Learns from a room.
    pub(crate) fn apply(&mut self, notice: &Notice) {
        match notice {
            Notice::Fragment { fragment, peer } => {
                self.by_fragment.insert(fragment.clone(), *peer);
            }
            Notice::FragmentGone(fragment) => {
                self.by_fragment.remove(fragment);
            }
            Notice::Address { remote, peer } => self.learn(*remote, *peer),
            Notice::Gone(id) => self.forget(*id),
            // Telephones have ports of their own.
            Notice::SectionGone { .. } => {}
        }
    }

    fn learn(&mut self, remote: SocketAddr, peer: Id) {
        if let Some(other) = self.by_address.insert(remote, peer)
            && other != peer
            && let Some(theirs) = self.addresses.get_mut(&other)
        {
            theirs.retain(|address| *address != remote);
        }
        let known = self.addresses.entry(peer).or_default();
        known.retain(|address| *address != remote);
        known.push(remote);
        if known.len() > ADDRESSES {
            let oldest = known.remove(0);
            self.by_address.remove(&oldest);
        }
    }

    fn forget(&mut self, peer: Id) {
        for address in self.addresses.remove(&peer).unwrap_or_default() {
            self.by_address.remove(&address);
        }
    }

    /// Forgets a peer whose room can no longer tell its fragments.
    pub(crate) fn purge(&mut self, peer: Id) {
        self.forget(peer);
        self.by_fragment.retain(|_, other| *other != peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::new("192.0.2.1".parse().unwrap(), port)
    }

    const RTP: [u8; 20] = [0x80; 20];

    fn peer_at(routes: &Routes, port: u16) -> Option<Id> {
        match routes.find(address(port), &RTP) {
            Route::Peer { peer, .. } => Some(peer),
            _ => None,
        }
    }

    #[test]
    fn addresses_are_learned_moved_and_forgotten() {
        let mut routes = Routes::default();
        assert_eq!(routes.find(address(1), &RTP), Route::Unknown);
        assert_eq!(routes.find(address(1), &[99; 50]), Route::Garbage);
        for port in 1..=20 {
            routes.apply(&Notice::Address { remote: address(port), peer: 7 });
        }
        assert_eq!((peer_at(&routes, 1), peer_at(&routes, 20)), (None, Some(7)), "bounded");
        routes.apply(&Notice::Address { remote: address(20), peer: 8 });
        assert_eq!(peer_at(&routes, 20), Some(8));
        routes.apply(&Notice::Gone(7));
        assert_eq!((peer_at(&routes, 19), peer_at(&routes, 20)), (None, Some(8)));
        routes.purge(8);
        assert!(routes.by_address.is_empty() && routes.addresses.is_empty());
    }
}
