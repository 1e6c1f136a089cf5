"""Antiphon: one server for calls, rooms, chat and streams.

`from antiphon import Node` embeds a node in a program.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app.config import Config
    from .app.node import Node
    from .app.plugin import Plugin

__all__ = ["Config", "Node", "Plugin"]


def __getattr__(name: str) -> Any:
    # PEP 562: whoever imports a part, as the command line does for `--help`, must not load the
    # whole node with it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".app.{name.lower()}", __name__), name)
