//! What the machine's code alone costs: no socket, no Python. `cargo run --release -p antiphon-sip
//! --example cost`

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

/// Nanoseconds that this process has been on a processor.
fn spent() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

fn report(what: &str, nanoseconds: u64) {
    println!("{what}: {:.2} µs", nanoseconds as f64 / f64::from(ROUNDS) / 1000.0);
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
    let started = spent();
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
    report("REGISTER with and without credentials", spent() - started);
}

/// What comes of one message.
fn step(machine: &mut Machine, now: f64, text: &str, from: Flow) {
    machine.receive(now, text.as_bytes(), from);
    for event in machine.events() {
        let Event::Request(request) = event else { continue };
        let target = Target {
            uri: b"sip:bob@192.0.2.20:5060",
            flow: flow(20),
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
}

fn headers(message: &str) -> &str {
    message.split_once("\r\n").map_or("", |(_, rest)| rest)
}

/// INVITE, 180, 200, ACK, BYE, 200 through the proxy: message by message, so that each can be made
/// of what came of the one before.
fn call() {
    let mut machine = machine();
    let numbers = || 0..ROUNDS as usize;
    let mut texts: Vec<String> = (0..ROUNDS).map(|number| request("INVITE", number, "")).collect();
    let mut total = 0;
    let mut run = |machine: &mut Machine, texts: &[String], from: Flow| {
        let mut out = Vec::with_capacity(texts.len());
        for text in texts {
            let before = spent();
            step(machine, 1.0, text, from);
            total += spent() - before;
            out.push(sent(machine).pop().unwrap_or_default());
        }
        out
    };
    let invites = run(&mut machine, &texts, flow(10));
    let answers = |status: &str| -> Vec<String> {
        let tagged = |invite: &String| {
            let rest = headers(invite).replace("bob@example.org>\r", "bob@example.org>;tag=b\r");
            format!("SIP/2.0 {status}\r\n{rest}")
        };
        invites.iter().map(tagged).collect()
    };
    run(&mut machine, &answers("180 Ringing"), flow(20));
    let ups = run(&mut machine, &answers("200 OK"), flow(20));
    for method in ["ACK", "BYE"] {
        for number in numbers() {
            let record = ups[number].lines().find(|line| line.starts_with("Record-Route"));
            let route = record.unwrap_or_default().replace("Record-Route", "Route") + "\r\n";
            let text = request(method, number as u32, &route);
            texts[number] = text.replace("bob@example.org>\r", "bob@example.org>;tag=b\r");
        }
        let down = run(&mut machine, &texts, flow(10));
        texts = down.iter().map(|bye| format!("SIP/2.0 200 OK\r\n{}", headers(bye))).collect();
    }
    run(&mut machine, &texts, flow(20));
    let mut nothing = 0;
    for _ in numbers() {
        let before = spent();
        nothing += spent() - before;
    }
    report("a call of six messages", total - 6 * nothing);
    println!("kept: {:?}", machine.sizes());
}

fn main() {
    register();
    call();
    register();
    call();
}
