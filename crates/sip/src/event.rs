//! What the machine tells the one who decides.

use std::sync::Arc;

use crate::cell::{CellId, Inbound};
use crate::flow::Flow;
use crate::message::Message;

/// An answer to a request of ours.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request.
    pub request: CellId,
    /// The answer as it came, or as it was made here.
    pub message: Arc<Message>,
    /// Where it came from.
    pub flow: Flow,
    /// Made here: nothing came.
    pub local: bool,
}

/// What happened.
#[derive(Debug)]
#[allow(missing_docs, reason = "the typed border of the Python module explains each")]
pub enum Event {
    Request(Arc<Inbound>),
    Response(Answer),
    Cancelled { request: Arc<Inbound>, reason: Option<Vec<u8>> },
    Exhausted { request: Arc<Inbound>, best: Answer },
    Unacknowledged { request: Arc<Inbound>, provisional: bool },
    AccountNeeded { user: Vec<u8>, realm: Vec<u8> },
    Relayed(Relayed),
}

/// News of a dialog that was relayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relayed {
    /// The INVITE; none for BYE.
    pub request: CellId,
    /// INVITE or BYE.
    pub method: &'static str,
    /// Of the final answer; 0 for BYE.
    pub status: u16,
    /// What identifies the dialog.
    pub call_id: Vec<u8>,
    /// The tag in From.
    pub from_tag: Vec<u8>,
    /// The tag in To.
    pub to_tag: Vec<u8>,
}
