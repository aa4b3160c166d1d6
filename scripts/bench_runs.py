"""What scripts/figures and scripts/peers share: runs of lotto-bench on virtual GPUs, and the rows they are made on."""
import csv
import json
import os
import pathlib
import subprocess
import sys

HOME = pathlib.Path(__file__).resolve().parent.parent
BENCH = pathlib.Path(os.environ.get("LOTTO_BUILD", HOME / "build")) / "bin" / "lotto-bench"
SHIPPED = HOME / "tests/data/smollm2-135m-instruct.f16.safetensors"
MADE_UP = ("llm", "normal", "constant", "two-valued")


def fail(sentence):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {sentence}")


def check_built():
    if not BENCH.exists():
        fail(f"{BENCH} is missing; run scripts/run first")


def measure(gpu, *arguments):
    """One run of lotto-bench: a record for each measurement."""
    command = [str(BENCH), "--gpu", gpu, "--json", *arguments]
    print(*command[1:], file=sys.stderr)
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        fail(f"{' '.join(command)}: exit status {run.returncode}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def real_rows(dtypes):
    """Arguments for each file of real rows: the shipped one, and those of the folder that LOTTO_TEST_LOGITS names."""
    yield [str(SHIPPED), "--dtype", dtypes]
    folder = os.environ.get("LOTTO_TEST_LOGITS")
    for path in sorted(pathlib.Path(folder).glob("*.f32.bin")) if folder else []:
        vocab = json.loads(path.with_name(path.name.replace(".f32.bin", ".json")).read_text())["vocab"]
        yield [str(path), "--raw", f"f32:{vocab}", "--dtype", dtypes]


def write_csv(path, records):
    keys = list(dict.fromkeys(key for record in records for key in record))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, keys, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
