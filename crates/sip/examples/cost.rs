//! What the machine's code alone costs: no socket, no Python. `cargo run --release -p antiphon-sip
//! --example cost`

use std::time::Instant;

use antiphon_sip::{Config, Event, Flow, Keys, Machine, Relay, Response, Target, Transport};

const ROUNDS: u32 = 20_000;

fn machine() -> Machine {
    let mut machine = Machine::new(Config {
        names: vec!["example.org".into()],
        realms: vec!["example.org".into()],
        secret: b"a secret of some length".to_vec(),
        ..Config::default()
    });
    machine.add_listener(Transport::Udp, "192.0.2.1", 5060);
    machine
}

fn flow(host: u8) -> Flow {
    Flow::new(0, Transport::Udp, 0, ([192, 0, 2, host], 5060).into())
}

fn request(method: &str, number: u32, more: &str) -> String {
    format!(
        "{method} sip:bob@example.org SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-{method}-{number}\r\n{more}\
         Max-Forwards: 70\r\nFrom: \"Alice\" <sip:alice@example.org>;tag=a{number}\r\n\
         To: <sip:bob@example.org>\r\nCall-ID: {number}-1234567890@192.0.2.10\r\n\
         CSeq: 1 {method}\r\nContact: <sip:alice@192.0.2.10:5060>\r\nUser-Agent: cost\r\n\
         Expires: 3600\r\nContent-Length: 0\r\n\r\n"
    )
}

fn sent(machine: &mut Machine) -> Vec<String> {
    let mut out = Vec::new();
    machine.output(|_, bytes| {
        out.push(String::from_utf8_lossy(bytes).into_owned());
        true
    });
    out
}

fn discard(machine: &mut Machine) {
    machine.output(|_, _| true);
}

fn report(what: &str, started: Instant) {
    let each = started.elapsed().as_nanos() / u128::from(ROUNDS);
    println!("{what}: {:.2} µs", each as f64 / 1000.0);
}

/// REGISTER, its challenge, REGISTER with wrong credentials, its challenge.
fn register() {
    let mut machine = machine();
    let keys = Keys { md5: Some([b'0'; 32]), sha256: None };
    machine.account(b"alice", b"example.org", Some(keys));
    machine.receive(0.0, request("REGISTER", 0, "").as_bytes(), flow(10));
    for event in machine.events() {
        let Event::Request(first) = event else { continue };
        machine.challenge(&first, false, b"example.org", b"");
    }
    let challenge = sent(&mut machine).remove(0);
    let nonce = challenge.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next());
    let credentials = format!(
        "Authorization: Digest username=\"alice\", realm=\"example.org\", nonce=\"{}\", \
         uri=\"sip:example.org\", response=\"0123456789abcdef0123456789abcdef\", algorithm=MD5, \
         qop=auth, nc=00000001, cnonce=\"0a4f113b\"\r\n",
        nonce.unwrap_or_default()
    );
    let texts: Vec<[String; 2]> = (0..ROUNDS)
        .map(|number| [request("REGISTER", number, ""), request("REGISTER", number, &credentials)])
        .collect();
    let started = Instant::now();
    for pair in &texts {
        for text in pair {
            machine.receive(0.1, text.as_bytes(), flow(10));
            for event in machine.events() {
                let Event::Request(request) = event else { continue };
                machine.challenge(&request, false, b"example.org", b"");
            }
            discard(&mut machine);
        }
    }
    report("REGISTER with and without credentials", started);
}

/// INVITE, 180, 200, ACK, BYE, 200 through the proxy.
fn call() {
    let mut machine = machine();
    let (alice, bob) = (flow(10), flow(20));
    let texts: Vec<String> = (0..ROUNDS).map(|number| request("INVITE", number, "")).collect();
    let mut spent = std::time::Duration::ZERO;
    for (number, text) in texts.iter().enumerate() {
        let now = number as f64 / 1000.0;
        let mut step = |machine: &mut Machine, text: &str, from: Flow| {
            let started = Instant::now();
            machine.receive(now, text.as_bytes(), from);
            for event in machine.events() {
                let Event::Request(request) = event else { continue };
                let target = Target {
                    uri: b"sip:bob@192.0.2.20:5060",
                    flow: bob,
                    routes: &[],
                    direct: true,
                    bound: false,
                    headers: b"",
                };
                let relay = Relay { record_route: true, ..Relay::default() };
                if !machine.relay(&request, &[target], &relay) {
                    machine.reply(&request, &Response { status: 500, ..Response::default() });
                }
            }
            machine.wake(now);
            spent += started.elapsed();
            sent(machine)
        };
        let invite = step(&mut machine, text, alice).pop().unwrap_or_default();
        let answer = |status: &str| {
            let body = invite.split_once("\r\n").map_or("", |(_, rest)| rest);
            let body = body.replace("To: <sip:bob@example.org>", "To: <sip:bob@example.org>;tag=b");
            format!("SIP/2.0 {status}\r\n{body}")
        };
        step(&mut machine, &answer("180 Ringing"), bob);
        let up = step(&mut machine, &answer("200 OK"), bob).pop().unwrap_or_default();
        let route = up.lines().find(|line| line.starts_with("Record-Route")).unwrap_or_default();
        let route = format!("{}\r\n", route.replace("Record-Route", "Route"));
        let tagged = |method: &str| {
            request(method, number as u32, &route)
                .replace("bob@example.org>\r\n", "bob@example.org>;tag=b\r\n")
        };
        step(&mut machine, &tagged("ACK"), alice);
        let bye = step(&mut machine, &tagged("BYE"), alice).pop().unwrap_or_default();
        let ok = bye.split_once("\r\n").map_or("", |(_, rest)| rest);
        step(&mut machine, &format!("SIP/2.0 200 OK\r\n{ok}"), bob);
    }
    println!(
        "call of six messages: {:.2} µs",
        spent.as_nanos() as f64 / f64::from(ROUNDS) / 1000.0
    );
    println!("kept: {:?}", machine.sizes());
}

fn main() {
    register();
    call();
    register();
    call();
}
