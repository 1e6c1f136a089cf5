//! Telephones on their way from one room to another, which may be on another thread. Commands for the
//! new room wait until the telephone has arrived, so that they find it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use antiphon_session::{Id, Phone};
use rustc_hash::FxHashMap;

use crate::lines::Line;
use crate::os::Flag;
use crate::worker::Order;

/// A telephone with its ports.
pub(crate) struct Parcel {
    pub(crate) phone: Phone,
    pub(crate) lines: Vec<Line>,
}

/// Where a telephone goes.
pub(crate) struct Target {
    pub(crate) room: Id,
    pub(crate) orders: Sender<Order>,
    pub(crate) flag: Arc<Flag>,
}

impl Target {
    /// Sends the telephone, or word that it is no more.
    pub(crate) fn send(self, peer: Id, parcel: Option<Parcel>) {
        let order = Order::PhoneArrived { room: self.room, peer, parcel: parcel.map(Box::new) };
        // A thread that has stopped takes nothing in: the telephone ends with it.
        if self.orders.send(order).is_ok() {
            self.flag.raise();
        }
    }
}

/// What a room waits for, and the orders that wait with it.
struct Waiting {
    peer: Id,
    orders: VecDeque<Order>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Moves {
    waiting: FxHashMap<Id, Waiting>,
    /// Came before they were waited for.
    arrived: FxHashMap<(Id, Id), Option<Box<Parcel>>>,
}

/// What to do about an arrival.
pub(crate) type Arrival = (Option<Box<Parcel>>, VecDeque<Order>);

impl Moves {
    /// Keeps an order for a room that waits; otherwise it is given back to be obeyed.
    pub(crate) fn hold(&mut self, order: Order) -> Option<Order> {
        match order.room().and_then(|room| self.waiting.get_mut(&room)) {
            Some(waiting) => {
                waiting.orders.push_back(order);
                None
            }
            None => Some(order),
        }
    }

    /// A room begins to wait for a telephone; what has come already is given.
    pub(crate) fn wait(&mut self, room: Id, peer: Id) -> Option<Arrival> {
        if let Some(parcel) = self.arrived.remove(&(room, peer)) {
            return Some((parcel, VecDeque::new()));
        }
        self.waiting.insert(room, Waiting { peer, orders: VecDeque::new() });
        None
    }

    /// A telephone has come (or not): if it is waited for, it and the orders to obey then.
    pub(crate) fn arrive(
        &mut self,
        room: Id,
        peer: Id,
        parcel: Option<Box<Parcel>>,
    ) -> Option<Arrival> {
        if self.waiting.get(&room).is_some_and(|waiting| waiting.peer == peer) {
            let orders = self.waiting.remove(&room).map(|waiting| waiting.orders);
            return Some((parcel, orders.unwrap_or_default()));
        }
        self.arrived.insert((room, peer), parcel);
        None
    }
}
