//! Messages as others read them: values decoded, in the types of ordinary life.

use crate::address;
use crate::cell::{Auth, CellId, Inbound};
use crate::flow::Flow;
use crate::header::Name;
use crate::index::{Fault, Start, slice};
use crate::machine::Machine;
use crate::message::Message;
use crate::params::{params, unquote};
use crate::relay::routes;
use crate::text::{list, number, unfold};
use crate::{follow, uri};

/// Display name, URI, parameters with names in lower case.
pub type Address = (Vec<u8>, Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>);

fn read_address(value: &[u8]) -> Option<Address> {
    let found = address::parse(value)?;
    let parameters = params(found.params).map(|param| {
        (param.name.to_ascii_lowercase(), param.value.map(unquote).unwrap_or_default())
    });
    Some((unquote(&unfold(found.display)), found.uri.to_vec(), parameters.collect()))
}

impl Message {
    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What would be answered to it, were it a request.
    pub fn fault(&self) -> Option<Fault> {
        self.index.fault
    }

    /// A request's method, or the one in a response's CSeq.
    pub fn method(&self) -> &[u8] {
        self.index.method_name(&self.bytes)
    }

    /// The Request-URI; empty for responses.
    pub fn uri(&self) -> &[u8] {
        self.index.uri(&self.bytes)
    }

    /// Of a response; 0 for requests.
    pub fn status(&self) -> u16 {
        self.index.status()
    }

    /// The reason phrase of a response.
    pub fn reason(&self) -> &[u8] {
        match self.index.start {
            Start::Response { reason, .. } => slice(&self.bytes, reason).trim_ascii(),
            Start::Request { .. } => b"",
        }
    }

    /// What follows the headers.
    pub fn body(&self) -> &[u8] {
        self.index.body(&self.bytes)
    }

    /// The media type of the body in lower case, without parameters.
    pub fn content_type(&self) -> Option<Vec<u8>> {
        let value = self.index.value(&self.bytes, Name::ContentType)?;
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let text = unfold(&value[..end]).to_ascii_lowercase();
        Some(text.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect())
    }

    /// Call-ID.
    pub fn call_id(&self) -> &[u8] {
        self.index.call_id(&self.bytes)
    }

    /// The number in CSeq.
    pub fn cseq(&self) -> u32 {
        self.index.cseq(&self.bytes).map_or(0, |(number, _)| number)
    }

    /// The tag in From.
    pub fn from_tag(&self) -> Option<&[u8]> {
        self.index.tag(&self.bytes, Name::From)
    }

    /// The tag in To.
    pub fn to_tag(&self) -> Option<&[u8]> {
        self.index.tag(&self.bytes, Name::To)
    }

    /// The branch of the topmost Via.
    pub fn branch(&self) -> Option<&[u8]> {
        self.index.top_via(&self.bytes)?.branch()
    }

    /// Values of a header, unfolded.
    pub fn all(&self, name: &[u8], split: bool) -> Vec<Vec<u8>> {
        let values = self.index.named(&self.bytes, name).map(|line| line.value(&self.bytes));
        match split {
            true => values.flat_map(list).map(|one| unfold(one).into_owned()).collect(),
            false => values.map(|one| unfold(one).into_owned()).collect(),
        }
    }

    /// The first value of a header.
    pub fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        let line = self.index.named(&self.bytes, name).next()?;
        Some(unfold(line.value(&self.bytes)).into_owned())
    }

    /// All headers in order, as they were written.
    pub fn headers(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let read = |line: &crate::index::Line| {
            let value = unfold(line.value(&self.bytes)).into_owned();
            (line.written(&self.bytes).to_vec(), value)
        };
        self.index.lines.iter().map(read).collect()
    }

    /// Every value of a header like From; `None` for one that is malformed.
    pub fn addresses(&self, name: &[u8]) -> Vec<Option<Address>> {
        let values = self.index.named(&self.bytes, name).map(|line| line.value(&self.bytes));
        values.flat_map(list).map(read_address).collect()
    }

    /// Contacts; `*` stands alone (RFC 3261 §10.2.2).
    pub fn contacts(&self) -> Vec<Option<Address>> {
        let values = self.index.values(&self.bytes, Name::Contact).flat_map(list);
        values
            .map(|value| match value {
                b"*" => Some((Vec::new(), b"*".to_vec(), Vec::new())),
                _ => read_address(value).filter(|found| {
                    // A SIP URI must be a good one: requests will go there.
                    let scheme = uri::scheme(&found.1).unwrap_or(b"").to_ascii_lowercase();
                    !matches!(&scheme[..], b"sip" | b"sips") || uri::parse(&found.1).is_some()
                }),
            })
            .collect()
    }

    /// `user@host` of a header's URI, or of the Request-URI for no name.
    pub fn address_of_record(&self, name: &[u8]) -> Option<Vec<u8>> {
        if name.is_empty() {
            return uri::address_of_record(self.uri());
        }
        let value = self.index.named(&self.bytes, name).next()?.value(&self.bytes);
        uri::address_of_record(address::parse(crate::text::first(value))?.uri)
    }
}

impl Inbound {
    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Where it came from.
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// Its transaction; none for an ACK.
    pub fn id(&self) -> CellId {
        self.id
    }

    /// What its credentials were worth, whose they are.
    pub fn auth(&self) -> (Auth, &[u8], &[u8]) {
        (self.auth, &self.user, &self.realm)
    }

    /// The To tag of our replies.
    pub fn local_tag(&self) -> &[u8] {
        match self.message.to_tag() {
            Some(tag) => tag,
            None => &self.tag,
        }
    }

    /// The Request-URI names us.
    pub fn ours(&self) -> bool {
        self.ours
    }

    /// It is the PRACK that was waited for.
    pub fn confirmed(&self) -> bool {
        self.confirmed
    }

    /// Max-Forwards.
    pub fn hops(&self) -> Option<u64> {
        number(self.message.index.value(&self.message.bytes, Name::MaxForwards)?)
    }

    /// The topmost Route is ours.
    pub fn routed(&self) -> bool {
        self.own_routes > 0
    }

    /// Its user part.
    pub fn route_token(&self) -> Option<&[u8]> {
        if self.own_routes == 0 {
            return None;
        }
        follow::own_token(&self.message.bytes, &self.message.index)
    }

    /// The URI of the first Route that is not ours.
    pub fn next_route(&self) -> Option<&[u8]> {
        let (bytes, index) = (&self.message.bytes, &self.message.index);
        Some(address::parse(routes(bytes, index).nth(self.own_routes)?)?.uri)
    }
}

impl Machine {
    /// The flow that a request's Route says, by a token of ours for one flow.
    pub fn route_flow(&self, request: &Inbound) -> Option<Flow> {
        self.open_token(request.route_token()?)
    }
}

/// Fit to stand as a Request-URI.
pub fn is_uri(text: &[u8]) -> bool {
    uri::is_request_uri(text)
}

/// Fit to stand among headers: complete lines, none of them empty.
pub fn are_lines(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n');
    // What follows the last line end is nothing.
    lines.next_back() == Some(b"")
        && lines.all(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(b"");
            let name_end = memchr::memchr(b':', line).unwrap_or(0);
            let folded = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            memchr::memchr(b'\r', line).is_none()
                && (folded
                    || name_end > 0 && crate::text::is_all_token(line[..name_end].trim_ascii_end()))
        })
        && !matches!(text.first(), Some(b' ' | b'\t'))
}

/// Fit to stand as a header's name.
pub fn is_name(text: &[u8]) -> bool {
    crate::text::is_all_token(text)
}

/// Fit to stand as a value on one line.
pub fn is_value(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}
