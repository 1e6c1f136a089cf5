//! A stream of XML of any content, as a whole and byte by byte: the same elements, and what is
//! accepted is accepted again when it stands alone and with other addresses.
#![no_main]

use antiphon_xml::{Cutter, Element, Fail, Item, Layout, Stamp};
use libfuzzer_sys::fuzz_target;

fn cut(layout: Layout, bytes: &[u8], step: usize) -> (Vec<Vec<u8>>, Option<Fail>) {
    let mut cutter = Cutter::new(layout, 4096);
    let mut found = Vec::new();
    let (mut from, mut to) = (0, 0);
    while to < bytes.len() {
        to = bytes.len().min(to + step);
        loop {
            match cutter.next(&bytes[from..to]) {
                Err(fail) => return (found, Some(fail)),
                Ok(None) => break,
                Ok(Some((item, used))) => {
                    from += used;
                    if let Item::Element(element) = item {
                        check(&element);
                        found.push(element.raw().into_owned());
                    }
                }
            }
        }
    }
    (found, None)
}

fn check(element: &Element) {
    let stamp = Stamp {
        from: Some(b"a@b/<'&>"),
        to: Some(b"c"),
        extra: b"<x xmlns='urn:x'/>",
        drop: 0x5555_5555,
        by: b"me",
        ..Stamp::default()
    };
    for bytes in [element.raw().into_owned(), element.stamp(&stamp).alone(None)] {
        let again = Element::parse(&bytes).expect("what was accepted is accepted again");
        assert_eq!(again.name(), element.name());
        assert_eq!(again.namespace(), element.namespace());
    }
    for child in element.children(0) {
        Element::parse(&child).expect("a child stands alone");
    }
    let _ = (element.text(), element.payload(), element.child_text(1), element.attribute(b"id"));
}

fuzz_target!(|input: (u8, &[u8])| {
    let (number, bytes) = input;
    let (layout, open): (_, &[u8]) = match number % 3 {
        0 => (
            Layout::Stream,
            b"<stream:stream xmlns='jabber:client' xmlns:p='urn:p' \
              xmlns:stream='http://etherx.jabber.org/streams'>",
        ),
        1 => (Layout::Bodies, b"<body xmlns='http://jabber.org/protocol/httpbind'>"),
        _ => (Layout::Documents, b""),
    };
    let bytes = [open, bytes].concat();
    let whole = cut(layout, &bytes, bytes.len().max(1));
    assert_eq!(cut(layout, &bytes, 1), whole);
});
