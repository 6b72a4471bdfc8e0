#!/bin/sh
# Runs one libFuzzer target for a while, starting from its kept cases.
#
# TREADLE_TEST names the target (default: field), TREADLE_FUZZ_SECONDS how long (60). What it finds
# lies in build-fuzz/found; put a case into tests/fuzz/cases/TARGET to have it replayed by `make
# test` for ever.
set -eu
cd "$(dirname "$0")/.."
target=${TREADLE_TEST:-field}
case $target in
*[!a-z_]*) echo "fuzz.sh: no such target" >&2 && exit 2 ;;
esac

[ -f build-fuzz/build.ninja ] || CC=clang CXX=clang++ meson setup build-fuzz -Dfuzz=true -Db_lundef=false \
    -Db_sanitize=address,undefined
ninja -C build-fuzz "tests/fuzz/fuzz_$target"
mkdir -p "build-fuzz/found/$target" "build-fuzz/corpus/$target"
exec "build-fuzz/tests/fuzz/fuzz_$target" -max_total_time="${TREADLE_FUZZ_SECONDS:-60}" \
    -max_len=65536 -artifact_prefix="build-fuzz/found/$target/" \
    "build-fuzz/corpus/$target" "tests/fuzz/cases/$target"
