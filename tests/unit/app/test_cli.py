"""The command line from outside: exit codes, and what goes to which stream."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import jwt
import pytest

from antiphon.app import cli

PROGRAM = Path(sys.executable).with_name("antiphon")
PASSWORD = "correct horse battery"


def run(
    *arguments: str, cwd: Path, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command as installed, without a terminal."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ANTIPHON_")}
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        input=stdin,
        env=clean | (environment or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--help",), 0, "usage: antiphon"),
        (("serve", "--help"), 0, "--lan"),
        (("version",), 0, "antiphon 0"),
        ((), 2, "COMMAND"),
        (("fly",), 2, "invalid choice"),
        (("serve", "--lan"), 2, "--lan is for development"),
        (("serve", "--join", "192.0.2.1"), 2, "not farms"),
        (("serve", "--config", "absent.toml"), 2, "absent.toml: No such file"),
        (("config", "check"), 0, "embedded defaults: ok"),
        (("config", "check", "--config", "absent.toml"), 2, "absent.toml: No such file"),
        (("room", "list"), 1, "no node runs with the data folder data"),
        (("drain",), 1, "no node runs"),
        (("token",), 2, "--identity"),
        (("token", "--identity", "ann", "--grant", "fly"), 2, "--grant: expected one of publish"),
        (("token", "--identity", "a b"), 2, "not an address"),
        (("token", "--identity", "ann", "--ttl", "0"), 2, "A token lasts"),
        (("user", "remove", "nobody@localhost"), 1, "There is no account nobody@localhost."),
        (("user", "add", "ann@elsewhere", "--password", PASSWORD), 1, "name@localhost"),
        (("user", "add", "ann", "--password", "short"), 1, "A password has"),
        (("doctor",), 1, "no node runs"),
    ],
)
def test_exit_codes(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code, done
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_configuration_names_file_line_and_key(tmp_path: Path) -> None:
    (tmp_path / "antiphon.toml").write_text('[http]\n\nlisen = ":1"\n')
    for command in (
        ("serve",),
        ("config", "check"),
        ("user", "list"),
        ("token", "--identity", "a"),
    ):
        done = run(*command, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr == "antiphon.toml:3: [http] lisen: unknown key, did you mean listen?\n"


def test_config_show_and_schema(tmp_path: Path) -> None:
    done = run("config", "show", "--dev", cwd=tmp_path, environment={"ANTIPHON_NODE_NAME": "n"})
    assert 'name = "n"  # ANTIPHON_NODE_NAME' in done.stdout
    assert "guests = true  # --dev" in done.stdout
    schema = json.loads(run("config", "schema", cwd=tmp_path).stdout)
    assert schema["additionalProperties"] is False


@pytest.mark.timeout(400)
def test_accounts(tmp_path: Path) -> None:
    added = run("user", "add", "Ann@localhost", "--admin", cwd=tmp_path, stdin=PASSWORD + "\n")
    assert (added.returncode, added.stdout) == (0, "ann@localhost\n"), added
    again = run("user", "add", "ann@localhost", "--password", PASSWORD, cwd=tmp_path)
    assert again.returncode == 1
    assert "There is an account ann@localhost already." in again.stderr
    changed = run("user", "passwd", "ann@localhost", "--password", "x" * 20, cwd=tmp_path)
    assert changed.returncode == 0
    assert run("user", "list", cwd=tmp_path).stdout == "ann@localhost\tann\tadmin\n"
    assert run("user", "remove", "ann@localhost", cwd=tmp_path).returncode == 0
    assert run("user", "list", cwd=tmp_path).stdout == ""


@pytest.mark.timeout(400)
def test_rights_locks_and_links(tmp_path: Path) -> None:
    run("user", "add", "ann", "--password", PASSWORD, cwd=tmp_path)
    assert run("user", "role", "ann", "moderator", cwd=tmp_path).returncode == 0
    assert run("user", "lock", "ann", cwd=tmp_path).returncode == 0
    listed = run("user", "list", cwd=tmp_path).stdout
    assert listed == "ann@localhost\tann\tmoderator,locked\n"
    assert run("user", "unlock", "ann", cwd=tmp_path).returncode == 0
    environment = {"ANTIPHON_HTTP_PUBLIC_URL": "https://chat.example.org"}
    reset = run("user", "reset", "ann", cwd=tmp_path, environment=environment)
    assert reset.stdout.startswith("https://chat.example.org/#reset=")
    invited = run("user", "invite", "--room", "Den", "--ttl", "600", cwd=tmp_path)
    assert invited.stdout.startswith("http://localhost:8080/#invitation=")
    assert "valid once, until 20" in invited.stdout
    assert run("user", "reset", "nobody", cwd=tmp_path).returncode == 1
    assert run("user", "export", "ann", "ann.zip", cwd=tmp_path).returncode == 0
    with zipfile.ZipFile(tmp_path / "ann.zip") as archive:
        assert json.loads(archive.read("account.json"))["role"] == "moderator"
    assert (tmp_path / "ann.zip").stat().st_mode & 0o077 == 0
    assert run("user", "export", "ann", "ann.zip", cwd=tmp_path).returncode == 1


@pytest.mark.timeout(400)
def test_backup_and_restore(tmp_path: Path) -> None:
    run("user", "add", "ann", "--password", PASSWORD, cwd=tmp_path)
    made = run("backup", "all.tar.gz", cwd=tmp_path)
    assert made.returncode == 0, made
    assert "backed up: " in made.stdout
    again = run("backup", "all.tar.gz", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (1, "antiphon: there is all.tar.gz already\n")
    full = run("restore", "all.tar.gz", cwd=tmp_path)
    assert full.returncode == 1
    assert "not empty" in full.stderr
    restored = run("restore", "all.tar.gz", "--data", "new", cwd=tmp_path)
    assert restored.returncode == 0, restored
    assert run("user", "list", "--data", "new", cwd=tmp_path).stdout == "ann@localhost\tann\n"
    assert (tmp_path / "new/secret").read_text() == (tmp_path / "data/secret").read_text()
    absent = run("backup", "b.tar.gz", "--data", "absent", cwd=tmp_path)
    assert absent.returncode == 1
    assert "there is no database" in absent.stderr
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize(
    ("arguments", "grants"),
    [
        ((), {"publish": True, "create": True, "moderate": False, "admin": False}),
        (
            ("--grant", "moderate,publish=false", "--grant", "admin"),
            {"publish": False, "create": True, "moderate": True, "admin": True},
        ),
        (
            ("--room", "Standup", "--room", "b"),
            {
                "publish": True,
                "create": True,
                "moderate": False,
                "admin": False,
                "rooms": ["b", "standup"],
            },
        ),
    ],
)
def test_tokens(tmp_path: Path, arguments: tuple[str, ...], grants: dict[str, object]) -> None:
    secret = "an-example-of-a-secret-of-enough-bytes"
    environment = {"ANTIPHON_AUTH_SECRET": secret}
    text = ("token", "--identity", "Ann", "--ttl", "60", *arguments)
    done = run(*text, cwd=tmp_path, environment=environment)
    claims = jwt.decode(done.stdout.strip(), secret, algorithms=["HS256"])
    assert claims["sub"] == "ann@localhost"
    assert claims["exp"] - claims["iat"] == 60
    assert claims["grants"] == grants


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    for _ in range(2):
        done = run("token", "--identity", "ann", cwd=tmp_path)
        secret = (tmp_path / "data" / "secret").read_text().strip()
        jwt.decode(done.stdout.strip(), secret, algorithms=["HS256"])


def test_help_is_quick_because_nothing_is_loaded() -> None:
    code = "import sys, antiphon.app.cli as c; c.parser(); print('fastapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_command_has_words() -> None:
    text = cli.parser().format_help()
    for command in ("serve", "user", "token", "room", "config", "doctor", "drain", "version"):
        assert command in text
