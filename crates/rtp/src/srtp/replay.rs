//! Which packets came already (RFC 3711 §3.3.2).

/// A window over the highest index seen and the 127 before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    /// The highest index plus one; 0 before the first.
    next: u64,
    /// Bit n is set if `next − 1 − n` came.
    seen: u128,
}

impl Window {
    /// Whether a packet with this index may come.
    pub(super) fn is_new(&self, index: u64) -> bool {
        if index >= self.next {
            return true;
        }
        let back = self.next - 1 - index;
        back < 128 && self.seen >> back & 1 == 0
    }

    /// A packet with this index came, and was authentic.
    pub(super) fn note(&mut self, index: u64) {
        if index >= self.next {
            let ahead = index + 1 - self.next;
            self.seen = if ahead >= 128 { 0 } else { self.seen << ahead };
            self.next = index + 1;
            self.seen |= 1;
        } else if let back @ 0..128 = self.next - 1 - index {
            self.seen |= 1 << back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_comes_once() {
        let mut window = Window::default();
        for index in [0u64, 5, 3, 200, 199, 73, 1000] {
            assert!(window.is_new(index), "{index}");
            window.note(index);
            assert!(!window.is_new(index), "{index}");
        }
        assert!(!window.is_new(872), "too old");
        assert!(window.is_new(873));
        window.note(0);
        assert!(!window.is_new(1000), "what is too old changes nothing");
    }
}
