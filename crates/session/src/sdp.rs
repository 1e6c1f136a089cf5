//! What is read from and added to session descriptions around the WebRTC library: limits before it,
//! candidates after it. It knows lines, not sessions.

use std::net::SocketAddr;

use crate::config::Limits;

/// A remote description within the limits, without what an ICE-lite forwarder does not use.
#[derive(Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The description to apply.
    pub text: String,
    /// Number of media sections (m-lines).
    pub sections: usize,
    /// It has a video section and no word of transport-wide feedback
    /// (draft-holmer-rmcat-transport-wide-cc-extensions-01): nobody will say how packets arrived.
    pub is_silent: bool,
}

/// One section of a local description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalSection {
    pub(crate) mid: String,
    /// "audio", "video" or "application".
    pub(crate) kind: String,
}

/// Checks a remote description against the limits and takes out candidates and simulcast.
///
/// An ICE-lite agent sends no checks (RFC 8445 §2.5), so it learns addresses from those of the other
/// side. Without `a=simulcast` and `a=rid` in the answer a sender sends one encoding (RFC 8853 §5.3.2).
pub fn inspect(sdp: &str, limits: &Limits) -> Result<Inspected, String> {
    if sdp.len() > limits.description_bytes {
        return Err(format!("description is longer than {} bytes", limits.description_bytes));
    }
    let mut text = String::with_capacity(sdp.len());
    let mut candidates = std::collections::HashSet::new();
    let (mut sections, mut fingerprints, mut usable) = (0, 0, 0);
    let (mut has_video, mut has_feedback) = (false, false);
    for line in sdp.lines() {
        let line = line.trim_end();
        if line.starts_with("m=") {
            sections += 1;
            has_video |= line.starts_with("m=video ");
        } else if let Some(fingerprint) = line.strip_prefix("a=fingerprint:") {
            fingerprints += 1;
            if !is_usable(fingerprint) {
                continue;
            }
            usable += 1;
        } else if line == "a=setup:passive" {
            return Err("the other side must be the DTLS client (a=setup:active or actpass)".into());
        } else if line.starts_with("a=candidate:") {
            candidates.insert(line);
            continue;
        } else if line.starts_with("a=simulcast:") || line.starts_with("a=rid:") {
            continue;
        }
        has_feedback |= is_transport_wide(line);
        text.push_str(line);
        text.push_str("\r\n");
    }
    if sections > limits.sections {
        return Err(format!("more than {} media sections", limits.sections));
    }
    if candidates.len() > limits.candidates {
        return Err(format!("more than {} candidates", limits.candidates));
    }
    if fingerprints > 0 && usable == 0 {
        return Err("no fingerprint that can be checked: one by sha-256 is needed".into());
    }
    Ok(Inspected { text, sections, is_silent: has_video && !has_feedback })
}

/// Whether a line asks for transport-wide feedback or for the numbers it speaks of.
fn is_transport_wide(line: &str) -> bool {
    let is_number = line.starts_with("a=extmap:") && line.contains("transport-wide-cc");
    is_number || (line.starts_with("a=rtcp-fb:") && line.ends_with(" transport-cc"))
}

/// Whether a certificate can be checked against this fingerprint (RFC 8122 §5): by a hash function we
/// have, with as many bytes as it gives.
fn is_usable(fingerprint: &str) -> bool {
    let Some((function, bytes)) = fingerprint.split_once(' ') else { return false };
    let length = match function.to_ascii_lowercase().as_str() {
        "sha-256" => 32,
        "sha-1" => 20,
        _ => return false,
    };
    let is_byte = |pair: &str| pair.len() == 2 && pair.bytes().all(|c| c.is_ascii_hexdigit());
    let mut pairs = bytes.trim().split(':');
    pairs.clone().count() == length && pairs.all(is_byte)
}

/// Whether a trickled candidate is well-formed (RFC 8839 §5.1). Names ending in `.local`
/// (draft-ietf-mmusic-mdns-ice-candidates) and the empty end-of-candidates mark are.
pub(crate) fn is_candidate(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix("a=").unwrap_or(text);
    if text.is_empty() || text == "end-of-candidates" {
        return true;
    }
    let Some(body) = text.strip_prefix("candidate:") else { return false };
    let fields: Vec<&str> = body.split_ascii_whitespace().collect();
    let [foundation, component, transport, priority, address, port, "typ", kind, ..] = fields[..]
    else {
        return false;
    };
    let is_name = address.len() <= 253
        && address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:%_".contains(&byte));
    foundation.len() <= 32
        && component.parse::<u16>().is_ok_and(|component| component <= 256)
        && (transport.eq_ignore_ascii_case("udp") || transport.eq_ignore_ascii_case("tcp"))
        && priority.parse::<u32>().is_ok()
        && port.parse::<u16>().is_ok()
        && is_name
        && ["host", "srflx", "prflx", "relay"].contains(&kind)
}

/// Moves the candidates of a local description into its first section in use, keeps only those of
/// `offered`, and ends them: an ICE-lite agent has no more to come (RFC 8838 §8.2).
pub(crate) fn finish(sdp: &str, offered: &[SocketAddr]) -> String {
    let lines: Vec<&str> = sdp.lines().filter(|line| !line.is_empty()).collect();
    let mut candidates: Vec<&str> = Vec::new();
    for &line in lines.iter().filter(|line| line.starts_with("a=candidate:")) {
        if candidate_address(line).is_some_and(|at| offered.contains(&at))
            && !candidates.contains(&line)
        {
            candidates.push(line);
        }
    }
    let home = lines.iter().position(|line| line.starts_with("m=") && !is_rejected(line));
    let mut text = String::with_capacity(sdp.len() + 32);
    let mut push = |line: &str| {
        text.push_str(line);
        text.push_str("\r\n");
    };
    let mut inside = false;
    for (at, &line) in lines.iter().enumerate() {
        if line.starts_with("a=candidate:") || line == "a=end-of-candidates" {
            continue;
        }
        if line.starts_with("m=") {
            if inside {
                candidates.iter().for_each(|line| push(line));
                push("a=end-of-candidates");
            }
            inside = Some(at) == home;
        }
        push(line);
    }
    if inside {
        candidates.iter().for_each(|line| push(line));
        push("a=end-of-candidates");
    }
    text
}

/// The sections of a local description, in order.
pub(crate) fn sections(sdp: &str) -> Vec<LocalSection> {
    let mut found: Vec<LocalSection> = Vec::new();
    for line in sdp.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            let kind = media.split(' ').next().unwrap_or_default().to_owned();
            found.push(LocalSection { mid: String::new(), kind });
        } else if let (Some(mid), Some(last)) = (line.strip_prefix("a=mid:"), found.last_mut()) {
            last.mid = mid.trim().to_owned();
        }
    }
    found
}

/// RFC 8843 §7.3: port 0 means rejected; our own descriptions never bundle with port 0.
fn is_rejected(line: &str) -> bool {
    line.split(' ').nth(1) == Some("0")
}

fn candidate_address(line: &str) -> Option<SocketAddr> {
    let mut fields = line.split(' ').skip(4);
    let address = fields.next()?.parse().ok()?;
    Some(SocketAddr::new(address, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn limits_are_kept() {
        let limits = Limits::default();
        assert!(inspect(&"a".repeat(limits.description_bytes + 1), &limits).is_err());
        assert!(inspect(&"m=audio 9\n".repeat(limits.sections + 1), &limits).is_err());
        assert_eq!(inspect(&"m=audio 9\n".repeat(3), &limits).unwrap().sections, 3);
        let many =
            |count: usize| (0..count).map(|n| format!("a=candidate:{n}\n")).collect::<String>();
        assert!(inspect(&many(limits.candidates + 1), &limits).is_err());
        assert_eq!(inspect(&many(limits.candidates), &limits).unwrap().text, "");
        assert!(inspect("a=setup:passive", &limits).is_err());
    }

    #[test]
    fn fingerprints_must_be_usable() {
        let line =
            |function, count| format!("a=fingerprint:{function} {}", vec!["0A"; count].join(":"));
        let check = |sdp: &str| inspect(sdp, &Limits::default());
        let good = line("SHA-256", 32);
        assert_eq!(check(&good).unwrap().text, format!("{good}\r\n"));
        let both = format!("{}\n{good}\n", line("sha-512", 64));
        assert_eq!(check(&both).unwrap().text, format!("{good}\r\n"));
        for bad in [line("md-0", 16), line("sha-256", 33), "a=fingerprint:sha-256".to_owned()] {
            assert!(check(&bad).is_err(), "{bad}");
        }
        assert!(check(&good.replace("0A", "0G")).is_err());
    }

    #[test]
    fn who_never_says_how_packets_arrived_is_known() {
        let is_silent = |sdp: &str| inspect(sdp, &Limits::default()).unwrap().is_silent;
        assert!(is_silent("m=video 9\na=rtcp-fb:96 nack pli\n"));
        assert!(!is_silent("m=audio 9\n") && !is_silent("m=application 9\n"));
        assert!(!is_silent("m=video 9\na=rtcp-fb:96 transport-cc\r\n"));
        let number = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
        assert!(!is_silent(&format!("m=audio 9\na=extmap:3 {number}\nm=video 9\n")));
    }

    #[test]
    fn simulcast_is_taken_out() {
        let sdp = "m=video 9\na=rid:h send\na=simulcast:send h;l\na=mid:0\n";
        assert_eq!(inspect(sdp, &Limits::default()).unwrap().text, "m=video 9\r\na=mid:0\r\n");
    }

    #[test]
    fn candidates_are_checked() {
        for good in [
            "",
            "candidate:1 1 udp 2113929471 203.0.113.100 10100 typ host",
            "a=candidate:842163049 1 UDP 1677729535 2001:db8::7 49203 typ srflx raddr :: rport 0",
            "candidate:1 1 udp 2113937151 0ab4c2e0-0001-4000-8000-000000000000.local 5000 typ host",
            "candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
        ] {
            assert!(is_candidate(good), "{good}");
        }
        for bad in [
            "nonsense",
            "candidate:",
            "candidate:1 1 udp x 203.0.113.100 10100 typ host",
            "candidate:1 1 sctp 1 203.0.113.100 10100 typ host",
            "candidate:1 1 udp 1 203.0.113.100 70000 typ host",
            "candidate:1 1 udp 1 203.0.113.100 1 typ guess",
            "candidate:1 1 udp 1 \u{1f600} 1 typ host",
        ] {
            assert!(!is_candidate(bad), "{bad}");
        }
    }

    #[test]
    fn candidates_move_to_the_first_section_in_use() {
        let ours = "a=candidate:1 1 udp 5 192.0.2.1 4000 typ host";
        let hidden = "a=candidate:2 1 udp 5 10.0.0.9 4000 typ host";
        let sdp = format!(
            "v=0\r\nm=audio 0 X\r\n{ours}\r\n{hidden}\r\na=mid:0\r\nm=video 9 X\r\na=mid:1\r\n"
        );
        let text = finish(&sdp, &["192.0.2.1:4000".parse().unwrap()]);
        let expected = format!(
            "v=0\r\nm=audio 0 X\r\na=mid:0\r\nm=video 9 X\r\na=mid:1\r\n{ours}\r\na=end-of-candidates\r\n"
        );
        assert_eq!(text, expected);
        let found = sections(&text);
        assert_eq!(found[1], LocalSection { mid: "1".into(), kind: "video".into() });
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text: String) {
            let _ = inspect(&text, &Limits::default());
            let _ = is_candidate(&text);
            let _ = sections(&finish(&text, &[]));
        }
    }
}
