# costs.sh COSTS RUN...: every figure of the report on micro-kernels whose true cost is known by construction.
costs=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for gpu in h100 a100; do
    for l2 in cold warm; do
        "$@" --gpu $gpu --l2 $l2 --report "$folder/$gpu.$l2.json" "$costs" >"$folder/$gpu.$l2.bytes" 2>"$folder/$gpu.$l2.table" ||
            { cat "$folder/$gpu.$l2.table"; exit 1; }
    done
done

python3 - "$folder" <<'END_OF_COMPARISON'
import json, math, sys

compared = 0


def same(what, said, true):
    global compared
    compared += 1
    if said != true:
        sys.exit(f"{what}: the report says {said}; by construction it is {true}")


def check_counters(name, launches, l2_bytes, warm):
    def of(kernel):
        return [launch for launch in launches if kernel in launch["kernel"]]

    def traffic(what, launch, reads, writes, hits):
        what = f"{name}: {what}"
        same(f"{what}, DRAM reads", launch["dram_read_bytes"], reads)
        same(f"{what}, DRAM writes", launch["dram_write_bytes"], writes)
        same(f"{what}, L2 hits", launch["l2_hits"], hits)

    requests = 8 * 128 // 32
    for stride, launch in zip((1, 2, 4, 8), of("strided_copy")):
        sectors = requests * min(32, 4 * stride)
        same(f"{name}: stride {stride}, sectors loaded", launch["global_load_sectors"], sectors)
        same(f"{name}: stride {stride}, sectors stored", launch["global_store_sectors"], sectors)
        if not warm:
            traffic(f"stride {stride}", launch, 32 * sectors, 32 * sectors, 0)

    for degree, launch in enumerate(of("bank_conflict"), 1):
        same(f"{name}: bank conflict of {degree}, wavefronts", launch["shared_wavefronts"], degree)

    [hammer] = of("atomic_hammer")
    lanes, requests = 16 * 256 * 10, 16 * 8 * 10
    same(f"{name}: atomics", hammer["atomics"], lanes)
    if not warm:
        traffic("atomics on one word", hammer, 32, 32, requests - 1)

    for lanes, short, long in zip(range(1, 33), of("divergent_16"), of("divergent_32")):
        difference = {key: long[key] - short[key] for key in ("warp_instructions", "thread_instructions", "issue_slots")}
        same(f"{name}: {lanes} lanes run 16 instructions more", difference,
             {"warp_instructions": 16, "thread_instructions": 16 * lanes, "issue_slots": 16 * 32})

    once, more = of("expanded")
    difference = {key: more[key] - once[key] for key in ("warp_instructions", "machine_instructions")}
    # A turn is the six, an addition, a comparison and a branch.
    same(f"{name}: instructions of ten turns more", difference, {"warp_instructions": 10 * 9, "machine_instructions": 10 * (1 + 2 + 2 + 4 + 4 + 12 + 3)})

    below, little_above, above = l2_bytes - 65536, l2_bytes + 65536, l2_bytes + l2_bytes // 16
    twice_below, twice_little_above, twice_above, first, second, third, fourth = of("read_in_order")
    # In a warm L2 the first ones find what the strided copies and each other left.
    reads = {"below": below, "little": little_above, "above": above}
    sectors = {key: bytes // 32 for key, bytes in reads.items()}
    # 17 lines in a set of 16 ways, read in order: none of them is ever found. 65536 bytes too many do so to 512 sets.
    lost = 65536 // 128 * 17 * 128
    if not warm:
        traffic("read twice, just below the L2's size", twice_below, below, 0, sectors["below"])
        traffic("read twice, a little above it", twice_little_above, little_above + lost, 0, sectors["little"] - lost // 32)
        traffic("read twice, a sixteenth above it", twice_above, 2 * above, 0, 0)
        for launch in (first, second, third, fourth):
            traffic("read once", launch, below, 0, 0)
    else:
        traffic("read again while it is warm", second, 0, 0, sectors["below"])
        traffic("read again after a memset of 65536 bytes", third, 65536, 0, sectors["below"] - 65536 // 32)
        traffic("read again after a copy of 131072 bytes", fourth, 131072, 0, sectors["below"] - 131072 // 32)

    [write] = of("write_in_order")
    evicted = 65536
    traffic("written, a little above the L2's size", write, 0, evicted if warm else little_above, 0)
    [copy] = of("coalesced_copy")
    bytes = 4096 * 256 * 16
    traffic("coalesced copy", copy, bytes, 0 if warm else bytes, 0)
    for bytes, copy, fill in zip((2, 8, 16), of("copy_items"), of("fill_items")):
        # Four warps. The fill also stores one byte.
        same(f"{name}: items of {bytes} bytes, sectors loaded", copy["global_load_sectors"], 4 * bytes)
        same(f"{name}: items of {bytes} bytes, sectors stored", copy["global_store_sectors"], 4 * bytes)
        same(f"{name}: items of {bytes} bytes, wavefronts", fill["shared_wavefronts"], 1 + max(1, bytes // 4))
    for ahead, copy in zip((1, 5), of("copy_groups")):
        traffic(f"groups of copies, {ahead} under way", copy, 16 * 512, 0, 0)
        same(f"{name}: groups of copies, {ahead} under way, round trips", copy["dram_round_trips"], math.ceil(16 / ahead))
    [copy] = of("asynchronous_copy")
    same(f"{name}: asynchronous copy, round trips", copy["dram_round_trips"], 1)
    traffic("asynchronous copy", copy, 128 * 16, 0, 0)
    same(f"{name}: asynchronous copy, sectors loaded", copy["global_load_sectors"], 128 * 16 // 32)
    same(f"{name}: asynchronous copy, wavefronts", copy["shared_wavefronts"], 128 * 16 // 128)


# The README's formula, written again from the published figures.
GPUS = {
    "h100": {"sms": 132, "clock": 1.755e9, "dram": 2 * 2619e6 * 5120 / 8, "l2": 5120},
    "a100": {"sms": 108, "clock": 1.41e9, "dram": 2 * 1593e6 * 5120 / 8, "l2": 5120},
}


def check_estimates(name, gpu, launches):
    def estimate(kernel, bound, us):
        [launch] = [launch for launch in launches if kernel in launch["kernel"]]
        global compared
        compared += 1
        if launch["bound_by"] != bound or not math.isclose(launch["estimated_us"], us, rel_tol=1e-9):
            sys.exit(f"{name}: {kernel}: {launch['estimated_us']} us, bound by {launch['bound_by']}; expected {us} us, {bound}")
        return launch

    clock_us = 1e6 / gpu["clock"]
    instructions = {launch["kernel"]: launch["machine_instructions"] for launch in launches}
    of = lambda kernel: next(count for name, count in instructions.items() if kernel in name)
    bytes = 4096 * 256 * 16
    estimate("nothing", "launch", 2.5 + of("nothing") * 4 * clock_us)  # one warp, an instruction every 4 clocks
    estimate("barriers", "latency", 2.5 + 1000 * 0.02 + of("barriers") / 4 * clock_us)
    estimate("arithmetic", "issue", 2.5 + of("arithmetic") / 4 * clock_us)
    estimate("exponentials", "conversions", 2.5 + 32 * (1000 + 1) * 32 / 16 * clock_us)  # and one conversion of the index
    estimate("conflicts", "shared", 2.5 + 32 * 100 * 32 * clock_us)
    estimate("atomic_hammer", "atomics", 2.5 + 0.7 / 16 + 16 * 256 * 10 * clock_us)
    waves = math.ceil(4096 / (8 * gpu["sms"]))  # 8 blocks of 256 threads are resident on a multiprocessor
    estimate("coalesced_copy", "dram", 2.5 + 0.7 + max(2 * bytes / gpu["dram"] * 1e6, (waves - 1) * 0.7))


for gpu in GPUS:
    for l2 in ("cold", "warm"):
        name = f"{gpu}, {l2}"
        with open(f"{sys.argv[1]}/{gpu}.{l2}.json") as file:
            report = json.load(file)
        with open(f"{sys.argv[1]}/{gpu}.{l2}.bytes") as file:
            l2_bytes = int(file.read())
        with open(f"{sys.argv[1]}/{gpu}.{l2}.table") as file:
            table = file.read()
        launches, totals = report["launches"], report["totals"]
        check_counters(name, launches, l2_bytes, l2 == "warm")
        if l2 == "cold":
            check_estimates(name, GPUS[gpu], launches)
        same(f"{name}: the model's L2", report["cost_model"]["l2"], l2)
        for key in totals:
            if key != "bound_by":
                same(f"{name}: total of {key}", round(totals[key], 3), round(sum(launch[key] for launch in launches), 3))
        for word in ("estimate (not a measurement)", "coalesced_copy", f"L2 {l2}"):
            same(f"{name}: the table has {word}", word in table, True)
print(f"compared {compared} figures")
END_OF_COMPARISON
