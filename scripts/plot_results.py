"""plot_results.py PEERS.csv FOLDER: a picture for each figure, by rows and peer, as SVG. Run by scripts/plot."""
import csv
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
# Nothing that differs from run to run, and text as text.
matplotlib.rcParams.update({"svg.hashsalt": "lotto", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10})
from matplotlib import pyplot  # noqa: E402

FIGURES = {
    "reads_per_logit": ("reads.svg", "bytes asked of the L2 by loads\nover the bytes of the logits"),
    "slots_per_logit": ("slots.svg", "issue slots a logit"),
    "over_floor": ("time.svg", "estimated time over the floor\n(one read of the logits, one launch)"),
}
PEERS = {"lotto": "#1b6ca8", "flashinfer": "#e07b39", "separate": "#8a9a5b", "sort": "#9b5d8a"}
VOCAB, INPUT = 128256, "llm"


def draw(axes, records, mode, key):
    of_mode = [r for r in records if (r["mode"], int(r["vocab"]), r["input"], r["l2"]) == (mode, VOCAB, INPUT, "cold")]
    rows = sorted({int(r["rows"]) for r in of_mode})
    width = 0.8 / len(PEERS)
    for place, (peer, colour) in enumerate(PEERS.items()):
        values = {int(r["rows"]): float(r[key]) for r in of_mode if r["peer"] == peer}
        at = [i + (place - (len(PEERS) - 1) / 2) * width for i, count in enumerate(rows) if count in values]
        bars = axes.bar(at, list(values[count] for count in rows if count in values), width, color=colour, label=peer)
        axes.bar_label(bars, fmt="%.3g", fontsize=7, rotation=90, padding=2)
    axes.set_xticks(range(len(rows)), [str(count) for count in rows])
    axes.set_xlabel("rows")
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7, top=axes.get_ylim()[1] * 3)
    axes.set_title(mode.removeprefix("sample "), fontsize=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def main(table, folder):
    with open(table, newline="") as file:
        records = list(csv.DictReader(file))
    modes = list(dict.fromkeys(r["mode"] for r in records))
    for key, (name, label) in FIGURES.items():
        figure, all_axes = pyplot.subplots(1, len(modes), figsize=(9, 3.4), sharey=True, layout="constrained")
        for axes, mode in zip(all_axes, modes):
            draw(axes, records, mode, key)
        all_axes[0].set_ylabel(label)
        figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(PEERS), frameon=False, fontsize=8)
        figure.suptitle(f"vocabulary {VOCAB}, f32, LLM-like rows, virtual H100, L2 cold", fontsize=10)
        figure.savefig(pathlib.Path(folder) / name, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)


main(*sys.argv[1:])
