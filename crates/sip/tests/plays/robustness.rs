//! Messages damaged at random: nothing panics, nothing is left behind.

use antiphon_sip::{Event, Machine, Relay, Response};
use proptest::prelude::*;

use crate::support::{ALICE, BOB, Stage, answer, invite, request, tcp, udp};

const PIECES: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    "\r\n ",
    ";",
    ",",
    "\"",
    "<",
    ">",
    ":",
    "=",
    "%",
    "@",
    "[",
    "]",
    "z9hG4bK",
    "Via: SIP/2.0/UDP h\r\n",
    "Route: <sip:192.0.2.1;lr>\r\n",
    "99999999999999999999",
    "SIP/2.0",
    "\u{0}",
    "ÿ",
    "Content-Length: 5\r\n",
    "tag=",
    "Max-Forwards: 0\r\n",
    "Require: x\r\n",
];

fn damage() -> impl Strategy<Value = Vec<(u8, prop::sample::Index, prop::sample::Index)>> {
    let index = || any::<prop::sample::Index>();
    proptest::collection::vec((0u8..4, index(), index()), 0..8)
}

fn damaged(text: &str, damage: &[(u8, prop::sample::Index, prop::sample::Index)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (kind, at, what) in damage {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] = what.index(256) as u8,
            1 => drop(bytes.drain(at..(at + 1 + what.index(40)).min(bytes.len()))),
            2 => {
                let piece = PIECES[what.index(PIECES.len())].bytes();
                drop(bytes.splice(at..at, piece));
            }
            _ => {
                let copy = bytes[what.index(bytes.len())..].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
    bytes
}

/// Does something with every request, so that all of it is read and written.
fn decide(machine: &mut Machine, choice: usize) {
    for event in machine.events() {
        let Event::Request(request) = event else { continue };
        let message = request.message();
        message.contacts();
        message.addresses(b"to");
        message.headers();
        message.content_type();
        message.address_of_record(b"from");
        match choice % 5 {
            0 => drop(machine.challenge(&request, false, b"example.org", b"")),
            1 => drop(machine.reply(&request, &Response { status: 200, ..Response::default() })),
            2 => {
                let target = antiphon_sip::Target {
                    uri: b"sip:bob@192.0.2.20",
                    flow: udp(BOB),
                    routes: &[],
                    direct: true,
                    bound: false,
                    headers: b"",
                };
                let relay = Relay { record_route: true, ..Relay::default() };
                machine.relay(&request, &[target], &relay);
            }
            3 => drop(machine.follow(&request, None)),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]
    #[test]
    fn damaged_messages_are_survived(
        which in 0usize..6,
        damage in damage(),
        choice in 0usize..5,
        stream: bool,
    ) {
        let mut stage = Stage::new();
        stage.invite(udp(BOB));
        let sent = stage.one();
        let texts = [
            invite(),
            request("REGISTER", "r", "Authorization: Digest username=\"a\", realm=\"example.org\", \
                nonce=\"x\", uri=\"y\", response=\"z\"\r\n"),
            request("BYE", "b", "Route: <sip:AAAA@192.0.2.1;lr>\r\n"),
            answer(&sent, 200, "t", "Contact: <sip:b@h>\r\n"),
            answer(&sent, 407, "t", ""),
            request("CANCEL", "i", ""),
        ];
        let flow = if stream { tcp(ALICE, 1) } else { udp(ALICE) };
        stage.machine.receive(stage.now, &damaged(&texts[which], &damage), flow);
        decide(&mut stage.machine, choice);
        // What it sends is well formed, whatever came.
        let mut bad = None;
        stage.machine.output(|_, bytes| {
            // A refusal repeats what was wrong.
            let refusal = [&b"SIP/2.0 400"[..], b"SIP/2.0 416", b"SIP/2.0 505"];
            let is_refusal = refusal.iter().any(|line| bytes.starts_with(line));
            let fit = antiphon_sip::Message::parse(bytes)
                .is_ok_and(|message| is_refusal || message.fault().is_none());
            if bytes != b"\r\n" && !fit {
                bad = Some(String::from_utf8_lossy(bytes).into_owned());
            }
            true
        });
        prop_assert!(bad.is_none(), "{}", bad.unwrap_or_default());
        stage.pass(200.0);
        stage.machine.events();
        stage.pass(100.0);
        prop_assert_eq!(stage.size("undecided"), 0);
        prop_assert_eq!(stage.size("transactions"), 0);
    }
}
