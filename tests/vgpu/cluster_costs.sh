# cluster_costs.sh COSTS RUN...: every figure of the report on micro-kernels of clusters whose true cost is known by construction.
costs=$1
shift
report=$(mktemp)
trap 'rm -f "$report"' EXIT

"$@" --gpu h100 --report "$report" "$costs" || exit 1

python3 - "$report" <<'END_OF_COMPARISON'
import json, math, sys

with open(sys.argv[1]) as file:
    report = json.load(file)
compared = 0


def same(what, said, true):
    global compared
    compared += 1
    if said != true:
        sys.exit(f"{what}: the report says {said}; by construction it is {true}")


def of(kernel):
    return [launch for launch in report["launches"] if kernel in launch["kernel"]]


def check(what, launch, **true):
    for key, value in true.items():
        same(f"{what}, {key}", launch[key], value)


tile, sectors, wavefronts = 1024, 1024 // 32, 1024 // 128
barriers, many_barriers = of("cluster_barriers")
check("cluster barriers", barriers, cluster_barriers=2 * 100, cluster_waits=8 * 100, barriers=0, dram_round_trips=0)
[launch] = of("read_next")
check("reads of the next block", launch, shared_wavefronts=8 * 10, remote_shared_wavefronts=8 * 10)
[launch] = of("read_all")
check("reads of four blocks", launch, shared_wavefronts=8 * 10 * 4, remote_shared_wavefronts=8 * 10 * 3)
[launch] = of("add_to_next")
check("atomics of the next block", launch, atomics=8 * 10 * 32, shared_wavefronts=8 * 10, remote_shared_wavefronts=8 * 10)

tiles = 16
for ahead, launch in zip((1, 2, 5, 8), of("copy_ring")):
    # The three blocks copy the same tiles: the first of them finds none in the L2. For each tile a barrier is told to expect it and
    # tried once, since copies are complete when they are issued.
    check(f"bulk copies, {ahead} under way", launch, global_load_sectors=3 * tiles * sectors, dram_read_bytes=tiles * tile,
          l2_hits=2 * tiles * sectors, shared_wavefronts=3 * (tiles * (wavefronts + 2) + ahead), remote_shared_wavefronts=0,
          dram_round_trips=math.ceil(tiles / ahead), cluster_waits=0)
for ahead, launch in zip((1, 2, 5, 8), of("copy_between_warps")):
    check(f"bulk copies from warp to warp, {ahead} under way", launch, dram_read_bytes=tiles * tile, dram_round_trips=math.ceil(tiles / ahead))
[launch] = of("copy_out")
check("bulk copies out", launch, global_store_sectors=3 * sectors, dram_write_bytes=3 * tile, dram_read_bytes=0,
      shared_wavefronts=3 * wavefronts, dram_round_trips=0)
[launch] = of("multicast")
# Two clusters of four blocks: one read for each cluster, of which the second hits; a tile and three uses of its barrier for each block.
check("multicast", launch, global_load_sectors=2 * sectors, dram_read_bytes=tile, l2_hits=sectors, dram_round_trips=4,
      shared_wavefronts=8 * (wavefronts + 3), remote_shared_wavefronts=2 * 3 * wavefronts, cluster_barriers=4, cluster_waits=2 * 8)
[launch] = of("copy_to_next")
check("bulk copies to the next block", launch, global_load_sectors=0, dram_round_trips=0, shared_wavefronts=8 * (2 * wavefronts + 3),
      remote_shared_wavefronts=8 * wavefronts, cluster_waits=(2 + 1) * 8)
[launch] = of("tell_other")
check("arrivals at the other block", launch, cluster_barriers=2 * 4, cluster_waits=(2 + 7) * 8, remote_shared_wavefronts=7 * 8)

# Seven warps fail their first try and are not counted for it; how long they wait makes no difference.
for launch in of("wait_for_last"):
    same("waiting polls", launch["warp_instructions"] - launch["issue_slots"] // 32, 7)

clock_us = 1e6 / 1.755e9


def estimate(what, launch, bound, us):
    global compared
    compared += 1
    if launch["bound_by"] != bound or not math.isclose(launch["estimated_us"], us, rel_tol=1e-9):
        sys.exit(f"{what}: {launch['estimated_us']} us, bound by {launch['bound_by']}; expected {us} us, {bound}")


estimate("cluster barriers", barriers, "latency",
         2.5 + 100 * 0.3 + barriers["machine_instructions"] / 8 * 4 * clock_us)  # a block a multiprocessor, one warp each
estimate("cluster barriers in three waves", many_barriers, "latency", 2.5 + 3 * 100 * 0.3)
[launch] = of("arithmetic")
estimate("33 clusters on 128 multiprocessors", launch, "issue", 2.5 + launch["machine_instructions"] * 3 / 264 / 4 * clock_us)
for ahead, launch in zip((1, 2), of("copy_ring")):
    chain = math.ceil(tiles / ahead) * 0.7 / 3  # one of the three blocks waits for DRAM
    estimate("bulk copies", launch, "latency" if chain > 2.5 else "launch",
             2.5 + chain + launch["machine_instructions"] / 3 * 4 * clock_us)
same("the model's cluster barrier", report["cost_model"]["cluster_barrier_us"], 0.3)
print(f"compared {compared} figures")
END_OF_COMPARISON
