"""What all tables share. Keys are compared byte by byte on every database: their order is part of
what pages promise.
"""

from sqlalchemy import MetaData, Text

KEY_TEXT = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()
