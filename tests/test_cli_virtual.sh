#!/usr/bin/env bash
# test_cli_virtual.sh LOTTO DATA: the command on the virtual GPU. Real logits through every operation, type and order, each output
# compared with the CPU reference bit for bit; and how the command gets there by itself.
set -euo pipefail
lotto=$(realpath "$1")
data=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
real=$data/smollm2-135m-instruct.f16
checked=0
: >failures

complain() { echo "FAILED: $1" | tee -a failures >&2; }

# verifies ROWS ARGUMENT...: what --verify prints for so many rows, nothing on standard error.
verifies() {
    local rows=$1 answer=0
    shift
    checked=$((checked + 1))
    "$lotto" "$@" --device virtual --verify >out 2>err || answer=$?
    [ "$answer" = 0 ] && [ ! -s err ] && grep -q "^verified: every output of $rows rows\? equals the CPU reference$" out ||
        complain "lotto $*: exit status $answer: $(cat err)"
}

# Every control, for all rows alike and in three ways row by row.
adjusted=(--banned 7042,260,504 --stop 2,0 --min-length 9 --logit-bias 28:4.5,30:-2,28:1 --prompt-ids 1,2,260,30 --output-ids 28,28,504
    --repetition-penalty 1.2 --frequency-penalty 0.4 --presence-penalty 0.3 --temperature 1.3 --temperature-last --top-p 0.9)
three='{"allowed": [1, 2, 504, 7042, 49151], "logit_bias": {"504": -3}, "top_k": 3, "seed": 9, "position": 4},
{"draws": 5, "top_logprobs": 3, "prompt": [28, 30, 28], "output": [260, 260], "repetition_penalty": 0.8, "frequency_penalty": -0.5, "temperature": 0.7},
{"banned": [7042, 50000], "stop": [2], "min_length": 1, "temperature": 2, "temperature_last": true, "min_p": 0.05}'
printf '%s' "[$three" >settings.json
for _ in $(seq 11); do printf ',\n%s' "$three"; done >>settings.json
echo ']' >>settings.json

# Types, orders and controls, on each architecture that the binaries hold PTX for.
for arch in 75 80 90; do
    export LOTTO_VGPU_ARCH=$arch
    for dtype in f32 f16 bf16; do
        for order in sequential min-p-last joint; do
            verifies 36 sample $real.safetensors --as $dtype --order $order --temperature 0.9 --top-k 60 --top-p 0.9 --min-p 0.02
            verifies 6 probs $real.safetensors --as $dtype --order $order --rows 10:16 --top-k 60 --top-p 0.9 --min-p 0.02 -o out.npy
        done
        verifies 12 sample $real.safetensors --as $dtype --rows 0:12 --position 3 --draws 3 --top-p 0.9 --top-logprobs 20
        verifies 6 sample $real.safetensors --as $dtype --rows 0:6 "${adjusted[@]}" --draws 40 --top-logprobs 5 --top-logprobs-of model
        verifies 12 logprobs $real.safetensors --as $dtype --rows 0:12 --tokens "$(seq -s, 7042 1300 53000)"
        verifies 6 sample $real.safetensors --as $dtype --rows 0:6 --temperature 0
        verifies 6 sample $real.safetensors --as $dtype --rows 0:6 --temperature 2.5 --min-p 0.1
        verifies 12 sample $real.safetensors --as $dtype --rows 0:12 "${adjusted[@]}"
        verifies 36 sample $real.safetensors --as $dtype --settings settings.json
        verifies 6 probs $real.safetensors --as $dtype --rows 9:15 --settings settings.json -o out.npy
        verifies 6 softmax $real.safetensors --as $dtype --rows 30:36 --temperature 0.7 -o out.npy
        verifies 12 top-k $real.safetensors --as $dtype --rows 0:12 -k 50
        verifies 1 top-k $real.safetensors --as $dtype --rows 5:6 -k 0
        verifies 12 top-p $real.safetensors --as $dtype --rows 0:12 -p 0.9
        verifies 1 show $real.safetensors --as $dtype --row 7
    done
done
unset LOTTO_VGPU_ARCH

# What is printed and written is the reference's, byte for byte.
"$lotto" sample $real.safetensors --top-p 0.9 --draws 2 --json --device virtual >a
"$lotto" sample $real.safetensors --top-p 0.9 --draws 2 --json --device reference >b
checked=$((checked + 1))
[ -s a ] && cmp a b || complain "sample --json differs from the reference's"
"$lotto" probs $real.safetensors --rows 0:3 --top-p 0.9 -o a.npy --device virtual >out
"$lotto" probs $real.safetensors --rows 0:3 --top-p 0.9 -o b.npy --device reference >out
checked=$((checked + 1))
cmp a.npy b.npy || complain "probs differ from the reference's"

# Tokens do not depend on the GPU, on the order of its work or on its approximations.
same_tokens() {
    checked=$((checked + 1))
    env "$1" "$lotto" sample $real.safetensors --top-p 0.9 --draws 2 --json --device virtual >c 2>err
    cmp b c || complain "tokens with $1: $(cat err)"
}
for gpu in h100 a100 t4; do
    same_tokens LOTTO_VGPU_GPU=$gpu
done
same_tokens LOTTO_VGPU_SCHEDULE=1
same_tokens LOTTO_VGPU_ULP=1

# Starting again under the virtual GPU loses neither standard input nor words.
checked=$((checked + 1))
"$lotto" sample - --top-p 0.9 --draws 2 --json --text $real.vocab.json --device virtual < <(cat $real.safetensors) >a
cmp a b || complain "standard input, read after starting again"

# auto: says once why it takes the virtual GPU, and nothing under scripts/vgpu, where somebody chose it.
if "$lotto" devices | grep -q '^cuda *not usable'; then
    checked=$((checked + 2))
    "$lotto" sample $real.safetensors --rows 0:1 >out 2>err
    grep -q "(virtual)" out && [ "$(wc -l <err)" = 1 ] && grep -q '^lotto: on the virtual GPU, since ' err ||
        complain "auto: $(cat out err)"
    stand_in=$("$lotto" devices | awk '$1 == "virtual" {print $2}')
    LD_PRELOAD=$stand_in "$lotto" sample $real.safetensors --rows 0:1 >out 2>err
    grep -q "(virtual)" out && [ ! -s err ] || complain "auto under the stand-in: $(cat out err)"
    LD_PRELOAD=$stand_in "$lotto" sample $real.safetensors --rows 0:1 --device cuda >out 2>err
    checked=$((checked + 1))
    grep -q "(virtual)" out && [ ! -s err ] || complain "cuda under the stand-in: $(cat out err)"
else
    echo "skipped: what auto does without a GPU, since there is one"
fi

# Without its folder the virtual GPU is missed, not fallen over; and a folder's name may hold a space.
mkdir bin "with space"
cp "$lotto" bin
answer=0
checked=$((checked + 2))
LD_LIBRARY_PATH=$(dirname "$lotto")/../lib bin/lotto sample $real.safetensors --device virtual >out 2>err || answer=$?
[ "$answer" = 1 ] && grep -q '^lotto: the virtual GPU is not installed: ' err && [ ! -s out ] || complain "no stand-in: $answer: $(cat err)"
cp -r bin "with space"
cp -rL "$(dirname "$lotto")/../lib" "with space"
"with space/bin/lotto" sample $real.safetensors --rows 0:1 --device virtual >out 2>err || complain "a folder with a space: $(cat err)"

# Further rows, where somebody has them: raw f32, NAME_ROWSxVOCAB.f32.bin.
if [ -n "${LOTTO_TEST_LOGITS:-}" ]; then
    for file in "$LOTTO_TEST_LOGITS"/*.f32.bin; do
        shape=$(basename "$file" .f32.bin | grep -o '[0-9]*x[0-9]*$')
        raw=(--dtype f32 --vocab-size "${shape#*x}")
        for dtype in f32 f16 bf16; do
            verifies "${shape%x*}" sample "$file" "${raw[@]}" --as $dtype --top-k 100 --top-p 0.9 --min-p 0.001
        done
        verifies "${shape%x*}" top-p "$file" "${raw[@]}" -p 0.95
        echo "verified: ${shape%x*} rows of $(basename "$file")"
    done
else
    echo "skipped: further rows, since LOTTO_TEST_LOGITS is not set"
fi

echo "$checked checks, $(wc -l <failures) wrong"
[ ! -s failures ]
