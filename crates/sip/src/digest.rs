//! Digest access authentication (RFC 7616, RFC 8760) as a server: what a client sent, and whether
//! it proves the password. Nonces are judged elsewhere.

use md5::{Digest, Md5};
use sha2::Sha256;

use crate::params::unquote;
use crate::text::{hex_number, is_space, trim};

/// A hash function of RFC 8760.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// 128 bits, what every telephone knows.
    Md5,
    /// 256 bits.
    Sha256,
}

impl Algorithm {
    /// The algorithm that headers call so, in any case.
    pub fn named(name: &[u8]) -> Option<Algorithm> {
        [Algorithm::Md5, Algorithm::Sha256]
            .into_iter()
            .find(|algorithm| name.eq_ignore_ascii_case(algorithm.name()))
    }

    fn name(self) -> &'static [u8] {
        match self {
            Algorithm::Md5 => b"MD5",
            Algorithm::Sha256 => b"SHA-256",
        }
    }
}

/// H(user:realm:password) by algorithm, in hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// 32 digits.
    pub md5: Option<[u8; 32]>,
    /// 64 digits.
    pub sha256: Option<[u8; 64]>,
}

/// The parts of an Authorization header, unquoted.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) user: Vec<u8>,
    pub(crate) realm: Vec<u8>,
    pub(crate) nonce: Vec<u8>,
    pub(crate) algorithm: Option<Algorithm>,
    /// With qop: number and all; `None` for clients of RFC 2069.
    pub(crate) count: Option<u32>,
    uri: Vec<u8>,
    response: Vec<u8>,
    qop: Vec<u8>,
    nc: Vec<u8>,
    cnonce: Vec<u8>,
}

/// Reads credentials of the Digest scheme; `None` for others and when something is missing.
pub(crate) fn credentials(value: &[u8]) -> Option<Credentials> {
    let value = trim(value);
    let rest = value.get(6..).filter(|_| value[..6].eq_ignore_ascii_case(b"Digest"))?;
    rest.first().filter(|byte| is_space(**byte))?;
    let mut found = Credentials { algorithm: Some(Algorithm::Md5), ..Credentials::default() };
    for pair in crate::text::list(rest) {
        let equals = memchr::memchr(b'=', pair)?;
        let value = unquote(&pair[equals + 1..]);
        let field = match trim(&pair[..equals]).to_ascii_lowercase().as_slice() {
            b"username" => &mut found.user,
            b"realm" => &mut found.realm,
            b"nonce" => &mut found.nonce,
            b"uri" => &mut found.uri,
            b"response" => &mut found.response,
            b"qop" => &mut found.qop,
            b"nc" => &mut found.nc,
            b"cnonce" => &mut found.cnonce,
            b"algorithm" => {
                found.algorithm = Algorithm::named(&value);
                continue;
            }
            _ => continue,
        };
        *field = value;
    }
    if !found.qop.is_empty() {
        found.count = Some(hex_number(&found.nc, 8).filter(|count| *count > 0)? as u32);
    }
    let whole = !found.user.is_empty() && !found.nonce.is_empty() && !found.response.is_empty();
    whole.then_some(found)
}

impl Credentials {
    /// The client knows the password (RFC 7616 §3.4.1). What we did not offer proves nothing.
    pub(crate) fn proves(&self, keys: &Keys, method: &[u8]) -> bool {
        let qop_is_offered = self.qop.is_empty() || self.qop.eq_ignore_ascii_case(b"auth");
        let wanted = match (self.algorithm, &keys.md5, &keys.sha256) {
            (Some(Algorithm::Md5), Some(key), _) => self.expected::<Md5>(key, method),
            (Some(Algorithm::Sha256), _, Some(key)) => self.expected::<Sha256>(key, method),
            _ => return false,
        };
        qop_is_offered && equal(&wanted, &self.response)
    }

    fn expected<D: Digest>(&self, key: &[u8], method: &[u8]) -> Vec<u8> {
        let second = hash::<D>(&[method, b":", &self.uri]);
        if self.qop.is_empty() {
            return hash::<D>(&[key, b":", &self.nonce, b":", &second]);
        }
        let (nc, cnonce, qop) = (&self.nc, &self.cnonce, &self.qop);
        hash::<D>(&[key, b":", &self.nonce, b":", nc, b":", cnonce, b":", qop, b":", &second])
    }

    /// What was proven: differs between any two requests but repetitions of one.
    pub(crate) fn response(&self) -> &[u8] {
        &self.response
    }
}

/// Without telling by the time it takes where the first difference is.
fn equal(wanted: &[u8], given: &[u8]) -> bool {
    wanted.len() == given.len()
        && wanted
            .iter()
            .zip(given)
            .fold(0, |differences, (a, b)| differences | (a ^ b.to_ascii_lowercase()))
            == 0
}

fn hash<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digits = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]])
        .collect()
}

/// One challenge for each algorithm, in their order (RFC 8760 §2.4).
pub(crate) fn challenge(
    out: &mut Vec<u8>,
    algorithms: &[Algorithm],
    proxy: bool,
    realm: &[u8],
    nonce: &[u8],
    stale: bool,
) {
    for algorithm in algorithms {
        out.extend_from_slice(match proxy {
            true => b"Proxy-Authenticate: Digest realm=\"",
            false => b"WWW-Authenticate: Digest realm=\"",
        });
        out.extend_from_slice(realm);
        out.extend_from_slice(b"\", nonce=\"");
        out.extend_from_slice(nonce);
        out.extend_from_slice(b"\", algorithm=");
        out.extend_from_slice(algorithm.name());
        out.extend_from_slice(b", qop=\"auth\"");
        if stale {
            out.extend_from_slice(b", stale=true");
        }
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &[&[u8]]) -> Keys {
        Keys {
            md5: hash::<Md5>(text).try_into().ok(),
            sha256: hash::<Sha256>(text).try_into().ok(),
        }
    }

    /// RFC 7616 §3.9.1: the same request by both algorithms.
    const EXAMPLE: &str = "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
        uri=\"/dir/index.html\", algorithm=ALGORITHM, \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
        cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
        response=\"RESPONSE\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

    fn example(algorithm: &str, response: &str) -> Credentials {
        let text = EXAMPLE.replace("ALGORITHM", algorithm).replace("RESPONSE", response);
        credentials(text.as_bytes()).unwrap()
    }

    #[test]
    fn published_examples() {
        let keys = keys(&[b"Mufasa:http-auth@example.org:Circle of Life"]);
        let md5 = example("MD5", "8ca523f5e9506fed4657c9700eebdbec");
        assert!(md5.proves(&keys, b"GET"));
        assert!(!md5.proves(&keys, b"PUT"));
        let long = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(example("SHA-256", long).proves(&keys, b"GET"));
        assert!(!example("MD5", long).proves(&keys, b"GET"));
        assert!(!example("MD5-sess", "8ca523f5e9506fed4657c9700eebdbec").proves(&keys, b"GET"));
    }

    #[test]
    fn broken_credentials_are_none() {
        for bad in [
            "Basic abc",
            "Digest",
            "Digest username=\"a\"",
            "Digest username=\"a\", nonce=\"b\", response=\"c\", qop=auth",
            "Digest username=\"a\", nonce=\"b\", response=\"c\", qop=auth, nc=00000000",
            "Digest username=\"a\", nonce",
        ] {
            assert!(credentials(bad.as_bytes()).is_none(), "{bad}");
        }
        let old = credentials(b"Digest username=\"a\", nonce=\"b\", response=\"c\"").unwrap();
        assert_eq!(old.count, None);
    }
}
