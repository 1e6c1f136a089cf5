//! Commands in any order with any arguments: nothing panics, and what is told stays consistent.

use std::collections::HashSet;

use antiphon_session::{Command, Id};
use proptest::prelude::*;

use crate::world::{SEE, VIDEO, World, vp8};

/// Peers are 1000–1003, tracks 1004–1007, hubs 1008–1011.
fn command() -> impl Strategy<Value = Command> {
    let peer = || 1000u64..1004;
    let track = || 1004u64..1008;
    let hub = || 1008u64..1012;
    let anything = || 1000u64..1012;
    prop_oneof![
        (peer(), any::<bool>()).prop_map(|(peer, may_offer)| Command::OpenPeer { peer, may_offer }),
        peer().prop_map(|peer| Command::ClosePeer { peer }),
        (peer(), ".{0,60}").prop_map(|(peer, sdp)| Command::AcceptOffer { peer, request: 1, sdp }),
        (peer(), 0u64..4, ".{0,60}").prop_map(|(peer, request, sdp)| Command::AcceptAnswer {
            peer,
            request,
            sdp
        }),
        (peer(), ".{0,40}").prop_map(|(peer, candidate)| Command::AddCandidate { peer, candidate }),
        peer().prop_map(|peer| Command::RestartIce { peer }),
        (peer(), "[a-z0-9]{0,3}", track()).prop_map(|(peer, mid, track)| Command::Publish {
            peer,
            mid,
            track
        }),
        track().prop_map(|track| Command::Unpublish { track }),
        (track(), any::<bool>()).prop_map(|(track, paused)| Command::Pause { track, paused }),
        hub().prop_map(|hub| Command::OpenHub { hub, mix: false }),
        hub().prop_map(|hub| Command::CloseHub { hub }),
        (anything(), prop::collection::vec(anything(), 0..4))
            .prop_map(|(source, sinks)| Command::Connect { source, sinks }),
        (anything(), prop::collection::vec(anything(), 0..4))
            .prop_map(|(source, sinks)| Command::Disconnect { source, sinks }),
        track().prop_map(|track| Command::RequestKeyframe { track }),
        (peer(), any::<bool>()).prop_map(|(peer, watch)| Command::WatchData { peer, watch }),
    ]
}

/// Whether every section that is told to carry a track carries one that is published.
fn consistent(world: &World, published: &HashSet<Id>, peer: Id) -> bool {
    world.mapped(peer).values().all(|track| published.contains(track))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_commands_are_survived(commands in prop::collection::vec((command(), 0u64..400), 1..80)) {
        let mut world = World::new();
        let (ann, ann_mids) = world.join(&[VIDEO, VIDEO]);
        let (bob, _) = world.join(&[SEE, SEE]);
        let real = [world.publish(ann, ann_mids[0]), world.publish(ann, ann_mids[1])];
        let viewer = world.clients[bob].peer;
        for (command, pause) in commands {
            // Some of the wires are between things that exist.
            if let Command::Connect { source, sinks } = &command {
                let hub = *source;
                world.tell(Command::OpenHub { hub: 1008, mix: false });
                world.connect(real[(hub % 2) as usize], sinks);
                world.connect(hub, &[viewer]);
            }
            world.tell(command);
            world.send(ann, ann_mids[0], &vp8(true, 1, 1, 1), None);
            world.run(std::time::Duration::from_millis(pause));
        }
        for hub in 1008..1012 {
            world.tell(Command::CloseHub { hub });
        }
        for track in real {
            world.disconnect(track, &[viewer]);
        }
        for peer in 1000..1004 {
            world.tell(Command::ClosePeer { peer });
        }
        world.run(std::time::Duration::from_millis(50));
        prop_assert!(consistent(&world, &HashSet::from(real), viewer));
        // After all that, a wire does what it should.
        world.connect(real[0], &[viewer]);
        let before = world.clients[bob].packets.len();
        for n in 0..20 {
            world.send(ann, ann_mids[0], &vp8(n % 5 == 0, n, 1, 1), None);
            world.run(std::time::Duration::from_millis(30));
        }
        prop_assert!(world.clients[bob].packets.len() >= before + 10);
    }
}
