"""Elements of streams, compared with an independent parser: what is accepted must be XML to
everybody, whatever was done to it on the way.
"""

import random
from xml.etree import ElementTree
from xml.parsers import expat

import pytest

from antiphon._native import Kept, Kid, Pipe, Stanza, Streams, Verb

HEADER = (
    b"<stream:stream to='a.example' version='1.0' xml:lang='de' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
SAMPLES = [
    b"<message to='a@b/c' type='chat' id='1' xml:lang='en'><body>Hi &amp; \xc3\xa9 &#x1F600;</body>"
    b"<active xmlns='http://jabber.org/protocol/chatstates'/></message>",
    b'<iq type="get" id=\'"\'><query xmlns="jabber:iq:roster" ver=""/></iq>',
    b"<presence><x:c xmlns:x='http://jabber.org/protocol/caps' x:y='1' z='>'/><show>away</show>"
    b"<status><![CDATA[<&]]></status></presence>",
    b"<message xmlns='jabber:client' from='x'><x xmlns='jabber:x:oob'><url/></x>"
    b"<p:q xmlns:p='urn:p'><p:r p:s='1'/></p:q></message>",
    b"<r xmlns='urn:xmpp:sm:3'/>",
]


def accepts(document: bytes) -> bool:
    """Whether expat, minding namespaces, finds it well-formed."""
    parser = expat.ParserCreate("utf-8", "}")
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        return False
    return True


def same(element: ElementTree.Element, other: ElementTree.Element) -> bool:
    return (
        (element.tag, element.attrib, element.text or "", element.tail or "")
        == (other.tag, other.attrib, other.text or "", other.tail or "")
        and len(element) == len(other)
        and all(map(same, element, other))
    )


@pytest.mark.parametrize("sample", SAMPLES)
def test_elements_stand_alone_and_mean_the_same(sample: bytes) -> None:
    pipe = Pipe(Streams.XMPP, free=True)
    (opened, (kind, stanza)) = pipe.feed(HEADER + sample)
    assert (opened[0], kind) == (Streams.OPENED, Streams.ITEM)
    (expected,) = ElementTree.fromstring(HEADER + sample + b"</stream:stream>")
    found = ElementTree.fromstring(stanza.raw)
    assert same(found, expected)
    assert same(ElementTree.fromstring(Stanza(stanza.raw).raw), expected)
    for child, other in zip(stanza.children(), expected, strict=True):
        assert same(ElementTree.fromstring(child), other)
    stamped = ElementTree.fromstring(stanza.stamp("it's@<x>", to="&", extra=b"<e xmlns='urn:e'/>"))
    assert (stamped.get("from"), stamped.get("to")) == ("it's@<x>", "&")
    assert stamped[-1].tag == "{urn:e}e"
    assert [one.tag for one in stamped[:-1]] == [one.tag for one in expected]


def test_damaged_elements_are_accepted_only_if_they_are_xml() -> None:
    generator = random.Random(6120)
    interesting = b"<>&'\"/=:;![]-? \n\x00\xff\xc3xmlns#a1"
    accepted = 0
    for _ in range(30_000):
        damaged = bytearray(generator.choice(SAMPLES))
        for _ in range(generator.randint(1, 3)):
            at = generator.randrange(len(damaged))
            match generator.randrange(3):
                case 0:
                    damaged[at] = generator.choice(interesting)
                case 1:
                    del damaged[at : at + generator.randint(1, 8)]
                case _:
                    damaged[at:at] = bytes([generator.choice(interesting)])
            damaged = damaged or bytearray(b"<")
        try:
            stanza = Stanza(bytes(damaged))
        except ValueError:
            continue
        accepted += 1
        assert accepts(stanza.raw), damaged
        assert accepts(stanza.stamp("a@b", to="c", type_="x", extra=b"<e/>", drop=-1 & 0xFF))
        for child in stanza.children():
            assert accepts(child), damaged
        stanza.text(), stanza.body, stanza.payload, stanza.lang, stanza.namespace, stanza.name
    assert accepted > 1000


def test_kinds_and_children_are_told() -> None:
    stanza = Stanza(SAMPLES[0])
    assert (stanza.kind, stanza.verb) == (Stanza.MESSAGE, 0)
    assert (stanza.to, stanza.type, stanza.id, stanza.lang) == ("a@b/c", "chat", "1", "en")
    assert stanza.from_ is None
    assert stanza.kids == Kid.BODY | Kid.CHAT_STATE
    assert not stanza.others
    assert stanza.body == "Hi & é 😀"
    assert stanza.name_of(Kid.CHAT_STATE) == "active"
    assert stanza.child(Kid.SUBJECT) is None
    assert Stanza(SAMPLES[1]).payload == ("query", "jabber:iq:roster")
    assert Stanza(SAMPLES[1]).attribute(Kid.ROSTER, "ver") == ""
    presence = Stanza(SAMPLES[2])
    assert presence.kids == Kid.CAPS | Kid.SHOW | Kid.STATUS
    assert presence.text(Kid.STATUS) == "<&"
    assert Stanza(SAMPLES[3]).others
    ack = Stanza(SAMPLES[4])
    assert (ack.kind, ack.verb, ack.namespace) == (Stanza.OTHER, Verb.REQUEST_ACK, "urn:xmpp:sm:3")


def test_headers_tell_what_they_declare() -> None:
    ((kind, header),) = Pipe(Streams.XMPP).feed(HEADER)
    assert kind == Streams.OPENED
    assert (header.name, header.to, header.lang) == ("stream", "a.example", "de")
    assert (header.get("version"), header.content) == ("1.0", "jabber:client")
    ((_, server),) = Pipe(Streams.XMPP).feed(HEADER.replace(b"jabber:client", b"jabber:server"))
    assert server.content == "jabber:server"
    ((_, other),) = Pipe(Streams.XMPP).feed(HEADER.replace(b"jabber:client", b"urn:x"))
    assert other.content is None


def test_a_body_of_http_is_cut_like_a_stream() -> None:
    pipe = Pipe(Streams.BOSH, free=True)
    body = b"<body rid='7' xmlns='http://jabber.org/protocol/httpbind'>%s</body>"
    for content in (b"", b"<message xmlns='jabber:client'/>", b"<iq/><presence/>"):
        kinds = [kind for kind, _ in pipe.feed(body % content)]
        assert kinds == [
            Streams.OPENED,
            *[Streams.ITEM] * content.count(b"/>"),
            Streams.ENDED,
        ]
    assert pipe.feed(b"<body/>") == [(Streams.FAILED, "invalid-namespace")]
    assert pipe.feed(body) == []


@pytest.mark.parametrize(
    "bomb",
    [
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><message>&b;</message>",
        b"<message>&b;</message>",
        b"<a>" * 100_000,
        b"<a " + b"b='' " * 1000 + b"/>",
        b"<message/><message/>",
        b"",
        b"text",
    ],
)
def test_what_is_no_single_element_is_refused(bomb: bytes) -> None:
    with pytest.raises(ValueError, match=r"not-well-formed|restricted-xml|policy-violation"):
        Stanza(bomb)


def test_the_queue_of_a_session_counts() -> None:
    kept = Kept(stanzas=2)
    assert kept
    assert kept.add(b"<message/>")
    assert kept.add(b"<iq/>")
    assert not kept.add(b"<iq/>")
    assert (len(kept), kept.sent, kept.received) == (2, 2, 0)
    assert kept.acked(1)
    assert kept.unacked() == [b"<iq xmlns='jabber:client'/>"]
    assert kept.octets == len(kept.unacked()[0])
