//! What forwarding costs inside a room, without sockets: run by hand, since time on a shared machine
//! proves nothing: `cargo test --release -p antiphon-session cost -- --ignored --nocapture`.

use std::time::Duration;

use crate::world::{HEAR, SEE, VIDEO, World};

/// Microseconds per forwarded packet with so many subscribers who all answer.
fn forwarding_cost(subscribers: usize, estimate: bool) -> f64 {
    let mut world = World::with(|config| config.estimate_bandwidth = estimate);
    let (ann, mids) = world.join(&[VIDEO]);
    let track = world.publish(ann, mids[0]);
    for _ in 0..subscribers {
        let (bob, _) = world.join(&[SEE, HEAR]);
        let peer = world.clients[bob].peer;
        world.connect(track, &[peer]);
    }
    let payload = |n: u32, at: u32| {
        let mut payload = crate::world::vp8(n == 0 && at == 0, n as u16, 1, 0);
        payload.resize(1060, 3);
        payload
    };
    let film = |world: &mut World, frames: u32| {
        for n in 0..frames {
            for at in 0..6 {
                world.send_part(ann, mids[0], &payload(n, at), at, at == 5);
            }
            world.run(Duration::from_millis(35));
        }
    };
    film(&mut world, 30);
    world.room.take_counts();
    world.spent = Duration::ZERO;
    film(&mut world, 100);
    let counts = world.room.take_counts();
    assert_eq!(counts.forwarded, 600 * subscribers as u64, "{counts:?}");
    world.spent.as_secs_f64() * 1e6 / counts.forwarded as f64
}

#[test]
#[ignore = "a measurement"]
fn cost_of_forwarding() {
    for subscribers in [10, 100] {
        for estimate in [false, true] {
            let cost = forwarding_cost(subscribers, estimate);
            println!("{subscribers} subscribers, estimation {estimate}: {cost:.2} µs a packet");
        }
    }
}
