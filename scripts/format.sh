#!/bin/sh
# Lays out every C and C++ file by .clang-format, or with --check says which ones differ and fails.
set -eu
cd "$(dirname "$0")/.."
case ${1:-} in
--check) set -- --dry-run -Werror ;;
'') set -- -i ;;
*)
    echo "usage: scripts/format.sh [--check]" >&2
    exit 2
    ;;
esac
find include src tests bench \( -name node_modules -prune \) -o \( -name '*.[ch]' -o -name '*.cc' \) -print0 |
    xargs -0 clang-format "$@"
