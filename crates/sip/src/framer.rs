//! Messages out of a stream of bytes: RFC 3261 §18.3 (Content-Length) and the keep-alives of
//! RFC 5626 §4.4.1.

use memchr::memmem;

use crate::header::Name;
use crate::text::number;

/// A keep-alive that wants an answer.
pub const PING: &[u8] = b"\r\n\r\n";
/// Its answer.
pub const PONG: &[u8] = b"\r\n";

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A message is longer than allowed.
    TooLong,
    /// No Content-Length, or no number, or several that differ.
    Length,
}

impl Broken {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Broken::TooLong => "message too long",
            Broken::Length => "no usable Content-Length",
        }
    }
}

/// Cuts one connection's bytes into messages.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    bytes: Vec<u8>,
    /// How far the end of the headers has been looked for.
    searched: usize,
    broken: Option<Broken>,
}

impl Framer {
    /// `limit`: bytes of one message.
    pub fn new(limit: usize) -> Framer {
        Framer { limit, bytes: Vec::new(), searched: 0, broken: None }
    }

    /// Why it reads no more.
    pub fn broken(&self) -> Option<Broken> {
        self.broken
    }

    /// Whether a message has begun whose end has not come.
    pub fn waits(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Takes bytes; gives each message that is complete, each ping and each pong. When the stream
    /// is broken, the message that broke it comes last, as far as it is known.
    pub fn feed(&mut self, data: &[u8], mut give: impl FnMut(&[u8])) {
        if self.broken.is_some() {
            return;
        }
        self.bytes.extend_from_slice(data);
        let mut start = 0;
        loop {
            let rest = &self.bytes[start..];
            if rest.starts_with(PING) {
                give(PING);
                start += PING.len();
            } else if rest == PONG {
                give(PONG);
                start += PONG.len();
            } else if rest.starts_with(PONG) && rest[2] != b'\r' {
                // A pong before a message, or the stray line end of §7.5: nobody misses it.
                start += PONG.len();
                self.searched = 0;
            } else {
                match self.message(start) {
                    Some(length) => {
                        give(&self.bytes[start..start + length]);
                        start += length;
                        self.searched = 0;
                    }
                    None => break,
                }
            }
            if start == self.bytes.len() || self.broken.is_some() {
                break;
            }
        }
        self.bytes.drain(..start);
        if self.broken.is_some() {
            self.bytes = Vec::new();
        }
    }

    /// The length of the message that begins at `start`, when it is all there or broken.
    fn message(&mut self, start: usize) -> Option<usize> {
        let rest = &self.bytes[start..];
        let from = self.searched.saturating_sub(3).min(rest.len());
        let Some(end) = memmem::find(&rest[from..], b"\r\n\r\n").map(|at| from + at + 4) else {
            self.searched = rest.len();
            return (rest.len() > self.limit).then(|| {
                self.broken = Some(Broken::TooLong);
                rest.len()
            });
        };
        // So that it is found again while the body is incomplete.
        self.searched = end - 1;
        let Some(body) = content_length(&rest[..end]) else {
            self.broken = Some(Broken::Length);
            return Some(end);
        };
        let whole = usize::try_from(body).ok().and_then(|body| end.checked_add(body));
        match whole.filter(|whole| *whole <= self.limit) {
            Some(whole) => (rest.len() >= whole).then_some(whole),
            None => {
                self.broken = Some(Broken::TooLong);
                Some(end)
            }
        }
    }
}

fn content_length(head: &[u8]) -> Option<u64> {
    let mut found = None;
    for line in head.split(|&byte| byte == b'\n') {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        if Name::of(line[..colon].trim_ascii_end()) != Name::ContentLength {
            continue;
        }
        let length = number(&line[colon + 1..])?;
        if found.is_some_and(|other| other != length) {
            return None;
        }
        found = Some(length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str = "BYE sip:a SIP/2.0\r\nl : 3\r\n\r\nxyz";
    const TWO: &str = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

    fn feed(framer: &mut Framer, text: &str) -> Vec<String> {
        let mut out = Vec::new();
        framer.feed(text.as_bytes(), |m| out.push(String::from_utf8(m.to_vec()).unwrap()));
        out
    }

    #[test]
    fn messages_and_keepalives_are_told_apart() {
        let mut framer = Framer::new(1000);
        let text = [ONE, "\r\n\r\n", TWO, "\r\n", ONE].concat();
        assert_eq!(feed(&mut framer, &text), [ONE, "\r\n\r\n", TWO, ONE]);
        assert_eq!(feed(&mut framer, "\r\n"), ["\r\n"]);
        assert!(framer.broken().is_none() && !framer.waits());
        assert_eq!(feed(&mut framer, &[ONE, "BYE"].concat()), [ONE]);
        assert!(framer.waits());
    }

    #[test]
    fn broken_streams_are_noticed() {
        for (text, broken) in [
            ("BYE sip:a SIP/2.0\r\nX: y\r\n\r\nbody", Broken::Length),
            ("BYE sip:a SIP/2.0\r\nl: -1\r\n\r\n", Broken::Length),
            ("BYE sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n", Broken::Length),
            ("BYE sip:a SIP/2.0\r\nl: 1000\r\n\r\n", Broken::TooLong),
            ("BYE sip:a SIP/2.0\r\nl: 9223372036854775807\r\n\r\n", Broken::TooLong),
        ] {
            let mut framer = Framer::new(1000);
            let given = feed(&mut framer, text);
            assert_eq!((given.len(), framer.broken()), (1, Some(broken)), "{text}");
            assert!(feed(&mut framer, ONE).is_empty());
        }
        let mut framer = Framer::new(1000);
        assert_eq!(feed(&mut framer, &"x".repeat(1001)).len(), 1);
        assert_eq!(framer.broken(), Some(Broken::TooLong));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(cuts in proptest::collection::vec(1usize..40, 1..60)) {
            let text = [ONE, TWO, ONE, ONE, TWO].concat();
            let mut framer = Framer::new(1000);
            let (mut out, mut rest) = (Vec::new(), &text[..]);
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                out.extend(feed(&mut framer, piece));
                rest = more;
            }
            out.extend(feed(&mut framer, rest));
            prop_assert_eq!(out, [ONE, TWO, ONE, ONE, TWO]);
        }

        #[test]
        fn any_bytes_are_survived(pieces: Vec<Vec<u8>>) {
            let mut framer = Framer::new(64);
            for piece in pieces {
                framer.feed(&piece, |_| ());
            }
            prop_assert!(framer.bytes.len() <= 64 + 4);
        }
    }
}
