//! Digest authentication, and requests that wait for the keys of an account.

use antiphon_sip::{Auth, Event, Keys};
use md5::{Digest, Md5};

use crate::support::{ALICE, BOB, Stage, auth, request, udp};

fn hash(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn keys(password: &str) -> Keys {
    let key = hash(&format!("alice:example.org:{password}"));
    Keys { md5: key.into_bytes().try_into().ok(), sha256: None }
}

/// A nonce, from a challenge.
fn nonce(stage: &mut Stage) -> String {
    stage.hear(udp(ALICE), &request("REGISTER", "first", ""));
    let first = stage.request();
    assert_eq!(auth(&first), Auth::None);
    assert!(stage.machine.challenge(&first, false, b"example.org", b""));
    let sent = stage.one();
    let all = sent.message().all(b"www-authenticate", false);
    assert!(all[0].windows(7).any(|part| part == b"SHA-256"), "the stronger one first");
    let text = String::from_utf8(all[1].clone()).unwrap();
    text.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_string()
}

fn credentials(nonce: &str, count: u32, password: &str) -> String {
    let one = hash(&format!("alice:example.org:{password}"));
    let two = hash("REGISTER:sip:example.org");
    let response = hash(&format!("{one}:{nonce}:{count:08x}:cn:auth:{two}"));
    format!(
        "Authorization: Digest username=\"alice\", realm=\"example.org\", nonce=\"{nonce}\", \
         uri=\"sip:example.org\", response=\"{response}\", algorithm=MD5, qop=auth, \
         nc={count:08x}, cnonce=\"cn\"\r\n"
    )
}

#[test]
fn requests_wait_for_the_account_and_go_on() {
    let mut stage = Stage::new();
    let nonce = nonce(&mut stage);
    let first = request("REGISTER", "r1", &credentials(&nonce, 1, "secret"));
    let second = request("REGISTER", "r2", &credentials(&nonce, 2, "wrong"));
    stage.hear(udp(ALICE), &first);
    stage.hear(udp(ALICE), &first);
    stage.hear(udp(ALICE), &second);
    let events = stage.machine.events();
    assert!(matches!(&events[..], [Event::AccountNeeded { .. }]), "once: {events:?}");
    stage.machine.account(b"alice", b"example.org", Some(keys("secret")));
    let found: Vec<Auth> = stage
        .machine
        .events()
        .into_iter()
        .map(|event| match event {
            Event::Request(request) => auth(&request),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(found, [Auth::Ok, Auth::Bad]);
    // From now on nobody is asked.
    stage.hear(udp(ALICE), &request("REGISTER", "r3", &credentials(&nonce, 3, "secret")));
    assert_eq!(auth(&stage.request()), Auth::Ok);
    // Until the password changes.
    stage.machine.account(b"alice", b"example.org", Some(keys("other")));
    stage.hear(udp(ALICE), &request("REGISTER", "r4", &credentials(&nonce, 4, "secret")));
    assert_eq!(auth(&stage.request()), Auth::Bad);
}

#[test]
fn nobody_of_that_name() {
    let mut stage = Stage::new();
    let nonce = nonce(&mut stage);
    stage.hear(udp(ALICE), &request("REGISTER", "r1", &credentials(&nonce, 1, "x")));
    assert_eq!(stage.machine.events().len(), 1);
    stage.machine.account(b"alice", b"example.org", None);
    let found = stage.request();
    assert_eq!(found.auth(), (Auth::Bad, &b"alice"[..], &b"example.org"[..]));
    assert!(stage.machine.challenge(&found, false, b"example.org", b""));
    assert_eq!(stage.one().line(), "401 Unauthorized");
    stage.assert_empty();
}

#[test]
fn keys_that_never_come_end_the_wait() {
    let mut stage = Stage::new();
    let nonce = nonce(&mut stage);
    stage.hear(udp(ALICE), &request("REGISTER", "r1", &credentials(&nonce, 1, "x")));
    assert_eq!(stage.machine.events().len(), 1);
    let sent = stage.pass(10.5);
    assert_eq!(sent[0].1.line(), "500 Server Internal Error");
    stage.machine.account(b"alice", b"example.org", Some(keys("x")));
    assert!(stage.machine.events().is_empty());
    assert_eq!(stage.size("undecided"), 0);
}

#[test]
fn replays_are_stale_and_repetitions_are_not() {
    let mut stage = Stage::new();
    stage.machine.account(b"alice", b"example.org", Some(keys("secret")));
    let nonce = nonce(&mut stage);
    let text = request("REGISTER", "r1", &credentials(&nonce, 1, "secret"));
    let worth = |stage: &mut Stage, from: &str, text: &str| {
        stage.hear(udp(from), text);
        let found = stage.request();
        let stateless =
            antiphon_sip::Response { status: 200, stateless: true, ..Default::default() };
        stage.machine.reply(&found, &stateless);
        auth(&found)
    };
    assert_eq!(worth(&mut stage, ALICE, &text), Auth::Ok);
    assert_eq!(worth(&mut stage, ALICE, &text), Auth::Ok, "the answer was lost");
    assert_eq!(worth(&mut stage, BOB, &text), Auth::Stale, "from somewhere else");
    let other = text.replace("z9hG4bKr1", "z9hG4bKr2");
    assert_eq!(worth(&mut stage, ALICE, &other), Auth::Stale, "in another request");
    let old = request("REGISTER", "r3", &credentials(&nonce, 2, "secret"));
    stage.now += 400.0;
    assert_eq!(worth(&mut stage, ALICE, &old), Auth::Stale, "too old");
    let foreign = request("REGISTER", "r4", &credentials("elsewhere", 1, "secret"));
    assert_eq!(worth(&mut stage, ALICE, &foreign), Auth::Stale, "not from here");
    stage.assert_empty();
}

#[test]
fn a_stale_nonce_is_said_to_be_stale() {
    let mut stage = Stage::new();
    stage.hear(udp(ALICE), &request("REGISTER", "r", &credentials("elsewhere", 1, "secret")));
    let found = stage.request();
    stage.machine.challenge(&found, false, b"example.org", b"");
    assert!(stage.one().get("www-authenticate").ends_with("stale=true"));
}

#[test]
fn a_parked_invite_can_be_cancelled() {
    let mut stage = Stage::new();
    let nonce = nonce(&mut stage);
    let text = request("INVITE", "i", &credentials(&nonce, 1, "x"));
    stage.hear(udp(ALICE), &text);
    assert_eq!(stage.machine.events().len(), 1);
    stage.hear(udp(ALICE), &request("CANCEL", "i", "").replace("CSeq: 2", "CSeq: 1"));
    assert_eq!(stage.lines(), ["200 OK", "487 Request Terminated"]);
    assert!(stage.machine.events().is_empty(), "nobody knew of it");
    stage.machine.account(b"alice", b"example.org", Some(keys("x")));
    assert!(stage.machine.events().is_empty());
}
