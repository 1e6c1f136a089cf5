"""Settings of nodes as the forms of XEP-0060 §16.4.4 spell them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar
from xml.etree.ElementTree import Element

from antiphon.core.publishing import Access, NodeSettings, Telling

from . import forms
from .feature import StanzaError
from .forms import Field

T = TypeVar("T")

CONFIG = "http://jabber.org/protocol/pubsub#node_config"
OPTIONS = "http://jabber.org/protocol/pubsub#publish-options"
ACCESS = {
    Access.EVERYBODY: "open",
    Access.CONTACTS: "presence",
    Access.GROUPS: "roster",
    Access.LISTED: "whitelist",
}
TELLING = {Telling.NEVER: "never", Telling.COMING: "on_sub_and_presence"}
# "max" stands for as many as the server keeps.
MOST = 10_000
_ACCESS = {name: access for access, name in ACCESS.items()}
# XEP-0060's third choice is about subscriptions, which here are those to presence.
_TELLING = {"never": Telling.NEVER, "on_sub": Telling.NEVER, "on_sub_and_presence": Telling.COMING}
_BOOLEANS = {
    "pubsub#persist_items": "kept",
    "pubsub#deliver_notifications": "told",
    "pubsub#deliver_payloads": "payloads",
    "pubsub#notify_retract": "retractions",
    "pubsub#notify_delete": "end",
}


def as_form(settings: NodeSettings) -> Element:
    """The form by which a node is configured, filled with what holds now."""
    choices = tuple((name, name) for name in ACCESS.values())
    tellings = tuple((name, name) for name in TELLING.values())
    fields = [
        Field("pubsub#title", values=(settings.title,), label="A name for the node"),
        Field("pubsub#type", values=(settings.kind,), label="The type of its items' payloads"),
        Field(
            "pubsub#access_model",
            "list-single",
            (ACCESS[settings.access],),
            "Who may read it",
            choices,
        ),
        Field("pubsub#roster_groups_allowed", "text-multi", settings.groups, "Groups"),
        Field("pubsub#max_items", values=(str(settings.max_items),), label="Items to keep"),
        Field(
            "pubsub#send_last_published_item",
            "list-single",
            (TELLING[settings.last],),
            "When to send the last item",
            tellings,
        ),
        Field("pubsub#publish_model", "list-single", ("publishers",), "Who may publish"),
        *(
            Field(name, "boolean", (str(int(getattr(settings, key))),))
            for name, key in _BOOLEANS.items()
        ),
    ]
    return forms.form(CONFIG, fields)


def changed(settings: NodeSettings, filled: Mapping[str, list[str]]) -> NodeSettings:
    """Settings with what was filled in; fields that are not known are no matter. Raises
    `StanzaError` for values that make no sense.
    """
    changes: dict[str, object] = {}
    for name, values in filled.items():
        value = values[0] if values else ""
        if name in _BOOLEANS:
            changes[_BOOLEANS[name]] = forms.truth(value)
        elif name == "pubsub#access_model":
            changes["access"] = _one_of(_ACCESS, value, name)
        elif name == "pubsub#send_last_published_item":
            changes["last"] = _one_of(_TELLING, value, name)
        elif name == "pubsub#max_items":
            changes["max_items"] = _number(value)
        elif name == "pubsub#roster_groups_allowed":
            changes["groups"] = tuple(values)
        elif name == "pubsub#title":
            changes["title"] = value
        elif name == "pubsub#type":
            changes["kind"] = value
        elif name == "pubsub#publish_model" and value != "publishers":
            raise StanzaError("not-acceptable", "Only its owner publishes.")
    return replace(settings, **changes)  # type: ignore[arg-type]


def holds(settings: NodeSettings, filled: Mapping[str, list[str]]) -> bool:
    """Whether a node is as a publisher wants it (XEP-0060 §7.1.5). Raises `StanzaError`."""
    wanted = changed(settings, filled)
    most = forms.first(filled, "pubsub#max_items")
    if most == "max" or (most and wanted.max_items <= settings.max_items):
        wanted = replace(wanted, max_items=settings.max_items)
    return wanted == settings


def _one_of(table: Mapping[str, T], value: str, name: str) -> T:
    if value not in table:
        raise StanzaError("not-acceptable", f"{name} must be one of {', '.join(table)}.")
    return table[value]


def _number(text: str) -> int:
    if text == "max":
        return MOST
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise StanzaError("not-acceptable", "max_items must be a number, or max.")
    return min(max(1, int(text)), MOST)
