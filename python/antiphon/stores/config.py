"""What can be set of the stores."""

from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_FILE = "antiphon.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfig:
    """Where data lasts (section `[storage]`)."""

    database: str = field(default="", repr=False)
    """`sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user:password@host/name`.

    Empty: the file `antiphon.db` in the data folder.
    """

    files: str = ""
    """Folder of uploaded files and recordings. Empty: `files` in the data folder."""

    def url(self, data: Path) -> str:
        """URL of the database for a node whose data folder is `data`."""
        return self.database or f"sqlite:///{(data / DEFAULT_FILE).absolute()}"

    def folder(self, data: Path) -> Path:
        """Folder of files for a node whose data folder is `data`."""
        return Path(self.files) if self.files else data / "files"
