//! All transactions: by name, by what identifies them in messages, and by the connection they wait
//! on.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::cell::{Cell, CellId};
use crate::flow::{Flow, NOWHERE, Transport};

/// For numbers that are hashes already, made under a secret key.
#[derive(Default)]
pub(crate) struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// A map by keyed hashes. Two transactions of one key would be taken for one; by 64 bits nobody
/// can bring that about.
pub(crate) type ByHash<T> = HashMap<u64, T, BuildHasherDefault<Already>>;

struct Waiting {
    cells: Vec<CellId>,
    /// When it has grown to this, those that have gone are taken out.
    tidy_at: usize,
}

/// Transactions in slots that are used again.
#[derive(Default)]
pub(crate) struct Cells {
    slots: Vec<Option<Cell>>,
    free: Vec<u32>,
    by_key: ByHash<CellId>,
    by_dialog: ByHash<CellId>,
    by_flow: HashMap<Flow, Waiting>,
}

impl Cells {
    pub(crate) fn count(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn get(&self, id: CellId) -> Option<&Cell> {
        self.slots.get(id.slot as usize)?.as_ref().filter(|cell| cell.stamp == id.stamp)
    }

    pub(crate) fn get_mut(&mut self, id: CellId) -> Option<&mut Cell> {
        self.slots.get_mut(id.slot as usize)?.as_mut().filter(|cell| cell.stamp == id.stamp)
    }

    pub(crate) fn find(&self, key: u64) -> Option<CellId> {
        self.by_key.get(&key).copied()
    }

    /// Puts a cell in; `stamp` is random. Those of clients are not found by a key.
    pub(crate) fn insert(&mut self, mut cell: Cell, stamp: u32) -> CellId {
        cell.stamp = stamp.max(1);
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        let id = CellId { slot, stamp: cell.stamp };
        if cell.key != 0 {
            self.by_key.insert(cell.key, id);
        }
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = Some(cell),
            None => self.slots.push(Some(cell)),
        }
        id
    }

    pub(crate) fn remove(&mut self, id: CellId) -> Option<Cell> {
        self.get(id)?;
        let cell = self.slots[id.slot as usize].take()?;
        self.free.push(id.slot);
        if self.by_key.get(&cell.key) == Some(&id) {
            self.by_key.remove(&cell.key);
        }
        if let Some(uas) = &cell.uas
            && self.by_dialog.get(&uas.dialog) == Some(&id)
        {
            self.by_dialog.remove(&uas.dialog);
        }
        if self.slots.len() == self.free.len() && self.slots.len() > 1024 {
            // Nothing is left of a busy time.
            (self.slots, self.free) = (Vec::new(), Vec::new());
            self.by_key.shrink_to(1024);
        }
        Some(cell)
    }

    /// ACK and PRACK of this dialog are for that cell.
    pub(crate) fn set_dialog(&mut self, dialog: u64, id: CellId) {
        self.by_dialog.insert(dialog, id);
    }

    pub(crate) fn find_dialog(&self, dialog: u64) -> Option<CellId> {
        self.by_dialog.get(&dialog).copied()
    }

    /// Notes that a cell has to do with a connection, so that its end is noticed.
    pub(crate) fn wait_on(&mut self, flow: Flow, id: CellId) {
        if flow.transport == Transport::Udp {
            return;
        }
        let key = connection_key(flow);
        let slots = &self.slots;
        let waiting = self.by_flow.entry(key).or_insert(Waiting { cells: Vec::new(), tidy_at: 16 });
        if waiting.cells.len() >= waiting.tidy_at {
            waiting.cells.retain(|id| {
                let cell = slots.get(id.slot as usize).and_then(Option::as_ref);
                cell.is_some_and(|cell| cell.stamp == id.stamp)
            });
            waiting.tidy_at = (waiting.cells.len() * 2).max(16);
        }
        waiting.cells.push(id);
    }

    /// Takes out those that had to do with a connection.
    pub(crate) fn waiting_on(&mut self, flow: Flow) -> Vec<CellId> {
        let waiting = self.by_flow.remove(&connection_key(flow));
        waiting.map(|waiting| waiting.cells).unwrap_or_default()
    }

    /// Flows that were to be dialled and were never told to have failed or closed would stay.
    pub(crate) fn tidy(&mut self) {
        let slots = &self.slots;
        self.by_flow.retain(|_, waiting| {
            waiting.cells.retain(|id| {
                let cell = slots.get(id.slot as usize).and_then(Option::as_ref);
                cell.is_some_and(|cell| cell.stamp == id.stamp)
            });
            !waiting.cells.is_empty()
        });
    }

    pub(crate) fn connections(&self) -> usize {
        self.by_flow.len()
    }
}

/// A connection is known by its number alone, what is to be dialled by where it goes.
fn connection_key(flow: Flow) -> Flow {
    if flow.connection == 0 {
        return flow;
    }
    Flow { remote: NOWHERE, listener: 0, transport: Transport::Tcp, ..flow }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::State;
    use crate::header::Method;

    fn flow(connection: u64) -> Flow {
        Flow::new(0, Transport::Tcp, connection, "192.0.2.1:5060".parse().unwrap())
    }

    fn cell(key: u64) -> Cell {
        Cell::new(Method::Options, State::Undecided, key, 0, flow(1))
    }

    #[test]
    fn names_do_not_outlive_their_cells() {
        let mut cells = Cells::default();
        let first = cells.insert(cell(7), 1);
        assert_eq!(cells.find(7), Some(first));
        assert!(cells.remove(first).is_some());
        let second = cells.insert(cell(8), 2);
        assert_eq!(first.slot, second.slot);
        assert!(cells.get(first).is_none() && cells.get(second).is_some());
        assert_eq!((cells.find(7), cells.count()), (None, 1));
        assert_eq!(CellId::of(second.number()), second);
    }

    #[test]
    fn the_end_of_a_connection_is_told_once() {
        let mut cells = Cells::default();
        for key in 1..=100 {
            let id = cells.insert(cell(key), key as u32);
            cells.wait_on(flow(1), id);
            if key > 1 {
                cells.remove(id);
            }
        }
        cells.wait_on(flow(0), CellId::of(99));
        let waiting = cells.waiting_on(Flow { listener: 5, ..flow(1) });
        assert!(waiting.len() < 40 && waiting[0] == cells.find(1).unwrap());
        assert!(cells.waiting_on(flow(1)).is_empty());
        cells.tidy();
        assert_eq!(cells.connections(), 0);
    }
}
