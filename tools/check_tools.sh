#!/usr/bin/env bash
# Checks what `make setup` needs. Prints the Python to use; or one line on stderr that says all that
# is missing and how to get it, and exits 1.
set -euo pipefail

missing=()

# at_least HAVE WANT: compares versions.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# version COMMAND...: the first version number that the command prints, or nothing.
version() { { "$@" 2>/dev/null || true; } | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true; }

# tool NAME WANT HINT COMMAND...: NAME must be at least of version WANT.
tool() {
    local name=$1 want=$2 hint=$3 have
    shift 3
    have=$(version "$@")
    if [ -z "$have" ]; then
        missing+=("$name >= $want ($hint)")
    elif ! at_least "$have" "$want"; then
        missing+=("$name >= $want, found $have ($hint)")
    fi
}

python=
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    have=$(version "$candidate" --version)
    if [ -n "$have" ] && at_least "$have" 3.11; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    missing+=("Python >= 3.11 (apt install python3 python3-venv)")
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    missing+=("the venv module of Python (apt install python3-venv)")
fi

tool Rust 1.89 "https://rustup.rs" cargo --version
tool Node.js 20.19 "https://nodejs.org/en/download" node --version
tool npm 10 "comes with Node.js" npm --version
if ! command -v "${CC:-cc}" >/dev/null; then
    missing+=("a C compiler (apt install build-essential)")
fi

if [ ${#missing[@]} -gt 0 ]; then
    line=$(printf '; %s' "${missing[@]}")
    echo "Antiphon needs: ${line:2}" >&2
    exit 1
fi
echo "$python"
