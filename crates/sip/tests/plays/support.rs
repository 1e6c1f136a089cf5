//! A stage for plays: one machine, a clock that is turned by hand, and telephones that are nothing
//! but text.

use std::net::SocketAddr;
use std::sync::Arc;

use antiphon_sip::{
    Answer, Auth, Config, Event, Flow, Inbound, Machine, Message, Relay, Request, Response, Target,
    Transport, reason,
};

pub(crate) const ALICE: &str = "192.0.2.10:5060";
pub(crate) const BOB: &str = "192.0.2.20:5060";
pub(crate) const CAROL: &str = "192.0.2.30:5060";

/// The machine and the time.
pub(crate) struct Stage {
    pub(crate) machine: Machine,
    pub(crate) now: f64,
}

/// A message that the machine sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) flow: Flow,
    pub(crate) text: String,
}

impl Sent {
    /// The first line without the version.
    pub(crate) fn line(&self) -> String {
        let line = self.text.lines().next().unwrap();
        line.trim_start_matches("SIP/2.0 ").trim_end_matches(" SIP/2.0").to_string()
    }

    pub(crate) fn message(&self) -> Message {
        let message = Message::parse(self.text.as_bytes()).unwrap();
        assert_eq!(message.fault(), None, "{}", self.text);
        message
    }

    pub(crate) fn get(&self, name: &str) -> String {
        String::from_utf8(self.message().get(name.as_bytes()).unwrap_or_default()).unwrap()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let all = self.message().all(name.as_bytes(), true);
        all.into_iter().map(|one| String::from_utf8(one).unwrap()).collect()
    }

    pub(crate) fn to(&self, remote: &str) -> bool {
        self.flow.remote == remote.parse().unwrap()
    }
}

pub(crate) fn config() -> Config {
    Config {
        names: vec!["example.org".into()],
        realms: vec!["example.org".into()],
        secret: b"a secret of some length".to_vec(),
        ..Config::default()
    }
}

pub(crate) fn udp(remote: &str) -> Flow {
    Flow::new(0, Transport::Udp, 0, remote.parse::<SocketAddr>().unwrap())
}

pub(crate) fn tcp(remote: &str, connection: u64) -> Flow {
    Flow::new(1, Transport::Tcp, connection, remote.parse::<SocketAddr>().unwrap())
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage::with(config())
    }

    /// Listener 0 is UDP, 1 is TCP, 2 is UDP over IPv6, 3 is WebSocket.
    pub(crate) fn with(config: Config) -> Stage {
        let mut machine = Machine::new(config);
        machine.add_listener(Transport::Udp, "192.0.2.1", 5060);
        machine.add_listener(Transport::Tcp, "192.0.2.1", 5060);
        machine.add_listener(Transport::Udp, "2001:db8::1", 5060);
        machine.add_listener(Transport::Ws, "192.0.2.1", 8080);
        machine.wake(100.0);
        Stage { machine, now: 100.0 }
    }

    pub(crate) fn hear(&mut self, flow: Flow, text: &str) {
        self.machine.receive(self.now, text.as_bytes(), flow);
    }

    /// What the machine has sent since the last time.
    pub(crate) fn out(&mut self) -> Vec<Sent> {
        let mut out = Vec::new();
        self.machine.output(|one, bytes| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            out.push(Sent { flow: one.flow, text });
            true
        });
        out
    }

    pub(crate) fn lines(&mut self) -> Vec<String> {
        self.out().iter().map(Sent::line).collect()
    }

    /// The only message that was sent.
    pub(crate) fn one(&mut self) -> Sent {
        let mut out = self.out();
        assert_eq!(out.len(), 1, "{out:?}");
        out.remove(0)
    }

    pub(crate) fn request(&mut self) -> Arc<Inbound> {
        let mut events = self.machine.events();
        assert_eq!(events.len(), 1, "{events:?}");
        match events.remove(0) {
            Event::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn answers(&mut self) -> Vec<Answer> {
        let answers = self.machine.events().into_iter().map(|event| match event {
            Event::Response(answer) => answer,
            other => panic!("{other:?}"),
        });
        answers.collect()
    }

    pub(crate) fn statuses(&mut self) -> Vec<u16> {
        self.answers().iter().map(|answer| answer.message.status()).collect()
    }

    /// Lets time pass, with every timer at its time; what is sent, and when, from now on.
    pub(crate) fn pass(&mut self, seconds: f64) -> Vec<(f64, Sent)> {
        let (start, end) = (self.now, self.now + seconds);
        let mut sent = Vec::new();
        while let Some(next) = self.machine.deadline()
            && next <= end
        {
            assert!(next > self.now - 1.0, "the clock stands still");
            self.now = self.now.max(next);
            self.machine.wake(self.now);
            let at = self.now - start;
            sent.extend(self.out().into_iter().map(|one| (at, one)));
        }
        self.now = end;
        self.machine.wake(end);
        sent.extend(self.out().into_iter().map(|one| (seconds, one)));
        sent
    }

    /// At which times, in tenths of a second, messages were sent.
    pub(crate) fn beats(&mut self, seconds: f64) -> Vec<u64> {
        self.pass(seconds).iter().map(|(at, _)| (at * 10.0).round() as u64).collect()
    }

    pub(crate) fn reply(&mut self, request: &Inbound, status: u16) -> bool {
        self.machine.reply(request, &Response { status, ..Response::default() })
    }

    pub(crate) fn relay(&mut self, request: &Inbound, to: &[&str], relay: &Relay<'_>) -> bool {
        let uris: Vec<String> = to.iter().map(|remote| format!("sip:bob@{remote}")).collect();
        let targets: Vec<Target<'_>> = to
            .iter()
            .zip(&uris)
            .map(|(remote, uri)| Target {
                uri: uri.as_bytes(),
                flow: udp(remote),
                routes: &[],
                direct: true,
                bound: false,
                headers: b"",
            })
            .collect();
        self.machine.relay(request, &targets, relay)
    }

    /// INVITE of ours to Bob.
    pub(crate) fn invite(&mut self, flow: Flow) -> antiphon_sip::CellId {
        let request = Request {
            method: b"INVITE",
            uri: b"sip:bob@192.0.2.20",
            headers: b"From: <sip:us@example.org>;tag=us\r\nTo: <sip:bob@example.org>\r\n\
                Call-ID: ours\r\nCSeq: 1 INVITE\r\nContact: <sip:us@192.0.2.1>\r\n",
            body: b"",
            bound: false,
        };
        self.machine.request(&request, flow).unwrap()
    }

    pub(crate) fn size(&self, name: &str) -> usize {
        self.machine.sizes().iter().find(|(one, _)| *one == name).unwrap().1
    }

    /// Everything is forgotten in the end.
    pub(crate) fn assert_empty(&self) {
        assert_eq!((self.size("transactions"), self.size("undecided")), (0, 0));
    }
}

/// A request of Alice's to Bob.
pub(crate) fn request(method: &str, branch: &str, more: &str) -> String {
    let cseq = if matches!(method, "ACK" | "CANCEL") { "INVITE" } else { method };
    let number = if cseq == "INVITE" { 1 } else { 2 };
    format!(
        "{method} sip:bob@example.org SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}\r\n{more}\
         Max-Forwards: 70\r\nFrom: Alice <sip:alice@example.org>;tag=a\r\n\
         To: <sip:bob@example.org>\r\nCall-ID: call\r\nCSeq: {number} {method}\r\n\
         Contact: <sip:alice@192.0.2.10>\r\nContent-Length: 0\r\n\r\n"
    )
}

pub(crate) fn invite() -> String {
    request("INVITE", "i", "")
}

/// An answer to a request that the machine sent.
pub(crate) fn answer(request: &Sent, status: u16, tag: &str, more: &str) -> String {
    let message = request.message();
    let mut out = format!("SIP/2.0 {status} {}\r\n", reason(status));
    for (name, value) in message.headers() {
        let name = String::from_utf8(name).unwrap().to_ascii_lowercase();
        let value = String::from_utf8(value).unwrap();
        match name.as_str() {
            "to" if !tag.is_empty() && !value.contains("tag=") => {
                out += &format!("To: {value};tag={tag}\r\n");
            }
            "via" | "from" | "to" | "call-id" | "cseq" | "record-route" => {
                out += &format!("{name}: {value}\r\n");
            }
            _ => {}
        }
    }
    out + more + "Content-Length: 0\r\n\r\n"
}

/// ACK to a negative answer.
pub(crate) fn ack(answer: &Sent) -> String {
    let to = format!("To: {}", answer.get("to"));
    invite().replace("INVITE", "ACK").replace("To: <sip:bob@example.org>", &to)
}

pub(crate) fn auth(request: &Inbound) -> Auth {
    request.auth().0
}
