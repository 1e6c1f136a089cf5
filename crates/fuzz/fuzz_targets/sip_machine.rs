//! The SIP machine under messages of any content, verbs and a virtual clock. A panic is a defect;
//! so is a transaction that is still there when all timers have run out.
#![no_main]

use antiphon_sip::{
    CellId, Config, Event, Flow, Machine, Relay, Request, Response, Target, Transport,
};
use libfuzzer_sys::fuzz_target;

fn machine() -> Machine {
    let mut machine = Machine::new(Config {
        names: vec!["example.org".into()],
        realms: vec!["example.org".into()],
        secret: b"a secret of some length".to_vec(),
        ..Config::default()
    });
    machine.add_listener(Transport::Udp, "192.0.2.1", 5060);
    machine.add_listener(Transport::Tcp, "192.0.2.1", 5060);
    machine
}

fn flow(number: u8) -> Flow {
    let remote = ([192, 0, 2, 10 + number % 4], 5060).into();
    match number & 4 {
        0 => Flow::new(0, Transport::Udp, 0, remote),
        _ => Flow::new(1, Transport::Tcp, u64::from(number), remote),
    }
}

fn decide(machine: &mut Machine, verb: u8, to: Flow) {
    for event in machine.events() {
        match event {
            Event::Request(request) | Event::Exhausted { request, .. } => match verb % 8 {
                0 => drop(machine.challenge(&request, verb & 8 == 0, b"example.org", b"")),
                1 => {
                    let status = 100 + u16::from(verb) * 2;
                    let (reliable, stateless) = (verb & 8 == 0, verb & 16 == 0);
                    let given = Response { status, reliable, stateless, ..Response::default() };
                    machine.reply(&request, &given);
                }
                2 | 3 => {
                    let target = Target {
                        uri: b"sip:bob@192.0.2.12",
                        flow: to,
                        routes: &[],
                        direct: verb & 8 == 0,
                        bound: false,
                        headers: b"",
                    };
                    let relay = Relay { record_route: true, hold: verb & 16 == 0, ..Relay::default() };
                    machine.relay(&request, &[target, target], &relay);
                }
                4 => drop(machine.follow(&request, None)),
                5 => drop(machine.conclude(&request)),
                _ => {}
            },
            Event::Response(answer) => {
                let _ = machine.acknowledge(&answer, b"", b"", None, None);
                machine.cancel(answer.request, b"");
            }
            Event::AccountNeeded { user, realm } => machine.account(&user, &realm, None),
            _ => {}
        }
    }
}

fuzz_target!(|input: Vec<(u8, u8, Vec<u8>)>| {
    let mut machine = machine();
    let mut now = 1.0;
    let mut echo: Vec<Vec<u8>> = Vec::new();
    let mut ours = CellId::NONE;
    for (verb, other, bytes) in input.into_iter().take(100) {
        now += f64::from(other) / 8.0;
        match verb >> 5 {
            0 => machine.closed(now, flow(other)),
            1 => machine.failed(now, flow(other)),
            2 => {
                let request = Request {
                    method: b"INVITE",
                    uri: b"sip:bob@192.0.2.12",
                    headers: &bytes,
                    body: b"",
                    bound: false,
                };
                ours = machine.request(&request, flow(other)).unwrap_or(ours);
            }
            3 => drop(machine.cancel(ours, b"")),
            // What it sent comes back to it: answers to itself, loops.
            4 if !echo.is_empty() => {
                let bytes = &echo[usize::from(other) % echo.len()];
                machine.receive(now, bytes, flow(verb));
            }
            _ => machine.receive(now, &bytes, flow(other)),
        }
        decide(&mut machine, verb, flow(other));
        machine.wake(now);
        machine.output(|_, bytes| {
            echo.push(bytes.to_vec());
            true
        });
        echo.truncate(64);
    }
    for _ in 0..40 {
        now += 30.0;
        machine.wake(now);
        machine.events();
        machine.output(|_, _| true);
    }
    assert_eq!(machine.sizes()[1].1, 0, "requests without a decision");
});
