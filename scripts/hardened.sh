#!/bin/sh
# Says whether a program that was built for release is hardened.
#
# usage: scripts/hardened.sh FILE
#
# Looks for: position independence, read-only relocations that are bound at the start, a stack that
# cannot be executed, checked library calls, and on x86 marks for where an indirect branch may go.
set -eu
file=$1
status=0

demand() {
    printf '%s' "$2" | grep -Eq "$3" || {
        echo "hardened.sh: $file: $1 is missing" >&2
        status=1
    }
}

dynamic=$(readelf -dW "$file")
segments=$(readelf -hlW "$file")
demand 'position independence' "$segments" 'Type: +DYN'
demand 'read-only relocations' "$segments" 'GNU_RELRO'
demand 'binding at the start' "$dynamic" 'BIND_NOW'
demand 'a stack without code' "$segments" 'GNU_STACK.* RW '
demand 'a checked library call' "$(readelf --dyn-syms -W "$file")" '_chk@'
case $(uname -m) in
x86_64 | i?86)
    # The mark of the whole file is not there where the C library's own start files lack it.
    demand 'control-flow protection' "$(objdump -d --disassemble=main "$file")" 'endbr'
    ;;
esac
exit $status
