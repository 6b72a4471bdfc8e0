#!/bin/sh
# Builds everything with AddressSanitizer and UndefinedBehaviorSanitizer and runs the tests.
#
# usage: scripts/test.sh [--list]
#
# TREADLE_TEST names one test to run. The last line counts cases: "N passed, N failed". The status
# is not 0 when a case failed, when a test ended badly, or when none ran.
set -eu
cd "$(dirname "$0")/.."
directory=build-test

# A second call costs nothing: npm marks what it installed, and a changed lock file is newer.
modules=tests/api/node_modules
if [ ! -f $modules/.package-lock.json ] || [ tests/api/package-lock.json -nt $modules/.package-lock.json ]; then
    npm ci --prefix tests/api --no-audit --no-fund --loglevel=error
fi

QUIET=1 scripts/build.sh $directory -Dtests=true -Dwerror=true \
    -Db_sanitize=address,undefined -Db_lundef=false

if [ "${1:-}" = --list ]; then
    exec meson test -C $directory --no-rebuild --list
fi

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
log=$directory/meson-logs/testlog.json
rm -f "$log"
status=0
meson test -C $directory --no-rebuild --print-errorlogs ${TREADLE_TEST:+"$TREADLE_TEST"} || status=$?
python3 tests/tally.py "$log" || status=1
exit $status
