//! Streams cut into elements: the same however they come, and nothing that is no XMPP.

use antiphon_xml::{Cutter, Element, Fail, Item, Kind, Layout};
use proptest::prelude::*;

const OPEN: &str = "<?xml version='1.0'?><stream:stream to='a.example' version='1.0' \
    xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/// Everything in a stream that comes in these pieces.
fn cut(layout: Layout, pieces: &[&[u8]], limit: u32) -> Result<Vec<String>, Fail> {
    let mut cutter = Cutter::new(layout, limit);
    let mut buffer: Vec<u8> = Vec::new();
    let mut found = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while let Some((item, used)) = cutter.next(&buffer)? {
            buffer.drain(..used);
            let text = |element: &Element| String::from_utf8_lossy(&element.raw()).into_owned();
            match item {
                Item::Space => {}
                Item::Header(element) => found.push(format!("open {}", text(&element))),
                Item::Element(element) => found.push(text(&element)),
                Item::End => found.push("end".to_owned()),
            }
        }
    }
    Ok(found)
}

fn whole(text: &str) -> Result<Vec<String>, Fail> {
    cut(Layout::Stream, &[text.as_bytes()], 10_000)
}

fn inside(text: &str) -> Result<Vec<String>, Fail> {
    whole(&format!("{OPEN}{text}")).map(|mut found| found.split_off(1))
}

#[test]
fn a_stream_opens_carries_elements_and_ends() {
    let text = format!(
        "{OPEN} <iq id='1' type=\"get\"/>\n<message><body>a&lt;</body></message> \
        </stream:stream>"
    );
    let found = whole(&text).unwrap();
    assert!(found[0].starts_with("open <stream:stream to='a.example'"));
    assert!(found[0].ends_with("/>"));
    assert_eq!(found[1], "<iq xmlns='jabber:client' id='1' type=\"get\"/>");
    assert_eq!(found[2], "<message xmlns='jabber:client'><body>a&lt;</body></message>");
    assert_eq!(found[3], "end");
}

#[test]
fn what_is_no_xmpp_is_refused() {
    use Fail::*;
    let cases: &[(&str, Fail)] = &[
        ("hello", NotWellFormed),
        ("<a></b>", NotWellFormed),
        ("<a b='1' b='2'/>", NotWellFormed),
        ("<a b=1/>", NotWellFormed),
        ("<a b='1'c='2'/>", NotWellFormed),
        ("<a b='<'/>", NotWellFormed),
        ("<a>&#0;</a>", NotWellFormed),
        ("<a>& b</a>", NotWellFormed),
        ("<a>\u{1}</a>", NotWellFormed),
        ("<a>]]></a>", NotWellFormed),
        ("<a><![CDATA[\u{2}]]></a>", NotWellFormed),
        ("<a b='\u{ffff}'/>", NotWellFormed),
        ("< a/>", NotWellFormed),
        ("<1/>", NotWellFormed),
        ("<a:/>", NotWellFormed),
        ("<a/ >", NotWellFormed),
        ("<a b/>", NotWellFormed),
        ("<a xmlns:x=''/>", NotWellFormed),
        ("<a xmlns:xmlns='u'/>", NotWellFormed),
        ("<a xmlns='u v'/>", NotWellFormed),
        ("<a xmlns:x='u}v'/>", NotWellFormed),
        ("<a xmlns:xml='u'/>", NotWellFormed),
        ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", NotWellFormed),
        ("<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", NotWellFormed),
        ("</a>", NotWellFormed),
        ("</stream:streams>", NotWellFormed),
        ("<x:a/>", Prefix),
        ("<a x:b='1'/>", Prefix),
        ("<a><x:b xmlns:x='u'/><x:c/></a>", Prefix),
        ("<xmlns:a/>", Prefix),
        ("<!-- c -->", Restricted),
        ("<a><!-- c --></a>", Restricted),
        ("<!DOCTYPE a>", Restricted),
        ("<a><!DOCTYPE a></a>", Restricted),
        ("<![CDATA[x]]>", Restricted),
        ("<?php ?>", Restricted),
        ("<a><?b?></a>", Restricted),
        ("<?xml version='1.0'?>", Restricted),
        ("<a>&lol;</a>", Restricted),
        ("<a b='&lol;'/>", Restricted),
    ];
    for (text, fail) in cases {
        assert_eq!(inside(text), Err(*fail), "{text}");
    }
}

#[test]
fn headers_are_checked() {
    use Fail::*;
    let cases: &[(&str, Fail)] = &[
        ("<stream/>", Namespace),
        ("<stream:stream xmlns='jabber:client'>", Namespace),
        ("<x:stream xmlns:x='jabber:client'>", Namespace),
        ("<stream:streams xmlns:stream='http://etherx.jabber.org/streams'>", Format),
        ("GET / HTTP/1.1\r\n", NotWellFormed),
        ("<?xml version='1.0' encoding='latin1'?>", Encoding),
        ("<?xml version='1.0'?><?xml version='1.0'?>", Restricted),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>", Restricted),
    ];
    for (text, fail) in cases {
        assert_eq!(whole(text), Err(*fail), "{text}");
    }
    let other = "<s:stream xmlns:s=\"http://etherx.jabber.org/streams\" xmlns='jabber:server' \
        xmlns:p='urn:p'><p:a>x</p:a><message xmlns='jabber:server'/></s:stream>";
    let found = whole(other).unwrap();
    let alone = "<p:a xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams' xmlns:p='urn:p'>\
        x</p:a>";
    assert_eq!(found[1], alone);
    assert_eq!(found[2], "<message xmlns='jabber:client'/>");
    assert_eq!(found[3], "end");
}

#[test]
fn bytes_that_are_no_utf8_are_refused() {
    for bad in [&b"<a>\xff</a>"[..], b"<a b='\xc0\x80'/>", b"<\xff/>", b"<a>\xed\xa0\x80</a>"] {
        let found = cut(Layout::Stream, &[OPEN.as_bytes(), bad], 10_000);
        assert_eq!(found, Err(Fail::Encoding), "{bad:?}");
    }
}

#[test]
fn limits_hold_before_an_element_is_complete() {
    let open = OPEN.as_bytes();
    for text in [
        "<a>".to_owned() + &"x".repeat(2000),
        format!("<a b='{}", "x".repeat(2000)),
        format!("<a><![CDATA[{}", "x".repeat(2000)),
    ] {
        assert_eq!(cut(Layout::Stream, &[open, text.as_bytes()], 1000), Err(Fail::TooBig));
    }
    let deep = "<a>".repeat(65);
    assert_eq!(inside(&deep), Err(Fail::TooDeep));
    let wide: String = (0..41).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(inside(&format!("<a{wide}/>")), Err(Fail::TooDeep));
    let fine = "<a>".repeat(64) + &"</a>".repeat(64);
    assert_eq!(inside(&fine).map(|found| found.len()), Ok(1));
}

#[test]
fn wrappers_of_http_may_come_again() {
    let empty = "<body rid='1' xmlns='http://jabber.org/protocol/httpbind'/>";
    let full = "<body rid='2' xmlns='http://jabber.org/protocol/httpbind'><message to='b'/>\
        <presence xmlns='jabber:client'/></body>";
    let found = cut(Layout::Bodies, &[empty.as_bytes(), full.as_bytes()], 1000).unwrap();
    assert_eq!(found[0], format!("open {empty}"));
    assert_eq!(found[1], "end");
    assert_eq!(found[3], "<message xmlns='jabber:client' to='b'/>");
    assert_eq!(found[4], "<presence xmlns='jabber:client'/>");
    assert_eq!(found[5], "end");
}

#[test]
fn namespaces_cannot_be_disguised() {
    let element = Element::parse(
        b"<message><s:stanza-id xmlns:s='urn:xmpp:sid&#58;0' by='a' id='1'/>\
          <stanza-id xmlns='urn:xmpp:sid:0' by='&#97;' id='2'/></message>",
    )
    .unwrap();
    assert_eq!(element.kids(), 1 << 24);
    assert!(!element.has_others());
    assert_eq!(element.kind(), Kind::Message);
}

fn element() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[ a-zé😀\n]{0,12}",
        Just("&lt;&#233;&amp;".to_owned()),
        Just("<![CDATA[<x]>]]>".to_owned()),
    ];
    let leaf = (text, "[a-z]{1,4}", "[a-z0-9\"> ]{0,6}").prop_map(|(text, name, value)| {
        format!("<{name} k='{value}' xmlns:p='urn:{name}' p:z=\"'\">{text}</{name}>")
    });
    leaf.prop_recursive(4, 24, 4, |inner| {
        ("[a-z]{1,3}", prop::collection::vec(inner, 0..4))
            .prop_map(|(name, all)| format!("<{name} xmlns='urn:x'>{}</{name}>", all.concat()))
    })
}

proptest! {
    #[test]
    fn cuts_on_the_way_change_nothing(
        elements in prop::collection::vec(element(), 1..6),
        mut places in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let text = format!("{OPEN}{} </stream:stream>", elements.concat());
        let bytes = text.as_bytes();
        let together = cut(Layout::Stream, &[bytes], 100_000).unwrap();
        prop_assert_eq!(together.len(), elements.len() + 2);
        let mut at: Vec<usize> = places.drain(..).map(|one| one.index(bytes.len())).collect();
        at.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for place in at {
            pieces.push(&bytes[from..place]);
            from = place;
        }
        pieces.push(&bytes[from..]);
        prop_assert_eq!(&cut(Layout::Stream, &pieces, 100_000).unwrap(), &together);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&cut(Layout::Stream, &single, 100_000).unwrap(), &together);
    }

    #[test]
    fn damage_is_found_alike_however_it_comes(
        elements in prop::collection::vec(element(), 1..4),
        place in any::<prop::sample::Index>(),
        with in any::<u8>(),
    ) {
        let mut bytes = format!("{OPEN}{}", elements.concat()).into_bytes();
        let at = place.index(bytes.len());
        bytes[at] = with;
        let together = cut(Layout::Stream, &[&bytes], 100_000);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(cut(Layout::Stream, &single, 100_000), together);
    }

    #[test]
    fn an_element_that_stands_alone_reads_as_before(text in element()) {
        let first = Element::parse(text.as_bytes()).unwrap();
        let raw = first.raw().into_owned();
        let again = Element::parse(&raw).unwrap();
        prop_assert_eq!(again.raw().into_owned(), raw);
        prop_assert_eq!(again.name(), first.name());
        prop_assert_eq!(again.text(), first.text());
        for child in first.children(0) {
            prop_assert!(Element::parse(&child).is_ok());
        }
    }
}
