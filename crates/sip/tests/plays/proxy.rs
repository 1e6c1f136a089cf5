//! The proxy core (RFC 3261 §16, RFC 5393).

use antiphon_sip::{Event, Relay, Target};

use crate::support::{ALICE, BOB, CAROL, Sent, Stage, ack, answer, config, invite, request, udp};

/// Alice calls; the way down to each.
fn fork(stage: &mut Stage, to: &[&str], relay: &Relay<'_>) -> Vec<Sent> {
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    assert!(stage.relay(&request, to, relay));
    let mut out = stage.out();
    assert_eq!(out.remove(0).line(), "100 Trying");
    out
}

#[test]
fn the_first_success_wins_and_the_others_are_cancelled() {
    let mut stage = Stage::new();
    let legs = fork(&mut stage, &[BOB, CAROL], &Relay { report: true, ..Relay::default() });
    assert_eq!(legs[0].line(), "INVITE sip:bob@192.0.2.20:5060");
    assert_eq!(legs[0].get("max-forwards"), "69");
    assert_eq!(legs[0].get("max-breadth"), "30");
    stage.hear(udp(ALICE), &invite());
    assert_eq!(stage.lines(), ["100 Trying"]);
    stage.hear(udp(BOB), &answer(&legs[0], 180, "b", ""));
    stage.hear(udp(CAROL), &answer(&legs[1], 183, "c", ""));
    let out = stage.out();
    assert_eq!(
        (out[0].line().as_str(), out[1].line().as_str()),
        ("180 Ringing", "183 Session Progress")
    );
    assert_eq!(out[0].all("via").len(), 1);
    stage.hear(udp(BOB), &answer(&legs[0], 200, "b", ""));
    let out = stage.out();
    assert_eq!(out[0].line(), "200 OK");
    assert!(out[0].to(ALICE) && out[1].line().starts_with("CANCEL") && out[1].to(CAROL));
    assert!(out[1].get("reason").contains("completed elsewhere"));
    stage.hear(udp(CAROL), &answer(&out[1], 200, "c", ""));
    stage.hear(udp(CAROL), &answer(&legs[1], 487, "c", ""));
    assert_eq!(stage.lines(), ["ACK sip:bob@192.0.2.30:5060"]);
    // Repetitions of the 2xx and a second fork's 2xx go up as well.
    stage.hear(udp(BOB), &answer(&legs[0], 200, "b", ""));
    stage.hear(udp(BOB), &answer(&legs[0], 200, "b2", ""));
    assert_eq!(stage.lines(), ["200 OK", "200 OK"]);
    let news = stage.machine.events();
    let [Event::Relayed(relayed)] = &news[..] else { panic!("{news:?}") };
    assert_eq!((relayed.status, &relayed.to_tag[..]), (200, &b"b"[..]));
    assert!(stage.beats(40.0).is_empty());
    stage.assert_empty();
}

#[test]
fn the_best_failure_goes_up_with_all_challenges() {
    let mut stage = Stage::new();
    let legs = fork(&mut stage, &[BOB, CAROL, "192.0.2.40:5060"], &Relay::default());
    stage.hear(udp(BOB), &answer(&legs[0], 503, "b", ""));
    let challenge = "Proxy-Authenticate: Digest realm=\"c\"\r\n";
    stage.hear(udp(CAROL), &answer(&legs[1], 407, "c", challenge));
    let challenge = "WWW-Authenticate: Digest realm=\"d\"\r\n";
    stage.hear(udp("192.0.2.40:5060"), &answer(&legs[2], 401, "d", challenge));
    let out = stage.out();
    let best = out.last().unwrap();
    assert_eq!(best.line(), "401 Unauthorized");
    assert_eq!(best.get("www-authenticate"), "Digest realm=\"d\"");
    assert_eq!(best.get("proxy-authenticate"), "Digest realm=\"c\"");
    assert_eq!(stage.beats(1.0), [5], "timer G");
    stage.hear(udp(ALICE), &ack(best));
    stage.pass(70.0);
    stage.assert_empty();
}

#[test]
fn a_global_failure_ends_the_search() {
    let mut stage = Stage::new();
    let legs = fork(&mut stage, &[BOB, CAROL], &Relay::default());
    stage.hear(udp(CAROL), &answer(&legs[1], 180, "c", ""));
    stage.out();
    stage.hear(udp(BOB), &answer(&legs[0], 603, "b", ""));
    let lines = stage.lines();
    assert_eq!(lines, ["ACK sip:bob@192.0.2.20:5060", "CANCEL sip:bob@192.0.2.30:5060"]);
    stage.hear(udp(CAROL), &answer(&legs[1], 487, "c", ""));
    assert_eq!(stage.lines()[1], "603 Decline");
}

#[test]
fn silence_and_overload_are_told_in_our_own_words() {
    let mut stage = Stage::new();
    fork(&mut stage, &[BOB], &Relay::default());
    let sent = stage.pass(32.5);
    assert_eq!(sent.last().unwrap().1.line(), "408 Request Timeout");
    let mut stage = Stage::new();
    let legs = fork(&mut stage, &[BOB], &Relay::default());
    stage.hear(udp(BOB), &answer(&legs[0], 503, "b", "Retry-After: 99\r\n"));
    let up = stage.out().pop().unwrap();
    assert_eq!(
        (up.line().as_str(), up.get("retry-after").as_str()),
        ("500 Server Internal Error", "")
    );
}

#[test]
fn one_after_the_other() {
    let mut stage = Stage::new();
    let hold = Relay { hold: true, ring_time: Some(5000), ..Relay::default() };
    let first = fork(&mut stage, &[BOB], &hold);
    stage.hear(udp(BOB), &answer(&first[0], 180, "b", ""));
    stage.out();
    let sent = stage.pass(5.1);
    assert_eq!(sent[0].1.line(), "CANCEL sip:bob@192.0.2.20:5060");
    stage.hear(udp(BOB), &answer(&first[0], 487, "b", ""));
    let mut events = stage.machine.events();
    let Some(Event::Exhausted { request, best }) = events.pop() else { panic!("{events:?}") };
    assert_eq!((best.message.status(), best.local), (487, false));
    stage.out();
    assert!(stage.relay(&request, &[CAROL], &hold));
    let second = stage.one();
    assert!(second.to(CAROL) && second.get("via") != first[0].get("via"));
    stage.hear(udp(CAROL), &answer(&second, 486, "c", ""));
    assert_eq!(stage.machine.events().len(), 1);
    assert!(stage.machine.conclude(&request) && !stage.machine.conclude(&request));
    assert_eq!(stage.out().pop().unwrap().line(), "486 Busy Here");
    assert_eq!(stage.size("undecided"), 0);
}

#[test]
fn whoever_says_nothing_is_not_waited_for() {
    let mut stage = Stage::new();
    let hold = Relay { hold: true, ring_time: Some(5000), ..Relay::default() };
    let first = fork(&mut stage, &[BOB], &hold);
    stage.pass(5.1);
    let mut events = stage.machine.events();
    let Some(Event::Exhausted { request, best }) = events.pop() else { panic!("{events:?}") };
    assert_eq!((best.message.status(), best.local), (408, true));
    assert!(stage.relay(&request, &[CAROL], &hold));
    assert!(stage.one().to(CAROL));
    // It rings after all, and is told to stop; or answers after all, and that counts.
    stage.hear(udp(BOB), &answer(&first[0], 180, "b", ""));
    assert_eq!(stage.lines(), ["CANCEL sip:bob@192.0.2.20:5060"]);
    stage.hear(udp(BOB), &answer(&first[0], 200, "b", ""));
    assert_eq!(stage.lines()[0], "200 OK");
}

#[test]
fn a_held_relay_that_nobody_goes_on_with_is_concluded() {
    let mut stage = Stage::new();
    let legs = fork(&mut stage, &[BOB], &Relay { hold: true, ..Relay::default() });
    stage.hear(udp(BOB), &answer(&legs[0], 404, "b", ""));
    stage.out();
    let sent = stage.pass(10.5);
    assert_eq!(sent[0].1.line(), "404 Not Found");
    assert_eq!(stage.size("undecided"), 0);
}

#[test]
fn whoever_rings_for_three_minutes_is_cancelled() {
    let mut stage = Stage::new();
    let legs = fork(&mut stage, &[BOB], &Relay::default());
    stage.hear(udp(BOB), &answer(&legs[0], 180, "b", ""));
    assert!(stage.pass(170.0).iter().all(|(_, one)| !one.line().starts_with("CANCEL")));
    // A further answer winds timer C up again.
    stage.hear(udp(BOB), &answer(&legs[0], 180, "b", ""));
    assert!(stage.pass(170.0).iter().all(|(_, one)| !one.line().starts_with("CANCEL")));
    let sent = stage.pass(12.0);
    assert!(sent[0].1.line().starts_with("CANCEL"));
}

#[test]
fn what_must_not_be_forwarded_is_refused() {
    let mut stage = Stage::new();
    let breadth = "Max-Breadth: 1\r\n";
    for (text, line) in [
        (invite().replace("Max-Forwards: 70", "Max-Forwards: 0"), "483 Too Many Hops"),
        (request("INVITE", "i", "Proxy-Require: foo, gruu\r\n"), "420 Bad Extension"),
        (request("INVITE", "i", breadth), "440 Max-Breadth Exceeded"),
    ] {
        let mut stage =
            Stage::with(antiphon_sip::Config { supported: vec!["gruu".into()], ..config() });
        stage.hear(udp(ALICE), &text);
        let request = stage.request();
        assert!(!stage.relay(&request, &[BOB, CAROL], &Relay::default()));
        let sent = stage.one();
        assert_eq!(sent.line(), line);
        if line.starts_with("420") {
            assert_eq!(sent.get("unsupported"), "foo");
        }
    }
    stage.hear(udp(ALICE), &request("MESSAGE", "m", breadth));
    let request = stage.request();
    assert!(stage.relay(&request, &[BOB], &Relay::default()));
    assert_eq!(stage.one().get("max-breadth"), "1");
}

#[test]
fn loops_are_noticed_and_spirals_are_not_loops() {
    let mut stage = Stage::new();
    let legs = fork(&mut stage, &["192.0.2.1:5060"], &Relay::default());
    // What we sent comes back, as it was but for the Request-URI that is Alice's again.
    let back = legs[0].text.replace("sip:bob@192.0.2.1:5060 ", "sip:bob@example.org ");
    stage.hear(udp("192.0.2.1:5060"), &back);
    let again = stage.request();
    assert!(!stage.relay(&again, &[BOB], &Relay::default()));
    assert_eq!(stage.out().pop().unwrap().line(), "482 Loop Detected");
    assert_eq!(stage.machine.counts.loops, 1);
    let mut stage = Stage::new();
    let legs = fork(&mut stage, &["192.0.2.1:5060"], &Relay::default());
    stage.hear(udp("192.0.2.1:5060"), &legs[0].text);
    let again = stage.request();
    assert!(stage.relay(&again, &[BOB], &Relay::default()), "another Request-URI: a spiral");
}

#[test]
fn other_methods_are_forwarded_too() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &request("MESSAGE", "m", ""));
    let message = stage.request();
    let relay = Relay {
        record_route: true,
        headers: b"P-Asserted-Identity: <sip:alice@example.org>\r\n",
        remove: &[b"contact".to_vec()],
        ..Relay::default()
    };
    assert!(stage.relay(&message, &[BOB, CAROL], &relay));
    let legs = stage.out();
    assert_eq!(legs[0].get("p-asserted-identity"), "<sip:alice@example.org>");
    assert_eq!(
        (legs[0].get("contact"), legs[0].get("record-route")),
        (String::new(), String::new())
    );
    stage.hear(udp(BOB), &answer(&legs[0], 404, "b", ""));
    assert!(stage.lines().is_empty());
    stage.hear(udp(CAROL), &answer(&legs[1], 202, "c", ""));
    assert_eq!(stage.lines(), ["202 Accepted"]);
    stage.hear(udp(ALICE), &request("MESSAGE", "m", ""));
    assert_eq!(stage.lines(), ["202 Accepted"]);
    stage.pass(33.0);
    stage.assert_empty();
}

#[test]
fn nobody_is_told_of_a_time_out_but_of_invite() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &request("MESSAGE", "m", ""));
    let message = stage.request();
    stage.relay(&message, &[BOB], &Relay::default());
    stage.out();
    // RFC 4320 §4.2
    assert!(stage.pass(40.0).iter().all(|(_, one)| one.line().starts_with("MESSAGE")));
    stage.assert_empty();
}

#[test]
fn routes_are_taken_off_put_on_and_repaired() {
    let mut stage = Stage::new();
    let routes = "Route: <sip:192.0.2.1;lr>, <sip:next.example;lr>\r\n";
    stage.hear(udp(ALICE), &request("MESSAGE", "m", routes));
    let message = stage.request();
    assert!(message.routed());
    assert_eq!(message.next_route(), Some(&b"sip:next.example;lr"[..]));
    let target = Target {
        uri: b"sip:bob@192.0.2.20",
        flow: udp(BOB),
        routes: &[b"sip:edge.example;lr".to_vec()],
        direct: false,
        bound: false,
        headers: b"X-Leg: 1\r\n",
    };
    assert!(stage.machine.relay(&message, &[target], &Relay::default()));
    let sent = stage.one();
    assert_eq!(sent.all("route"), ["<sip:edge.example;lr>", "<sip:next.example;lr>"]);
    assert_eq!(sent.get("x-leg"), "1");
    // A strict router wants to be in the Request-URI: §16.6 item 6.
    stage.hear(udp(ALICE), &request("MESSAGE", "n", ""));
    let message = stage.request();
    let strict = [b"sip:strict.example".to_vec()];
    let target = Target { routes: &strict, ..target };
    assert!(stage.machine.relay(&message, &[target], &Relay::default()));
    let sent = stage.one();
    assert_eq!(sent.line(), "MESSAGE sip:strict.example");
    assert_eq!(sent.all("route"), ["<sip:bob@192.0.2.20>"]);
}

#[test]
fn losses_are_repaired() {
    // Every second message is lost, both ways; the call still comes about.
    let mut stage = Stage::new();
    let mut lost = false;
    let mut lose = move || {
        lost = !lost;
        lost
    };
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.relay(&request, &[BOB], &Relay::default());
    let (mut rang, mut answered) = (false, false);
    stage.out();
    for (_, sent) in stage.pass(8.0) {
        if !lose() && sent.to(BOB) && !rang {
            rang = true;
            let text = answer(&sent, 200, "b", "");
            for _ in 0..3 {
                if !lose() {
                    stage.hear(udp(BOB), &text);
                }
            }
        }
    }
    for sent in stage.out() {
        answered |= sent.line() == "200 OK" && sent.to(ALICE);
    }
    assert!(rang && answered);
}
