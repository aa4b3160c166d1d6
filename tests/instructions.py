#!/usr/bin/env python3
"""instructions.py TABLE REFUSALS LOG...: the table of instructions (host/vgpu/INSTRUCTIONS.md) says what the executor does.

REFUSALS is exec/refusal.c. A LOG, named after a suite, holds the rows of the executor's tables that the suite executed (instruction/machine.c);
vgpu_coverage sees to it that no row is missing in all of them. Every complaint is a line; exit status 1 when there is one.
"""
import dataclasses
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent
TYPE = re.compile(r"([usbf](8|16|32|64|128)(x\d)?|bf16(x2)?|e[45]m[32]x2|pred)$")
# How the executor's tables spell what the ISA calls otherwise (exec/opcode.c).
SPELLED = {"barrier": "bar", "barrier.cluster": "bar.cluster", "vote.sync": "vote"}
OWN_ROWS = {"clock": "mov"}  # of special registers that change


@dataclasses.dataclass
class Row:
    instruction: str
    types: set
    status: str
    test: str

    def words(self):
        return re.split(r"[._]", SPELLED.get(self.instruction, self.instruction))

    def is_executed(self):
        """By rows of its own, not as another instruction."""
        return self.status.startswith(("works", "refused when")) and not self.status.startswith("works as")


def read_table(path):
    rows = []
    for line in path.read_text().splitlines():
        if line.startswith("| `"):
            instruction, types, status, test = (cell.strip() for cell in line.strip("|").split("|"))
            rows.append(Row(instruction.strip("`"), set(types.split()), status, test.strip("`")))
    return rows


def types_of(name):
    return {word for word in name.split("_") if TYPE.match(word)}


def fits(row, name):
    """The instruction's words stand in the name in this order, the first in front."""
    first, *words = name.split("_")
    wanted, words = row.words(), iter(words)
    return OWN_ROWS.get(first, first) == wanted[0] and all(word in words for word in wanted[1:])


def rows_of(table, name):
    """Those of the most particular instruction that fits, with the name's types."""
    fitting = [row for row in table if row.is_executed() and fits(row, name) and types_of(name) <= row.types]
    longest = max((len(row.words()) for row in fitting), default=0)
    return [row for row in fitting if len(row.words()) == longest]


def read_logs(paths):
    return {path.stem: set(path.read_text().split()) for path in paths}


def executed(table, logs):
    """For each row of the table (by its place), the names that each suite executed; the names that belong to no row."""
    by_row = [{} for _ in table]
    strange = set()
    place = {id(row): k for k, row in enumerate(table)}
    for suite, names in logs.items():
        for name in names:
            found = rows_of(table, name)
            strange |= set() if found else {name}
            for row in found:
                by_row[place[id(row)]].setdefault(suite, set()).add(name)
    return by_row, strange


def complaints(table, prefixes, logs):
    by_row, strange = executed(table, logs)
    for name in sorted(strange):
        yield f"the executor has {name}; no instruction that works, with its types, is in the table"
    for row, suites in zip(table, by_row):
        refused = any(f"{row.instruction}.".startswith(prefix) for prefix in prefixes)
        test = TESTS / row.test
        if refused != (row.status == "refused"):
            yield f"{row.instruction} is '{row.status}', but refusal.c has {'a' if refused else 'no'} row for it"
        if not test.is_file() or not re.search(rf"\b{re.escape(row.instruction.split('.')[0])}", test.read_text()):
            yield f"{row.instruction}: {row.test} does not exist or does not mention it"
        if row.is_executed():
            has = {word for names in suites.values() for name in names for word in types_of(name)}
            if not suites:
                yield f"{row.instruction} is '{row.status}', but the executor has no row for it"
            elif has != row.types:
                yield f"{row.instruction}: the types {' '.join(sorted(has ^ row.types))} are not both in the table and in the executor"
            if row.test.startswith("test_vgpu_") and test.stem.removeprefix("test_") not in suites:
                yield f"{row.instruction}: {row.test} does not execute it"
        elif suites:
            yield f"{row.instruction} is '{row.status}', but the executor has {sorted(set().union(*suites.values()))[0]}"
        elif row.status.startswith("works as") and not any(row.status == f"works as {other.instruction}" and other.is_executed() for other in table):
            yield f"{row.instruction} {row.status}, which is not in the table"
        elif not row.status.startswith(("works as", "refused", "not there")):
            yield f"{row.instruction}: the status '{row.status}' is none"
    for prefix in prefixes:
        if not any(f"{row.instruction}.".startswith(prefix) for row in table):
            yield f"refusal.c has {prefix}, which is not in the table"


def main(table, refusals, *logs):
    rows = read_table(pathlib.Path(table))
    prefixes = re.findall(r'^    \{"([^"]+)",', pathlib.Path(refusals).read_text(), re.M)
    found = list(complaints(rows, prefixes, read_logs(map(pathlib.Path, logs))))
    print("\n".join(found + [f"{len(rows)} instructions, {len(found)} complaints"]))
    sys.exit(bool(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
