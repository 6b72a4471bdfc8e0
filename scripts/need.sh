#!/bin/sh
# Sees to it that the packages of some groups are installed.
#
# usage: scripts/need.sh GROUP...          (groups of scripts/packages.sh)
#
# Costs one dpkg-query when nothing is missing. What is missing is installed as root, or through
# sudo where that asks for no password; otherwise the command to type is printed and the status is
# 1. Packages are never removed to make room for others.
set -eu

here=$(dirname "$0")
wanted=$("$here/packages.sh" "$@")

if ! command -v dpkg-query >/dev/null; then
    echo "need.sh: not a Debian system; see scripts/packages.sh for what must be there" >&2
    exit 0
fi

# Node may come from elsewhere, with an npm of its own that Debian's package would fight.
node_works() {
    command -v npm >/dev/null && command -v node >/dev/null &&
        node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' &&
        npm --version >/dev/null 2>&1
}

case "$wanted" in
*nodejs*) node_works && wanted=$(printf '%s\n' "$wanted" | grep -vx -e nodejs -e npm) ;;
esac

# "Status Name" of every package that dpkg knows; held and half-installed ones do not count.
# shellcheck disable=SC2046
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' \
    $(printf '%s\n' "$wanted" | tr '|' '\n') 2>/dev/null | sed -n 's/^installed //p')

missing=
for choice in $wanted; do
    found=
    for package in $(printf '%s' "$choice" | tr '|' ' '); do
        case "
$installed
" in
        *"
$package
"*) found=1 ;;
        esac
    done
    [ -n "$found" ] || missing="$missing ${choice%%|*}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    {
        echo "These packages are missing:"
        printf '   %s\n' $missing
        echo "Install them with:"
        echo "    apt-get install --no-install-recommends$missing"
    } >&2
    exit 1
fi

updated=
update() {
    [ -z "$updated" ] || return 0
    updated=1
    echo "Reading the lists of packages (apt-get update)"
    $as_root apt-get update -qq
}

install() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-remove \
        --no-install-recommends $missing </dev/null >"$log" 2>&1
}

for package in $missing; do
    apt-cache show "$package" >/dev/null 2>&1 || update
done
echo "Installing, which may take a few minutes:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Lists that are too old name files that are gone; then a second try with fresh ones works.
if ! install && ! { [ -z "$updated" ] && update && install; }; then
    cat "$log" >&2
    exit 1
fi
