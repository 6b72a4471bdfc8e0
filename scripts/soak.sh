#!/bin/sh
# Soaks the server: a mixed load with kills, a full disk, clock jumps and want of memory.
#
# TREADLE_SOAK_SECONDS says how long (default: 60), TREADLE_SOAK_SEED repeats the choices of an
# earlier run. The store lies on a tmpfs of TREADLE_SOAK_MB (300) in a mount namespace of its own,
# which ends with the soak; that needs root, or user namespaces.
set -eu
cd "$(dirname "$0")/.."
modules=tests/api/node_modules
if [ ! -f $modules/.package-lock.json ] || [ tests/api/package-lock.json -nt $modules/.package-lock.json ]; then
    npm ci --prefix tests/api --no-audit --no-fund --loglevel=error
fi
QUIET=1 scripts/build.sh build-test -Dtests=true -Dwerror=true \
    -Db_sanitize=address,undefined -Db_lundef=false

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TREADLE_BIN="$PWD/build-test/treadle-fault"
namespace=-m
[ "$(id -u)" -eq 0 ] || namespace=-rm
disk=$(mktemp -d)
trap 'rmdir "$disk"' EXIT
export TREADLE_SOAK_DISK="$disk"
unshare $namespace sh -c '
    mount -t tmpfs -o "size=${TREADLE_SOAK_MB:-300}m" tmpfs "$TREADLE_SOAK_DISK"
    node tests/soak/soak.mjs "${TREADLE_SOAK_SECONDS:-60}" "${TREADLE_SOAK_SEED:-}"
    status=$?
    umount -l "$TREADLE_SOAK_DISK"
    exit $status'
