//! Names of headers and methods that the machine itself reads; all others are only carried.

/// A header by meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Name {
    Other,
    Authorization,
    CallId,
    Contact,
    ContentLength,
    ContentType,
    CSeq,
    From,
    MaxBreadth,
    MaxForwards,
    ProxyAuthenticate,
    ProxyAuthorization,
    ProxyRequire,
    RAck,
    Reason,
    RecordRoute,
    Require,
    Route,
    RSeq,
    Timestamp,
    To,
    Via,
    WwwAuthenticate,
}

/// The compact forms (RFC 3261 §7.3.3 and the registry), spelled out.
pub(crate) fn full(name: &[u8]) -> &[u8] {
    let [letter] = name else { return name };
    match letter.to_ascii_lowercase() {
        b'a' => b"Accept-Contact",
        b'b' => b"Referred-By",
        b'c' => b"Content-Type",
        b'd' => b"Request-Disposition",
        b'e' => b"Content-Encoding",
        b'f' => b"From",
        b'i' => b"Call-ID",
        b'j' => b"Reject-Contact",
        b'k' => b"Supported",
        b'l' => b"Content-Length",
        b'm' => b"Contact",
        b'o' => b"Event",
        b'r' => b"Refer-To",
        b's' => b"Subject",
        b't' => b"To",
        b'u' => b"Allow-Events",
        b'v' => b"Via",
        b'x' => b"Session-Expires",
        b'y' => b"Identity",
        _ => name,
    }
}

impl Name {
    /// What a name means, long or compact, in any case.
    pub(crate) fn of(name: &[u8]) -> Name {
        let name = full(name);
        let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
        // By length first: nearly every name is settled by one comparison.
        let candidates: &[(&str, Name)] = match name.len() {
            2 => &[("to", Name::To)],
            3 => &[("via", Name::Via)],
            4 => &[
                ("from", Name::From),
                ("cseq", Name::CSeq),
                ("rack", Name::RAck),
                ("rseq", Name::RSeq),
            ],
            5 => &[("route", Name::Route)],
            6 => &[("reason", Name::Reason)],
            7 => {
                &[("call-id", Name::CallId), ("contact", Name::Contact), ("require", Name::Require)]
            }
            9 => &[("timestamp", Name::Timestamp)],
            11 => &[("max-breadth", Name::MaxBreadth)],
            12 => &[
                ("max-forwards", Name::MaxForwards),
                ("content-type", Name::ContentType),
                ("record-route", Name::RecordRoute),
            ],
            13 => &[("authorization", Name::Authorization), ("proxy-require", Name::ProxyRequire)],
            14 => &[("content-length", Name::ContentLength)],
            16 => &[("www-authenticate", Name::WwwAuthenticate)],
            18 => &[("proxy-authenticate", Name::ProxyAuthenticate)],
            19 => &[("proxy-authorization", Name::ProxyAuthorization)],
            _ => &[],
        };
        candidates.iter().find(|(text, _)| is(text)).map_or(Name::Other, |(_, found)| *found)
    }
}

/// A method that is treated in a way of its own; methods are case-sensitive (RFC 3261 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "named as in the standards")]
pub enum Method {
    Other,
    Ack,
    Bye,
    Cancel,
    Invite,
    Options,
    Prack,
    Register,
}

impl Method {
    pub(crate) fn of(name: &[u8]) -> Method {
        match name {
            b"ACK" => Method::Ack,
            b"BYE" => Method::Bye,
            b"CANCEL" => Method::Cancel,
            b"INVITE" => Method::Invite,
            b"OPTIONS" => Method::Options,
            b"PRACK" => Method::Prack,
            b"REGISTER" => Method::Register,
            _ => Method::Other,
        }
    }
}

/// The usual reason phrase of a status (RFC 3261 §21 and the registry).
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        199 => "Early Dialog Terminated",
        200 => "OK",
        202 => "Accepted",
        204 => "No Notification",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        380 => "Alternative Service",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        412 => "Conditional Request Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        429 => "Provide Referrer Identity",
        430 => "Flow Failed",
        433 => "Anonymity Disallowed",
        439 => "First Hop Lacks Outbound Support",
        440 => "Max-Breadth Exceeded",
        469 => "Bad Info Package",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        493 => "Undecipherable",
        494 => "Security Agreement Required",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        607 => "Unwanted",
        _ => usual_of_class(status),
    }
}

fn usual_of_class(status: u16) -> &'static str {
    match status / 100 {
        1 => "Progress",
        2 => "Accepted",
        3 => "Redirected",
        4 => "Request Failed",
        5 => "Server Failed",
        _ => "Global Failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_long_and_compact() {
        assert_eq!(Name::of(b"v"), Name::Via);
        assert_eq!(Name::of(b"I"), Name::CallId);
        assert_eq!(Name::of(b"cONTENT-lENGTH"), Name::ContentLength);
        assert_eq!(Name::of(b"Proxy-Authorization"), Name::ProxyAuthorization);
        assert_eq!(Name::of(b"X-Anything"), Name::Other);
        assert_eq!(Name::of(b""), Name::Other);
    }

    #[test]
    fn methods_are_case_sensitive() {
        assert_eq!(Method::of(b"INVITE"), Method::Invite);
        assert_eq!(Method::of(b"invite"), Method::Other);
    }
}
