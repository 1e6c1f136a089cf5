"""Builds the load generator and the floor, and runs them. It knows nothing of what they measure."""

import asyncio
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import Cores, on_core

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"

Row = dict[str, Any]


class Missing(Exception):
    """A tool that is needed to build a program is not installed."""


class Failed(Exception):
    """A program ended with an error; the text is what it said."""


def why(error: Failed) -> Row:
    """A row in place of the one that is missing."""
    return {"failure": str(error)}


def _need(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        raise Missing(f"{tool} is not installed")
    return path


def build_load() -> Path:
    """The load generator, from the versions of its lock file."""
    program = BUILD / "load"
    command = [_need("go"), "build", "-mod=readonly", "-o", str(program), "."]
    subprocess.run(command, cwd=HERE / "load", check=True)
    return program


def build_floor() -> Path:
    """The floor; minutes at the first time, for its cryptography."""
    target = BUILD / "floor"
    command = [_need("cargo"), "build", "--release", "--locked", "--quiet"]
    command += ["--target-dir", str(target)]
    subprocess.run(command, cwd=HERE / "floor", check=True)
    return target / "release" / "floor"


@dataclass(frozen=True)
class Program:
    """A program that prints one JSON object in each line."""

    path: Path
    core: int

    async def run(
        self, *arguments: str, within: float = 600, said: Path | None = None
    ) -> list[Row]:
        """What it printed. `said`: a file for its log."""
        process = await asyncio.create_subprocess_exec(
            *on_core(self.core),
            str(self.path),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if said is None else said.open("wb"),
        )
        try:
            async with asyncio.timeout(within):
                output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            text = said.read_bytes() if said is not None else errors
            raise Failed(
                f"{self.path.name} {arguments[0]}: {text.decode(errors='replace')[-2000:]}"
            )
        return [json.loads(line) for line in output.splitlines() if line.startswith(b"{")]


def load(cores: Cores) -> Program:
    return Program(build_load(), cores.client)


def floor(cores: Cores) -> Program:
    return Program(build_floor(), cores.server)
