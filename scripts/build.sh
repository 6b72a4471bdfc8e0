#!/bin/sh
# Configures a build directory the first time and builds in it.
#
# usage: scripts/build.sh DIRECTORY [meson option...]
#
# The options count only the first time: remove the directory to change them.
set -eu
cd "$(dirname "$0")/.."
directory=$1
shift
[ -f "$directory/build.ninja" ] || meson setup "$directory" "$@"
exec ninja -C "$directory" ${QUIET:+--quiet}
