//! Requests within a dialog that went through us (RFC 3261 §16.4, RFC 5626 §5.3, RFC 5658).

use antiphon_sip::{Event, Flow, Relay, Target, Transport};

use crate::support::{ALICE, BOB, Sent, Stage, answer, config, invite, tcp, udp};

/// A call from Alice to Bob; the INVITE as Bob gets it, and Alice's 2xx.
fn call(stage: &mut Stage, caller: Flow, callee: Flow, direct: bool) -> (Sent, Sent) {
    stage.hear(caller, &invite());
    let request = stage.request();
    let target = Target {
        uri: b"sip:bob@192.0.2.20",
        flow: callee,
        routes: &[],
        direct,
        bound: true,
        headers: b"",
    };
    let relay = Relay { record_route: true, report: true, ..Relay::default() };
    assert!(stage.machine.relay(&request, &[target], &relay));
    let down = stage.out().pop().unwrap();
    stage.hear(callee, &answer(&down, 200, "b", "Contact: <sip:bob@192.0.2.20>\r\n"));
    let up = stage.one();
    assert!(matches!(&stage.machine.events()[..], [Event::Relayed(_)]));
    (down, up)
}

/// A request of the dialog, by Alice or by Bob.
fn within(method: &str, routes: &[String], by_alice: bool) -> String {
    let route: String = routes.iter().map(|route| format!("Route: {route}\r\n")).collect();
    let (from, to) = ("<sip:alice@example.org>;tag=a", "<sip:bob@example.org>;tag=b");
    let (from, to) = if by_alice { (from, to) } else { (to, from) };
    let host = if by_alice { "192.0.2.10" } else { "192.0.2.20" };
    let uri = if by_alice { "sip:bob@192.0.2.20" } else { "sip:alice@192.0.2.10" };
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{method}\r\n{route}\
         Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: call\r\nCSeq: 5 {method}\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

#[test]
fn requests_follow_the_token_both_ways_and_bye_is_told() {
    let mut stage = Stage::new();
    let nat = "198.51.100.1:40000";
    let (down, up) = call(&mut stage, udp(nat), udp(BOB), true);
    let routes = up.all("record-route");
    assert_eq!((routes.len(), &routes), (1, &down.all("record-route")));
    stage.hear(udp(nat), &within("ACK", &routes, true));
    let ack = stage.one();
    assert!(ack.to(BOB) && ack.line() == "ACK sip:bob@192.0.2.20");
    assert_eq!((ack.all("route").len(), ack.all("via").len()), (0, 2));
    // The same again is the same again.
    stage.hear(udp(nat), &within("ACK", &routes, true));
    assert_eq!(stage.one().text, ack.text);
    stage.hear(udp(BOB), &within("BYE", &routes, false));
    let bye = stage.one();
    // Not to the address in the Request-URI, but to where Alice called from.
    assert!(bye.to(nat));
    let events = stage.machine.events();
    let [Event::Relayed(news)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((news.method, news.status), ("BYE", 0));
    stage.hear(udp(nat), &answer(&bye, 200, "", ""));
    assert_eq!(stage.lines(), ["200 OK"]);
    assert!(stage.beats(40.0).is_empty());
    stage.assert_empty();
}

#[test]
fn a_change_of_the_call_is_forwarded_with_trying() {
    let mut stage = Stage::new();
    let (_, up) = call(&mut stage, udp(ALICE), udp(BOB), true);
    stage.hear(udp(ALICE), &within("INVITE", &up.all("record-route"), true));
    let out = stage.out();
    assert_eq!(out[0].line(), "100 Trying");
    assert!(out[1].to(BOB) && out[1].line() == "INVITE sip:bob@192.0.2.20");
    stage.hear(udp(BOB), &answer(&out[1], 488, "", ""));
    assert_eq!(stage.lines(), ["ACK sip:bob@192.0.2.20", "488 Not Acceptable Here"]);
}

#[test]
fn each_side_has_its_own_transport() {
    let mut stage = Stage::new();
    let (down, up) = call(&mut stage, tcp(ALICE, 9), udp(BOB), true);
    let routes = up.all("record-route");
    assert_eq!(routes.len(), 2);
    assert!(!routes[0].contains("transport") && routes[1].contains("transport=tcp"));
    // The route set of who took the call is in order, that of who made it reversed.
    stage.hear(udp(BOB), &within("BYE", &down.all("record-route"), false));
    assert_eq!(stage.one().flow, tcp(ALICE, 9));
    stage.machine.events();
    let reversed: Vec<String> = routes.into_iter().rev().collect();
    stage.hear(tcp(ALICE, 9), &within("INFO", &reversed, true));
    let info = stage.one();
    assert!(info.to(BOB) && info.all("route").is_empty());
    // RFC 5626 §5.3: the flow is gone.
    stage.machine.closed(stage.now, tcp(ALICE, 9));
    assert_eq!(stage.lines(), ["430 Flow Failed"]);
}

#[test]
fn a_call_survives_a_reconnect() {
    let mut stage = Stage::new();
    let (down, _) = call(&mut stage, tcp(ALICE, 9), udp(BOB), true);
    stage.machine.closed(stage.now, tcp(ALICE, 9));
    stage.machine.moved(tcp(ALICE, 9), tcp("192.0.2.10:41000", 10));
    stage.hear(udp(BOB), &within("BYE", &down.all("record-route"), false));
    assert_eq!(stage.one().flow, tcp("192.0.2.10:41000", 10));
}

#[test]
fn tokens_of_others_and_changed_ones_are_forbidden() {
    let mut stage = Stage::new();
    let (_, up) = call(&mut stage, udp(ALICE), udp(BOB), true);
    let routes = up.all("record-route");
    stage.hear(udp(ALICE), &within("BYE", &routes, true).replace("Call-ID: call", "Call-ID: x"));
    assert_eq!(stage.lines(), ["403 Forbidden"]);
    assert!(stage.machine.events().is_empty());
    let other = within("BYE", &["<sip:192.0.2.1;lr>".into()], true);
    stage.hear(udp(ALICE), &other);
    let asked = stage.request();
    assert!(asked.routed() && asked.route_token().is_none());
}

#[test]
fn behind_a_proxy_the_route_decides() {
    let mut stage = Stage::new();
    let (_, up) = call(&mut stage, udp(ALICE), udp("203.0.113.5:5060"), false);
    let mut routes = up.all("record-route");
    stage.hear(udp(ALICE), &within("BYE", &routes, true));
    assert!(stage.one().to(BOB), "the address in the Request-URI");
    stage.machine.events();
    routes.push("<sip:203.0.113.7:5090;transport=tcp;lr>".into());
    stage.hear(udp(ALICE), &within("INFO", &routes, true));
    let info = stage.one();
    assert_eq!((info.flow.transport, info.flow.connection), (Transport::Tcp, 0));
    assert!(info.to("203.0.113.7:5090") && info.all("route").len() == 1);
    // A name must be looked up by somebody else.
    routes[1] = "<sip:proxy.example;lr>".into();
    stage.hear(udp(ALICE), &within("UPDATE", &routes, true));
    let update = stage.request();
    assert!(!stage.machine.follow(&update, None));
    assert!(stage.machine.follow(&update, Some(udp(BOB))));
    assert_eq!(stage.one().all("route"), ["<sip:proxy.example;lr>"]);
}

#[test]
fn strict_routers_are_forgiven() {
    let mut stage = Stage::new();
    let (_, up) = call(&mut stage, udp(ALICE), udp(BOB), true);
    let ours = up.all("record-route")[0].clone();
    let inner = ours.trim_matches(['<', '>']);
    let text = within("INFO", &["<sip:bob@192.0.2.20>".into()], true)
        .replace("INFO sip:bob@192.0.2.20", &format!("INFO {inner}"));
    stage.hear(udp(ALICE), &text);
    let info = stage.one();
    assert!(info.to(BOB));
    assert_eq!((info.line().as_str(), info.all("route").len()), ("INFO sip:bob@192.0.2.20", 0));
}

#[test]
fn without_following_everything_is_asked() {
    let mut stage = Stage::with(antiphon_sip::Config { follow: false, ..config() });
    let (_, up) = call(&mut stage, udp(ALICE), udp(BOB), true);
    let routes = up.all("record-route");
    stage.hear(udp(ALICE), &within("ACK", &routes, true));
    let ack = stage.request();
    assert!(stage.machine.follow(&ack, None));
    assert!(stage.one().to(BOB));
    stage.hear(udp(ALICE), &within("BYE", &routes, true));
    let bye = stage.request();
    assert!(stage.machine.follow(&bye, None));
    assert!(stage.one().to(BOB));
}

#[test]
fn flow_tokens_lead_back() {
    let mut stage = Stage::new();
    let flow = Flow::new(3, Transport::Ws, 44, "192.0.2.77:51000".parse().unwrap());
    let token = String::from_utf8(stage.machine.flow_token(flow)).unwrap();
    let route = format!("Route: <sip:{token}@192.0.2.1:8080;transport=ws;lr;ob>\r\n");
    stage.hear(udp(ALICE), &crate::support::request("MESSAGE", "m", &route));
    let message = stage.request();
    assert_eq!(stage.machine.route_flow(&message), Some(flow));
}

#[test]
fn ipv6_from_end_to_end() {
    let mut stage = Stage::new();
    let (alice, bob) = ("[2001:db8::10]:5060", "[2001:db8::20]:5060");
    let six = |remote: &str| Flow::new(2, Transport::Udp, 0, remote.parse().unwrap());
    let text = invite().replace("192.0.2.10:5060", "[2001:db8::99]");
    stage.hear(six(alice), &text);
    let request = stage.request();
    let target = Target {
        uri: b"sip:bob@[2001:db8::20]",
        flow: six(bob),
        routes: &[],
        direct: true,
        bound: false,
        headers: b"",
    };
    let relay = Relay { record_route: true, ..Relay::default() };
    assert!(stage.machine.relay(&request, &[target], &relay));
    let down = stage.out().pop().unwrap();
    assert!(down.get("via").starts_with("SIP/2.0/UDP [2001:db8::1]:5060;rport;branch="));
    assert!(down.all("via")[1].ends_with(";received=2001:db8::10"));
    assert!(down.get("record-route").ends_with("@[2001:db8::1]:5060;lr>"));
    stage.hear(six(bob), &answer(&down, 200, "b", ""));
    let up = stage.one();
    assert!(up.to(alice));
    stage.hear(six(bob), &within("BYE", &up.all("record-route"), false));
    assert!(stage.one().to(alice));
}
