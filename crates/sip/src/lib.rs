//! SIP without sockets and without a clock: messages, transactions (RFC 3261 §17, RFC 6026), proxy
//! core (§16), digest authentication (RFC 7616, RFC 8760). It knows no account's password, no
//! location of anybody and no policy: for those it asks.
//!
//! The verbs of [`Machine`] are those of every machine here: [`Machine::receive`] and
//! [`Machine::wake`] put something in; [`Machine::output`], [`Machine::events`] and
//! [`Machine::deadline`] say what came of it. What comes and goes does so by a [`Flow`].
//!
//! A message is read once: [`Message`] knows where its headers are, and new messages are put
//! together out of pieces of it. A request that waits for a decision holds a small cell; refusing
//! it without state (a challenge) gives the cell back at once, so that strangers cost no memory.
//!
//! Files: `text`, `params`, `uri`, `address`, `via`, `header`, `index`, `check` read; `splice`
//! writes; `cell` and `cells` remember; `arrival`, `server`, `uas`, `cancelling` are the server
//! side, `client`, `uac` the client side, `relay`, `settle`, `follow` the proxy in between.

mod accounts;
mod address;
mod arrival;
mod base64;
mod cancelling;
mod cell;
mod cells;
mod check;
mod client;
mod config;
mod digest;
mod event;
mod flow;
mod follow;
mod framer;
mod header;
mod index;
mod machine;
mod message;
mod moves;
mod nonce;
mod params;
mod relay;
mod server;
mod settle;
mod sources;
mod splice;
mod stun;
mod text;
mod token;
mod trace;
mod uac;
mod uas;
mod uri;
mod via;
mod view;
mod wheel;

pub use cell::{Auth, CellId, Inbound};
pub use config::{Config, Counts};
pub use digest::{Algorithm, Keys};
pub use event::{Answer, Event, Relayed};
pub use flow::{Flow, Transport};
pub use framer::{Broken, Framer, PING, PONG};
pub use header::{Method, reason};
pub use index::{Fault, Index, Unreadable};
pub use machine::{Machine, Out};
pub use message::Message;
pub use relay::{Refusal, Relay, Target};
pub use server::Response;
pub use trace::Direction;
pub use uac::{Request, Unfit};
pub use uri::address_of_record;
pub use view::{Address, are_lines, is_name, is_uri, is_value};
