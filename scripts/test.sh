#!/bin/sh
# Builds everything with sanitizers and runs the tests.
#
# usage: scripts/test.sh [--list]
#
# TREADLE_SANITIZE chooses: AddressSanitizer with UndefinedBehaviorSanitizer and every test, or
# "thread" for ThreadSanitizer and the tests of what runs go through (the suite 'engine').
# TREADLE_TEST names one test to run. The last line counts cases: "N passed, N failed". The status
# is not 0 when a case failed, when a test ended badly, or when none ran.
set -eu
cd "$(dirname "$0")/.."
case ${TREADLE_SANITIZE:-} in
'') directory=build-test sanitizers=address,undefined suite= ;;
thread) directory=build-tsan sanitizers=thread suite=engine ;;
*)
    echo "test.sh: there is no such sanitizer: leave SANITIZE away, or say 'thread'" >&2
    exit 2
    ;;
esac

# A second call costs nothing: npm marks what it installed, and a changed lock file is newer.
modules=tests/api/node_modules
if [ ! -f $modules/.package-lock.json ] || [ tests/api/package-lock.json -nt $modules/.package-lock.json ]; then
    npm ci --prefix tests/api --no-audit --no-fund --loglevel=error
fi

QUIET=1 scripts/build.sh $directory -Dtests=true -Dwerror=true \
    -Db_sanitize=$sanitizers -Db_lundef=false

if [ "${1:-}" = --list ]; then
    exec meson test -C $directory --no-rebuild --list
fi

# Tests that need the weights of the sentence embedding skip where they cannot be had.
TREADLE_WEIGHTS=$(scripts/weights.sh) || TREADLE_WEIGHTS=
export TREADLE_WEIGHTS

# What ThreadSanitizer reports makes a program end with a status of its own.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
log=$directory/meson-logs/testlog.json
rm -f "$log"
status=0
if [ -n "${TREADLE_TEST:-}" ]; then
    meson test -C $directory --no-rebuild --print-errorlogs "$TREADLE_TEST" || status=$?
else
    meson test -C $directory --no-rebuild --print-errorlogs ${suite:+--suite "$suite"} || status=$?
fi
python3 tests/tally.py "$log" || status=1
exit $status
