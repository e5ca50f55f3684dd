#!/bin/sh
# Resolve every extra together, then write one lock per extra that agrees with the others.
# Needs uv. A directory of wheels for torch's CPU build may be given: WHEELS=DIR ./lock.sh [--upgrade]
set -eu
cd "$(dirname "$0")"
extras='train serve loadtest signing test'
together=$(mktemp)
trap 'rm -f "$together"' EXIT
options="--python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-emit-index-url --no-header --quiet"
[ -z "${WHEELS:-}" ] || options="$options --find-links $WHEELS"

# Versions that are locked already are kept, unless --upgrade is given.
cat /dev/null $(for extra in $extras; do [ ! -f "$extra.txt" ] || echo "$extra.txt"; done) \
    | sed -n 's/^\([A-Za-z0-9._-]*==[^ ]*\).*/\1/p' | sort -u > "$together"
sources=$(for extra in $extras; do echo "$extra.in"; done)
# shellcheck disable=SC2086
uv pip compile $sources $options --no-annotate --output-file "$together" "$@"
for extra in $extras; do
    # shellcheck disable=SC2086
    uv pip compile "$extra.in" $options --generate-hashes --constraint "$together" --output-file "$extra.txt" "$@"
    sed -i '/^ *# *via -c /d; /^ *# *-c /d' "$extra.txt"
done
