# report.sh FAULTS RUN...: the report of a run without and of one with a finding, and that a second process has its own.
faults=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "$1"
    exit 1
}

"$@" --arch 80 --report "$folder/clean.json" "$faults" none || fail "the clean run failed"
"$@" --arch 80 --report "$folder/fault.json" "$faults" store-after-end
[ $? -eq 86 ] || fail "the fault was not found"
"$@" --report "$folder/crash.json" "$faults" host-dereference
"$@" --report "$folder/many.json" "$faults" many 2>"$folder/said"
[ "$(grep -c 'vgpu: mem: cudaFree' "$folder/said")" -eq 100 ] || fail "not the first 100 findings are told"
[ "$(grep -c 'more than 100 findings; the rest are only counted' "$folder/said")" -eq 1 ] || fail "it is not said once that there are more"
"$@" --report "$folder/two.json" sh -c "'$faults' none; '$faults' none" || fail "two runs failed"
[ "$(ls "$folder"/two.json* | wc -l)" -eq 2 ] || fail "two processes did not write two reports"
"$@" --report "$folder/missing/report.json" "$faults" none
[ $? -eq 87 ] || fail "a report that cannot be written was accepted"

python3 - "$folder" <<'END'
import json, sys

def load(name):
    with open(f"{sys.argv[1]}/{name}.json") as file:
        return json.load(file)

clean, fault, crash, many = load("clean"), load("fault"), load("crash"), load("many")
assert clean["device"]["name"] == "a100" and clean["device"]["arch"] == 80 and clean["device"]["sms"] == 108, clean["device"]
assert clean["findings"] == [] and clean["findings_total"] == 0
[launch] = clean["launches"]
assert "store_at" in launch["kernel"] and launch["grid"] == launch["block"] == launch["cluster"] == [1, 1, 1], launch
assert launch["thread_instructions"] == launch["warp_instructions"] > 0, launch
assert launch["issue_slots"] == 32 * launch["warp_instructions"], launch
assert all(clean["totals"][key] == launch[key] for key in clean["totals"])
[finding] = fault["findings"]
assert finding["check"] == "mem" and "store_at" in finding["kernel"] and finding["thread"] == [0, 0, 0], finding
assert finding["ptx_line"] > 0 and finding["source"].endswith("faults.cu:8"), finding
[finding] = crash["findings"]
assert len(many["findings"]) == 100 and many["findings_total"] == 102 and "cudaFree" in many["findings"][99]["message"], many
assert finding["kernel"] is None and "the host touched" in finding["message"], finding
END
