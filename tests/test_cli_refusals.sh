#!/usr/bin/env bash
# test_cli_refusals.sh LOTTO: every kind of bad input gets one sentence, the right exit status, and leaves nothing behind.
set -euo pipefail
lotto=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/work"
cd "$folder/work"
failed=0 tried=0

complain() {
    echo "FAILED: $1"
    failed=$((failed + 1))
}

# refuses STATUS TEXT ARGUMENT...: lotto ARGUMENT... exits with STATUS, says one sentence that holds TEXT, prints nothing else
# and changes no file. Standard input is empty unless the caller gives one.
refuses() {
    local status=$1 text=$2 before after answer=0
    shift 2
    tried=$((tried + 1))
    before=$(ls -lAR --time-style=full-iso)
    "$lotto" "$@" >"$folder/out" 2>"$folder/err" || answer=$?
    after=$(ls -lAR --time-style=full-iso)
    [ "$answer" = "$status" ] || complain "lotto $*: exit status $answer, expected $status: $(cat "$folder/err")"
    [ "$(wc -l <"$folder/err")" = 1 ] || complain "lotto $*: not one line: $(cat "$folder/err")"
    grep -q '^lotto: ' "$folder/err" || complain "lotto $*: no 'lotto: ' before: $(cat "$folder/err")"
    grep -qF -e "$text" "$folder/err" || complain "lotto $*: '$text' is not in: $(cat "$folder/err")"
    [ ! -s "$folder/out" ] || complain "lotto $*: printed $(head -c 200 "$folder/out")"
    [ "$before" = "$after" ] || complain "lotto $*: files changed: $(diff <(echo "$before") <(echo "$after"))"
}

# npy FILE DICTIONARY BYTES: a .npy version 1 with so many zero bytes of values.
npy() {
    printf '\x93NUMPY\x01\x00' >"$1"
    printf "\\x$(printf %02x ${#2})\\x00%s" "$2" >>"$1"
    head -c "$3" /dev/zero >>"$1"
}

# safetensors FILE JSON BYTES: the same with a header of less than 256 bytes.
safetensors() {
    printf "\\x$(printf %02x ${#2})\\0\\0\\0\\0\\0\\0\\0%s" "$2" >"$1"
    head -c "$3" /dev/zero >>"$1"
}

npy good.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }" 48
"$lotto" sample good.npy --device reference >"$folder/out" || complain "good.npy is not read"
reference=(--device reference)

# The command line.
refuses 2 "no command" </dev/null
refuses 2 "'smaple' is not a command" smaple good.npy
refuses 2 "no FILE" sample
refuses 2 "'b.npy' is one too many" sample good.npy b.npy
refuses 2 "takes no FILE" devices good.npy
refuses 2 "--nonsense" sample good.npy --nonsense
refuses 2 "-x is not an option" sample good.npy -x
refuses 2 "--draws is not an option of lotto softmax" softmax good.npy -o out.npy --draws 3
refuses 2 "--top-p is not an option of lotto softmax" softmax good.npy -o out.npy --top-p 0.5
refuses 2 "--temperature is not an option of lotto top-k" top-k good.npy -k 2 --temperature 1
refuses 2 "--output-ids is 'out.npy'" sample good.npy --output out.npy # as --output-ids abbreviated
refuses 2 "-o is not an option of lotto sample" sample good.npy -o out.npy
refuses 2 "--se is not an option, or may stand for several" sample good.npy --se 1
refuses 2 "--json takes no value" sample good.npy --json=yes
refuses 2 "--seed needs a value" sample good.npy --seed
refuses 2 "-o OUT.npy is missing" probs good.npy
refuses 2 "-k K is missing" top-k good.npy
refuses 2 "-p P is missing" top-p good.npy
refuses 2 "not both" sample good.npy --seed 1 --seed-file seeds
refuses 2 "not both" show good.npy --row 1 --rows 0:2
refuses 2 "--verify" sample good.npy --verify --device reference
refuses 2 "--device is 'gpu'" sample good.npy --device gpu
refuses 2 "--as is 'f64'" sample good.npy --as f64
refuses 2 "--order is 'random'" sample good.npy --order random

# Numbers: not numbers, not finite, out of range, too large to be held.
for value in nan inf -inf -1 '' 1x ' 1' 1e40 1e999 0,5; do
    refuses 2 "--temperature is '$value'" sample good.npy --temperature "$value"
    refuses 2 "--top-p is '$value'" top-p good.npy -p "$value"
done
for option in top-p min-p; do
    for value in nan inf -0.1 1.00000001 2 '' 0.5.5; do
        refuses 2 "--$option is '$value'" sample good.npy "--$option" "$value"
    done
done
for value in nan -1 1.5 '' 2x 2147483648 99999999999999999999; do
    refuses 2 "--top-k is '$value'" sample good.npy --top-k "$value"
    refuses 2 "--top-k is '$value'" top-k good.npy -k "$value"
done
for value in -1 '' 0x10 18446744073709551616 99999999999999999999999; do
    refuses 2 "--seed is '$value'" sample good.npy --seed "$value"
done
refuses 2 "--position is '9223372036854775808'" sample good.npy --position 9223372036854775808
for value in 0 1048577 -1 1.5 ten '' 99999999999999999999; do
    refuses 2 "--draws is '$value'; must be a whole number from 1 to 1048576" sample good.npy --draws "$value"
done
for value in 65 -1 1.0 x ''; do
    refuses 2 "--top-logprobs is '$value'; must be a whole number from 0 (off) to 64" sample good.npy --top-logprobs "$value"
done
for value in all Kept '' kept,model; do
    refuses 2 "--top-logprobs-of is '$value'; must be kept or model" sample good.npy --top-logprobs 1 --top-logprobs-of "$value"
done
refuses 2 "give --top-logprobs N with it" sample good.npy --top-logprobs-of model "${reference[@]}"
refuses 2 "give --top-logprobs N with it" sample good.npy --top-logprobs-of model --top-logprobs 0 "${reference[@]}"
refuses 2 "--tokens IDS is missing" logprobs good.npy
for value in '' , 1, ,1 -1 1.5 x 2147483648 '1 2' 1:2; do
    refuses 2 "--tokens is '$value'; must be token ids" logprobs good.npy --tokens "$value" "${reference[@]}"
done
refuses 2 "--tokens has 2; must have 1 or 3, one for each row" logprobs good.npy --tokens 1,2 "${reference[@]}"
refuses 2 "--tokens has 2; must have 1 or 3, one for each row" logprobs good.npy --tokens 1,2 --rows 0:2 "${reference[@]}"
refuses 2 "--top is '0'" show good.npy --top 0
temperatures=()
for i in $(seq 17); do temperatures+=(--temperature "$i"); done
refuses 2 "--temperature is '17'" show good.npy "${temperatures[@]}"

# Rows.
for value in 1 1: :2 2:1 1:1 -1:2 a:b 0:1:2 0:99999999999999999999; do
    refuses 2 "--rows is '$value'" sample good.npy --rows "$value"
done
refuses 2 "good.npy has 3 rows" sample good.npy --rows 1:4 "${reference[@]}"
refuses 2 "good.npy has 3 rows" show good.npy --row 3 "${reference[@]}"

# Files that are not there, not files, empty, or not what they say.
refuses 1 "missing.npy: No such file" sample missing.npy "${reference[@]}"
refuses 1 "Is a directory" sample "$folder" "${reference[@]}"
: >empty.npy
refuses 1 "empty.npy: it is empty" sample empty.npy "${reference[@]}"
refuses 1 "standard input: it is empty" sample - "${reference[@]}" < <(:)
refuses 1 "standard input: it is a device" sample - "${reference[@]}" </dev/null
refuses 1 "/dev/zero: it is a device" sample /dev/zero --dtype f32 --vocab-size 4 "${reference[@]}"
refuses 1 "standard input: Bad file" sample - "${reference[@]}" <&-
echo "just some text, no logits at all" >text.npy
refuses 1 "text.npy: not a .npy file" sample text.npy "${reference[@]}"
cp text.npy text.safetensors
refuses 1 "text.safetensors: not a .safetensors file" sample text.safetensors "${reference[@]}"
cp text.npy text.bin
refuses 1 "raw logits need --dtype and --vocab-size" sample text.bin "${reference[@]}"

head -c 40 good.npy >short.npy
refuses 1 "short.npy: truncated" sample short.npy "${reference[@]}"
head -c -1 good.npy >short.npy
refuses 1 "short.npy: truncated" sample short.npy "${reference[@]}"
refuses 1 "standard input: truncated" sample - "${reference[@]}" <short.npy
{ cat good.npy; echo; } >long.npy
refuses 1 "long.npy: too long" sample long.npy "${reference[@]}"
npy bad.npy "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }" 96
refuses 1 "'<f8'" sample bad.npy "${reference[@]}"
npy bad.npy "{'descr': '>f4', 'fortran_order': False, 'shape': (3, 4), }" 48
refuses 1 "'>f4'" sample bad.npy "${reference[@]}"
npy bad.npy "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }" 48
refuses 1 "Fortran order" sample bad.npy "${reference[@]}"
npy bad.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 2), }" 48
refuses 1 "dimensions" sample bad.npy "${reference[@]}"
npy bad.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }" 0
refuses 1 "no rows" sample bad.npy "${reference[@]}"
npy bad.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1048577), }" 4194308
refuses 1 "1048577 tokens" sample bad.npy "${reference[@]}"
rm bad.npy

safetensors other.safetensors '{"x":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},"y":{"dtype":"F32","shape":[3,4],"data_offsets":[48,96]}}' 96
"$lotto" sample other.safetensors --tensor y --device reference >"$folder/out" || complain "tensor y is not read"
refuses 1 "no tensor named 'z'" sample other.safetensors --tensor z "${reference[@]}"
refuses 1 "no tensor named 'logits'" sample other.safetensors "${reference[@]}"
safetensors bad.safetensors '{"logits":{"dtype":"I64","shape":[3,4],"data_offsets":[0,96]}}' 96
refuses 1 "I64" sample bad.safetensors "${reference[@]}"
safetensors bad.safetensors '{"logits":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}}' 47
refuses 1 "truncated" sample bad.safetensors "${reference[@]}"
safetensors bad.safetensors '{"logits":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}}' 0
refuses 1 "no rows" sample bad.safetensors "${reference[@]}"
refuses 2 "--tensor" sample good.npy --tensor logits "${reference[@]}"

head -c 48 /dev/zero >raw.bin
raw=(--dtype f32 --vocab-size 4)
"$lotto" sample raw.bin "${raw[@]}" --device reference >"$folder/out" || complain "raw.bin is not read"
refuses 2 "--vocab-size is missing" sample raw.bin --dtype f32
refuses 2 "--dtype is missing" sample raw.bin --vocab-size 4
refuses 2 "--dtype is 'int8'" sample raw.bin --dtype int8 --vocab-size 4
refuses 2 "--vocab-size is '0'" sample raw.bin --dtype f32 --vocab-size 0
refuses 2 "--vocab-size is '1048577'" sample raw.bin --dtype f32 --vocab-size 1048577
refuses 1 "whole number of rows" sample raw.bin --dtype f32 --vocab-size 5 "${reference[@]}"
refuses 2 "raw files" sample good.npy "${raw[@]}" "${reference[@]}"
refuses 2 "give one" sample raw.bin "${raw[@]}" --tensor x "${reference[@]}"

# Seeds and vocabularies.
refuses 1 "seeds: No such file" sample good.npy --seed-file seeds "${reference[@]}"
printf '1\n2\n' >seeds
refuses 1 "seeds: it has 2 lines" sample good.npy --seed-file seeds "${reference[@]}"
printf '1\n2\n3\n4\n' >seeds
refuses 1 "more than 3 lines" sample good.npy --seed-file seeds "${reference[@]}"
printf '1\n-2\n3\n' >seeds
refuses 1 "line 2 is '-2'" sample good.npy --seed-file seeds "${reference[@]}"
printf '1\n%064d\n3\n' 2 >seeds
refuses 1 "line 2 is '0000000" sample good.npy --seed-file seeds "${reference[@]}"
printf '1\n2\0000\n3\n' >seeds
refuses 1 "line 2 is '2?0'" sample good.npy --seed-file seeds "${reference[@]}"
refuses 1 "words.json: No such file" sample good.npy --text words.json "${reference[@]}"
echo '["a", "b", "c"]' >words.json
refuses 1 "words.json: it has 3 texts" sample good.npy --text words.json "${reference[@]}"
echo '["a", "b", "c", 4]' >words.json
refuses 1 "element 3 is not a string" sample good.npy --text words.json "${reference[@]}"
echo '{"a": 1}' >words.json
refuses 1 "array of strings" sample good.npy --text words.json "${reference[@]}"
echo '["a", "b"' >words.json
refuses 1 "words.json: line" sample good.npy --text words.json "${reference[@]}"
printf '["a", "b", "c", "\xff"]' >words.json
refuses 1 "words.json" sample good.npy --text words.json "${reference[@]}"

# Controls by options.
for value in '' , 1, ,1 1,,2 -1 1.5 x 0x1 2147483648 '1 2' 1:2; do
    for option in allowed banned stop prompt-ids output-ids; do
        refuses 2 "--$option is '$value'; must be token ids from 0 to 2147483647, as in 5,7,9" sample good.npy "--$option" "$value"
    done
done
for value in '' 1 1: :1 1:nan 1:inf 1:1e39 -1:1 1:2,3 1:2:3 a:1; do
    refuses 2 "--logit-bias is '$value'" sample good.npy --logit-bias "$value"
done
for value in '' 0 -1 nan inf 1e-60 1e39; do
    refuses 2 "--repetition-penalty is '$value'; must be a finite number above 0" sample good.npy --repetition-penalty "$value"
done
for option in frequency-penalty presence-penalty; do
    for value in '' nan inf -inf 1e39 -1e39 x; do
        refuses 2 "--$option is '$value'; must be a finite number" sample good.npy "--$option" "$value"
    done
    refuses 2 "give output ids" sample good.npy "--$option" 1 --prompt-ids 1
done
refuses 2 "--min-length is '-1'" sample good.npy --min-length -1
refuses 2 "--temperature-last takes no value" sample good.npy --temperature-last=1
refuses 2 "the repetition penalty is 1.5 and there are no tokens for it" sample good.npy --repetition-penalty 1.5
refuses 2 "not only the stop ids" sample good.npy --stop 1
refuses 2 "not only the minimum length" sample good.npy --min-length 1
refuses 2 "the allowed id 4 is none of the vocabulary; must be from 0 to 3" sample good.npy --allowed 1,4 "${reference[@]}"
refuses 2 "--banned is not an option of lotto softmax" softmax good.npy -o out.npy --banned 1
refuses 2 "--settings is not an option of lotto top-k" top-k good.npy -k 1 --settings s.json
refuses 2 "--explain is not an option of lotto probs" probs good.npy -o out.npy --explain
refuses 2 "leave --json off" sample good.npy --explain --json
refuses 2 "the file has more, so pick one with --rows 0:1" sample good.npy --explain "${reference[@]}"
refuses 2 "--rows has more, so pick one with --rows 1:2" sample good.npy --explain --rows 1:3 "${reference[@]}"
refuses 2 "leave --top-logprobs off" sample good.npy --explain --rows 1:2 --top-logprobs 3
refuses 2 "for one draw, and 3 are asked for" sample good.npy --explain --rows 1:2 --draws 3 "${reference[@]}"

# Settings files: refuses_settings TEXT CONTENTS [ARGUMENT...].
refuses_settings() {
    local text=$1
    printf '%s' "$2" >settings.json
    refuses 1 "settings.json: $text" sample good.npy --settings settings.json "${@:3}" "${reference[@]}"
}
refuses 1 "nothing.json: No such file" sample good.npy --settings nothing.json "${reference[@]}"
refuses 1 "$folder: Is a directory" sample good.npy --settings "$folder" "${reference[@]}"
refuses 2 "--settings is ''" sample good.npy --settings '' "${reference[@]}"
refuses_settings "line 1: '[' or '{' expected" ''
refuses_settings "line 1: '[' or '{' expected" '3'
refuses_settings "line 1: '}' expected" '{"top_k": 3'
refuses_settings "line 2: ']' expected" $'[{},\n{}'
refuses_settings "line 1: end of file expected" '{} {}'
refuses_settings "line 1: duplicate object key" '{"top_k": 1, "top_k": 2}'
refuses_settings "line 1: invalid token near 'NaN'" '{"temperature": NaN}'
refuses_settings "line 1: real number overflow near '1e999'; must be within" '{"temperature": 1e999}'
refuses_settings "line 1: too big integer near '18446744073709551616'; must be within" '{"seed": 18446744073709551616}'
refuses_settings "line 1: maximum parsing depth" "$(printf '[%.0s' $(seq 5000))"
refuses_settings "line 1: unable to decode" $'{"\xff": 1}'
refuses_settings "its array has 0 elements; must have 3, one for each row" '[]'
refuses_settings "its array has 2 elements; must have 3, one for each row" '[{}, {}]' --rows 0:2
refuses_settings "its array has 4 elements" '[{}, {}, {}, {}]'
refuses_settings "row 1: it is [{}]; must be an object" '[{}, [{}], {}]'
refuses_settings "row 2: 'topk' is not a setting; must be temperature, temperature_last, top_k" '[{}, {}, {"topk": 1}]'
refuses_settings "'top-k' is not a setting" '{"top-k": 1}'
refuses_settings "'?[31m' is not a setting" '{"\u001b[31m": 1}'
refuses_settings "row 1: top_k is -1; must be a whole number from 0" '[{}, {"top_k": -1}, {}]'
for value in 1.0 '"1"' null true '[]' 2147483648 1e3; do
    shown=${value/1e3/1000.0}
    refuses_settings "top_k is $shown; must be a whole number" '{"top_k": '"$value}"
done
for value in -0.5 1e39 '"1"' null '{}'; do
    refuses_settings "temperature is $value; must be a finite number" '{"temperature": '"$value}"
done
for key in top_p min_p; do
    for value in -0.1 1.0000001 2 '"0.5"'; do
        refuses_settings "$key is $value; must be a number from 0 to 1" '{"'$key'": '"$value}"
    done
done
for value in 0 1 '"true"' null; do
    refuses_settings "temperature_last is $value; must be true or false" '{"temperature_last": '"$value}"
done
for value in 0 '"Joint"' '"joint\u0000"' '""'; do
    refuses_settings "order is $value; must be sequential, min-p-last or joint" '{"order": '"$value}"
done
for key in allowed banned stop prompt output; do
    refuses_settings "$key is 5; must be an array of token ids" '{"'$key'": 5}'
    for value in -1 1.5 '"1"' null 2147483648 '[1]'; do
        refuses_settings "${key}[1] is $value; must be a token id from 0 to 2147483647" '{"'$key'": [0, '"$value]}"
    done
done
refuses_settings "logit_bias is [1]; must be an object" '{"logit_bias": [1]}'
for key in -1 x 1.5 '' 2147483648; do
    refuses_settings "logit_bias has the key '$key'; must be a token id" '{"logit_bias": {"'"$key"'": 1}}'
done
for value in '"1"' null 1e39 '[1]'; do
    refuses_settings "logit_bias[2] is $value; must be a finite number" '{"logit_bias": {"2": '"$value}}"
done
refuses_settings "repetition_penalty is 0; must be a finite number above 0" '{"repetition_penalty": 0, "prompt": []}'
refuses_settings "row 0: the repetition penalty is 2 and there are no tokens for it" '[{"repetition_penalty": 2}, {"prompt": [1]}, {}]'
refuses_settings "the presence penalty is -1 and there are no tokens for it" '{"presence_penalty": -1}'
refuses_settings "stop ids are banned until the output has the minimum length; give both, not only the stop ids" '{"stop": [1]}'
refuses_settings "row 2: the allowed id 4 is none of the vocabulary" '[{}, {}, {"allowed": [4]}]'
refuses_settings "row 1: its order is not that of row 0" '[{"order": "joint"}, {}, {"order": "joint"}]'
for value in 0 1048577 2.0 '"2"' null; do
    refuses_settings "row 1: draws is $value; must be a whole number from 1 to 1048576" '[{}, {"draws": '"$value}, {}]"
done
for value in 65 -1 1.0 '[1]' true; do
    refuses_settings "row 2: top_logprobs is $value; must be a whole number from 0 (off) to 64" '[{}, {}, {"top_logprobs": '"$value}]"
done
refuses_settings "'top_logprobs_of' is not a setting" '{"top_logprobs_of": "model"}'
refuses_settings "top_k is \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...;" '{"top_k": "'"$(printf 'x%.0s' $(seq 100000))"'"}'
(
    set +o pipefail # yes ends by a signal
    printf '{"banned": [1'
    yes ,1 | head -16777216 | tr -d '\n'
    printf ']}'
) >"$folder/long.json"
refuses 1 "banned has 16777217 ids; must be at most 16777216" sample good.npy --settings "$folder/long.json" "${reference[@]}"
rm settings.json "$folder/long.json"

# Output that cannot be written: root ignores permissions, so places where no file can be.
refuses 1 "good.npy/out.npy: Not a directory" softmax good.npy -o good.npy/out.npy "${reference[@]}"
refuses 1 "nowhere/out.npy: No such file" probs good.npy -o nowhere/out.npy "${reference[@]}"
refuses 1 "not a regular file" softmax good.npy -o "$folder" "${reference[@]}"
refuses 1 "/dev/full: it exists and is not a regular file" softmax good.npy -o /dev/full "${reference[@]}"
refuses 2 "--output is ''" softmax good.npy -o '' "${reference[@]}"

# A full disk under standard output.
for command in "sample good.npy" "top-k good.npy -k 2" "show good.npy" "devices" "--help" "sample good.npy --json"; do
    answer=0
    options=(--device reference)
    [ "$command" != devices ] && [ "$command" != --help ] || options=()
    # shellcheck disable=SC2086
    "$lotto" $command "${options[@]}" >/dev/full 2>"$folder/err" || answer=$?
    tried=$((tried + 1))
    [ "$answer" = 1 ] && grep -q '^lotto: standard output: ' "$folder/err" ||
        complain "lotto $command >/dev/full: exit status $answer: $(cat "$folder/err")"
done

# A file that grows beyond what is allowed: the temporary file goes, the one that was there stays.
echo precious >out.npy
limited() (
    trap '' XFSZ
    ulimit -f 1
    exec "$lotto" "$@"
)
head -c 40000 /dev/zero >large.bin
answer=0
limited softmax large.bin --dtype f32 --vocab-size 100 -o out.npy --device reference >"$folder/out" 2>"$folder/err" || answer=$?
tried=$((tried + 1))
[ "$answer" = 1 ] && grep -q '^lotto: out.npy: File too large' "$folder/err" && [ "$(cat out.npy)" = precious ] &&
    [ -z "$(find . -name 'out.npy.*')" ] || complain "a write that fails: $answer: $(cat "$folder/err"; ls)"

# Not enough memory.
truncate -s 256M zeros.bin
answer=0
(
    ulimit -v 200000
    exec "$lotto" sample zeros.bin --dtype f32 --vocab-size 1048576 --device reference
) >"$folder/out" 2>"$folder/err" || answer=$?
tried=$((tried + 1))
[ "$answer" = 1 ] && grep -q '^lotto: .*memory' "$folder/err" && [ "$(wc -l <"$folder/err")" = 1 ] ||
    complain "not enough memory: $answer: $(cat "$folder/err")"

# Ended by a signal while writing: nothing is left, and the signal is what ended it.
for signal in INT TERM; do
    answer=0
    timeout --preserve-status -s $signal 0.3 "$lotto" softmax zeros.bin --dtype bf16 --vocab-size 32768 -o gone.npy \
        --device reference >"$folder/out" 2>"$folder/err" || answer=$?
    tried=$((tried + 1))
    [ "$answer" -gt 128 ] && [ -z "$(find . -name 'gone.npy*')" ] || complain "SIG$signal: $answer, left: $(find . -name 'gone*')"
done

echo "$tried refusals, $failed wrong"
[ "$failed" = 0 ]
