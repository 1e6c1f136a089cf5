"""What documents name is there: files, tests, headings that they link to, settings, commands."""

import re
import shlex
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from antiphon.app.cli import parser
from antiphon.app.keys import keys

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "tests/*.md", "tests/plays/*.md", "examples/*.md")
    for page in ROOT.glob(pattern)
)
TOP = "bench|crates|docs|examples|python|schema|tests|tools|web"
PATH = re.compile(rf"`((?:{TOP})(?:/[\w.@-]+)+/?)`")
SHOWN = re.compile(r"`(?:bench|crates|tests|web)[/`]")
TEST = re.compile(r"`(test_\w+\.py)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SETTING = re.compile(r"`\[(\w+)\] (\w+(?:, \w+)*)")
COMMAND = re.compile(r"^ *(?:\.venv/bin/)?antiphon ([a-z].*)$", re.MULTILINE)
# What building makes, and git does not know.
MADE = ("bench/build", "python/antiphon/web", "web/node_modules")


@cache
def text_of(page: Path) -> str:
    """Without what stands between fences: that is for other machines."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> frozenset[str]:
    """How headings are linked to."""
    titles = re.findall(r"^#+ +(.*?) *$", text_of(page), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)
    return frozenset(plain)


@cache
def times_named(name: str) -> int:
    return sum(1 for _ in (ROOT / "tests").rglob(name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_are_there(page: Path) -> None:
    named = {path.rstrip("/") for path in PATH.findall(text_of(page))}
    missing = [path for path in named if not (ROOT / path).exists() and not path.startswith(MADE)]
    missing += [name for name in TEST.findall(text_of(page)) if not times_named(name)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(text_of(page)):
        place, _, heading = link.partition("#")
        if re.match(r"\w+:", link):
            continue
        target = (page.parent / PurePosixPath(place)).resolve() if place else page
        if not target.exists() or (heading and heading not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_each_row_of_what_is_done_says_what_shows_it() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "conformance.md").read_text().splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| standard"))
    ]
    assert len(rows) > 100
    assert [row[0] for row in rows if len(row) != 3] == []
    unshown = [row[0] for row in rows if row[1].startswith("done") and not SHOWN.search(row[2])]
    assert unshown == []


def test_settings_that_are_named_exist() -> None:
    known = keys()
    unknown = [
        f"{page.name}: [{section}] {name}"
        for page in PAGES
        for section, names in SETTING.findall(page.read_text())
        for name in names.split(", ")
        if (section, name) not in known and not name.endswith("_")  # several, as `contact_*`
    ]
    assert unknown == []


def test_commands_that_are_shown_are_understood() -> None:
    lines = [line for page in PAGES for line in COMMAND.findall(page.read_text())]
    assert len(lines) > 5
    for line in lines:
        parser().parse_args(shlex.split(line.rstrip(" &"), comments=True))
