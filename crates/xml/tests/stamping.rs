//! Elements read and written anew.

use antiphon_xml::{Element, Outgoing, Stamp};

const BODY: u64 = 1;
const STANZA_ID: u64 = 1 << 24;

#[expect(clippy::unwrap_used, reason = "only tests call it")]
fn stamped(text: &str, stamp: &Stamp<'_>) -> String {
    let element = Element::parse(text.as_bytes()).unwrap();
    let out = element.stamp(stamp).alone(None);
    Element::parse(&out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn addresses_are_replaced_and_children_added() {
    let stamp = Stamp {
        from: Some(b"a@b/it's <me>"),
        extra: b"<delay xmlns='urn:xmpp:delay'/>",
        ..Stamp::default()
    };
    let text = "<message  from='evil' to=\"c@d\" xmlns='jabber:client' ><body>x</body></message>";
    let expected = "<message xmlns='jabber:client' from='a@b/it&apos;s &lt;me&gt;' to=\"c@d\" >\
        <body>x</body><delay xmlns='urn:xmpp:delay'/></message>";
    assert_eq!(stamped(text, &stamp), expected);
    let empty = stamped("<presence\nfrom='x' />", &stamp);
    let expected = "<presence xmlns='jabber:client' from='a@b/it&apos;s &lt;me&gt;' >\
        <delay xmlns='urn:xmpp:delay'/></presence>";
    assert_eq!(empty, expected);
    let answer = Stamp { to: Some(b"x"), from: Some(b"y"), type_: Some(b"error"), ..stamp };
    let expected = "<iq xmlns='jabber:client' from='y' to='x' type='error' id='1'>\
        <delay xmlns='urn:xmpp:delay'/></iq>";
    assert_eq!(stamped("<iq to='y' type='get' id='1' from='x'></iq>", &answer), expected);
}

#[test]
fn forged_identifiers_and_named_children_are_dropped() {
    let text = "<message><stanza-id xmlns='urn:xmpp:sid:0' by='me@x' id='1'/><body>a</body>\
        <s:stanza-id xmlns:s='urn:xmpp:sid:0' by='m&#101;@x' id='2'/>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='other' id='3'/></message>";
    let by = Stamp { by: b"me@x", ..Stamp::default() };
    let expected = "<message xmlns='jabber:client'><body>a</body>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='other' id='3'/></message>";
    assert_eq!(stamped(text, &by), expected);
    let all = Stamp { drop: STANZA_ID | BODY, ..Stamp::default() };
    assert_eq!(stamped(text, &all), "<message xmlns='jabber:client'></message>");
}

#[test]
fn children_are_read_lazily() {
    let text = "<message xmlns:p='urn:p' type='chat'><body>a &amp; <![CDATA[<b>]]></body>\
        <x xmlns='jabber:x:oob' p:k='v'><url>u</url></x>t<p:y>é</p:y></message>";
    let element = Element::parse(text.as_bytes()).unwrap();
    assert_eq!(element.child_text(BODY).unwrap(), b"a & <b>");
    assert_eq!(element.text(), b"t");
    assert!(element.has_others());
    assert_eq!(element.payload().unwrap().0, b"body");
    let children: Vec<_> =
        element.children(0).map(|child| String::from_utf8(child).unwrap()).collect();
    assert_eq!(
        children[0],
        "<body xmlns='jabber:client' xmlns:p='urn:p'>a &amp; <![CDATA[<b>]]></body>"
    );
    assert_eq!(children[1], "<x xmlns:p='urn:p' xmlns='jabber:x:oob' p:k='v'><url>u</url></x>");
    assert_eq!(children[2], "<p:y xmlns='jabber:client' xmlns:p='urn:p'>é</p:y>");
}

#[test]
fn what_goes_out_is_at_home_in_its_stream() {
    let cases: &[(&str, &str)] = &[
        ("<iq id='1'/>", "<iq xmlns='jabber:client' to='j' id='1'/>"),
        ("<iq xmlns='jabber:client'/>", "<iq to='j' xmlns='jabber:client'/>"),
        (
            "<stream:features/>",
            "<stream:features xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' to='j'/>",
        ),
        ("</stream:stream>", "</stream:stream>"),
    ];
    for (text, expected) in cases {
        let out = Outgoing::new(text.as_bytes());
        assert_eq!(String::from_utf8(out.alone(Some(b"j"))).unwrap(), *expected);
        let mut plain = Vec::new();
        out.write(&mut plain, false, None);
        assert_eq!(plain, text.as_bytes());
    }
    assert!(Outgoing::new(b"<message/>").is_stanza());
    assert!(!Outgoing::new(b"<messages/>").is_stanza());
    assert!(!Outgoing::new(b"<r xmlns='urn:xmpp:sm:3'/>").is_stanza());
}
