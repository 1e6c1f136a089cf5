//! What strangers may cost.

use antiphon_sip::{Config, Relay};

use crate::support::{ALICE, BOB, Stage, config, invite, request, udp};

#[test]
fn undecided_requests_are_limited() {
    let mut stage = Stage::with(Config { max_undecided: 3, ..config() });
    for number in 0..5 {
        stage.hear(udp(ALICE), &request("OPTIONS", &format!("o{number}"), ""));
    }
    assert_eq!(stage.machine.events().len(), 3);
    assert_eq!(stage.lines(), ["503 Service Unavailable"; 2]);
    stage.pass(11.0);
    assert_eq!(stage.size("undecided"), 0);
    stage.hear(udp(ALICE), &invite());
    assert_eq!(stage.machine.events().len(), 1);
}

#[test]
fn transactions_are_limited() {
    let mut stage = Stage::with(Config { max_transactions: 2, ..config() });
    for number in 0..3 {
        stage.hear(udp(ALICE), &request("OPTIONS", &format!("o{number}"), ""));
    }
    assert_eq!((stage.machine.events().len(), stage.size("transactions")), (2, 2));
    assert_eq!(stage.machine.counts.overloaded, 1);
    assert!(
        stage
            .machine
            .request(
                &antiphon_sip::Request {
                    method: b"BYE",
                    uri: b"sip:a@b",
                    headers: b"",
                    body: b"",
                    bound: false
                },
                udp(BOB),
            )
            .is_err()
    );
}

#[test]
fn a_flood_from_one_source_is_dropped_and_others_are_heard() {
    let limits = Config { source_rate: 10.0, source_burst: 5.0, ..config() };
    let mut stage = Stage::with(limits);
    for number in 0..100 {
        stage.hear(udp(ALICE), &request("OPTIONS", &format!("o{number}"), ""));
    }
    assert_eq!(stage.machine.events().len(), 5);
    assert!(stage.out().is_empty(), "no answer for who floods");
    stage.hear(udp(BOB), &request("OPTIONS", "b", ""));
    assert_eq!(stage.machine.events().len(), 1);
    stage.machine.exempt("192.0.2.10".parse().unwrap(), true);
    for number in 100..200 {
        stage.hear(udp(ALICE), &request("OPTIONS", &format!("o{number}"), ""));
    }
    assert_eq!(stage.machine.events().len(), 100);
    assert_eq!(stage.machine.counts.limited, 95);
}

#[test]
fn sizes_are_limited() {
    let mut stage = Stage::with(Config { max_message: 1000, max_headers: 20, ..config() });
    let long = invite().replace("Contact", &format!("X-Long: {}\r\nContact", "x".repeat(1000)));
    stage.hear(udp(ALICE), &long);
    stage.hear(udp(ALICE), &invite().replace("Contact", &("X: y\r\n".repeat(20) + "Contact")));
    assert!(stage.machine.events().is_empty() && stage.out().is_empty());
    assert_eq!(stage.machine.counts.unreadable, 2);
}

#[test]
fn legs_are_limited() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    let many = vec![BOB; 61];
    assert!(!stage.relay(&request, &many, &Relay::default()));
    assert_eq!(stage.lines(), ["440 Max-Breadth Exceeded"]);
}

#[test]
fn the_trace_shows_a_call_without_its_secrets() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &request("INVITE", "i", "Proxy-Authorization: Digest secret\r\n"));
    let request = stage.request();
    stage.relay(&request, &[BOB], &Relay::default());
    let trace = stage.machine.traced(b"call");
    assert_eq!(trace.len(), 3);
    assert!(trace.iter().all(|(_, _, _, message)| {
        let text = String::from_utf8_lossy(message);
        text.contains("Call-ID: call") && !text.contains("secret")
    }));
    assert!(stage.machine.traced(b"other").is_empty());
}
