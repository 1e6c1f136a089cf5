"""What `make setup` says on a machine where something is missing: all of it, in one line."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "tools" / "check_tools.sh"
VERSIONS = {"cargo": "cargo 1.89.0 (abc 2025-08-01)", "node": "v20.19.0", "npm": "10.8.2", "cc": ""}


def check(folder: Path, **versions: str | None) -> subprocess.CompletedProcess[str]:
    """Run the check where only these programs are; None: not there."""
    for name in ("bash", "sort", "head", "grep"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    python = f'exec {sys.executable} "$@"'
    programs = {name: f"echo '{text}'" for name, text in VERSIONS.items()} | {"python3": python}
    for name, text in versions.items():
        programs.pop(name)
        if text is not None:
            programs[name] = f"echo '{text}'"
    for name, body in programs.items():
        (folder / name).write_text(f"#!{folder / 'bash'}\n{body}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        [folder / "bash", SCRIPT],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_enough(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "python3\n", "")


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({"cargo": "cargo 1.88.9"}, ["Rust >= 1.89, found 1.88.9 (https://rustup.rs)"]),
        ({"cargo": None}, ["Rust >= 1.89 (https://rustup.rs)"]),
        ({"node": "v20.9.0", "npm": None}, ["Node.js >= 20.19, found 20.9.0", "npm >= 10"]),
        ({"cc": None}, ["a C compiler (apt install build-essential)"]),
        ({"python3": "Python 3.10.12"}, ["Python >= 3.11 (apt install python3 python3-venv)"]),
        ({"cargo": None, "node": None, "cc": None}, ["Rust", "Node.js", "C compiler"]),
    ],
)
def test_not_enough(tmp_path: Path, versions: dict[str, str | None], words: list[str]) -> None:
    done = check(tmp_path, **versions)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Antiphon needs: ")
    for word in words:
        assert word in line


def test_newer_versions_are_not_older(tmp_path: Path) -> None:
    assert check(tmp_path, cargo="cargo 1.100.0", node="v100.0.0").returncode == 0
