//! SIP and SIPS URIs (RFC 3261 §19.1), as far as routing reads them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use memchr::memchr;

use crate::flow::Transport;
use crate::params;
use crate::text::{escapes_are_whole, number, trim, unescape};

/// The parts of a `sip:` or `sips:` URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uri<'a> {
    pub(crate) secure: bool,
    /// Without a password.
    pub(crate) user: Option<&'a [u8]>,
    /// IPv6 addresses with their brackets.
    pub(crate) host: &'a [u8],
    pub(crate) port: Option<u16>,
    /// From the first `;` on, without headers.
    pub(crate) params: &'a [u8],
    /// A `?` follows: headers.
    pub(crate) has_headers: bool,
}

/// The scheme, if there is one.
pub(crate) fn scheme(text: &[u8]) -> Option<&[u8]> {
    let end = memchr(b':', text)?;
    let scheme = &text[..end];
    let valid = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    valid.then_some(scheme)
}

/// Reads a `sip:` or `sips:` URI; `None` for other schemes and malformed ones.
pub(crate) fn parse(text: &[u8]) -> Option<Uri<'_>> {
    let scheme = scheme(text)?;
    let secure = scheme.eq_ignore_ascii_case(b"sips");
    if !secure && !scheme.eq_ignore_ascii_case(b"sip") {
        return None;
    }
    let mut rest = &text[scheme.len() + 1..];
    let mut user = None;
    if let Some(at) = memchr(b'@', rest) {
        let info = &rest[..at];
        let name = &info[..memchr(b':', info).unwrap_or(info.len())];
        if name.is_empty() || !info.iter().all(|&byte| is_userinfo(byte)) {
            return None;
        }
        user = Some(name);
        rest = &rest[at + 1..];
    }
    let end = rest.iter().position(|byte| matches!(byte, b';' | b'?')).unwrap_or(rest.len());
    let (host, port) = host_port(&rest[..end])?;
    let headers = memchr(b'?', &rest[end..]).map_or(rest.len(), |at| end + at);
    let params = &rest[end..headers];
    let whole = params::are_whole(params) && escapes_are_whole(text);
    whole.then_some(Uri { secure, user, host, port, params, has_headers: headers < rest.len() })
}

/// RFC 3261 §25.1 `user`, `password`: unreserved, escaped, user-unreserved. Only what would be
/// ambiguous is refused; some peers write `#` and `|` bare.
fn is_userinfo(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !b"<>\"@[]".contains(&byte)
}

/// `host` or `host:port`.
pub(crate) fn host_port(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let text = trim(text);
    let end = match text.first()? {
        b'[' => memchr(b']', text)? + 1,
        _ => memchr(b':', text).unwrap_or(text.len()),
    };
    let (host, rest) = (trim(&text[..end]), trim(&text[end..]));
    let valid = match host.first()? {
        b'[' => address(host).is_some(),
        _ => host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte)),
    };
    if !valid {
        return None;
    }
    let port = match rest {
        [] => None,
        [b':', digits @ ..] => Some(u16::try_from(number(digits)?).ok()?),
        _ => return None,
    };
    Some((host, port))
}

/// The IP address that a host is, with or without brackets; `None` for a name.
pub(crate) fn address(host: &[u8]) -> Option<IpAddr> {
    let host = match host {
        [b'[', inner @ .., b']'] => inner,
        _ => host,
    };
    let text = std::str::from_utf8(host).ok()?;
    text.parse().ok().or_else(|| with_a_colon_too_many(text))
}

/// RFC 5118 §4.10: the first grammar of SIP allowed three colons before an embedded IPv4 address,
/// and they must be tolerated there.
fn with_a_colon_too_many(text: &str) -> Option<IpAddr> {
    let (before, after) = text.split_once(":::")?;
    after.parse::<Ipv4Addr>().ok()?;
    format!("{before}::{after}").parse().ok()
}

impl Uri<'_> {
    /// The `transport` parameter; sips and nothing said is TLS, nothing at all is UDP (§26.2.2).
    pub(crate) fn transport(&self) -> Option<Transport> {
        let asked = match params::value(self.params, "transport") {
            Some(name) => Transport::named(name)?,
            None if self.secure => Transport::Tls,
            None => Transport::Udp,
        };
        Some(match asked {
            Transport::Tcp if self.secure => Transport::Tls,
            Transport::Ws if self.secure => Transport::Wss,
            other => other,
        })
    }

    /// Address and port, when the host is no name (a `maddr` goes first).
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        let host = params::value(self.params, "maddr").unwrap_or(self.host);
        let port = self.port.unwrap_or(self.transport()?.default_port());
        Some(SocketAddr::new(address(host)?, port))
    }

    /// The next hop understands loose routing (§19.1.1).
    pub(crate) fn loose(&self) -> bool {
        params::find(self.params, "lr").is_some()
    }
}

/// `user@host`: escapes decoded, host in lower case (RFC 3261 §10.3 item 5).
pub fn address_of_record(text: &[u8]) -> Option<Vec<u8>> {
    let uri = parse(text)?;
    let user = unescape(uri.user?)?;
    let mut out = Vec::with_capacity(user.len() + 1 + uri.host.len());
    out.extend_from_slice(&user);
    out.push(b'@');
    out.extend(uri.host.iter().map(u8::to_ascii_lowercase));
    Some(out)
}

/// Fit to stand as a Request-URI: a scheme, and no character that ends it or breaks the line.
pub(crate) fn is_request_uri(text: &[u8]) -> bool {
    scheme(text).is_some_and(|scheme| text.len() > scheme.len() + 1)
        && text.iter().all(|&byte| byte > b' ' && byte != 0x7f && !b"<>\"".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found() {
        let uri = parse(b"sip:al;day=tue:pw@Host.example:5070;transport=TCP;lr?Subject=x").unwrap();
        assert_eq!(uri.user, Some(&b"al;day=tue"[..]));
        assert_eq!((uri.host, uri.port), (&b"Host.example"[..], Some(5070)));
        assert!(uri.loose() && uri.has_headers && !uri.secure);
        assert_eq!(uri.transport(), Some(Transport::Tcp));
        let plain = parse(b"sips:[2001:db8::1]").unwrap();
        assert_eq!(plain.address().unwrap().to_string(), "[2001:db8::1]:5061");
        assert_eq!(parse(b"sip:192.0.2.1;transport=tcp").unwrap().address().unwrap().port(), 5060);
        assert_eq!(parse(b"sip:h;maddr=192.0.2.9").unwrap().address().unwrap().port(), 5060);
    }

    #[test]
    fn three_colons_are_tolerated_in_one_place() {
        let of = |text: &str| address(text.as_bytes()).map(|address| address.to_string());
        assert_eq!(of("[2001:db8:::192.0.2.1]"), of("2001:db8::192.0.2.1"));
        assert_eq!(of("[2001:db8:::1]"), None);
        assert_eq!(of("[1::2:::192.0.2.1]"), None);
    }

    #[test]
    fn malformed_ones_are_refused() {
        for bad in [
            &b"sip:"[..],
            b"tel:+49",
            b"sip:@h",
            b"sip:2001:db8::1",
            b"sip:[2001:db8::1",
            b"sip:h:99999",
            b"sip:h:port",
            b"sip:a b@h",
            b"sip:u@h;;x",
            b"sip:50%@h",
            b"sip:[::g]",
        ] {
            assert_eq!(parse(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn addresses_of_record_are_canonical() {
        let of = |text: &str| {
            address_of_record(text.as_bytes()).map(|aor| String::from_utf8(aor).unwrap())
        };
        assert_eq!(of("sip:%61lice@EXAMPLE.org;x=1"), Some("alice@example.org".into()));
        assert_eq!(of("sip:example.org"), None);
        assert_eq!(of("tel:+4930"), None);
    }
}
