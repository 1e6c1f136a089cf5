//! The HTTP request that begins a WebSocket, and the answers to it (RFC 6455 §4, RFC 7395 §3.1).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use memchr::memmem;

/// Bytes of the head of a request.
pub(crate) const HEAD_LIMIT: usize = 16 * 1024;
const HEADERS: usize = 100;
const END: &[u8] = b"\r\n\r\n";
/// RFC 6455 §1.3.
const SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const PROTOCOL: &str = "xmpp";

/// Somebody asks for a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// With its query.
    pub path: String,
    /// Names in small letters, values without white space around them.
    pub headers: Vec<(String, String)>,
    key: String,
}

impl Request {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    /// The answer that begins the WebSocket.
    pub(crate) fn accept(&self) -> Vec<u8> {
        let mut text = self.key.clone().into_bytes();
        text.extend_from_slice(SUFFIX);
        let proof = base64(digest(&SHA1_FOR_LEGACY_USE_ONLY, &text).as_ref());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-protocol: {PROTOCOL}\r\nsec-websocket-accept: {proof}\r\n\r\n"
        )
        .into_bytes()
    }
}

/// What a request turned out to be, as far as is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// More of the head must come.
    Wait,
    /// It asks for something else than a WebSocket on one of the paths.
    Other,
    /// It asks for one; the head has so many bytes.
    Asks(Box<Request>, usize),
    /// It asks in a way that is answered with this HTTP status.
    Refused(u16),
}

/// Looks at the head of a request as soon as it can be told.
pub(crate) fn look(input: &[u8], paths: &[String]) -> Look {
    if !paths.iter().any(|path| may_be(input, path)) {
        return Look::Other;
    }
    let Some(end) = memmem::find(input, END) else {
        return if input.len() > HEAD_LIMIT { Look::Refused(431) } else { Look::Wait };
    };
    match parse(&input[..end + 2]) {
        None => Look::Refused(400),
        Some((version, path, headers)) => judge(version, path, headers, end + END.len()),
    }
}

/// Whether the input begins, or may go on to begin, with a request for the path.
fn may_be(input: &[u8], path: &str) -> bool {
    let wanted = [b"GET ", path.as_bytes()].concat();
    let common = input.len().min(wanted.len());
    input[..common] == wanted[..common]
        && input.get(wanted.len()).is_none_or(|&next| matches!(next, b' ' | b'?'))
}

type Head<'a> = (&'a str, &'a str, Vec<(String, String)>);

fn parse(head: &[u8]) -> Option<Head<'_>> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split_terminator("\r\n");
    let mut first = lines.next()?.split(' ');
    let (_, path, version) = (first.next()?, first.next()?, first.next()?);
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        // Neither a continued line nor white space before the colon (RFC 9112 §5.1, §5.2).
        let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_token || headers.len() == HEADERS || value.contains(['\0', '\r', '\n']) {
            return None;
        }
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    first.next().is_none().then_some((version, path, headers))
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn has(headers: &[(String, String)], name: &str, token: &str) -> bool {
    let mut values = headers.iter().filter(|(known, _)| known == name);
    values.any(|(_, value)| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(token)))
}

fn judge(version: &str, path: &str, headers: Vec<(String, String)>, end: usize) -> Look {
    if !has(&headers, "upgrade", "websocket") {
        return Look::Other;
    }
    if value(&headers, "sec-websocket-version") != Some("13") {
        return Look::Refused(426);
    }
    let key = value(&headers, "sec-websocket-key").unwrap_or_default().to_owned();
    let fits = version == "HTTP/1.1"
        && key.len() == 24
        && has(&headers, "connection", "upgrade")
        && has(&headers, "sec-websocket-protocol", PROTOCOL);
    if !fits {
        return Look::Refused(400);
    }
    Look::Asks(Box::new(Request { path: path.to_owned(), headers, key }), end)
}

/// The answer that refuses a request and ends the connection.
pub(crate) fn refusal(status: u16) -> Vec<u8> {
    let reason = match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Refused",
    };
    let version = if status == 426 { "sec-websocket-version: 13\r\n" } else { "" };
    format!("HTTP/1.1 {status} {reason}\r\n{version}content-length: 0\r\nconnection: close\r\n\r\n")
        .into_bytes()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "GET /ws?x=1 HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: foo, xmpp\r\nOrigin: https://a\r\n\r\n";

    fn paths() -> Vec<String> {
        vec!["/ws".to_owned()]
    }

    #[test]
    fn a_request_is_accepted_as_the_standard_says() {
        let Look::Asks(request, end) = look(GOOD.as_bytes(), &paths()) else {
            panic!("no request")
        };
        assert_eq!(end, GOOD.len());
        assert_eq!(
            (request.path.as_str(), request.header("origin")),
            ("/ws?x=1", Some("https://a"))
        );
        // RFC 6455 §1.3.
        let answer = String::from_utf8(request.accept()).unwrap();
        assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        for cut in 0..GOOD.len() {
            assert_eq!(look(&GOOD.as_bytes()[..cut], &paths()), Look::Wait);
        }
    }

    #[test]
    fn everything_else_is_told_at_once_or_refused() {
        for other in
            ["P", "GET /x", "GET /wsx", "HEAD /ws", "\x16\x03", "GET /ws HTTP/1.1\r\na: b\r\n\r\n"]
        {
            assert_eq!(look(other.as_bytes(), &paths()), Look::Other, "{other}");
        }
        let cases = [
            (GOOD.replace("13", "8"), 426),
            (GOOD.replace("xmpp", "sip"), 400),
            (GOOD.replace("dGhl", ""), 400),
            (GOOD.replace("Host: a", "Host : a"), 400),
            (GOOD.replace("HTTP/1.1", "HTTP/1.0"), 400),
            (GOOD.replace("Origin: ", &format!("x: {}\r\nb: ", "y".repeat(HEAD_LIMIT))), 431),
        ];
        for (text, status) in cases {
            let text = text.trim_end_matches(if status == 431 { "\r\n\r\n" } else { "" });
            assert_eq!(look(text.as_bytes(), &paths()), Look::Refused(status));
        }
    }
}
