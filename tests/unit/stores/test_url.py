from pathlib import Path

import pytest

from antiphon.stores.config import StorageConfig
from antiphon.stores.url import locate


def test_sqlite_paths() -> None:
    absolute = locate("sqlite:////var/lib/antiphon/antiphon.db")
    assert absolute.file == Path("/var/lib/antiphon/antiphon.db")
    assert locate("sqlite:///some/antiphon.db").file == Path.cwd() / "some/antiphon.db"


def test_postgresql_speaks_asyncpg() -> None:
    location = locate("postgresql://u:secret@db.example:5433/antiphon?sslmode=require")
    assert location.file is None
    assert location.url.drivername == "postgresql+asyncpg"
    assert location.url.query == {"ssl": "require"}
    assert "secret" not in str(location)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "antiphon.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://host/file.db",
        "sqlite:///file.db?mode=ro",
        "mysql://u:secret@host/name",
        "postgresql://u:secret@host:port/name",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///") as refused:
        locate(text)
    assert "secret" not in str(refused.value)


def test_default_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    config = StorageConfig()
    assert locate(config.url(tmp_path)).file == tmp_path / "antiphon.db"
    assert config.folder(tmp_path) == tmp_path / "files"
    given = StorageConfig(database="postgresql://host/name", files="/srv/files")
    assert given.url(tmp_path) == "postgresql://host/name"
    assert given.folder(tmp_path) == Path("/srv/files")
