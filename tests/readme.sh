#!/usr/bin/env bash
# readme.sh README LIBRARY: the C example in the README compiles without a warning, as C11 and as C++17, and samples what it must on the reference
# (readme_main.c).
set -euo pipefail
readme=$1
library=$2
source=$(dirname "$readme")
flags=(-Wall -Wextra -Wpedantic -Werror "-I$source/include")

example=$(sed -n '/^```c$/,/^```$/p' "$readme" | sed '/^```/d')
[ -n "$example" ] || { echo "$readme holds no C example"; exit 1; }
g++ -std=c++17 "${flags[@]}" -fsyntax-only -x c++ - <<<"$example"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat - "$source/tests/readme_main.c" <<<"$example" >"$folder/example.c"
gcc -std=c11 "${flags[@]}" -o "$folder/example" "$folder/example.c" "$library" "-Wl,-rpath,$(dirname "$library")"
"$folder/example"
