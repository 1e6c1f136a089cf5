//! Elements of streams as frozen Python objects whose values are decoded when asked for, and the
//! numbers that tell known elements apart.

use std::borrow::Cow;

use antiphon_xml as xml;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::sip_flow::unfit;

/// One element.
#[pyclass(frozen, module = "antiphon._native")]
pub(crate) struct Stanza {
    pub(crate) element: xml::Element,
    ordinal: u32,
}

impl Stanza {
    pub(crate) fn new(element: xml::Element, ordinal: u32) -> Stanza {
        Stanza { element, ordinal }
    }
}

/// Elements are UTF-8: nothing is lost.
fn text<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    PyString::new(py, &String::from_utf8_lossy(bytes))
}

type Text<'py> = Option<Bound<'py, PyString>>;

fn maybe<'py>(py: Python<'py>, bytes: Option<Cow<'_, [u8]>>) -> Text<'py> {
    bytes.map(|bytes| text(py, &bytes))
}

#[pymethods]
impl Stanza {
    #[new]
    fn parse(data: &[u8]) -> PyResult<Stanza> {
        let element = xml::Element::parse(data).map_err(|fail| unfit(fail.condition()))?;
        Ok(Stanza { element, ordinal: 0 })
    }

    #[getter]
    fn kind(&self) -> u8 {
        self.element.kind() as u8
    }

    #[getter]
    fn verb(&self) -> u8 {
        self.element.verb()
    }

    #[getter]
    fn name<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        text(py, self.element.name())
    }

    #[getter]
    fn namespace<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        text(py, &self.element.namespace())
    }

    #[getter]
    fn to<'py>(&self, py: Python<'py>) -> Text<'py> {
        maybe(py, self.element.to())
    }

    #[getter]
    fn from_<'py>(&self, py: Python<'py>) -> Text<'py> {
        maybe(py, self.element.from())
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Text<'py> {
        maybe(py, self.element.id())
    }

    #[getter]
    fn r#type<'py>(&self, py: Python<'py>) -> Text<'py> {
        maybe(py, self.element.type_())
    }

    #[getter]
    fn lang<'py>(&self, py: Python<'py>) -> Text<'py> {
        maybe(py, self.element.attribute(b"xml:lang"))
    }

    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> Text<'py> {
        let content = self.element.content().filter(|content| !content.is_empty());
        content.map(|content| text(py, content))
    }

    fn get<'py>(&self, py: Python<'py>, name: &str) -> Text<'py> {
        maybe(py, self.element.attribute(name.as_bytes()))
    }

    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.element.raw())
    }

    #[getter]
    fn size(&self) -> usize {
        self.element.size()
    }

    #[getter]
    fn ordinal(&self) -> u32 {
        self.ordinal
    }

    #[getter]
    fn kids(&self) -> u64 {
        self.element.kids()
    }

    #[getter]
    fn others(&self) -> bool {
        self.element.has_others()
    }

    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let Some((name, namespace)) = self.element.payload() else { return Ok(None) };
        PyTuple::new(py, [text(py, name), text(py, &namespace)]).map(Some)
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Text<'py> {
        self.element.child_text(BODY).map(|found| text(py, &found))
    }

    #[pyo3(signature = (bit=0))]
    fn text<'py>(&self, py: Python<'py>, bit: u64) -> Text<'py> {
        if bit == 0 {
            return Some(text(py, &self.element.text()));
        }
        self.element.child_text(bit).map(|found| text(py, &found))
    }

    fn attribute<'py>(&self, py: Python<'py>, bit: u64, name: &str) -> Text<'py> {
        maybe(py, self.element.child_attribute(bit, name.as_bytes()))
    }

    fn name_of<'py>(&self, py: Python<'py>, bit: u64) -> Text<'py> {
        self.element.child_name(bit).map(|name| text(py, name))
    }

    fn child<'py>(&self, py: Python<'py>, bit: u64) -> Option<Bound<'py, PyBytes>> {
        self.element.children(bit).next().map(|found| PyBytes::new(py, &found))
    }

    #[pyo3(signature = (bit=0))]
    fn children<'py>(&self, py: Python<'py>, bit: u64) -> Vec<Bound<'py, PyBytes>> {
        self.element.children(bit).map(|found| PyBytes::new(py, &found)).collect()
    }

    #[pyo3(
        signature = (from_=None, *, to=None, type_=None, extra=None, drop=0, by=""),
        text_signature = "($self, from_=None, *, to=None, type_=None, extra=b'', drop=0, by='')"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn stamp<'py>(
        &self,
        py: Python<'py>,
        from_: Option<&str>,
        to: Option<&str>,
        type_: Option<&str>,
        extra: Option<&[u8]>,
        drop: u64,
        by: &str,
    ) -> Bound<'py, PyBytes> {
        let stamp = xml::Stamp {
            from: from_.map(str::as_bytes),
            to: to.map(str::as_bytes),
            without_to: false,
            type_: type_.map(str::as_bytes),
            extra: extra.unwrap_or_default(),
            drop,
            by: by.as_bytes(),
        };
        PyBytes::new(py, &self.element.stamp(&stamp).alone(None))
    }

    fn __repr__(&self) -> String {
        let raw = self.element.raw();
        let shown = &raw[..raw.len().min(120)];
        format!("<Stanza {}>", String::from_utf8_lossy(shown))
    }

    #[classattr]
    const MESSAGE: u8 = xml::Kind::Message as u8;
    #[classattr]
    const PRESENCE: u8 = xml::Kind::Presence as u8;
    #[classattr]
    const IQ: u8 = xml::Kind::Iq as u8;
    #[classattr]
    const OTHER: u8 = xml::Kind::Other as u8;
}

const BODY: u64 = 1;

/// Bits of children.
#[pyclass(frozen, module = "antiphon._native")]
pub(crate) struct Kid;

/// Numbers of elements that are no stanzas.
#[pyclass(frozen, module = "antiphon._native")]
pub(crate) struct Verb;

/// Adds the classes, with the constants out of their tables.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Stanza>()?;
    module.add_class::<Kid>()?;
    module.add_class::<Verb>()?;
    let kid = module.getattr("Kid")?;
    for (bit, (name, _)) in xml::KIDS.iter().enumerate() {
        kid.setattr(*name, 1u64 << bit)?;
    }
    let verb = module.getattr("Verb")?;
    for (at, (name, _)) in xml::VERBS.iter().enumerate() {
        verb.setattr(*name, at + 1)?;
    }
    Ok(())
}
