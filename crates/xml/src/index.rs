//! Where the parts of an element are.

use crate::scope::Namespace;
use crate::span::Span;

/// The kind of a first-level element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Kind {
    /// `<message/>`
    Message = 0,
    /// `<presence/>`
    Presence = 1,
    /// `<iq/>`
    Iq = 2,
    /// No stanza (RFC 6120 §8).
    #[default]
    Other = 3,
}

/// A child element. `known` is the number of its bit, or `UNKNOWN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) namespace: Namespace,
    pub(crate) known: u8,
}

pub(crate) const UNKNOWN: u8 = 255;

/// What is found while an element is cut; all spans are relative to its first byte.
#[derive(Clone, Default, Debug)]
pub(crate) struct Index {
    pub(crate) kind: Kind,
    pub(crate) verb: u8,
    pub(crate) namespace: Namespace,
    pub(crate) name_start: u32,
    pub(crate) name_end: u32,
    /// Behind the `>` of the start tag.
    pub(crate) head_end: u32,
    pub(crate) empty: bool,
    pub(crate) to: Attr,
    pub(crate) from: Attr,
    pub(crate) id: Span,
    pub(crate) type_: Attr,
    /// The attribute that declares the content's namespace as the default.
    pub(crate) own_content: Span,
    /// Whether a default namespace other than the content's is declared.
    pub(crate) has_default: bool,
    pub(crate) kids: u64,
    pub(crate) others: bool,
    pub(crate) children: Vec<Child>,
    /// Whether it needs what only the stream's header declares.
    pub(crate) borrows: bool,
}

/// An attribute that may be replaced.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Attr {
    pub(crate) value: Span,
    pub(crate) whole: Span,
}
