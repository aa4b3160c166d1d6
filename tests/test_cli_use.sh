#!/usr/bin/env bash
# test_cli_use.sh LOTTO DATA: what the command promises, on the CPU reference: every form of input gives the same answer, rows and
# draws do not depend on what else is asked for, output is whole and as described.
set -euo pipefail
lotto=$(realpath "$1")
data=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export LC_ALL=C.UTF-8
real=$data/smollm2-135m-instruct.f16
checked=0
: >failures

# Also counts in a pipeline's subshell.
complain() { echo "FAILED: $1" | tee -a failures >&2; }

# run ARGUMENT...: on the reference, with nothing on standard error.
run() {
    local answer=0
    "$lotto" "$@" --device reference 2>err || answer=$?
    [ "$answer" = 0 ] && [ ! -s err ] || complain "lotto $*: exit status $answer: $(cat err)"
}

# same WHAT: files a and b hold the same, and something.
same() {
    checked=$((checked + 1))
    [ -s a ] || complain "$1: nothing"
    cmp -s a b || complain "$1: $(diff a b | head -5)"
}

# holds TEXT WHAT: file a holds the text.
holds() {
    checked=$((checked + 1))
    grep -qF -e "$1" a || complain "$2: '$1' is not in: $(head -20 a)"
}

filters=(--temperature 0.8 --top-k 50 --top-p 0.95 --seed 7)

# The main job, in words.
run sample $real.safetensors "${filters[@]}" >a
holds 'capital of France is"' "context ends"
holds '" Paris"' "token in words"
holds "36 rows, 49152 tokens each, f16, temperature 0.8 top-k 50 top-p 0.95, seed 7, on the CPU reference" "closing line"
checked=$((checked + 1))
[ "$(wc -l <a)" = 38 ] || complain "36 rows give $(wc -l <a) lines, with heading and closing line"
checked=$((checked + 1))
[ "$(head -n -1 a | wc -L)" -le 80 ] || complain "lines of $(head -n -1 a | wc -L) columns"

# One tensor in every container and through standard input.
header_bytes=$(($(od -An -N8 -tu8 $real.safetensors) + 8))
tail -c +$((header_bytes + 1)) $real.safetensors >raw.bin
npy() { # DESCR SHAPE VERSION
    local dictionary="{'descr': '$1', 'fortran_order': False, 'shape': $2, }"
    printf '\x93NUMPY'
    printf "\\x0$3\\x00\\x$(printf %02x ${#dictionary})\\x00"
    [ "$3" = 1 ] || printf '\x00\x00'
    printf %s "$dictionary"
}
{ npy '<f2' '(36, 49152)' 1; cat raw.bin; } >one.npy
{ npy '<f2' '(36, 49152)' 2; cat raw.bin; } >two.npy
{ npy '<f2' '(49152,)' 3; head -c 98304 raw.bin; } >row.npy
run sample $real.safetensors "${filters[@]}" --json >b
sed -E 's/"text":("([^"\\]|\\.)*"|null)/"text":null/' b >expected
cp expected b
run sample one.npy "${filters[@]}" --json >a && same "npy 1"
run sample two.npy "${filters[@]}" --json >a && same "npy 2"
run sample raw.bin --dtype f16 --vocab-size 49152 "${filters[@]}" --json >a && same "raw"
run sample - "${filters[@]}" --json <one.npy >a && same "npy on standard input"
cat $real.safetensors | run sample - "${filters[@]}" --json >a && same "safetensors through a pipe"
cat raw.bin | run sample - --dtype f16 --vocab-size 49152 "${filters[@]}" --json >a && same "raw through a pipe"
run sample <(cat one.npy) "${filters[@]}" --json >a && same "npy from a named pipe"
head -1 expected >b
run sample row.npy "${filters[@]}" --json >a && same "npy of one dimension"
run sample one.npy "${filters[@]}" --json --text $real.vocab.json >a
run sample $real.safetensors "${filters[@]}" --json >b && same "--text"

# A row's token depends on the row, its seed and its position alone.
cp expected b
for range in 0:1 1:2 2:30 30:36; do run sample one.npy "${filters[@]}" --json --rows $range; done >a && same "--rows"
seq 7 42 >seeds
run sample one.npy --temperature 0.8 --top-k 50 --top-p 0.95 --seed-file seeds --json >a && same "--seed-file"
for position in 5 6 7 8; do run sample one.npy "${filters[@]}" --position $position --rows 0:9 --json; done | sort >b
run sample one.npy "${filters[@]}" --position 5 --draws 4 --rows 0:9 --json | sort >a && same "--draws"
run sample one.npy "${filters[@]}" --position 5 --draws 2 --rows 0:2 --json | grep -o '"row":.,"position":.' >a
printf '"row":%s,"position":%s\n' 0 5 0 6 1 5 1 6 >b && same "order of rows and draws"
run sample one.npy --seed 18446744073709551615 --rows 3:4 --json >a
printf '%s\n' 0 0 0 2 $(yes 0 | head -32) >seeds
run sample one.npy --seed-file seeds --rows 3:4 --json >b && same "seeds are modulo 2^64"

# Long runs: a million tokens a row, more rows than a part holds; each part gives what the row alone gives.
truncate -s 280M zeros.bin
long=(--dtype f32 --vocab-size 1048576 --json)
run sample zeros.bin "${long[@]}" >all
checked=$((checked + 1))
[ "$(wc -l <all)" = 70 ] || complain "70 rows of a million tokens give $(wc -l <all) lines"
tail -3 all >b
run sample zeros.bin "${long[@]}" --rows 67:70 >a && same "rows in another part"
rm zeros.bin

# Greedy, whatever else is set, is the first of top-k.
run sample one.npy --temperature 0 --top-p 0.5 --json | grep -o '"token":[0-9]*' | cut -d: -f2 >a
run top-k one.npy -k 1 --json | grep -o '"ids":\[[0-9]*' | cut -d[ -f2 >b && same "greedy is the first"

# Lists.
run top-k one.npy -k 3 --rows 0:1 --json >a
echo '{"row":0,"ids":[7042,260,4528],"values":[17.34375,14.8046875,13.2109375],"kept":3,"status":[]}' >b && same "top-k"
run top-k $real.safetensors -k 3 --rows 0:1 >a
holds '    7042  " Paris"                       17.3438' "top-k in words"
run top-p $real.safetensors -p 0.5 --rows 0:1 --json >a
holds '"ids":[7042],"texts":[" Paris"],"values":[17.34375],"kept":1,"mass":0.767' "top-p"
run top-k row.npy -k 0 --json | tr ',' '\n' | wc -l >a
run top-k row.npy -k 60000 --json | tr ',' '\n' | wc -l >b && same "k beyond the vocabulary is every token"

# Probabilities as .npy: whole, readable, of the shape said; a second time over the first.
run softmax one.npy --rows 0:2 --as bf16 -o out.npy >a
holds "2 rows, 49152 tokens each, f16 as bf16, temperature 1, on the CPU reference" "softmax says what it did"
checked=$((checked + 1))
[ "$(stat -c %s out.npy)" = $((128 + 2 * 49152 * 4)) ] || complain "out.npy has $(stat -c %s out.npy) bytes"
head -c 128 out.npy | tr -d '\n' | grep -aqF "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 49152), }" || complain "header of out.npy"
run sample out.npy --temperature 0 --json | grep -o '"token":[0-9]*' >a
run sample one.npy --rows 0:2 --as bf16 --temperature 0 --json | grep -o '"token":[0-9]*' >b && same "lotto reads what it wrote"
run probs one.npy --rows 0:2 --top-k 1 -o out.npy --json >a
printf '{"row":%d,"kept":1,"status":[]}\n' 0 1 >b && same "probs --json"
tail -c +129 out.npy | od -An -v -tf4 -w4 | sort -n | uniq -c | awk '{print $1, $2}' >a
printf '98302 0\n2 1\n' >b && same "probs of top-k 1"
ln -s out.npy link.npy
run softmax row.npy -o link.npy >/dev/null
checked=$((checked + 1))
[ -L link.npy ] && [ "$(stat -c %s out.npy)" = $((128 + 49152 * 4)) ] || complain "a symbolic link is written through"
checked=$((checked + 1))
[ -z "$(find . -name '*.npy.*')" ] || complain "temporary files are left: $(find . -name '*.npy.*')"
(umask 027 && run softmax row.npy -o private.npy >/dev/null)
checked=$((checked + 1))
[ "$(stat -c %a private.npy)" = 640 ] || complain "permissions of a new file are $(stat -c %a private.npy)"

# What a row reports: NaN, infinities, nothing to draw from.
printf '\0\0\300\177\0\0\0\0' >special.bin          # NaN, 0
printf '\0\0\200\177\0\0\0\0' >>special.bin         # inf, 0
printf '\0\0\200\377\0\0\200\377' >>special.bin     # -inf, -inf
run sample special.bin --dtype f32 --vocab-size 2 --json >a
cat >b <<'X'
{"row":0,"position":0,"token":1,"text":null,"prob":1.0,"logprob":0.0,"model_logprob":0.0,"kept":1,"kept_mass":1.0,"rank":1,"status":["HAD_NAN"]}
{"row":1,"position":0,"token":0,"text":null,"prob":1.0,"logprob":0.0,"model_logprob":0.0,"kept":1,"kept_mass":1.0,"rank":1,"status":["HAD_POS_INF"]}
{"row":2,"position":0,"token":-1,"text":null,"prob":0.0,"logprob":null,"model_logprob":null,"kept":0,"kept_mass":0.0,"rank":0,"status":["EMPTY"]}
X
sed 's/-0\.0/0.0/g' a >c && mv c a
same "statuses"
run sample special.bin --dtype f32 --vocab-size 2 >a
holds "EMPTY" "status in text"
run show special.bin --dtype f32 --vocab-size 2 --rows 0:3 >a
holds "HAD_POS_INF" "show of every kind of row"

# Text that would steer a terminal does not.
printf '["\\u001b[31mred", "\\u202e\\u0000\\n\\"é"]' >words.json
run top-k special.bin --dtype f32 --vocab-size 2 -k 2 --rows 0:1 --text words.json >a
holds '"\u202e\u0000\n\"é"' "escapes"
LC_ALL=C run top-k special.bin --dtype f32 --vocab-size 2 -k 2 --rows 0:1 --text words.json >a
holds '\u00e9' "escapes where the locale has no UTF-8"

# Bars.
run show $real.safetensors --row 0 >a
holds 'T = 0.5' "show"
holds '" Paris"            17.34 ██████   99.24% ██████   76.76% ████▋     5.14% ▎' "bars"
LC_ALL=C run show $real.safetensors --row 0 --temperature 1 --top 3 >a
holds '" Paris"            17.34 #' "bars without UTF-8"
checked=$((checked + 1))
[ "$(wc -l <a)" = 6 ] || complain "show --top 3 gives $(wc -l <a) lines"

# Help: complete, within 80 columns, and every example runs.
mkdir tests
ln -s "$data" tests/data
for command in "" sample probs softmax top-k top-p show devices; do
    # shellcheck disable=SC2086
    "$lotto" $command --help >a
    checked=$((checked + 1))
    grep -q "^Usage: lotto" a && grep -q "^Example:" a || complain "lotto $command --help"
    [ "$(wc -L <a)" -le 80 ] || complain "lotto $command --help is $(wc -L <a) columns wide"
    read -r -a example <<<"$(sed -n '/^Example:/,/^$/p' a | tail -n +2 | tr -d '\\\n')"
    [ "${#example[@]}" -ge 2 ] && [ "${example[0]}" = lotto ] || complain "lotto $command --help has no example"
    [ "$command" = devices ] || run "${example[@]:1}" >a
done
"$lotto" --version >a
"$lotto" sample --version >b
same "--version"
"$lotto" devices >a
holds "reference   the CPU reference" "devices"

echo "$checked checks, $(wc -l <failures) wrong"
[ ! -s failures ]
