//! What streams and keep-alives add (RFC 5626 §4.4, RFC 7118).

use antiphon_sip::{Flow, Transport};

use crate::support::{ALICE, Stage, invite, tcp, udp};

#[test]
fn keepalives_are_answered() {
    let mut stage = Stage::new();
    stage.hear(tcp(ALICE, 1), "\r\n\r\n");
    assert_eq!(stage.one().text, "\r\n");
    stage.hear(tcp(ALICE, 1), "\r\n");
    stage.hear(udp(ALICE), "\r\n\r\n");
    assert!(stage.out().is_empty());
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([9; 12]);
    stage.machine.receive(stage.now, &stun, udp(ALICE));
    let mut sizes = Vec::new();
    stage.machine.output(|out, bytes| {
        sizes.push((out.flow, bytes.len()));
        true
    });
    assert_eq!(sizes, [(udp(ALICE), 32)]);
    assert_eq!(stage.machine.counts.keepalives, 4);
}

#[test]
fn a_stream_needs_content_length_and_websocket_does_not() {
    let mut stage = Stage::new();
    let text = invite().replace("Content-Length: 0\r\n", "");
    stage.hear(tcp(ALICE, 1), &text);
    assert_eq!(stage.lines(), ["400 Missing Content-Length"]);
    let browser = Flow::new(3, Transport::Ws, 2, ALICE.parse().unwrap());
    stage.hear(browser, &text);
    let request = stage.request();
    stage.reply(&request, 404);
    assert_eq!(stage.one().flow, browser);
    // Nobody can dial a browser: the answer has nowhere to go but the connection that was.
    stage.machine.closed(stage.now, browser);
    stage.hear(browser, &text);
    assert_eq!(stage.one().flow, browser);
}
