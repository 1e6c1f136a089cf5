"""A sound server that plays into nothing: Firefox's audio graph does not run without a device."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from tests.support.wait import until


@contextlib.asynccontextmanager
async def silent_sound_server(folder: Path) -> AsyncIterator[dict[str, str]]:
    """A PulseAudio of our own; yields the environment variables that lead clients to it."""
    program = shutil.which("pulseaudio")
    assert program is not None, "pulseaudio is not installed"
    socket = folder / "pulse.socket"
    script = folder / "pulse.pa"
    script.write_text(
        "load-module module-null-sink\n"
        f"load-module module-native-protocol-unix auth-anonymous=1 socket={socket}\n"
    )
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    options = ["-n", "-F", str(script), "--exit-idle-time=-1", "--use-pid-file=no"]
    with (folder / "pulse.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            program, *options, env=os.environ | home, stdout=log, stderr=log
        )
        try:

            async def listens() -> bool:
                return socket.exists()

            await until("sound server", listens)
            yield {"PULSE_SERVER": f"unix:{socket}"}
        finally:
            process.terminate()
            await process.wait()
