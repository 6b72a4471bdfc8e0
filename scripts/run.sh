#!/bin/sh
# Asks a PDF a question with the Treadle that was just built: `make run`.
#
# TREADLE_RUN_PDF and TREADLE_RUN_QUESTION choose the file and the question; without a file a
# manual of over 1,000 pages is taken from a Debian package. What was read stays in
# build/run-store, so that asking again does not read again.
set -eu
cd "$(dirname "$0")/.."
file=${TREADLE_RUN_PDF:-}
question=${TREADLE_RUN_QUESTION:-}

if [ -z "$file" ]; then
    if ! file=$(scripts/manual.sh octave-doc usr/share/doc/octave/octave.pdf); then
        echo "There is no manual to ask. Name a file: make run PDF=FILE Q=\"QUESTION\"" >&2
        exit 1
    fi
    question=${question:-Why are sparse matrices used?}
fi
if [ -z "$question" ]; then
    echo "There is no question. Ask one: make run PDF=FILE Q=\"QUESTION\"" >&2
    exit 2
fi
# A name may start with a dash.
case $file in
/*) ;;
*) file=./$file ;;
esac

scripts/weights.sh >/dev/null || echo "Passages will be found by their words alone." >&2

echo "File:     $file"
echo "Question: $question"
echo
TREADLE_STORE=${TREADLE_STORE:-$PWD/build/run-store} exec build/treadle ask "$file" -q "$question"
