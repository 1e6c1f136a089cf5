"""House rules of imports that need the names of modules outside: the standard library and the
native module.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import antiphon

PACKAGE = Path(antiphon.__file__).parent
CORE = sorted((PACKAGE / "core").glob("**/*.py"))
OUTSIDE_MEDIA = [
    path
    for path in sorted(PACKAGE.glob("**/*.py"))
    if path.relative_to(PACKAGE).parts[0] not in ("media", "app")
]


def imported(path: Path) -> Iterator[str]:
    """Absolute names of all that a file imports; relative ones begin with a dot."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = "." * node.level + (node.module or "")
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_there_is_something_to_judge() -> None:
    assert len(CORE) > 5
    assert len(OUTSIDE_MEDIA) > 50
    assert any("antiphon._native" in imported(path) for path in PACKAGE.glob("media/*.py"))


@pytest.mark.parametrize("path", CORE, ids=name)
def test_the_core_imports_the_standard_library_only(path: Path) -> None:
    for module in imported(path):
        inside = module.startswith((".", "antiphon.core"))
        assert inside or module.partition(".")[0] in sys.stdlib_module_names, module


@pytest.mark.parametrize("path", OUTSIDE_MEDIA, ids=name)
def test_the_native_module_is_known_to_media_and_app_only(path: Path) -> None:
    assert not any(module.endswith("_native") for module in imported(path))


PROTOCOLS = re.compile(
    r"\b(sip|sdp|s?rtp|dtls|webrtc|whip|whep|xmpp|jid|jingle|rtmp|http|websocket)\b", re.IGNORECASE
)


@pytest.mark.parametrize("path", CORE, ids=name)
def test_the_core_names_no_protocol(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if PROTOCOLS.search(line)] == []
