#!/usr/bin/env bash
# Locks the Python dependencies with hashes, for every platform and Python version the project supports.
# Run it after a change of the dependencies in pyproject.toml. It needs `uv` on the PATH (or UV=path).
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
lock() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-header "$@"
}
lock pyproject.toml --output-file requirements.lock
lock --group build --output-file requirements-build.lock
lock --group cmake --output-file requirements-cmake.lock
# The tests run against exactly what is installed: the runtime lock constrains theirs.
lock pyproject.toml --group tests --constraint requirements.lock --output-file requirements-dev.lock
