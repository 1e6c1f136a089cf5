//! Elements that are told apart by name and namespace. A table and nothing else: to know one more,
//! add its line.

use crate::CLIENT;

/// Any local name of a namespace, or any namespace of a name.
const ANY: &[u8] = b"*";

type Known = (&'static str, &'static [(&'static [u8], &'static [u8])]);

const MUC: &[u8] = b"http://jabber.org/protocol/muc";
const HINTS: &[u8] = b"urn:xmpp:hints";
const MARKERS: &[u8] = b"urn:xmpp:chat-markers:0";
const SID: &[u8] = b"urn:xmpp:sid:0";
const SASL: &[u8] = b"urn:ietf:params:xml:ns:xmpp-sasl";
const TLS: &[u8] = b"urn:ietf:params:xml:ns:xmpp-tls";
const SM: &[u8] = b"urn:xmpp:sm:3";
const CSI: &[u8] = b"urn:xmpp:csi:0";
const DIALBACK: &[u8] = b"jabber:server:dialback";

/// Children of elements: the n-th is bit n.
pub const KIDS: &[Known] = &[
    ("BODY", &[(b"body", CLIENT)]),
    ("SUBJECT", &[(b"subject", CLIENT)]),
    ("THREAD", &[(b"thread", CLIENT)]),
    ("ERROR", &[(b"error", CLIENT)]),
    ("SHOW", &[(b"show", CLIENT)]),
    ("STATUS", &[(b"status", CLIENT)]),
    ("PRIORITY", &[(b"priority", CLIENT)]),
    ("RECEIPT_REQUEST", &[(b"request", b"urn:xmpp:receipts")]),
    ("RECEIPT", &[(b"received", b"urn:xmpp:receipts")]),
    ("CHAT_STATE", &[(ANY, b"http://jabber.org/protocol/chatstates")]),
    ("NO_STORE", &[(b"no-store", HINTS)]),
    ("NO_PERMANENT_STORE", &[(b"no-permanent-store", HINTS)]),
    ("NO_COPY", &[(b"no-copy", HINTS)]),
    ("STORE", &[(b"store", HINTS)]),
    ("PRIVATE", &[(b"private", b"urn:xmpp:carbons:2")]),
    ("CARBON", &[(ANY, b"urn:xmpp:carbons:2")]),
    ("FORWARDED", &[(b"forwarded", b"urn:xmpp:forward:0")]),
    ("MUC", &[(b"x", MUC)]),
    ("MUC_USER", &[(b"x", b"http://jabber.org/protocol/muc#user")]),
    ("MUC_ADMIN", &[(b"query", b"http://jabber.org/protocol/muc#admin")]),
    ("MUC_OWNER", &[(b"query", b"http://jabber.org/protocol/muc#owner")]),
    ("INVITATION", &[(b"x", b"jabber:x:conference")]),
    ("OCCUPANT_ID", &[(b"occupant-id", b"urn:xmpp:occupant-id:0")]),
    ("DELAY", &[(b"delay", b"urn:xmpp:delay")]),
    ("STANZA_ID", &[(b"stanza-id", SID)]),
    ("ORIGIN_ID", &[(b"origin-id", SID)]),
    ("REPLACE", &[(b"replace", b"urn:xmpp:message-correct:0")]),
    ("RETRACT", &[(ANY, b"urn:xmpp:message-retract:1"), (ANY, b"urn:xmpp:message-retract:0")]),
    ("MODERATE", &[(ANY, b"urn:xmpp:message-moderate:1"), (ANY, b"urn:xmpp:message-moderate:0")]),
    ("REACTIONS", &[(b"reactions", b"urn:xmpp:reactions:0")]),
    ("REPLY", &[(b"reply", b"urn:xmpp:reply:0")]),
    ("FALLBACK", &[(b"fallback", b"urn:xmpp:fallback:0")]),
    ("MARKABLE", &[(b"markable", MARKERS)]),
    ("MARKER", &[(ANY, MARKERS)]),
    ("ENCRYPTED", &[(b"encrypted", ANY), (b"openpgp", b"urn:xmpp:openpgp:0")]),
    ("ENCRYPTION", &[(b"encryption", b"urn:xmpp:eme:0")]),
    ("OOB", &[(b"x", b"jabber:x:oob")]),
    ("REFERENCE", &[(b"reference", b"urn:xmpp:reference:0")]),
    ("NICK", &[(b"nick", b"http://jabber.org/protocol/nick")]),
    ("CAPS", &[(b"c", b"http://jabber.org/protocol/caps")]),
    ("AVATAR", &[(b"x", b"vcard-temp:x:update")]),
    ("IDLE", &[(b"idle", b"urn:xmpp:idle:1")]),
    ("FORM", &[(b"x", b"jabber:x:data")]),
    ("JINGLE", &[(b"jingle", b"urn:xmpp:jingle:1")]),
    ("JINGLE_MESSAGE", &[(ANY, b"urn:xmpp:jingle-message:0")]),
    ("PUBSUB", &[(b"pubsub", b"http://jabber.org/protocol/pubsub")]),
    ("PUBSUB_OWNER", &[(b"pubsub", b"http://jabber.org/protocol/pubsub#owner")]),
    ("PUBSUB_EVENT", &[(b"event", b"http://jabber.org/protocol/pubsub#event")]),
    ("MAM", &[(ANY, b"urn:xmpp:mam:2")]),
    ("BIND", &[(b"bind", b"urn:ietf:params:xml:ns:xmpp-bind")]),
    ("SESSION", &[(b"session", b"urn:ietf:params:xml:ns:xmpp-session")]),
    ("ROSTER", &[(b"query", b"jabber:iq:roster")]),
    ("DISCO_INFO", &[(b"query", b"http://jabber.org/protocol/disco#info")]),
    ("DISCO_ITEMS", &[(b"query", b"http://jabber.org/protocol/disco#items")]),
    ("PING", &[(b"ping", b"urn:xmpp:ping")]),
    ("VCARD", &[(b"vCard", b"vcard-temp")]),
    ("REGISTER", &[(b"query", b"jabber:iq:register")]),
    ("BLOCKING", &[(ANY, b"urn:xmpp:blocking")]),
];

/// Elements of a stream that are no stanzas: the n-th is number n + 1.
pub const VERBS: &[Known] = &[
    ("STARTTLS", &[(b"starttls", TLS)]),
    ("PROCEED", &[(b"proceed", TLS)]),
    ("TLS_FAILURE", &[(b"failure", TLS)]),
    ("AUTH", &[(b"auth", SASL)]),
    ("RESPONSE", &[(b"response", SASL)]),
    ("ABORT", &[(b"abort", SASL)]),
    ("CHALLENGE", &[(b"challenge", SASL)]),
    ("SUCCESS", &[(b"success", SASL)]),
    ("FAILURE", &[(b"failure", SASL)]),
    ("ENABLE", &[(b"enable", SM)]),
    ("RESUME", &[(b"resume", SM)]),
    ("REQUEST_ACK", &[(b"r", SM)]),
    ("ACK", &[(b"a", SM)]),
    ("ENABLED", &[(b"enabled", SM)]),
    ("RESUMED", &[(b"resumed", SM)]),
    ("FAILED", &[(b"failed", SM)]),
    ("ACTIVE", &[(b"active", CSI)]),
    ("INACTIVE", &[(b"inactive", CSI)]),
    ("FEATURES", &[(b"features", crate::STREAMS)]),
    ("STREAM_ERROR", &[(b"error", crate::STREAMS)]),
    ("HANDSHAKE", &[(b"handshake", CLIENT)]),
    ("AUTHENTICATE", &[(b"authenticate", b"urn:xmpp:sasl:2")]),
    ("RESULT", &[(b"result", DIALBACK)]),
    ("VERIFY", &[(b"verify", DIALBACK)]),
];

const _: () = assert!(KIDS.len() <= 63, "a bit for each, in a signed number");

fn find(table: &[Known], name: &[u8], namespace: &[u8]) -> Option<usize> {
    let is = |known: &[u8], found: &[u8]| known == found || known == ANY;
    table
        .iter()
        .position(|(_, all)| all.iter().any(|&(local, uri)| is(uri, namespace) && is(local, name)))
}

/// Number of the bit of a child; names of `jabber:client` are those of any content.
pub fn kid(name: &[u8], namespace: &[u8]) -> Option<u8> {
    find(KIDS, name, namespace).and_then(|at| u8::try_from(at).ok())
}

/// Number of an element that is no stanza; 0 for the unknown.
pub fn verb(name: &[u8], namespace: &[u8]) -> u8 {
    find(VERBS, name, namespace).and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
}

/// The bit of XEP-0359's identifiers of servers.
pub(crate) const STANZA_ID: u8 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bit_of_stanza_ids_is_theirs() {
        assert_eq!(kid(b"stanza-id", SID), Some(STANZA_ID));
        assert_eq!(KIDS[usize::from(STANZA_ID)].0, "STANZA_ID");
    }

    #[test]
    fn the_particular_comes_before_the_general() {
        assert_eq!(
            kid(b"private", b"urn:xmpp:carbons:2").map(|at| KIDS[at as usize].0),
            Some("PRIVATE")
        );
        assert_eq!(
            kid(b"sent", b"urn:xmpp:carbons:2").map(|at| KIDS[at as usize].0),
            Some("CARBON")
        );
        assert_eq!(
            kid(b"encrypted", b"eu.siacs.conversations.axolotl").map(|at| KIDS[at as usize].0),
            Some("ENCRYPTED")
        );
        assert_eq!(kid(b"body", b"urn:x"), None);
        assert_eq!(verb(b"r", SM), 12);
    }
}
