#!/usr/bin/env bash
# quick_start.sh README NVCC CUDART_FOLDER SCRIPTS: the program in the virtual GPU's README gives the finding that stands there, and without its mistake none.
set -euo pipefail
readme=$(realpath "$1")
PATH=$(dirname "$2"):$PATH
export NVCC_APPEND_FLAGS=-L$3
scripts=$(realpath "$4")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
    echo "$*"
    exit 1
}
# The source line's folder, the address and the PTX depend on the machine and the toolkit.
comparable() { sed 's/at 0x[0-9a-f]*/at 0x/; s/PTX line [0-9]*/PTX line/; s#, /[^ ]*/neighbours.cu#, neighbours.cu#' "$1" | sort; }
# run COMMAND WORD...
run() {
    status=0
    "$scripts/$1" "${@:2}" >said 2>&1 || status=$?
}

sed -n '/^```cuda$/,/^```$/p' "$readme" | sed '/^```/d' >neighbours.cu
start=$(sed -n '/^## Quick start/,/^## Use/p' "$readme")
read -ra compile < <(grep '^nvcc' <<<"$start")
read -ra command < <(grep '^scripts/' <<<"$start")
grep '^vgpu\|^an illegal' <<<"$start" >expected

"${compile[@]}"
run "${command[@]#scripts/}"
[ $status = 86 ] || fail "exit status $status with the mistake; must be 86: $(cat said)"
diff <(comparable expected) <(comparable said) || fail "the README says otherwise"

sed -i '5s/i < count/i < count - 1/' neighbours.cu
"${compile[@]}"
run vgpu --check all "${command[@]:1}"
[ "$status $(cat said)" = "0 no error" ] || fail "exit status $status without the mistake: $(cat said)"
echo "the quick start is as its README says"
