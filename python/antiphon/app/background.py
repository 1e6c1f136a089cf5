"""Coroutines that run beside a block; knows not what they do."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def background(tasks: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run coroutines beside the block: one that fails cancels it, leaving it cancels them.

    What the block itself raises comes out as it is, not in a group.
    """
    raised: Exception | None = None
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(task) for task in tasks]
        try:
            yield
        except Exception as error:
            raised = error
        finally:
            for task in running:
                task.cancel()
    if raised is not None:
        raise raised
