//! `name-addr` and `addr-spec` with header parameters: From, To, Contact, Route (RFC 3261 §20.10).

use memchr::memchr;

use crate::params;
use crate::text::{after_quoted, is_space, is_token, trim};

/// The parts of such a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    /// Quotes and all.
    pub(crate) display: &'a [u8],
    pub(crate) uri: &'a [u8],
    /// From the first `;` after the URI on.
    pub(crate) params: &'a [u8],
}

/// Reads one value; `None` when it is malformed. The URI's inside is not judged.
pub(crate) fn parse(value: &[u8]) -> Option<Address<'_>> {
    read(value).filter(|address| params::are_whole(address.params))
}

/// The same without a look at all parameters, for values that have been checked.
pub(crate) fn read(value: &[u8]) -> Option<Address<'_>> {
    let value = trim(value);
    let display_end = match value.first()? {
        b'"' => after_quoted(value, 0)?,
        _ => 0,
    };
    let Some(open) = memchr(b'<', &value[display_end..]).map(|at| display_end + at) else {
        return if display_end == 0 { bare(value) } else { None };
    };
    let display = &value[..open];
    let words_are_tokens = if display_end == 0 {
        display.iter().all(|&byte| is_token(byte) || is_space(byte))
    } else {
        display[display_end..].iter().all(|&byte| is_space(byte))
    };
    let close = memchr(b'>', &value[open..])? + open;
    let uri = &value[open + 1..close];
    let parameters = trim(&value[close + 1..]);
    let valid = words_are_tokens && is_uri_text(uri);
    valid.then_some(Address { display: trim(display), uri, params: parameters })
}

/// Without angle brackets, parameters are the header's, and what would be ambiguous is forbidden
/// (RFC 3261 §20).
fn bare(value: &[u8]) -> Option<Address<'_>> {
    let end = memchr(b';', value).unwrap_or(value.len());
    let uri = trim(&value[..end]);
    let parameters = &value[end..];
    let valid = is_uri_text(uri) && memchr::memchr2(b'?', b',', uri).is_none();
    valid.then_some(Address { display: b"", uri, params: parameters })
}

fn is_uri_text(uri: &[u8]) -> bool {
    memchr(b':', uri).is_some_and(|at| at > 0)
        && !uri.iter().any(|&byte| is_space(byte) || matches!(byte, b'"' | b'<' | b'>'))
}

impl<'a> Address<'a> {
    /// The `tag` parameter.
    pub(crate) fn tag(&self) -> Option<&'a [u8]> {
        params::value(self.params, "tag")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_read() {
        let address = parse(br#" "A \"B\" <x>" <sip:a@h;lr>;tag=1 "#).unwrap();
        assert_eq!(address.display, br#""A \"B\" <x>""#);
        assert_eq!((address.uri, address.tag()), (&b"sip:a@h;lr"[..], Some(&b"1"[..])));
        let address = parse(b"Two Words <tel:+49>").unwrap();
        assert_eq!((address.display, address.uri), (&b"Two Words"[..], &b"tel:+49"[..]));
        let address = parse(b"sip:a@h;tag=2").unwrap();
        assert_eq!((address.uri, address.tag()), (&b"sip:a@h"[..], Some(&b"2"[..])));
    }

    #[test]
    fn malformed_ones_are_refused() {
        for bad in [
            &b""[..],
            b"\"open <sip:a@h>",
            b"\"A\" sip:a@h",
            b"a@b <sip:a@h>",
            b"<sip:a@h",
            b"< sip:a@h>",
            b"<sip:a@h> x",
            b"sip:a@h?x=y",
            b"sip:a,b@h",
            b"no-scheme",
            b"<sip:a@h>;;",
        ] {
            assert_eq!(parse(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
