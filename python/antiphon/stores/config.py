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
    """Folder of uploaded files, or `s3://BUCKET/PREFIX`. Empty: `files` in the data folder."""

    s3_endpoint: str = ""
    """Address of an S3-compatible storage, as `https://s3.example.org`. Empty: that of AWS."""

    s3_region: str = ""
    """Its region, where it has any."""

    s3_key: str = ""
    """Name of the key for it. Empty: what the environment says, as AWS's tools read it."""

    s3_secret: str = field(default="", repr=False)
    """The key itself."""

    def __post_init__(self) -> None:
        if "://" in self.files and not self.files.startswith("s3://"):
            raise ValueError("files must be a folder or s3://BUCKET/PREFIX")

    @property
    def has_bucket(self) -> bool:
        """Whether files are in an object storage."""
        return self.files.startswith("s3://")

    def url(self, data: Path) -> str:
        """URL of the database for a node whose data folder is `data`."""
        return self.database or f"sqlite:///{(data / DEFAULT_FILE).absolute()}"

    def folder(self, data: Path) -> Path:
        """Folder of files for a node whose data folder is `data`."""
        return Path(self.files) if self.files else data / "files"
