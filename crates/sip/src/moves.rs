//! Flows that have given way to others: a telephone that lost its connection came back by a new one,
//! and calls that it is in still name the old one in their tokens. Bounded.

use std::collections::HashMap;

use crate::flow::Flow;

/// Moves remembered in each of two generations.
const REMEMBERED: usize = 16_384;
/// A telephone that came back so often is found by its next request at the latest.
const LONGEST_CHAIN: usize = 16;

/// New flows by old ones.
#[derive(Default)]
pub(crate) struct Moves {
    young: HashMap<Flow, Flow>,
    old: HashMap<Flow, Flow>,
}

impl Moves {
    pub(crate) fn note(&mut self, from: Flow, to: Flow) {
        if from == to {
            return;
        }
        // Back where it was before: no circle.
        self.young.remove(&to);
        self.old.remove(&to);
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(from, to);
    }

    /// Where one who was reached by `flow` is reached now.
    pub(crate) fn now(&self, mut flow: Flow) -> Flow {
        for _ in 0..LONGEST_CHAIN {
            match self.young.get(&flow).or_else(|| self.old.get(&flow)) {
                Some(next) => flow = *next,
                None => break,
            }
        }
        flow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Transport;

    fn flow(connection: u64) -> Flow {
        Flow::new(0, Transport::Tcp, connection, "192.0.2.1:5060".parse().unwrap())
    }

    #[test]
    fn moves_are_followed_and_forgotten() {
        let mut moves = Moves::default();
        moves.note(flow(1), flow(2));
        moves.note(flow(2), flow(3));
        assert_eq!((moves.now(flow(1)), moves.now(flow(9))), (flow(3), flow(9)));
        moves.note(flow(3), flow(1));
        assert_eq!(moves.now(flow(2)), flow(1), "back again");
        for connection in 10..3 * REMEMBERED as u64 {
            moves.note(flow(connection), flow(1));
        }
        assert_eq!(moves.now(flow(2)), flow(2));
        assert!(moves.young.len() + moves.old.len() <= 2 * REMEMBERED);
    }
}
