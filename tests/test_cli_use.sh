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
run sample one.npy "${filters[@]}" --position 5 --rows 0:9 --json >b
run sample one.npy "${filters[@]}" --position 5 --draws 4 --rows 0:9 --json >all
grep '"draw":0' all >a && same "the first of many draws"
run sample one.npy "${filters[@]}" --position 5 --draws 9 --rows 0:9 --json | grep '"draw":[0-3],' >a
cp all b && same "draws do not depend on how many they are"
run sample one.npy "${filters[@]}" --position 5 --draws 2 --rows 0:2 --json | grep -o '"row":.,"position":.,"draw":.' >a
printf '"row":%s,"position":5,"draw":%s\n' 0 0 0 1 1 0 1 1 >b && same "order of rows and draws"
run sample one.npy --draws 4000 --rows 1:2 --json | grep -o '"token":[0-9]*' | sort -u | wc -l >a
checked=$((checked + 1))
[ "$(cat a)" -gt 30 ] || complain "4000 draws give $(cat a) tokens"
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
{"row":0,"position":0,"draw":0,"token":1,"text":null,"prob":1.0,"logprob":0.0,"model_logprob":0.0,"kept":1,"kept_mass":1.0,"rank":1,"entropy":0.0,"status":["HAD_NAN"]}
{"row":1,"position":0,"draw":0,"token":0,"text":null,"prob":1.0,"logprob":0.0,"model_logprob":0.0,"kept":1,"kept_mass":1.0,"rank":1,"entropy":0.0,"status":["HAD_POS_INF"]}
{"row":2,"position":0,"draw":0,"token":-1,"text":null,"prob":0.0,"logprob":null,"model_logprob":null,"kept":0,"kept_mass":0.0,"rank":0,"entropy":0.0,"status":["EMPTY"]}
X
sed 's/-0\.0/0.0/g' a >c && mv c a
same "statuses"
run sample special.bin --dtype f32 --vocab-size 2 >a
holds "EMPTY" "status in text"
run show special.bin --dtype f32 --vocab-size 2 --rows 0:3 >a
holds "HAD_POS_INF" "show of every kind of row"
run logprobs special.bin --dtype f32 --vocab-size 2 --tokens 0 --json | sed 's/-0\.0/0.0/g' >a
cat >b <<'X'
{"row":0,"token":0,"text":null,"logprob":null,"rank":2,"status":["HAD_NAN"]}
{"row":1,"token":0,"text":null,"logprob":0.0,"rank":1,"status":["HAD_POS_INF"]}
{"row":2,"token":0,"text":null,"logprob":null,"rank":0,"status":["EMPTY"]}
X
same "logprobs of special rows"

# Controls on logits 1 2 3 4, and on -1 -2 -3 -4, by hand: the greedy token says what was done to them.
printf '\0\0\200\077\0\0\0\100\0\0\100\100\0\0\200\100' >four.bin
printf '\0\0\200\277\0\0\0\300\0\0\100\300\0\0\200\300' >>four.bin
four=(four.bin --dtype f32 --vocab-size 4)
# gives ROW FIELD VALUE ARGUMENT...: what --json says of the row.
gives() {
    checked=$((checked + 1))
    run sample "${four[@]}" --rows "$1:$(($1 + 1))" --json "${@:4}" >a
    grep -qF "\"$2\":$3," a || complain "${*:4}: $2 is not $3: $(cat a)"
}
greedy=(--temperature 0)
gives 0 token 3 "${greedy[@]}"
gives 0 token 2 "${greedy[@]}" --banned 3
gives 0 token 0 "${greedy[@]}" --banned 3,1,2
gives 0 token 1 "${greedy[@]}" --allowed 0,1
gives 0 token -1 "${greedy[@]}" --allowed 0 --banned 0
gives 0 token 0 "${greedy[@]}" --logit-bias 0:3.5
gives 0 token 3 "${greedy[@]}" --logit-bias 0:2.75
gives 0 token 0 "${greedy[@]}" --logit-bias 0:2.75,0:0.5
gives 0 token 2 "${greedy[@]}" --stop 3 --min-length 2 --output-ids 0
gives 0 token 3 "${greedy[@]}" --stop 3 --min-length 2 --output-ids 0,0
gives 0 token 2 "${greedy[@]}" --stop 3 --min-length 2 --output-ids 0 --prompt-ids 0,0
gives 0 token 2 "${greedy[@]}" --repetition-penalty 2 --prompt-ids 3
gives 0 token 3 "${greedy[@]}" --repetition-penalty 1.25 --prompt-ids 3,3,3
gives 0 token 2 "${greedy[@]}" --repetition-penalty 2 --output-ids 3
gives 1 token 1 "${greedy[@]}" --repetition-penalty 3 --prompt-ids 0
gives 1 token 0 "${greedy[@]}" --repetition-penalty 2 --prompt-ids 0
gives 0 token 3 "${greedy[@]}" --frequency-penalty 0.75 --output-ids 3
gives 0 token 2 "${greedy[@]}" --frequency-penalty 0.75 --output-ids 3,3
gives 0 token 3 "${greedy[@]}" --frequency-penalty 0.75 --output-ids 3 --prompt-ids 3,3
gives 0 token 0 "${greedy[@]}" --frequency-penalty -2 --output-ids 0,0
gives 0 token 2 "${greedy[@]}" --presence-penalty 1.25 --output-ids 3
gives 0 token 3 "${greedy[@]}" --presence-penalty 0.75 --output-ids 3,3
gives 0 token 3 "${greedy[@]}" --presence-penalty 1.25 --output-ids 0 --prompt-ids 3
gives 0 token 2 "${greedy[@]}" --banned 1 --banned 3 # the last one counts
gives 0 kept 3 --temperature 5 --top-p 0.6
gives 0 kept 1 --temperature 5 --top-p 0.6 --temperature-last
gives 0 kept 2 --temperature 5 --top-p 0.7 --temperature-last --banned 3
run sample "${four[@]}" --rows 0:1 --banned 4 --repetition-penalty 2 --prompt-ids 99,2 >a
holds "BAD_ID" "an id beyond the vocabulary"
holds "temperature 1 banned 1 repetition-penalty 2, seed 0" "closing line of adjustments"

# What is reported of 1 2 3 4, whose probabilities are e^-3 .. e^0 over 1.5530; by hand.
run sample "${four[@]}" --rows 0:1 --json >a
holds '"entropy":0.94753' "entropy"
gives 0 entropy 0.693147182 --logit-bias 2:1 --top-k 2
gives 0 entropy 0.0 "${greedy[@]}"
top_of() { # IDS LOGPROBS ARGUMENT...: what --json lists of row 0, its logprobs to four places
    checked=$((checked + 1))
    run sample "${four[@]}" --rows 0:1 --json "${@:3}" >a
    [ "$(sed -E 's/.*"top_ids":\[([^]]*)\],"top_logprobs":\[([^]]*)\].*/\1 \2/' a |
        awk '{n = split($2, l, ","); printf "%s", $1; for (i = 1; i <= n; i++) printf " %.4f", l[i]}')" = "$1 $2" ] ||
        complain "${*:3}: the likeliest are not $1, $2: $(cat a)"
}
top_of 3,2 "-0.4402 -1.4402" --top-logprobs 2
top_of 3,2,1,0 "-0.4402 -1.4402 -2.4402 -3.4402" --top-logprobs 64
top_of 3,2 "-0.3133 -1.3133" --top-logprobs 4 --top-k 2
top_of 3,2,1 "-0.4402 -1.4402 -2.4402" --top-logprobs 3 --top-logprobs-of model --top-k 2 --temperature 5 --banned 3
top_of 2,1 "-0.1269 -2.1269" --top-logprobs 2 --top-logprobs-of kept --top-k 2 --temperature 0.5 --banned 3
top_of 0 "0.0000" --top-logprobs 4 "${greedy[@]}" --logit-bias 0:5
run sample "${four[@]}" --rows 0:1 --draws 2 --top-logprobs 2 --top-k 2 --temperature 0 >a
cat >b <<'X'
row  draw  token        prob    kept  greedy
  0     0  3          1.0000       1  3
  0     1  3          1.0000       1  3
       3             0
1 row, 4 tokens, f32, temperature 0 top-k 2, seed 0, on the CPU reference
X
same "likeliest in text"
run sample $real.safetensors --rows 0:1 --top-logprobs 2 --top-logprobs-of model >a
holds '    7042  " Paris"                     -0.264478' "likeliest in words"
run logprobs "${four[@]}" --tokens 2,0 --json | sed -E 's/(logprob":-[0-9]\.[0-9]{4})[0-9]*/\1/' >a
cat >b <<'X'
{"row":0,"token":2,"text":null,"logprob":-1.4401,"rank":2,"status":[]}
{"row":1,"token":0,"text":null,"logprob":-0.4401,"rank":1,"status":[]}
X
same "logprobs"
run logprobs "${four[@]}" --tokens 2,4 --rows 1:2 --json >a
echo '{"row":1,"token":4,"text":null,"logprob":null,"rank":0,"status":["BAD_ID"]}' >b && same "logprobs of a row, of no token"
run logprobs $real.safetensors --tokens 7042 --rows 0:2 >a
holds "       0      7042  \" Paris\"                     -0.264478        1" "logprobs in words"
run sample one.npy --top-k 9 --json | grep -o '"token":[0-9]*' | cut -d: -f2 >tokens
run logprobs one.npy --tokens "$(paste -sd, tokens)" --json | grep -o '"logprob":[^,]*,"rank":[0-9]*' >a
run sample one.npy --top-k 9 --json | sed -E 's/.*"model_logprob":([^,]*),.*"rank":([0-9]*),.*/"logprob":\1,"rank":\2/' >b
same "logprobs are sample's model_logprob"

# A settings file says what the options say.
same_settings() { # JSON OPTION...
    echo "$1" >settings.json
    for rows in 0:1 0:2; do
        run sample "${four[@]}" --rows $rows --draws 3 --json --settings settings.json >a
        run sample "${four[@]}" --rows $rows --draws 3 --json "${@:2}" >b && same "settings $1"
    done
    run probs "${four[@]}" --settings settings.json -o a.npy >a
    run probs "${four[@]}" "${@:2}" -o b.npy >b
    mv a.npy a && mv b.npy b && same "probs with settings $1"
}
same_settings '{}'
same_settings '{"temperature": 0.5, "top_k": 3, "top_p": 0.9, "min_p": 0.1}' --temperature 0.5 --top-k 3 --top-p 0.9 --min-p 0.1
same_settings '{"order": "joint", "temperature": 3, "temperature_last": true, "top_p": 0.7, "min_p": 0.3}' \
    --order joint --temperature 3 --temperature-last --top-p 0.7 --min-p 0.3
same_settings '{"allowed": [0, 2, 3], "banned": [2]}' --allowed 0,2,3 --banned 2
same_settings '{"logit_bias": {"0": -2.5, "3": 1}, "stop": [1, 2], "min_length": 1}' --logit-bias 0:-2.5,3:1 --stop 1,2 --min-length 1
same_settings '{"prompt": [0, 1], "output": [1, 2, 2], "repetition_penalty": 1.5, "frequency_penalty": 0.25, "presence_penalty": -0.5}' \
    --prompt-ids 0,1 --output-ids 1,2,2 --repetition-penalty 1.5 --frequency-penalty 0.25 --presence-penalty -0.5
echo '{"seed": 5, "position": 7, "draws": 2, "top_logprobs": 3}' >settings.json
run sample "${four[@]}" --json --settings settings.json --top-logprobs-of model >a
run sample "${four[@]}" --json --seed 5 --position 7 --draws 2 --top-logprobs 3 --top-logprobs-of model >b
same "seed, position, draws and likeliest of a file"

# Each row of an array is as if it were alone, whatever the others have.
head -c $((6 * 98304)) raw.bin >six.bin
six=(six.bin --dtype f16 --vocab-size 49152)
cat >settings.json <<'X'
[{"temperature": 0.7, "top_k": 40, "banned": [7042, 260], "seed": 11, "position": 3},
 {"prompt": [260, 28, 30], "output": [260, 260, 198], "repetition_penalty": 1.3, "frequency_penalty": 0.4, "presence_penalty": 0.2},
 {},
 {"allowed": [1, 2, 504, 49151], "temperature": 2, "temperature_last": true, "top_p": 0.8},
 {"logit_bias": {"504": 3, "1000": -1.5, "49152": 1}, "min_p": 0.05, "seed": 9223372036854775807},
 {"stop": [2, 0], "min_length": 4, "output": [5, 6, 7], "temperature": 0}]
X
{
    run sample "${six[@]}" --json --draws 5 --rows 0:1 --temperature 0.7 --top-k 40 --banned 7042,260 --seed 11 --position 3
    run sample "${six[@]}" --json --draws 5 --rows 1:2 --prompt-ids 260,28,30 --output-ids 260,260,198 --repetition-penalty 1.3 \
        --frequency-penalty 0.4 --presence-penalty 0.2
    run sample "${six[@]}" --json --draws 5 --rows 2:3
    run sample "${six[@]}" --json --draws 5 --rows 3:4 --allowed 1,2,504,49151 --temperature 2 --temperature-last --top-p 0.8
    run sample "${six[@]}" --json --draws 5 --rows 4:5 --logit-bias 504:3,1000:-1.5,49152:1 --min-p 0.05 --seed 9223372036854775803
    run sample "${six[@]}" --json --draws 5 --rows 5:6 --stop 2,0 --min-length 4 --output-ids 5,6,7 --temperature 0
} >b
run sample "${six[@]}" --json --draws 5 --settings settings.json >a && same "settings a row"
sed -n 16,25p b >c && mv c b
run sample "${six[@]}" --json --draws 5 --settings settings.json --rows 3:5 >a && same "settings a row, of some rows"
cat >settings.json <<'X'
[{"draws": 3, "top_k": 5, "seed": 4}, {}, {"draws": 7, "top_logprobs": 3}, {"top_logprobs": 64, "top_p": 0.9}, {"draws": 2}, {"temperature": 0}]
X
{
    run sample "${six[@]}" --json --rows 0:1 --draws 3 --top-k 5 --seed 4
    run sample "${six[@]}" --json --rows 1:2
    run sample "${six[@]}" --json --rows 2:3 --draws 7 --top-logprobs 3
    run sample "${six[@]}" --json --rows 3:4 --top-logprobs 64 --top-p 0.9
    run sample "${six[@]}" --json --rows 4:5 --draws 2
    run sample "${six[@]}" --json --rows 5:6 --temperature 0
} >b
run sample "${six[@]}" --json --settings settings.json >a && same "draws and lists a row"
run sample "${six[@]}" --rows 4:5 --settings settings.json --draws 1 --explain >a
holds "drawn  " "a row of many draws explained"
run sample "${six[@]}" --settings settings.json >a
holds "6 rows, 49152 tokens each, f16, settings a row, a seed a row, on the CPU reference" "closing line of settings a row"

# The README's example is one.
sed -n '/^```json$/,/^```$/p' "$data/../../README.md" | sed '/^```/d' >settings.json
head -c $((3 * 98304)) raw.bin >three.bin
run sample three.bin --dtype f16 --vocab-size 49152 --settings settings.json --json | grep -c '"status":\[\]' >a
echo 6 >b && same "the README's settings"

# An option beside a file wins, for every row.
echo '{"temperature": 5, "banned": [3], "seed": 9}' >settings.json
run sample "${four[@]}" --json --settings settings.json --temperature 0 --banned 2 >a
run sample "${four[@]}" --json --temperature 0 --banned 2 --seed 9 >b && same "options beside an object"
echo '[{"temperature": 5, "seed": 9, "logit_bias": {"0": 5}}, {"top_k": 2, "seed": 8}]' >settings.json
run sample "${four[@]}" --json --settings settings.json --temperature 0.5 --seed 3 --logit-bias 1:2 --draws 9 >a
run sample "${four[@]}" --json --temperature 0.5 --seed 3 --logit-bias 1:2 --draws 9 --rows 0:1 >b
run sample "${four[@]}" --json --temperature 0.5 --seed 3 --logit-bias 1:2 --draws 9 --rows 1:2 --top-k 2 >>b
same "options beside an array"

# One row explained, by hand: 1 2 3 4, of which 3 is banned; 0 gets 2.5, 2 is halved, 1 is in the output twice; 3.5 0.75 1.5 are left.
echo '["one", "two", "three", "four"]' >words.json
cat >settings.json <<'X'
{"banned": [3, 77], "logit_bias": {"0": 2.5}, "prompt": [2], "output": [1, 1], "repetition_penalty": 2, "frequency_penalty": 0.0625,
 "presence_penalty": 0.125, "temperature": 0.5, "min_p": 0.005, "top_k": 3, "top_p": 0.98, "seed": 6, "position": 2}
X
run sample "${four[@]}" --rows 0:1 --text words.json --settings settings.json --explain >a
cat >b <<'X'
row 0
step                         left
logits                          4  of 4 tokens
banned, 2 ids                   3  1 out, 0 changed  BAD_ID
           3  "four"                            4  is out
logit bias, 1 id                3  0 out, 1 changed
           0  "one"                             1 -> 3.5
repetition penalty 2            3  0 out, 2 changed
           2  "three"                           3 -> 1.5
           1  "two"                             2 -> 1
frequency penalty 0.0625        3  0 out, 1 changed
           1  "two"                             1 -> 0.875
presence penalty 0.125          3  0 out, 1 changed
           1  "two"                         0.875 -> 0.75
temperature 0.5                 3  the first has 0.9781 of the mass, 0.8338 at temperature 1
min-p 0.005                     2  1 out, from "two" (1) at 0.75 down
                                   the next is 0.00409 times as likely as the first
top-k 3                         2  0 out
                                   the first 2 stay
top-p 0.98                      1  1 out, from "three" (2) at 1.5 down
                                   the first has 0.982 of the mass

kept, with its logit and probability
           0  "one"                           3.5   1.0000

drawn  "one" (0), probability 1, with seed 6 at position 2
       logprob 0, model logprob -3.44019, rank 4 of the logits as they are
       entropy 0 of what is kept  BAD_ID
1 row, 4 tokens, f32, temperature 0.5 top-k 3 top-p 0.98 min-p 0.005 banned 2 logit-bias 1 repetition-penalty 2 frequency-penalty 0.0625 presence-penalty 0.125, on the CPU reference
X
same "explained"
run sample "${four[@]}" --rows 0:1 --temperature 5 --temperature-last --top-p 0.6 --explain >a
holds "                                   the first has 0.6439 of the mass" "top-p explained at temperature 1"
holds "temperature 5                   1  the first has 1 of the mass, 1 at temperature 1" "temperature explained last"
holds "       entropy 0 of what is kept" "entropy explained"
run sample "${four[@]}" --rows 1:2 --order joint --top-k 1 --min-p 0.1 --explain >a
holds "min-p 0.1                       3  1 out, from 3 at -4 down" "min-p explained"
run sample "${four[@]}" --rows 1:2 --order joint --top-k 2 --min-p 0.5 --explain >a
holds "                                   by itself, the first 2 stay" "joint explained"
run sample "${four[@]}" --rows 1:2 --temperature 0 --allowed 2,3 --explain >a
holds "temperature 0                   1  1 out: below 0.000001 only the first stays" "greedy explained"
run sample "${four[@]}" --rows 1:2 --allowed 2 --stop 2 --min-length 1 --explain >a
holds "stop, 1 id                      0  1 out, 0 changed: the output has 0 of at least 1 tokens  EMPTY" "nothing left explained"
holds "drawn  -  EMPTY" "nothing drawn explained"
run sample "${four[@]}" --rows 1:2 --temperature 0.3 --top-p 0.9 --json >c
run sample "${four[@]}" --rows 1:2 --temperature 0.3 --top-p 0.9 --explain >a
holds "drawn  $(grep -o '"token":[0-9]*' c | cut -d: -f2), probability" "the token explained is the token drawn"

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
for command in "" sample probs softmax top-k top-p logprobs show devices; do
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
