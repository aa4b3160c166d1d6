#!/usr/bin/env bash
# lint.sh SOURCE_DIR: every tracked C and CUDA file is as .clang-format says.
set -euo pipefail
cd "$1"

# Releases format differently, so one is chosen: that of Debian 12.
release=14
formatter=$(command -v clang-format-$release || command -v clang-format || true)
if [ -z "$formatter" ] || ! "$formatter" --version | grep -q "version $release\."; then
    echo "skipped: clang-format $release is not installed"
    exit 77
fi
if ! git rev-parse --git-dir >/dev/null 2>&1; then
    echo "skipped: not a git checkout, so no list of tracked files"
    exit 77
fi
mapfile -d '' files < <(git ls-files -z '*.c' '*.h' '*.cu' '*.cuh')
complaints=$("$formatter" --dry-run -Werror "${files[@]}" 2>&1) || {
    echo "these need clang-format -i:"
    sed -n 's/^\([^ :]*\):[0-9:]* error: .*/\1/p' <<<"$complaints" | sort -u
    exit 1
}
echo "${#files[@]} files are formatted"
