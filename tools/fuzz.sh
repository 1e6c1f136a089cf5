#!/usr/bin/env bash
# Fuzzes what reads the bytes of strangers: the targets of crates/fuzz, each for a while.
#
#   tools/fuzz.sh                            each for a minute
#   tools/fuzz.sh -max_total_time=600 room   one, for ten minutes
#   tools/fuzz.sh -runs=0                    build them only
#
# What begins with a dash goes to libFuzzer. Any stable compiler will do; with a nightly one, cargo-fuzz
# adds the address sanitizer. Inputs worth keeping stay in build/fuzz/ (or $FUZZ_CORPUS), those that
# fail in test-artifacts/fuzz/. Exits with libFuzzer's status at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/.."

options=()
targets=()
for word in "$@"; do
    case $word in
        -*) options+=("$word") ;;
        *) targets+=("$word") ;;
    esac
done
if [ ${#options[@]} -eq 0 ]; then options=(-max_total_time=60); fi
if [ ${#targets[@]} -eq 0 ]; then
    for file in crates/fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

dictionary() {
    case $1 in
        sip_*) echo sip ;;
        xml_*) echo xml ;;
        *) echo sdp ;;
    esac
}

host=$(rustc -vV | sed -n 's/^host: //p')
# Counters of branches and comparisons, by which libFuzzer learns; failed assertions and overflows count.
export RUSTFLAGS="--cfg fuzzing -Cdebug-assertions -Coverflow-checks -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# With a target named, build scripts and macros are built without the flags.
cargo build --release --locked --quiet --target "$host" --manifest-path crates/fuzz/Cargo.toml

for target in "${targets[@]}"; do
    corpus=${FUZZ_CORPUS:-build/fuzz}/$target
    mkdir -p "$corpus" test-artifacts/fuzz
    echo "fuzzing $target"
    "$CARGO_TARGET_DIR/$host/release/$target" "$corpus" -print_final_stats=1 -max_len=4096 \
        "-dict=crates/fuzz/dictionaries/$(dictionary "$target").dict" \
        "-artifact_prefix=test-artifacts/fuzz/$target-" "${options[@]}"
done
