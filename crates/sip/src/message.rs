//! A message that is kept: its bytes and where things are in them.

use crate::index::{Index, Unreadable};

/// Bytes and index; they belong together and never change.
#[derive(Clone, Debug)]
pub struct Message {
    pub(crate) bytes: Box<[u8]>,
    pub(crate) index: Index,
}

impl Message {
    /// Reads a message of at most 256 headers.
    pub fn parse(bytes: &[u8]) -> Result<Message, Unreadable> {
        Ok(Message { index: Index::parse(bytes, 256)?, bytes: bytes.into() })
    }

    pub(crate) fn new(bytes: &[u8], index: Index) -> Message {
        Message { bytes: bytes.into(), index }
    }
}
