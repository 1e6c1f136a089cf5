//! Places in a buffer.

/// Bytes from `start` up to `end`. An empty span at 0 stands for nothing: no part of an element is
/// there, since `<` is.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    pub(crate) fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    pub(crate) fn is_some(&self) -> bool {
        self.end != 0
    }

    pub(crate) fn some<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        self.is_some().then(|| self.of(bytes))
    }
}
