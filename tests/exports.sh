#!/usr/bin/env bash
# exports.sh LIBRARY LIST: the shared library exports the symbols in LIST, no other, and needs no library but the C library
# and the CUDA runtime.
set -euo pipefail

diff --label "exported by $1" --label "$2" -u \
    <(nm -D --defined-only "$1" | awk '{ print $NF }' | LC_ALL=C sort) "$2"

others=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vxE 'libcudart\.so\.13|lib[cm]\.so\.6|ld-linux.*' || true)
if [ -n "$others" ]; then
    printf '%s needs %s\n' "$1" "${others//$'\n'/ }"
    exit 1
fi
echo "$(wc -l <"$2") symbols, each in the list"
