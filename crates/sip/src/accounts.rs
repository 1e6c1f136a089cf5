//! Keys of accounts that were asked for lately, and who waits for an answer. Bounded: what has not
//! been used for long is asked for again.

use std::collections::HashMap;

use crate::cell::CellId;
use crate::digest::Keys;

/// Accounts remembered in each of two generations.
const REMEMBERED: usize = 65_536;

/// User and realm.
pub(crate) type Account = (Box<[u8]>, Box<[u8]>);

/// Keys by account, and the transactions that wait for them.
#[derive(Default)]
pub(crate) struct Accounts {
    young: HashMap<Account, Keys>,
    old: HashMap<Account, Keys>,
    waiting: HashMap<Account, Vec<CellId>>,
}

pub(crate) fn account(user: &[u8], realm: &[u8]) -> Account {
    (user.into(), realm.into())
}

impl Accounts {
    pub(crate) fn keys(&mut self, account: &Account) -> Option<&Keys> {
        if !self.young.contains_key(account)
            && let Some(keys) = self.old.remove(account)
        {
            self.insert(account.clone(), keys);
        }
        self.young.get(account)
    }

    fn insert(&mut self, account: Account, keys: Keys) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(account, keys);
    }

    /// Sets or forgets keys; who waited for them.
    pub(crate) fn set(&mut self, account: Account, keys: Option<Keys>) -> Vec<CellId> {
        let waiting = self.waiting.remove(&account).unwrap_or_default();
        self.old.remove(&account);
        match keys {
            Some(keys) => self.insert(account, keys),
            None => {
                self.young.remove(&account);
            }
        }
        waiting
    }

    /// Notes that a transaction waits; true when it is the first for this account.
    pub(crate) fn wait(&mut self, account: Account, cell: CellId) -> bool {
        let waiting = self.waiting.entry(account).or_default();
        waiting.push(cell);
        waiting.len() == 1
    }

    /// A transaction waits no longer; whether it did.
    pub(crate) fn give_up(&mut self, account: &Account, cell: CellId) -> bool {
        let Some(waiting) = self.waiting.get_mut(account) else { return false };
        let before = waiting.len();
        waiting.retain(|other| *other != cell);
        let waited = waiting.len() < before;
        if waiting.is_empty() {
            self.waiting.remove(account);
        }
        waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_remembered_while_used_and_forgotten_otherwise() {
        let mut accounts = Accounts::default();
        let used = account(b"used", b"r");
        let unused = account(b"unused", b"r");
        accounts.set(used.clone(), Some(Keys::default()));
        accounts.set(unused.clone(), Some(Keys::default()));
        for number in 0..3 * REMEMBERED {
            accounts.set(account(number.to_string().as_bytes(), b"r"), Some(Keys::default()));
            if number % 1000 == 0 {
                assert!(accounts.keys(&used).is_some());
            }
        }
        assert!(accounts.keys(&unused).is_none());
        assert!(accounts.young.len() + accounts.old.len() <= 2 * REMEMBERED);
        accounts.set(used.clone(), None);
        assert!(accounts.keys(&used).is_none());
    }

    #[test]
    fn the_first_asks_and_all_are_answered() {
        let mut accounts = Accounts::default();
        let who = account(b"a", b"r");
        let (one, two) = (CellId { slot: 1, stamp: 1 }, CellId { slot: 2, stamp: 1 });
        assert!(accounts.wait(who.clone(), one));
        assert!(!accounts.wait(who.clone(), two));
        assert!(accounts.give_up(&who, one));
        assert_eq!(accounts.set(who.clone(), None), [two]);
        assert!(accounts.wait(who, one));
    }
}
