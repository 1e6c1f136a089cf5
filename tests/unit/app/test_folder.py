"""The data folder: one node at a time, found by other commands."""

import os
from pathlib import Path

import pytest

from antiphon.app.folder import RUNTIME, DataFolder, FolderInUse, Running, find_running

HERE = Running(pid=os.getpid(), url="http://127.0.0.1:1", certificate="", version="1", listening=[])


def test_one_node_at_a_time(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    with pytest.raises(FolderInUse, match="another node uses"):
        DataFolder(tmp_path / "data")
    folder.close()
    DataFolder(tmp_path / "data").close()


def test_a_node_is_found_while_it_runs(tmp_path: Path) -> None:
    assert find_running(tmp_path) is None
    folder = DataFolder(tmp_path)
    assert find_running(tmp_path) is None
    folder.announce(HERE)
    assert find_running(tmp_path) == HERE
    assert (tmp_path / RUNTIME).stat().st_mode & 0o077 == 0
    folder.close()
    assert find_running(tmp_path) is None


def test_what_a_killed_node_left_is_not_believed(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.announce(HERE)
    left = (tmp_path / RUNTIME).read_bytes()
    folder.close()
    (tmp_path / RUNTIME).write_bytes(left)
    assert find_running(tmp_path) is None
    again = DataFolder(tmp_path)
    assert find_running(tmp_path) is None
    again.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_file_is_none(tmp_path: Path, text: str) -> None:
    folder = DataFolder(tmp_path)
    (tmp_path / RUNTIME).write_text(text)
    assert find_running(tmp_path) is None
    folder.close()
