#!/bin/sh
# Configures a build directory the first time and builds in it.
#
# usage: scripts/build.sh DIRECTORY [meson option...]
#
# The options count only the first time: remove the directory to change them. With QUIET set,
# nothing is printed when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."
directory=$1
shift
[ -f "$directory/build.ninja" ] || meson setup "$directory" "$@"
if [ -n "${QUIET:-}" ] && ninja -C "$directory" -n | grep -q 'no work to do'; then
    exit 0
fi
exec ninja -C "$directory"
