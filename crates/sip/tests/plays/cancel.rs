//! CANCEL, both ways (RFC 3261 §9).

use antiphon_sip::{Event, Relay};

use crate::support::{ALICE, BOB, CAROL, Stage, ack, answer, invite, request, udp};

fn cancel() -> String {
    request("CANCEL", "i", "Reason: SIP;cause=200\r\n").replace("CSeq: 2", "CSeq: 1")
}

#[test]
fn a_caller_gives_up() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.reply(&request, 180);
    stage.out();
    stage.hear(udp(ALICE), &cancel());
    let out = stage.out();
    assert_eq!(
        (out[0].line().as_str(), out[1].line().as_str()),
        ("200 OK", "487 Request Terminated")
    );
    assert_eq!(out[0].get("to"), out[1].get("to"));
    let events = stage.machine.events();
    let [Event::Cancelled { reason: Some(reason), .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(reason, b"SIP;cause=200");
    assert!(!stage.reply(&request, 200), "too late");
    // CANCEL comes again: its own transaction answers.
    stage.hear(udp(ALICE), &cancel());
    assert_eq!(stage.lines(), ["200 OK"]);
    stage.hear(udp(ALICE), &ack(&out[1]));
    assert!(stage.machine.events().is_empty());
    stage.pass(70.0);
    stage.assert_empty();
}

#[test]
fn too_late_or_for_nothing() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &cancel());
    assert_eq!(stage.lines(), ["481 Call/Transaction Does Not Exist"]);
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.reply(&request, 200);
    stage.out();
    stage.hear(udp(ALICE), &cancel());
    assert_eq!(stage.lines(), ["200 OK"]);
    assert!(stage.machine.events().is_empty());
}

#[test]
fn legs_are_cancelled_once_they_ring() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.relay(&request, &[BOB, CAROL], &Relay::default());
    let out = stage.out();
    let (bob, carol) = (out[1].clone(), out[2].clone());
    stage.hear(udp(BOB), &answer(&bob, 180, "b", ""));
    stage.out();
    stage.hear(udp(ALICE), &cancel());
    let out = stage.out();
    let lines: Vec<String> = out.iter().map(|one| one.line()).collect();
    // Carol has not said anything yet: §9.1.
    assert_eq!(lines, ["200 OK", "CANCEL sip:bob@192.0.2.20:5060"]);
    assert_eq!(out[1].get("reason"), "SIP;cause=200");
    assert_eq!(out[1].get("via"), bob.get("via"));
    // Timer E of the CANCEL; timer A of Carol's INVITE.
    let sent = stage.pass(1.0);
    assert!(sent.iter().any(|(_, one)| one.line().starts_with("CANCEL")));
    stage.hear(udp(BOB), &answer(&out[1], 200, "b", ""));
    stage.hear(udp(CAROL), &answer(&carol, 180, "c", ""));
    let lines = stage.lines();
    assert_eq!(lines, ["CANCEL sip:bob@192.0.2.30:5060", "180 Ringing"]);
    stage.hear(udp(ALICE), &cancel());
    assert_eq!(stage.lines(), ["200 OK"], "no second CANCEL down");
    stage.hear(udp(BOB), &answer(&bob, 487, "b", ""));
    stage.hear(udp(CAROL), &answer(&carol, 487, "c", ""));
    let lines = stage.lines();
    assert_eq!(lines[0], "ACK sip:bob@192.0.2.20:5060");
    assert_eq!(lines[2], "487 Request Terminated");
    stage.pass(100.0);
    stage.assert_empty();
}

#[test]
fn a_leg_that_ignores_its_cancel_is_given_up() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.relay(&request, &[BOB], &Relay::default());
    let bob = stage.out().remove(1);
    stage.hear(udp(BOB), &answer(&bob, 180, "b", ""));
    stage.hear(udp(ALICE), &cancel());
    stage.out();
    let sent = stage.pass(33.0);
    assert_eq!(sent.last().unwrap().1.line(), "487 Request Terminated");
    // A late answer still gets its ACK.
    stage.hear(udp(BOB), &answer(&bob, 487, "b", ""));
    assert_eq!(stage.lines(), ["ACK sip:bob@192.0.2.20:5060"]);
}

#[test]
fn a_success_that_crosses_the_cancel_wins() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.relay(&request, &[BOB], &Relay::default());
    let bob = stage.out().remove(1);
    stage.hear(udp(BOB), &answer(&bob, 180, "b", ""));
    stage.hear(udp(ALICE), &cancel());
    stage.out();
    stage.hear(udp(BOB), &answer(&bob, 200, "b", ""));
    assert_eq!(stage.lines(), ["200 OK"]);
}

#[test]
fn our_own_invite_is_cancelled_when_it_may_be() {
    let mut stage = Stage::new();
    let id = stage.invite(udp(BOB));
    let sent = stage.one();
    assert!(stage.machine.cancel(id, b"Reason: SIP;cause=200\r\n"));
    assert!(stage.out().is_empty());
    stage.hear(udp(BOB), &answer(&sent, 100, "", ""));
    let cancel = stage.one();
    assert_eq!(
        (cancel.line().as_str(), cancel.get("cseq").as_str()),
        ("CANCEL sip:bob@192.0.2.20", "1 CANCEL")
    );
    stage.hear(udp(BOB), &answer(&cancel, 200, "b", ""));
    assert!(stage.beats(5.0).is_empty());
    stage.hear(udp(BOB), &answer(&sent, 487, "b", ""));
    assert_eq!(stage.statuses(), [487]);
    assert_eq!(stage.lines(), ["ACK sip:bob@192.0.2.20"]);
    assert!(!stage.machine.cancel(id, b""));
}

#[test]
fn a_held_relay_is_cancelled_while_it_waits() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.relay(&request, &[BOB], &Relay { hold: true, ..Relay::default() });
    let bob = stage.out().remove(1);
    stage.hear(udp(BOB), &answer(&bob, 486, "b", ""));
    assert!(matches!(&stage.machine.events()[..], [Event::Exhausted { .. }]));
    stage.out();
    stage.hear(udp(ALICE), &cancel());
    assert_eq!(stage.lines(), ["200 OK", "487 Request Terminated"]);
    assert!(matches!(&stage.machine.events()[..], [Event::Cancelled { .. }]));
    assert!(!stage.machine.conclude(&request));
    assert_eq!(stage.size("undecided"), 0);
}
