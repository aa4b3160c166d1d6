#!/usr/bin/env bash
# test_bench_use.sh LOTTO WRONG_TOKEN DATA: lotto bench as it is used: what it refuses, that its formats agree, that what it measures is
# checked first, and that every path runs, those of timing too.
set -euo pipefail
lotto=$(realpath "$1") wrong_token=$(realpath "$2") data=$(realpath "$3")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failed=0 tried=0

complain() {
    echo "FAILED: $1"
    failed=$((failed + 1))
}

# answers STATUS TEXT ARGUMENT...: lotto bench ARGUMENT... exits with STATUS and standard error holds TEXT; nothing is measured unless
# STATUS is 0.
answers() {
    local status=$1 text=$2 answer=0
    shift 2
    tried=$((tried + 1))
    "$lotto" bench "$@" >out 2>err || answer=$?
    [ "$answer" = "$status" ] || complain "lotto bench $*: exit status $answer, expected $status: $(cat err)"
    [ -z "$text" ] || grep -qF -e "$text" err || complain "lotto bench $*: '$text' is not in: $(cat err)"
    [ "$status" = 0 ] || [ ! -s out ] || complain "lotto bench $*: printed $(head -c 300 out)"
}

# The command line.
answers 2 "--rows is '0'; must be a whole number from 1 to 1048576, or a list" --rows 0
answers 2 "--rows is '1,,8'" --rows 1,,8
answers 2 "--rows is '1,x'" --rows 1,x
answers 2 "--vocab is '1048577'" --vocab 1048577
answers 2 "--dtype is 'f32,f64'; must be f32, f16 or bf16" --dtype f32,f64
answers 2 "--operation is 'sort'" --operation sort
answers 2 "--temperature is '-1'" --temperature -1
answers 2 "--temperature is 'nan'" --temperature nan
answers 2 "--top-k is '1.5'" --top-k 1.5
answers 2 "--top-p is '0.9,1.5'; must be a number from 0 to 1" --top-p 0.9,1.5
answers 2 "--min-p is ''" --min-p ''
answers 2 "--distribution is 'flat'; must be llm, normal, constant or two-valued" --distribution flat
answers 2 "--l2 is 'tepid'; must be cold or warm" --l2 tepid
answers 2 "--extra is 'none,masks'; must be one of those that lotto bench --help lists" --extra none,masks
answers 2 "--rows is '1,1" --rows "$(printf '1,%.0s' $(seq 32))1"
answers 2 "--peer is 'torch'; must be lotto, sort, separate, flashinfer or all" --peer torch
answers 2 "--peer is 'lotto,'; must" --peer lotto,
answers 2 "--device is 'reference'; must be auto, cuda or virtual" --device reference
answers 2 "--gpu is ''" --gpu ''
answers 2 "--gpu is for the virtual GPU" --gpu h100 --device cuda
answers 2 "--check is '0'" --check 0
answers 2 "--repeat is 'x'" --repeat x
answers 2 "--seed is '-1'" --seed -1
answers 2 "--raw is 'f32'; must be a dtype and a vocabulary" --raw f32 x
answers 2 "--raw is for a FILE" --raw f32:10
answers 2 "--tensor is for a FILE" --tensor logits
answers 2 "give one" --tensor logits --raw f32:10 x
answers 2 "--vocab is for made-up logits" --vocab 10 x
answers 2 "--distribution is for made-up logits" --distribution llm x
answers 2 "'y' is one too many" x y
answers 2 "--speed" --speed
answers 2 "--rows needs a value" --rows
answers 2 "--csv" --csv=yes
answers 2 "only lotto has the operation softmax" --peer all --operation sample,softmax
answers 1 "missing.npy: No such file" missing.npy --device virtual
echo text >text.bin
answers 1 "raw logits need --raw DTYPE:V" text.bin --device virtual
answers 87 "must be one of h100, a100" --gpu nonsense
status=0
"$lotto" bench --gpu h100,nonsense --rows 1 --vocab 10 >out 2>err || status=$?
[ $status = 87 ] && [ "$(grep -c ^lotto out)" = 1 ] || complain "the second GPU's failure: exit status $status, $(cat out err)"

# What is measured is checked first: a wrong token, and then nothing is printed.
small=(--device virtual --rows 3 --vocab 1000)
LD_PRELOAD=$wrong_token answers 1 "sample top-k 50 top-p 0.9: verification failed: row 0, position 0: token is" "${small[@]}"
answers 0 "" "${small[@]}"
LOTTO_VGPU_CHECK=race answers 0 "" "${small[@]}" --peer sort,separate

# The same measurements in every format; on two GPUs, cold and warm, of all operations; with peers.
axes=(--gpu h100,a100 --rows 1,3 --vocab 3000 --dtype f32,bf16 --l2 cold,warm --operation sample,argmax,softmax,probs,top-k,top-p,logprobs
    --temperature 0,0.5 --min-p 0.1)
"$lotto" bench "${axes[@]}" --json >json
"$lotto" bench "${axes[@]}" --csv >csv
"$lotto" bench "${axes[@]}" >table
"$lotto" bench --gpu h100 --rows 3 --vocab 3000 --top-k 0,50 --top-p 0.9,1 --peer lotto,sort,separate --json >peers
answers 1 "every peer asked for was left out" --gpu h100 --rows 1 --vocab 100 --peer sort --temperature 0
grep -q "sort left out of sample greedy: it is not for greedy rows" err || complain "why sort was left out: $(cat err)"
answers 1 "sort left out of sample top-k 50 top-p 0.9 with mask: it has nothing beside its filters here" --gpu h100 --rows 1 --vocab 100 \
    --peer sort --extra mask
names=$("$lotto" bench --help | sed -n '/^Extras/,/^$/p' | awk 'NR > 1 && NF {print $1}' | paste -sd,)
"$lotto" bench --gpu h100 --rows 6 --vocab 3000 --temperature 0.8 --operation sample,argmax --extra "$names" --json >extras
"$lotto" bench --device virtual "$data"/*.safetensors --rows 40 --json >file

# What times runs on the virtual GPU too, where it prints no time.
for l2 in cold warm; do
    "$lotto" bench "${small[@]}" --l2 $l2 --peer lotto,sort,separate --time --repeat 3 --json >timed.$l2 2>err
    grep -q "no time printed" err || complain "--time: $(cat err)"
done

python3 - <<'PYTHON' || failed=$((failed + 1))
import csv, json

def load(name):
    return [json.loads(line) for line in open(name)]

def expect(holds, what):
    if not holds:
        raise SystemExit(f"FAILED: {what}")

records = load("json")
lines = list(csv.DictReader(open("csv", newline="")))
table = [line.split("  ") for line in open("table")]
# softmax and top-p have a temperature, argmax, top-k and logprobs none
expect(len(records) == 2 * 2 * 2 * 2 * (2 + 1 + 2 + 2 + 1 + 2 + 1), f"{len(records)} records")
expect(len(lines) == len(records), f"{len(lines)} lines of CSV")
for record, line in zip(records, lines):
    for key, value in line.items():
        if key in record and isinstance(record[key], str):
            expect(value == record[key], f"{key} is {value} in CSV and {record[key]} in JSON")
        elif key in record:
            expect(abs(float(value) - record[key]) <= 1e-6 * abs(record[key]), f"{key} is {value} in CSV and {record[key]} in JSON")
        else:
            expect(value == "", f"{key} is {value} in CSV and not in JSON")
    expect(set(record) <= set(line), "JSON has what CSV has not")
rows = [line for line in open("table") if line.startswith("lotto")]
expect(len(rows) == len(records), f"{len(rows)} lines of table")
for record, row in zip(records, rows):
    expect(f"{record['slots_per_logit']:.2f}" in row.split() and f"{record['estimated_us']:.2f}" in row.split(), f"the table says {row}")
expect({r["device"][:11] for r in records} == {"NVIDIA H100", "NVIDIA A100"}, "two GPUs")
for r in records:
    expect(r["checked_rows"] == r["rows"], "every row checked")
    expect(r["reads_per_logit"] >= 1 and r["launches"] == 1, f"reads {r}")
    expect(r["dram_reads_per_logit"] >= 1 if r["l2"] == "cold" else r["dram_reads_per_logit"] < 0.01, f"DRAM {r}")
    if r["operation"] in ("softmax", "probs"):
        expect(abs(r["writes_per_logit"] * (4 if r["dtype"] == "f32" else 2) / 4 - 1) < 0.05, f"writes {r}")
greedy = [r for r in records if r["mode"] == "sample greedy"]
expect(len(greedy) == 16, "greedy rows")

peers = load("peers")
expect([r["peer"] for r in peers] == ["lotto", "sort", "separate"] * 4, "peers")
expect({r["launches"] for r in peers if r["peer"] == "separate"} == {2, 3, 4}, "a launch for each filter that is on")

*extras, argmax = load("extras")
expect(argmax["operation"] == "argmax" and argmax["extra"] == "none" and {r["operation"] for r in extras} == {"sample"}, "extras are for sample")
extras = {r["extra"]: r for r in extras}
none = extras["none"]
expect(len(extras) == 23 and none["control_bytes"] == extras["off"]["control_bytes"] == 0, f"{len(extras)} extras")
expect({n for n, r in extras.items() if r["issue_slots"] == none["issue_slots"]} == {"none", "off"}, "what is asked for costs something")
# the mask, 32 banned, 32 biased and their biases, 4096 of history, 4 stops; the lengths of these, and the least
expect(extras["all-controls"]["control_bytes"] == 6 * 4 * (94 + 32 + 32 + 32 + 4096 + 4 + 4 + 1), f"bytes of controls {extras['all-controls']}")
expect(extras["shared-rows"]["dram_reads_per_logit"] < 0.4, f"6 requests for 2 rows of logits {extras['shared-rows']}")

[file] = load("file")
expect(file["rows"] == file["checked_rows"] == 40 and file["vocab"] == 49152 and file["dtype"] == "f16", f"a file {file}")
for l2 in ("cold", "warm"):
    for r in load(f"timed.{l2}"):
        expect(l2 == "cold" or r["peer"] != "lotto" or r["dram_reads_per_logit"] == 0, f"warm {r}")
        expect(r["launches"] > 0 and not any(key in r for key in ("graph_us", "stream_us", "percent_of_copy")), f"timed {r}")
PYTHON

[ "$failed" = 0 ] || exit 1
echo "$tried answers as they should be"
