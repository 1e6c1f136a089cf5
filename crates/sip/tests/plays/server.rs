//! The server side of transactions.

use antiphon_sip::{Config, Event, Response};

use crate::support::{ALICE, Stage, ack, answer, config, invite, request, tcp, udp};

#[test]
fn a_negative_answer_is_repeated_until_its_ack() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    assert!(stage.reply(&request, 486));
    let busy = stage.one();
    assert_eq!(busy.line(), "486 Busy Here");
    // Timer G
    assert_eq!(stage.beats(9.0), [5, 15, 35, 75]);
    stage.hear(udp(ALICE), &invite());
    assert_eq!(stage.lines(), ["486 Busy Here"]);
    stage.hear(udp(ALICE), &ack(&busy));
    assert!(stage.beats(4.0).is_empty());
    stage.hear(udp(ALICE), &ack(&busy));
    assert!(stage.lines().is_empty());
    stage.pass(2.0);
    stage.assert_empty();
}

#[test]
fn a_negative_answer_without_ack_is_given_up() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.reply(&request, 603);
    stage.out();
    // Timer G: 0.5, 1.5, 3.5, 7.5, then every 4 s; timer H: until 32 s.
    assert_eq!(stage.beats(40.0), [5, 15, 35, 75, 115, 155, 195, 235, 275, 315]);
    stage.assert_empty();
}

#[test]
fn over_a_stream_nothing_is_repeated() {
    let mut stage = Stage::new();
    stage.hear(tcp(ALICE, 7), &invite());
    let request = stage.request();
    stage.reply(&request, 486);
    let busy = stage.one();
    assert_eq!(busy.flow, tcp(ALICE, 7));
    assert!(stage.beats(31.0).is_empty());
    stage.hear(tcp(ALICE, 7), &ack(&busy));
    stage.assert_empty();
    stage.hear(tcp(ALICE, 7), &crate::support::request("OPTIONS", "o", ""));
    let options = stage.request();
    stage.reply(&options, 200);
    stage.assert_empty();
}

#[test]
fn a_success_is_repeated_until_its_ack() {
    let mut stage = Stage::new();
    stage.hear(tcp(ALICE, 7), &invite());
    let request = stage.request();
    stage.reply(&request, 200);
    let ok = stage.out().pop().unwrap();
    // Also over a stream: it goes from end to end.
    assert_eq!(stage.beats(4.0), [5, 15, 35]);
    stage.hear(tcp(ALICE, 7), &invite());
    assert!(stage.lines().is_empty(), "RFC 6026 §7.1: absorbed");
    let ack = ack(&ok).replace("z9hG4bKi", "z9hG4bKack");
    stage.hear(tcp(ALICE, 7), &ack);
    let heard = stage.request();
    assert_eq!((heard.message().method(), heard.id().number()), (&b"ACK"[..], 0));
    stage.hear(tcp(ALICE, 7), &ack);
    assert!(stage.machine.events().is_empty());
    assert!(stage.beats(40.0).is_empty());
    stage.assert_empty();
}

#[test]
fn a_success_without_ack_is_told() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.reply(&request, 200);
    stage.out();
    assert_eq!(stage.beats(31.9).len(), 10);
    assert!(stage.machine.events().is_empty());
    stage.pass(1.0);
    let events = stage.machine.events();
    assert!(matches!(&events[..], [Event::Unacknowledged { provisional: false, .. }]));
    stage.assert_empty();
}

#[test]
fn a_reliable_provisional_answer_waits_for_prack() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    let progress = Response { status: 183, reliable: true, ..Response::default() };
    assert!(stage.machine.reply(&request, &progress));
    let sent = stage.one();
    assert_eq!(
        (sent.line().as_str(), sent.get("require").as_str()),
        ("183 Session Progress", "100rel")
    );
    assert!(!stage.machine.reply(&request, &progress), "one at a time");
    assert_eq!(stage.beats(4.0), [5, 15, 35]);
    let prack = |rseq: &str, branch: &str| {
        crate::support::request("PRACK", branch, &format!("RAck: {rseq} 1 INVITE\r\n"))
            .replace("To: <sip:bob@example.org>", &format!("To: {}", sent.get("to")))
    };
    stage.hear(udp(ALICE), &prack("1", "p1"));
    assert!(!stage.request().confirmed());
    stage.hear(udp(ALICE), &prack(&sent.get("rseq"), "p2"));
    assert!(stage.request().confirmed());
    assert!(stage.beats(4.0).is_empty());
    // The next one has the next number.
    assert!(stage.machine.reply(&request, &progress));
    let next = stage.one().get("rseq").parse::<u32>().unwrap();
    assert_eq!(next, sent.get("rseq").parse::<u32>().unwrap() + 1);
    stage.pass(33.0);
    let told = |event: &Event| matches!(event, Event::Unacknowledged { provisional: true, .. });
    assert!(stage.machine.events().iter().any(told));
    assert!(stage.reply(&request, 504));
}

#[test]
fn whoever_rings_long_is_heard_once_a_minute() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.reply(&request, 180);
    assert_eq!(stage.lines(), ["180 Ringing"]);
    assert_eq!(stage.beats(130.0), [600, 1200]);
}

#[test]
fn a_request_that_nobody_decides_gets_its_end() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    stage.hear(udp(ALICE), &request("OPTIONS", "o", ""));
    assert_eq!(stage.machine.events().len(), 2);
    let sent = stage.pass(11.0);
    let lines: Vec<String> = sent.iter().map(|(_, one)| one.line()).collect();
    assert_eq!(lines[..2], ["100 Trying", "500 Server Internal Error"]);
    assert!((sent[0].0 - 0.2).abs() < 0.05 && (sent[1].0 - 10.0).abs() < 0.05);
    assert_eq!(stage.size("undecided"), 0);
    stage.pass(70.0);
    stage.assert_empty();
}

#[test]
fn repetitions_of_an_undecided_request_are_absorbed() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.hear(udp(ALICE), &invite());
    assert_eq!(stage.lines(), ["100 Trying"]);
    stage.hear(udp(ALICE), &invite());
    assert_eq!(stage.lines(), ["100 Trying"]);
    assert!(stage.machine.events().is_empty());
    assert!(stage.reply(&request, 404) && !stage.reply(&request, 404));
}

#[test]
fn answers_without_state_leave_none_and_are_alike() {
    let mut stage = Stage::new();
    let mut tags = Vec::new();
    for _ in 0..2 {
        stage.hear(udp(ALICE), &invite());
        let request = stage.request();
        assert!(stage.machine.challenge(&request, true, b"example.org", b""));
        let sent = stage.one();
        assert_eq!(sent.line(), "407 Proxy Authentication Required");
        assert_eq!(sent.message().all(b"proxy-authenticate", false).len(), 2);
        tags.push(sent.get("to"));
        stage.assert_empty();
        // Its ACK finds nothing, and that is well.
        stage.hear(udp(ALICE), &ack(&sent));
        assert!(stage.machine.events().is_empty());
    }
    assert_eq!(tags[0], tags[1]);
}

#[test]
fn answers_go_where_the_via_says() {
    let mut stage = Stage::new();
    let nat = "198.51.100.9:40000";
    let via = |via: &str| request("OPTIONS", "x", "").replace("192.0.2.10:5060;", via);
    for (text, to) in [
        ("10.0.0.9:5070;rport;", nat),
        ("10.0.0.9:5070;", "198.51.100.9:5070"),
        ("phone.example;", "198.51.100.9:5060"),
    ] {
        stage.hear(udp(nat), &via(text));
        let options = stage.request();
        stage
            .machine
            .reply(&options, &Response { status: 200, stateless: true, ..Response::default() });
        let sent = stage.one();
        assert!(sent.to(to), "{text}: {:?}", sent.flow);
        assert!(sent.get("via").contains("received=198.51.100.9"));
    }
}

#[test]
fn a_lost_connection_is_dialled_for_the_answer() {
    let mut stage = Stage::new();
    stage.hear(tcp("192.0.2.10:40000", 7), &invite());
    let request = stage.request();
    stage.machine.closed(stage.now, tcp("192.0.2.10:40000", 7));
    stage.reply(&request, 486);
    // RFC 3261 §18.2.2: to the port in sent-by.
    assert_eq!(stage.one().flow, tcp(ALICE, 0));
}

#[test]
fn clients_of_the_old_standard_are_understood() {
    let mut stage = Stage::new();
    let old = |text: String| text.replace("branch=z9hG4bKi", "branch=1");
    stage.hear(udp(ALICE), &old(invite()));
    let request = stage.request();
    stage.hear(udp(ALICE), &old(invite()));
    assert_eq!((stage.lines(), stage.machine.events().len()), (vec!["100 Trying".into()], 0));
    stage.reply(&request, 200);
    let ok = stage.one();
    stage.hear(udp(ALICE), &old(ack(&ok)));
    assert_eq!(stage.request().message().method(), b"ACK");
    assert!(stage.beats(5.0).is_empty());
}

#[test]
fn malformed_requests_are_answered_and_malformed_answers_dropped() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &invite().replace("CSeq: 1 INVITE", "CSeq: 1 BYE"));
    assert_eq!(stage.lines(), ["400 CSeq Method Mismatch"]);
    stage.hear(udp(ALICE), &invite().replace("CSeq: 1 INVITE\r\n", ""));
    assert_eq!(stage.lines(), ["400 Missing Header"]);
    stage.hear(udp(ALICE), "nonsense\r\n\r\n");
    stage.hear(udp(ALICE), &ack_like().replace("CSeq: 1", "CSeq: x"));
    assert!(stage.lines().is_empty() && stage.machine.events().is_empty());
    stage.assert_empty();
    assert_eq!(stage.machine.counts.malformed, 3);
}

fn ack_like() -> String {
    invite().replace("INVITE", "ACK")
}

#[test]
fn the_timers_can_be_set() {
    let config = Config { t1: 100, t2: 200, t4: 300, ..config() };
    let mut stage = Stage::with(config);
    stage.hear(udp(ALICE), &invite());
    let request = stage.request();
    stage.reply(&request, 486);
    stage.out();
    assert_eq!(stage.beats(0.8), [1, 3, 5, 7]);
    let id = stage.invite(udp(ALICE));
    let sent = stage.out().pop().unwrap();
    stage.hear(udp(ALICE), &answer(&sent, 404, "t", ""));
    assert_eq!(stage.answers()[0].request, id);
}
