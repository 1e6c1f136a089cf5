"""Header fields of a test's message."""


class Fields:
    """Named fields in order."""

    def __init__(self, *fields: tuple[str, str]) -> None:
        self._fields = fields

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._fields if key.lower() == name.lower()]
