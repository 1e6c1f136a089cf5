"""Generates the signalling types and their reference from schema/signalling.json.

Run from anywhere in a checkout: `python tools/generate_signalling.py [--check]`. With `--check`
nothing is written, and the exit status is 1 if a generated file differs from the schema.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from signalling import to_markdown, to_python, to_typescript
from signalling.model import SchemaError, parse

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = "schema/signalling.json"
INTRODUCTION = "schema/signalling.intro.md"


def generate(root: Path) -> dict[str, str]:
    """Path below the root → text, for each generated file."""
    schema = parse(json.loads((root / SCHEMA).read_text(encoding="utf-8")))
    introduction = (root / INTRODUCTION).read_text(encoding="utf-8")
    generated = "web/packages/client/src/generated"
    return {
        "python/antiphon/protocols/web/message.py": to_python.write(schema),
        f"{generated}/signalling.ts": to_typescript.write(schema),
        f"{generated}/shapes.ts": to_typescript.write_shapes(schema),
        "docs/signalling.md": to_markdown.write(schema, introduction),
    }


def stale(root: Path, files: dict[str, str]) -> list[str]:
    """The generated files that are absent or differ."""
    return [path for path, text in files.items() if _read(root / path) != text]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    options = parser.parse_args(arguments)
    try:
        files = generate(ROOT)
    except (OSError, ValueError, KeyError, SchemaError) as error:
        print(f"{SCHEMA}: {error!r}", file=sys.stderr)
        return 1
    paths = stale(ROOT, files)
    if options.check:
        for path in paths:
            print(f"stale: {path} (run tools/generate_signalling.py)", file=sys.stderr)
        return 1 if paths else 0
    for path in paths:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(files[path], encoding="utf-8")
        print(f"written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
