"""Names of the XML namespaces that this server speaks, and the standards that they are of."""

# RFC 6120
CLIENT = "jabber:client"
STREAM = "http://etherx.jabber.org/streams"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
# RFC 3921 §3: sessions as they once were; clients may still ask for one.
SESSION = "urn:ietf:params:xml:ns:xmpp-session"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"  # RFC 7395
XML = "http://www.w3.org/XML/1998/namespace"

# RFC 6121
ROSTER = "jabber:iq:roster"

COMPONENT = "jabber:component:accept"  # XEP-0114
HTTP_BIND = "http://jabber.org/protocol/httpbind"  # XEP-0124
XBOSH = "urn:xmpp:xbosh"  # XEP-0206
REGISTER = "jabber:iq:register"  # XEP-0077
REGISTER_FEATURE = "http://jabber.org/features/iq-register"
MANAGEMENT = "urn:xmpp:sm:3"  # XEP-0198
CLIENT_STATE = "urn:xmpp:csi:0"  # XEP-0352
CHANNEL_BINDING = "urn:xmpp:sasl-cb:0"  # XEP-0440
DATA_FORM = "jabber:x:data"  # XEP-0004
DISCO_INFO = "http://jabber.org/protocol/disco#info"  # XEP-0030
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
PING = "urn:xmpp:ping"  # XEP-0199
