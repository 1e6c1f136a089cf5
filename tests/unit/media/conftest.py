from collections.abc import AsyncIterator

import pytest

from tests.support.media import Real, real_media


@pytest.fixture
async def real() -> AsyncIterator[Real]:
    async with real_media() as one:
        yield one
