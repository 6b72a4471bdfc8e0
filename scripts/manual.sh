#!/bin/sh
# Finds a PDF file that a Debian package carries and prints its path.
#
# usage: scripts/manual.sh PACKAGE PATH      as: octave-doc usr/share/doc/octave/octave.pdf
#
# The package need not be installed: it is downloaded and unpacked below build/manuals, once, which
# needs no root. Only lists of packages that were never read, or are too old, need root to renew.
set -eu
package=$1
path=$2
root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/build/manuals/$package

for candidate in "/$path" "$cache/$path"; do
    if [ -s "$candidate" ]; then
        echo "$candidate"
        exit 0
    fi
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "manual.sh: $package can be fetched on Debian only" >&2
    exit 1
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/download.XXXXXX")
trap 'rm -rf "$work"' EXIT
fetch() {
    (cd "$work" && apt-get download -qq "$package" >download.log 2>&1)
}
renew() {
    if [ "$(id -u)" -eq 0 ]; then
        apt-get update -qq
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n apt-get update -qq
    else
        return 1
    fi
}
echo "Fetching $package for its manual" >&2
if ! fetch && ! { renew >&2 && fetch; }; then
    cat "$work/download.log" >&2
    echo "manual.sh: $package could not be downloaded" >&2
    exit 1
fi
dpkg-deb -x "$work"/*.deb "$work/root"
# Moved into place as a whole, so a download that was cut short is never taken for a manual.
mkdir -p "$(dirname "$cache/$path")"
mv "$work/root/$path" "$cache/$path"
echo "$cache/$path"
