"""Data forms (XEP-0004) as values, and their fields' types. It does not know what they ask for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .message import each, element, text_of
from .namespaces import DATA_FORM

TRUE = frozenset({"1", "true"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form that is to be filled in, or of a result."""

    name: str
    type: str = "text-single"
    values: tuple[str, ...] = ()
    label: str = ""
    options: tuple[tuple[str, str], ...] = ()  # (label, value)
    required: bool = False


def form(
    kind: str,
    fields: Iterable[Field] = (),
    *,
    type_: str = "form",
    title: str = "",
    instructions: str = "",
) -> Element:
    """A form; `kind` is its FORM_TYPE (XEP-0068), "" for none."""
    made = element("x", DATA_FORM, attributes={"type": type_})
    for name, text in (("title", title), ("instructions", instructions)):
        if text:
            made.append(element(name, DATA_FORM, text))
    if kind:
        made.append(_field(Field("FORM_TYPE", "hidden", (kind,))))
    made.extend(_field(field) for field in fields)
    return made


def _field(field: Field) -> Element:
    attributes = {"var": field.name, "type": field.type, "label": field.label or None}
    made = element("field", DATA_FORM, attributes=attributes)
    if field.required:
        made.append(element("required", DATA_FORM))
    made.extend(element("value", DATA_FORM, value) for value in field.values)
    for label, value in field.options:
        option = element("option", DATA_FORM, attributes={"label": label or None})
        option.append(element("value", DATA_FORM, value))
        made.append(option)
    return made


def filled(parent: Element) -> Mapping[str, list[str]] | None:
    """Field → values of the first form in an element that was filled in; None without one."""
    for found in each(parent, "x", DATA_FORM):
        if found.get("type") in ("submit", None):
            return values(found)
    return None


def values(found: Element) -> dict[str, list[str]]:
    """Field → values."""
    read: dict[str, list[str]] = {}
    for field in each(found, "field"):
        name = field.get("var")
        if name:
            read[name] = [one.text or "" for one in each(field, "value")]
    return read


def kind_of(read: Mapping[str, list[str]]) -> str:
    """FORM_TYPE of what was filled in."""
    return first(read, "FORM_TYPE")


def first(read: Mapping[str, list[str]], name: str, otherwise: str = "") -> str:
    """The value of a field with one."""
    found = read.get(name)
    return found[0] if found else otherwise


def truth(text: str) -> bool:
    """A boolean (XEP-0004 §3.3)."""
    return text.strip() in TRUE


def title_of(found: Element) -> str:
    """Title of a form."""
    return text_of(found, "title") or ""
