//! The client side of transactions.

use antiphon_sip::{Answer, Request};

use crate::support::{BOB, Sent, Stage, answer, config, tcp, udp};

fn acknowledge(stage: &mut Stage, answer: &Answer) -> Sent {
    assert_eq!(stage.machine.acknowledge(answer, b"", b"", None, None), Ok(true));
    stage.one()
}

#[test]
fn an_invite_that_nobody_hears_is_repeated_and_given_up() {
    let mut stage = Stage::new();
    stage.invite(udp(BOB));
    stage.out();
    // Timer A: 0.5, 1.5, 3.5, 7.5, 15.5, 31.5; timer B: 32.
    assert_eq!(stage.beats(31.9), [5, 15, 35, 75, 155, 315]);
    stage.pass(0.2);
    let answers = stage.answers();
    assert!(answers[0].local && answers[0].message.status() == 408);
    stage.pass(40.0);
    stage.assert_empty();
}

#[test]
fn another_request_is_repeated_at_most_every_four_seconds() {
    let mut stage = Stage::new();
    let options = Request {
        method: b"OPTIONS",
        uri: b"sip:bob@192.0.2.20",
        headers: b"From: <sip:us@example.org>;tag=us\r\nTo: <sip:bob@example.org>\r\n\
            Call-ID: ours\r\nCSeq: 1 OPTIONS\r\n",
        body: b"",
        bound: false,
    };
    stage.machine.request(&options, udp(BOB)).unwrap();
    let sent = stage.one();
    assert!(sent.text.contains("Max-Forwards: 70\r\n"));
    // Timer E
    assert_eq!(stage.beats(12.0), [5, 15, 35, 75, 115]);
    stage.hear(udp(BOB), &answer(&sent, 183, "", ""));
    assert_eq!(stage.statuses(), [183]);
    assert_eq!(stage.beats(9.0), [35, 75]);
    stage.hear(udp(BOB), &answer(&sent, 200, "t", ""));
    assert_eq!(stage.statuses(), [200]);
    // Timer K absorbs.
    stage.hear(udp(BOB), &answer(&sent, 200, "t", ""));
    assert!(stage.answers().is_empty());
    stage.pass(5.5);
    stage.assert_empty();
}

#[test]
fn a_refused_invite_is_acknowledged_every_time() {
    let mut stage = Stage::new();
    stage.invite(udp(BOB));
    let sent = stage.one();
    stage.hear(udp(BOB), &answer(&sent, 180, "t", ""));
    stage.hear(udp(BOB), &answer(&sent, 486, "t", ""));
    assert_eq!(stage.statuses(), [180, 486]);
    let ack = stage.one();
    assert_eq!(ack.line(), "ACK sip:bob@192.0.2.20");
    assert_eq!(ack.get("via"), sent.get("via"));
    assert!(ack.get("to").ends_with(";tag=t") && ack.get("cseq") == "1 ACK");
    stage.hear(udp(BOB), &answer(&sent, 486, "t", ""));
    assert_eq!((stage.one().text, stage.answers().len()), (ack.text, 0));
    // Timer D
    stage.pass(33.0);
    stage.assert_empty();
}

#[test]
fn every_fork_that_answers_is_told_of_once() {
    let mut stage = Stage::new();
    stage.invite(udp(BOB));
    let sent = stage.one();
    let ok = |tag: &str| {
        let more = "Contact: <sip:bob@192.0.2.99;ob>\r\n\
            Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>\r\n";
        answer(&sent, 200, tag, more)
    };
    stage.hear(udp(BOB), &ok("one"));
    stage.hear(udp(BOB), &ok("one"));
    stage.hear(udp(BOB), &ok("two"));
    let answers = stage.answers();
    assert_eq!(answers.len(), 2);
    assert!(stage.out().is_empty());
    let ack = acknowledge(&mut stage, &answers[0]);
    assert_eq!(ack.line(), "ACK sip:bob@192.0.2.99;ob");
    assert_eq!(ack.all("route"), ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]);
    assert!(ack.get("to").ends_with("tag=one") && ack.get("via") != sent.get("via"));
    let other = acknowledge(&mut stage, &answers[1]);
    assert!(other.get("to").ends_with("tag=two"));
    stage.hear(udp(BOB), &ok("one"));
    assert_eq!((stage.one().text, stage.answers().len()), (ack.text, 0));
    assert!(stage.beats(33.0).is_empty());
    stage.assert_empty();
    assert_eq!(stage.machine.acknowledge(&answers[0], b"", b"", None, None), Ok(false));
}

#[test]
fn an_ack_carries_credentials_and_body() {
    let mut stage = Stage::new();
    let request = Request {
        method: b"INVITE",
        uri: b"sip:bob@192.0.2.20",
        headers: b"From: <sip:us@example.org>;tag=us\r\nTo: <sip:bob@example.org>\r\n\
            Call-ID: ours\r\nCSeq: 9 INVITE\r\nProxy-Authorization: Digest x\r\n",
        body: b"",
        bound: false,
    };
    stage.machine.request(&request, udp(BOB)).unwrap();
    let sent = stage.one();
    stage.hear(udp(BOB), &answer(&sent, 200, "t", "Contact: <sip:b@h>\r\n"));
    let heard = stage.answers().remove(0);
    let done = stage.machine.acknowledge(
        &heard,
        b"Content-Type: application/sdp\r\n",
        b"v=0",
        Some(b"sip:else@where"),
        Some(tcp(BOB, 0)),
    );
    assert_eq!(done, Ok(true));
    let ack = stage.one();
    assert_eq!((ack.line().as_str(), ack.flow), ("ACK sip:else@where", tcp(BOB, 0)));
    assert_eq!(ack.get("proxy-authorization"), "Digest x");
    assert!(ack.text.ends_with("\r\n\r\nv=0") && ack.get("cseq") == "9 ACK");
}

#[test]
fn a_flow_that_fails_ends_what_waits_on_it() {
    let mut stage = Stage::new();
    stage.invite(tcp(BOB, 0));
    stage.out();
    stage.machine.failed(stage.now, tcp(BOB, 0));
    let answers = stage.answers();
    assert!(answers[0].local && answers[0].message.status() == 503);
    assert!(stage.beats(40.0).is_empty());
    // The connection that was dialled for it has a number later, and ends.
    stage.invite(tcp(BOB, 0));
    stage.out();
    stage.machine.closed(stage.now, tcp(BOB, 12));
    assert_eq!(stage.statuses(), [503]);
    stage.assert_empty();
}

#[test]
fn what_cannot_be_a_message_is_not_sent() {
    let mut stage = Stage::new();
    let good = Request {
        method: b"MESSAGE",
        uri: b"sip:bob@192.0.2.20",
        headers: b"From: <sip:us@example.org>;tag=us\r\nTo: <sip:bob@example.org>\r\n\
            Call-ID: ours\r\nCSeq: 1 MESSAGE\r\n",
        body: b"hello",
        bound: false,
    };
    assert!(stage.machine.request(&Request { headers: b"", ..good }, udp(BOB)).is_err());
    assert!(stage.machine.request(&Request { uri: b"sip:", ..good }, udp(BOB)).is_err());
    assert!(stage.machine.request(&Request { method: b"ACK", ..good }, udp(BOB)).is_err());
    let listener = antiphon_sip::Flow { listener: 77, ..udp(BOB) };
    assert!(stage.machine.request(&good, listener).is_err());
    assert!(stage.out().is_empty());
    stage.assert_empty();
    assert!(stage.machine.request(&good, udp(BOB)).is_ok());
    assert!(stage.one().text.ends_with("Content-Length: 5\r\n\r\nhello"));
}

#[test]
fn answers_to_nobody_are_dropped() {
    let mut stage = Stage::new();
    stage.invite(udp(BOB));
    let sent = stage.one();
    let good = answer(&sent, 200, "t", "Contact: <sip:b@h>\r\n");
    // Another branch; another method; a second Via.
    stage.hear(udp(BOB), &good.replace("z9hG4bK", "z9hG4bK9"));
    stage.hear(udp(BOB), &good.replace("1 INVITE", "1 BYE"));
    stage.hear(udp(BOB), &good.replace("from:", "Via: SIP/2.0/UDP x;branch=z9hG4bKx\r\nfrom:"));
    assert!(stage.answers().is_empty());
    assert_eq!(stage.machine.counts.unmatched, 3);
}

#[test]
fn too_large_for_udp_goes_by_tcp_and_back() {
    let mut stage = Stage::with(config());
    let body = "x".repeat(1400);
    let request = Request {
        method: b"MESSAGE",
        uri: b"sip:bob@192.0.2.20",
        headers: b"From: <sip:us@example.org>;tag=us\r\nTo: <sip:bob@example.org>\r\n\
            Call-ID: ours\r\nCSeq: 1 MESSAGE\r\n",
        body: body.as_bytes(),
        bound: false,
    };
    stage.machine.request(&request, udp(BOB)).unwrap();
    let sent = stage.one();
    assert_eq!(sent.flow, tcp(BOB, 0));
    assert!(sent.get("via").starts_with("SIP/2.0/TCP 192.0.2.1:5060;branch="));
    stage.machine.failed(stage.now, tcp(BOB, 0));
    let again = stage.one();
    assert_eq!(again.flow, udp(BOB));
    assert!(again.get("via").starts_with("SIP/2.0/UDP 192.0.2.1:5060;rport;branch="));
    assert_eq!(stage.beats(2.0), [5, 15]);
    stage.hear(udp(BOB), &answer(&again, 200, "t", ""));
    assert_eq!(stage.statuses(), [200]);
    let bound = Request { bound: true, ..request };
    stage.machine.request(&bound, udp(BOB)).unwrap();
    assert_eq!(stage.one().flow, udp(BOB));
}
