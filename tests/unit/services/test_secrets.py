import os
import subprocess
import sys
from pathlib import Path

import pytest

from antiphon.services.secrets import node_secret


def test_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    secret = node_secret(folder)
    assert len(secret) >= 32
    assert node_secret(folder) == secret
    assert [file.name for file in folder.iterdir()] == ["secret"]
    assert (folder / "secret").stat().st_mode & 0o777 == 0o600
    assert node_secret(tmp_path / "other") != secret


def test_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        node_secret(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_processes_that_race_get_the_same(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from antiphon.services.secrets import node_secret;"
        "sys.stdin.read(); print(node_secret(Path(sys.argv[1])).decode())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    racers = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(5)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
        racer.stdin = None
    secrets = [racer.communicate()[0].strip() for racer in racers]
    assert len(set(secrets)) == 1
    assert len(secrets[0]) >= 32
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_an_open_file_is_closed_to_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = node_secret(tmp_path)
    (tmp_path / "secret").chmod(0o644)
    assert node_secret(tmp_path) == secret
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert "could be read by others" in caplog.text


def test_a_file_without_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("short\n")
    with pytest.raises(ValueError, match="remove it"):
        node_secret(tmp_path)


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        node_secret(tmp_path / "file")
