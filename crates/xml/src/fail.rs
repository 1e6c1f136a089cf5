//! Why a stream cannot be read on.

/// One reason; after it nothing more of that stream may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fail {
    /// No XML, or not well-formed with regard to namespaces.
    NotWellFormed,
    /// A comment, a processing instruction, a DTD, an entity of one's own (RFC 6120 §11.1).
    Restricted,
    /// No UTF-8.
    Encoding,
    /// An element beyond the limit of bytes.
    TooBig,
    /// Elements nested beyond the limit, or more attributes or declarations than it.
    TooDeep,
    /// A prefix that nobody declared.
    Prefix,
    /// The outermost element is of another namespace than it must be.
    Namespace,
    /// The outermost element is another than it must be.
    Format,
}

impl Fail {
    /// The condition of the stream error (RFC 6120 §4.9.3).
    pub fn condition(self) -> &'static str {
        match self {
            Fail::NotWellFormed => "not-well-formed",
            Fail::Restricted => "restricted-xml",
            Fail::Encoding => "unsupported-encoding",
            Fail::TooBig | Fail::TooDeep => "policy-violation",
            Fail::Prefix => "bad-namespace-prefix",
            Fail::Namespace => "invalid-namespace",
            Fail::Format => "bad-format",
        }
    }
}
