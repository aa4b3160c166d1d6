#!/usr/bin/env bash
# readme.sh README: the C example in the README compiles without a warning, as C11 and as C++17.
set -euo pipefail
readme=$1
include=$(dirname "$readme")/include

example=$(sed -n '/^```c$/,/^```$/p' "$readme" | sed '/^```/d')
[ -n "$example" ] || { echo "$readme holds no C example"; exit 1; }
gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$include" -x c - <<<"$example"
g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$include" -x c++ - <<<"$example"
