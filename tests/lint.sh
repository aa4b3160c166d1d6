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
unformatted=()
for file in "${files[@]}"; do
    "$formatter" --dry-run -Werror "$file" 2>/dev/null || unformatted+=("$file")
done
if [ ${#unformatted[@]} -gt 0 ]; then
    echo "not formatted; run: clang-format -i ${unformatted[*]}"
    exit 1
fi
echo "${#files[@]} files are formatted"
