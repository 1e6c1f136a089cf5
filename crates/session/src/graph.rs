//! Who hears whom: wires between sources, hubs and sinks, and the pairs that follow from them. It
//! knows ids only, not what they stand for.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::room::Id;

/// A source and a sink that became, or are no longer, joined over any way through hubs.
pub(crate) type Pair = (Id, Id);

/// Wires and the (source, sink) pairs they make. Hubs pass on; all other nodes begin or end a way.
#[derive(Default)]
pub struct Graph {
    hubs: FxHashSet<Id>,
    forward: FxHashMap<Id, Vec<Id>>,
    backward: FxHashMap<Id, Vec<Id>>,
    pairs: FxHashMap<Id, FxHashSet<Id>>,
}

impl Graph {
    /// Makes `hub` a node that passes each of its sources to each of its sinks.
    pub fn add_hub(&mut self, hub: Id) {
        self.hubs.insert(hub);
    }

    /// Whether `id` is a hub.
    pub fn is_hub(&self, id: Id) -> bool {
        self.hubs.contains(&id)
    }

    /// All hubs.
    pub fn hubs(&self) -> impl Iterator<Item = Id> + '_ {
        self.hubs.iter().copied()
    }

    /// The sinks that hear `source` now.
    pub fn sinks(&self, source: Id) -> impl Iterator<Item = Id> + '_ {
        self.pairs.get(&source).into_iter().flatten().copied()
    }

    /// Adds a wire; returns the pairs that are new.
    pub fn connect(&mut self, source: Id, sink: Id) -> Vec<(Id, Id)> {
        let sinks = self.forward.entry(source).or_default();
        if source == sink || sinks.contains(&sink) {
            return Vec::new();
        }
        sinks.push(sink);
        self.backward.entry(sink).or_default().push(source);
        let ends = self.ends(&self.forward, sink);
        let mut added = Vec::new();
        for start in self.ends(&self.backward, source) {
            let heard = self.pairs.entry(start).or_default();
            added.extend(ends.iter().filter(|&&end| heard.insert(end)).map(|&end| (start, end)));
        }
        added
    }

    /// Takes a wire away; returns the pairs that are no more.
    pub fn disconnect(&mut self, source: Id, sink: Id) -> Vec<(Id, Id)> {
        if !unlink(&mut self.forward, source, sink) {
            return Vec::new();
        }
        unlink(&mut self.backward, sink, source);
        let starts = self.ends(&self.backward, source);
        let ends = self.ends(&self.forward, sink);
        self.recheck(&starts, &ends)
    }

    /// Takes a node and its wires away; returns the pairs that are no more.
    pub fn remove(&mut self, node: Id) -> Vec<(Id, Id)> {
        let starts = self.ends(&self.backward, node);
        let ends = self.ends(&self.forward, node);
        let mut lost = Vec::new();
        for sink in self.forward.remove(&node).unwrap_or_default() {
            unlink(&mut self.backward, sink, node);
        }
        for source in self.backward.remove(&node).unwrap_or_default() {
            unlink(&mut self.forward, source, node);
        }
        if self.hubs.remove(&node) {
            lost.extend(self.recheck(&starts, &ends));
            return lost;
        }
        lost.extend(self.pairs.remove(&node).into_iter().flatten().map(|end| (node, end)));
        for (&start, heard) in &mut self.pairs {
            if heard.remove(&node) {
                lost.push((start, node));
            }
        }
        lost
    }

    /// Drops those pairs of `starts` × `ends` that no way joins any more.
    fn recheck(&mut self, starts: &FxHashSet<Id>, ends: &FxHashSet<Id>) -> Vec<(Id, Id)> {
        let mut lost = Vec::new();
        // Walk from the smaller side: one walk tells about all nodes of the other side.
        if starts.len() <= ends.len() {
            for &start in starts {
                let reached = self.walk(&self.forward, start);
                let Some(heard) = self.pairs.get_mut(&start) else { continue };
                let gone = ends.iter().filter(|end| !reached.contains(end));
                lost.extend(gone.filter(|end| heard.remove(end)).map(|&end| (start, end)));
            }
        } else {
            for &end in ends {
                let reached = self.walk(&self.backward, end);
                for start in starts.iter().filter(|start| !reached.contains(start)) {
                    if self.pairs.get_mut(start).is_some_and(|heard| heard.remove(&end)) {
                        lost.push((*start, end));
                    }
                }
            }
        }
        lost
    }

    /// `node` itself if it is no hub, otherwise all non-hubs behind it in the direction of `edges`.
    fn ends(&self, edges: &FxHashMap<Id, Vec<Id>>, node: Id) -> FxHashSet<Id> {
        if self.hubs.contains(&node) {
            self.walk(edges, node)
        } else {
            FxHashSet::from_iter([node])
        }
    }

    /// All non-hubs that a way from `node` through hubs ends at; `node` itself does not count.
    fn walk(&self, edges: &FxHashMap<Id, Vec<Id>>, node: Id) -> FxHashSet<Id> {
        let (mut found, mut seen) = (FxHashSet::default(), FxHashSet::from_iter([node]));
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            for &next in edges.get(&at).into_iter().flatten() {
                if !self.hubs.contains(&next) {
                    found.insert(next);
                } else if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        found
    }
}

fn unlink(edges: &mut FxHashMap<Id, Vec<Id>>, from: Id, to: Id) -> bool {
    let Some(ends) = edges.get_mut(&from) else { return false };
    let Some(at) = ends.iter().position(|&end| end == to) else { return false };
    ends.swap_remove(at);
    if ends.is_empty() {
        edges.remove(&from);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_hub_joins_all_sources_with_all_sinks() {
        let mut graph = Graph::default();
        graph.add_hub(10);
        assert!(graph.connect(1, 10).is_empty());
        assert!(graph.connect(2, 10).is_empty());
        let mut added = graph.connect(10, 21);
        added.sort();
        assert_eq!(added, [(1, 21), (2, 21)]);
        assert_eq!(graph.connect(1, 21), []);
        assert_eq!(graph.disconnect(1, 10), [], "the direct wire still joins them");
        assert_eq!(graph.remove(10), [(2, 21)]);
        assert_eq!(graph.disconnect(1, 21), [(1, 21)]);
    }

    #[test]
    fn a_peer_is_source_and_sink_but_no_way_through() {
        let mut graph = Graph::default();
        graph.add_hub(10);
        graph.connect(1, 10);
        graph.connect(10, 1);
        assert_eq!(graph.connect(1, 5), [(1, 5)]);
        assert_eq!(graph.connect(7, 1), [(7, 1)]);
        let mut lost = graph.remove(1);
        lost.sort();
        assert_eq!(lost, [(1, 1), (1, 5), (7, 1)]);
    }

    /// Nodes 0–3 are hubs, 4–7 sources, 8–11 sinks.
    fn naive(wires: &BTreeSet<Pair>) -> BTreeSet<Pair> {
        let mut found = BTreeSet::new();
        for start in 4..8 {
            let mut seen = BTreeSet::from([start]);
            let mut open = vec![start];
            while let Some(at) = open.pop() {
                for &(_, to) in wires.iter().filter(|&&(from, _)| from == at) {
                    if to >= 8 {
                        found.insert((start, to));
                    } else if seen.insert(to) && to < 4 {
                        open.push(to);
                    }
                }
            }
        }
        found
    }

    proptest! {
        #[test]
        fn differences_add_up_to_the_whole(steps in prop::collection::vec((any::<bool>(), 0u64..8, 0u64..8), 0..120)) {
            let mut graph = Graph::default();
            (0..4).for_each(|hub| graph.add_hub(hub));
            let (mut wires, mut pairs) = (BTreeSet::new(), BTreeSet::new());
            for (on, source, sink) in steps {
                let sink = if sink < 4 { sink } else { sink + 4 };
                if source == sink { continue; }
                if on {
                    wires.insert((source, sink));
                    for pair in graph.connect(source, sink) { prop_assert!(pairs.insert(pair)); }
                } else {
                    wires.remove(&(source, sink));
                    for pair in graph.disconnect(source, sink) { prop_assert!(pairs.remove(&pair)); }
                }
                prop_assert_eq!(&pairs, &naive(&wires));
            }
            wires.retain(|&(from, to)| from != 0 && to != 0);
            for pair in graph.remove(0) { prop_assert!(pairs.remove(&pair)); }
            prop_assert_eq!(&pairs, &naive(&wires));
        }
    }
}
