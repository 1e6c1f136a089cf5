//! What is remembered of a transaction: its server side, and the client side of each way it was
//! sent on (a leg).

use std::sync::Arc;

use smallvec::SmallVec;

use crate::flow::Flow;
use crate::header::Method;
use crate::message::Message;

/// Names a cell; never names another one after it has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellId {
    pub(crate) slot: u32,
    pub(crate) stamp: u32,
}

impl CellId {
    /// No transaction: stamps are never zero.
    pub const NONE: CellId = CellId { slot: 0, stamp: 0 };

    /// As one number; 0 for none.
    pub fn number(self) -> u64 {
        u64::from(self.stamp) << 32 | u64::from(self.slot)
    }

    /// From that number.
    pub fn of(number: u64) -> CellId {
        CellId { slot: number as u32, stamp: (number >> 32) as u32 }
    }
}

/// Where the server side of a transaction stands (RFC 3261 §17.2, RFC 6026).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// We are the client: there is no server side.
    Client,
    /// Nobody has said what to do with the request.
    Undecided,
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
}

/// Where a leg stands (RFC 3261 §17.1, RFC 6026).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LegState {
    /// Also "Trying".
    Calling,
    Proceeding,
    Completed,
    Accepted,
}

/// How far cancelling a leg has come (RFC 3261 §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancel {
    No,
    /// Not before a provisional answer.
    Wanted,
    Sent,
    Answered,
}

/// The client side of one way a request was sent.
pub(crate) struct Leg {
    pub(crate) state: LegState,
    pub(crate) cancel: Cancel,
    /// Milliseconds to the next repetition of the request, and of its CANCEL.
    pub(crate) every: u16,
    pub(crate) cancel_every: u16,
    /// The final status.
    pub(crate) status: u16,
    pub(crate) flow: Flow,
    /// When timer C fires.
    pub(crate) ring_until: u64,
    /// The request; after a negative answer to INVITE its ACK; nothing after others.
    pub(crate) sent: Box<[u8]>,
    /// Lines for CANCEL.
    pub(crate) cancel_headers: Box<[u8]>,
    /// The final answer, while others may turn out better.
    pub(crate) answer: Option<Arc<Message>>,
    /// The same over UDP, if the stream cannot be opened (RFC 3261 §18.1.1).
    pub(crate) spare: Option<Box<(Flow, Box<[u8]>)>>,
}

impl Leg {
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, LegState::Calling | LegState::Proceeding)
    }
}

/// What we are as the server of an INVITE.
#[derive(Default)]
pub(crate) struct Uas {
    /// Stands for Call-ID, our tag and CSeq: what ACK and PRACK name.
    pub(crate) dialog: u64,
    pub(crate) acknowledged: bool,
    /// Number of the last reliable reply, and whether it waits for its PRACK.
    pub(crate) rseq: u32,
    pub(crate) reliable: Option<Box<[u8]>>,
    /// Milliseconds between its repetitions; when to give up.
    pub(crate) every: u16,
    pub(crate) until: u64,
}

/// A 2xx to our INVITE, by the tag of who sent it, and our ACK.
pub(crate) struct Acked {
    pub(crate) tag: u64,
    pub(crate) ack: Option<(Flow, Box<[u8]>)>,
}

/// What we are as the client of a request.
#[derive(Default)]
pub(crate) struct Uac {
    pub(crate) acked: Vec<Acked>,
    /// Credentials of the INVITE, for its ACKs (RFC 3261 §13.2.2.4).
    pub(crate) credentials: Box<[u8]>,
}

/// One transaction.
pub(crate) struct Cell {
    pub(crate) stamp: u32,
    pub(crate) method: Method,
    pub(crate) state: State,
    /// It is or was sent on to others.
    pub(crate) relayed: bool,
    /// All targets failing is news for who relays.
    pub(crate) hold: bool,
    pub(crate) exhausted: bool,
    pub(crate) report: bool,
    pub(crate) cancelled: bool,
    /// Milliseconds to the next repetition of the final answer.
    pub(crate) every: u16,
    /// Where answers go if their connection has gone (RFC 3261 §18.2.2).
    pub(crate) back: u16,
    /// Stands for what identifies the transaction (§17.2.3); and for its Call-ID.
    pub(crate) key: u64,
    pub(crate) call: u64,
    pub(crate) to: Flow,
    pub(crate) request: Option<Arc<Inbound>>,
    /// The last answer, for requests that come again.
    pub(crate) last: Box<[u8]>,
    pub(crate) legs: SmallVec<[Leg; 1]>,
    pub(crate) uas: Option<Box<Uas>>,
    pub(crate) uac: Option<Box<Uac>>,
}

impl Cell {
    pub(crate) fn new(method: Method, state: State, key: u64, call: u64, to: Flow) -> Cell {
        Cell {
            stamp: 0,
            method,
            state,
            relayed: false,
            hold: false,
            exhausted: false,
            report: false,
            cancelled: false,
            every: 0,
            back: 0,
            key,
            call,
            to,
            request: None,
            last: Box::default(),
            legs: SmallVec::new(),
            uas: None,
            uac: None,
        }
    }

    /// No final answer has been given.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Undecided | State::Proceeding)
    }

    /// Somebody else's word is awaited: no verb yet, or all legs of a held relay failed.
    pub(crate) fn awaits_decision(&self) -> bool {
        self.state == State::Undecided || self.is_open() && self.exhausted
    }
}

/// What credentials were worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// There were none for our realms.
    #[default]
    None,
    /// They prove the account's password.
    Ok,
    /// Another nonce is needed.
    Stale,
    /// They prove nothing.
    Bad,
}

/// A request, with what was found out about it.
#[derive(Debug)]
pub struct Inbound {
    pub(crate) message: Message,
    pub(crate) flow: Flow,
    pub(crate) id: CellId,
    pub(crate) auth: Auth,
    pub(crate) user: Box<[u8]>,
    pub(crate) realm: Box<[u8]>,
    /// Index of the line with the credentials.
    pub(crate) credentials: Option<usize>,
    /// The To tag of our replies.
    pub(crate) tag: [u8; 16],
    /// How many of its topmost Routes name us.
    pub(crate) own_routes: usize,
    /// The Request-URI names us.
    pub(crate) ours: bool,
    /// It is a PRACK that was waited for.
    pub(crate) confirmed: bool,
}
