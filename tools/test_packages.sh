#!/usr/bin/env bash
# Makes sure that what the tests drive is there: browsers, PostgreSQL, network tools, ffmpeg, Go.
# As root on Debian or Ubuntu it installs what is missing; otherwise it says how to.
set -euo pipefail

packages=()
need() { # need PACKAGE COMMAND...: any of the commands will do
    local package=$1 command
    shift
    for command in "$@"; do
        if command -v "$command" >/dev/null; then return; fi
    done
    packages+=("$package")
}

PATH=$PATH:/usr/sbin:/sbin
need chromium chromium chromium-browser google-chrome
need firefox-esr firefox-esr firefox
need iproute2 ip
need iptables iptables
need baresip-core baresip
need sip-tester sipp
need ffmpeg ffmpeg
need g++ c++ g++ clang++ # libFuzzer is written in C++
need pulseaudio pulseaudio # Firefox has no audio graph without a sound server
if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && ! command -v initdb >/dev/null; then
    packages+=(postgresql)
fi

if [ ${#packages[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "The tests need more programs: sudo apt-get install -y ${packages[*]}" >&2
        exit 1
    fi
    echo "installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    apt-get install -y -qq --no-install-recommends "${packages[@]}" </dev/null >/dev/null
fi

go=$({ go version 2>/dev/null || true; } | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true)
if [ -z "$go" ] || [ "$(printf '%s\n1.24\n' "$go" | sort -V | head -n 1)" != 1.24 ]; then
    echo "The tests need Go >= 1.24 for a WebRTC client (https://go.dev/dl), found ${go:-none}" >&2
    exit 1
fi
