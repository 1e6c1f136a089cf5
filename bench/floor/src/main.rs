//! The floor beneath a forwarding server: the same packets, rewritten, encrypted and sent to as
//! many sockets, by a program that does nothing else. Prints one JSON object.
//!
//! `floor saturated SUBSCRIBERS SECONDS` sends as fast as it can to sockets that nobody reads;
//! `floor paced SUBSCRIBERS SECONDS CORE` forwards what a publisher in another process sends in
//! real time, to sockets which that process reads, on the core given.

mod client;
mod egress;
mod forward;
mod measure;
mod seal;
mod socket;

use std::process::ExitCode;

const USAGE: &str =
    "usage: floor saturated N SECONDS | paced N SECONDS CORE | client ADDRESS N SECONDS CORE";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    socket::allow_many()?;
    match *words {
        ["saturated", n, seconds] => forward::saturated(n.parse()?, seconds.parse()?),
        ["paced", n, seconds, core] => forward::paced(n.parse()?, seconds.parse()?, core.parse()?),
        ["client", address, n, seconds, core] => {
            client::run(address.parse()?, n.parse()?, seconds.parse()?, core.parse()?)
        }
        _ => Err(USAGE.into()),
    }
}
