//! Nonces that cost no memory until they are used, and a memory of how often each was
//! (RFC 7616 §3.4.5: `nc`), bounded.

use std::collections::HashMap;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::base64;

/// Nonces remembered in each of two generations.
const REMEMBERED: usize = 65_536;
const MAC_BYTES: usize = 16;
/// How far behind the highest count a request may come late.
const WINDOW: u32 = 64;

/// What a nonce is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Made here lately; its number.
    Fresh(u64),
    /// Too old, or not from here: another one helps.
    Stale,
}

#[derive(Clone, Copy)]
struct Used {
    highest: u32,
    /// Bit n: highest − n has been used.
    seen: u64,
    /// Stands for the last request, which may be repeated.
    last: u64,
}

/// Makes and judges nonces. Times are milliseconds.
pub(crate) struct Nonces {
    mac: Hmac<Sha256>,
    counter: u32,
    lifetime: u64,
    young: HashMap<u64, Used>,
    old: HashMap<u64, Used>,
    /// Numbers up to here may have been forgotten, and are stale for it.
    floor: u64,
}

impl Nonces {
    /// `key`: of this run of the process only, since what was used is not stored.
    pub(crate) fn new(key: [u8; 32], lifetime: u64) -> Nonces {
        Nonces {
            mac: crate::token::keyed(&key),
            counter: 0,
            lifetime,
            young: HashMap::new(),
            old: HashMap::new(),
            floor: 0,
        }
    }

    /// A new one: 32 letters.
    pub(crate) fn mint(&mut self, now: u64) -> Vec<u8> {
        self.counter = self.counter.wrapping_add(1);
        // Seconds first: numbers rise with time. 0 is never a number.
        let number = (now / 1000 + 1) << 32 | u64::from(self.counter);
        let mut bytes = number.to_be_bytes().to_vec();
        let tag = self.tag(number);
        bytes.extend_from_slice(&tag);
        let mut out = Vec::with_capacity(32);
        base64::encode(&mut out, &bytes);
        out
    }

    fn tag(&self, number: u64) -> [u8; MAC_BYTES] {
        let whole = self.mac.clone().chain_update(number.to_be_bytes()).finalize().into_bytes();
        let mut tag = [0; MAC_BYTES];
        tag.copy_from_slice(&whole[..MAC_BYTES]);
        tag
    }

    /// Judges a nonce that a client gave back.
    pub(crate) fn judge(&self, nonce: &[u8], now: u64) -> Worth {
        let Some(bytes) = base64::decode(nonce).filter(|bytes| bytes.len() == 8 + MAC_BYTES) else {
            return Worth::Stale;
        };
        let mut number = [0; 8];
        number.copy_from_slice(&bytes[..8]);
        let number = u64::from_be_bytes(number);
        let age = (now / 1000 + 1).saturating_sub(number >> 32) * 1000;
        if self.tag(number)[..] != bytes[8..] || age > self.lifetime || number <= self.floor {
            return Worth::Stale;
        }
        Worth::Fresh(number)
    }

    /// Notes that a nonce was used; false when this count was used before by another request.
    /// `request` stands for the request: one that is repeated is no replay. Without a count
    /// (clients of RFC 2069) a nonce can be used once.
    pub(crate) fn spend(&mut self, number: u64, count: Option<u32>, request: u64) -> bool {
        let count = count.unwrap_or(1);
        let used = self.young.get(&number).or_else(|| self.old.get(&number)).copied();
        let used = match used {
            None => Used { highest: count, seen: 1, last: request },
            Some(used) if used.last == request => return true,
            Some(used) if count > used.highest => {
                let shift = count - used.highest;
                let seen = if shift < WINDOW { used.seen << shift | 1 } else { 1 };
                Used { highest: count, seen, last: request }
            }
            Some(used) => {
                let behind = used.highest - count;
                if behind >= WINDOW || used.seen >> behind & 1 == 1 {
                    return false;
                }
                Used { seen: used.seen | 1 << behind, last: request, ..used }
            }
        };
        self.remember(number, used);
        true
    }

    fn remember(&mut self, number: u64, used: Used) {
        if self.young.len() >= REMEMBERED && !self.young.contains_key(&number) {
            let forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            let highest = forgotten.into_keys().filter(|key| !self.old.contains_key(key)).max();
            self.floor = self.floor.max(highest.unwrap_or(0));
        }
        self.young.insert(number, used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonces() -> Nonces {
        Nonces::new([7; 32], 300_000)
    }

    fn number(nonces: &mut Nonces, now: u64) -> u64 {
        let nonce = nonces.mint(now);
        let Worth::Fresh(number) = nonces.judge(&nonce, now) else { panic!("stale") };
        number
    }

    #[test]
    fn nonces_age_and_cannot_be_made_up() {
        let mut nonces = nonces();
        let nonce = nonces.mint(1000);
        assert!(matches!(nonces.judge(&nonce, 300_000), Worth::Fresh(_)));
        assert_eq!(nonces.judge(&nonce, 303_000), Worth::Stale);
        assert_eq!(nonces.judge(b"made-up", 1000), Worth::Stale);
        let mut other = nonce.clone();
        other[0] ^= 1;
        assert_eq!(nonces.judge(&other, 1000), Worth::Stale);
        assert_eq!(Nonces::new([8; 32], 300_000).judge(&nonce, 1000), Worth::Stale);
        assert_ne!(nonces.mint(1000), nonce);
    }

    #[test]
    fn counts_are_used_once() {
        let mut nonces = nonces();
        let number = number(&mut nonces, 0);
        assert!(nonces.spend(number, Some(1), 10));
        assert!(nonces.spend(number, Some(1), 10), "the same request once more");
        assert!(!nonces.spend(number, Some(1), 11), "a replay");
        assert!(nonces.spend(number, Some(5), 12));
        assert!(nonces.spend(number, Some(3), 13), "late");
        assert!(!nonces.spend(number, Some(3), 14));
        assert!(nonces.spend(number, Some(500), 15));
        assert!(!nonces.spend(number, Some(4), 16), "too late to tell");
    }

    #[test]
    fn without_count_once_only() {
        let mut nonces = nonces();
        let number = number(&mut nonces, 0);
        assert!(nonces.spend(number, None, 1));
        assert!(!nonces.spend(number, None, 2));
    }

    #[test]
    fn what_is_forgotten_is_stale() {
        let mut nonces = nonces();
        let first = nonces.mint(0);
        let Worth::Fresh(number) = nonces.judge(&first, 0) else { panic!("stale") };
        assert!(nonces.spend(number, Some(1), 1));
        for request in 0..2 * REMEMBERED as u64 {
            let Worth::Fresh(number) = ({
                let nonce = nonces.mint(1000);
                nonces.judge(&nonce, 1000)
            }) else {
                panic!("stale")
            };
            assert!(nonces.spend(number, Some(1), request));
        }
        assert_eq!(nonces.judge(&first, 1000), Worth::Stale);
        assert!(nonces.young.len() + nonces.old.len() <= 2 * REMEMBERED);
    }
}
