"""Places in the virtual GPU's sources, and a small mistake for each: what scripts/mutate draws from."""
import dataclasses
import pathlib
import random
import re

SOURCES = "host/vgpu"
FOLDERS = {"exec": "handlers", "ptx": "reader", "runtime": "runtime", "memory": "memory and checks", "check": "memory and checks",
           "cost": "memory and checks"}
# Files of exec/ that are no handlers.
ELSEWHERE = {
    "scheduler": "block cluster divergence grid mbarrier meeting progress schedule",
    "reader": "binding constant_pool fitted instruction_table knowledge opcode processor refusal",
    "memory and checks": "fault machine_code observe race race_copy race_sync round_trip written",
}
AREAS = ("handlers", "scheduler", "reader", "runtime", "memory and checks")


@dataclasses.dataclass(frozen=True)
class Mutant:
    area: str
    file: str
    at: int  # in the file's text
    old: str
    new: str

    def applied(self, text):
        assert text.startswith(self.old, self.at)
        return text[: self.at] + self.new + text[self.at + len(self.old):]

    def line(self, text):
        return text.count("\n", 0, self.at) + 1

    def source(self, text):
        begin = text.rfind("\n", 0, self.at) + 1
        return text[begin: text.find("\n", self.at)].rstrip("\\ ").strip()

    def change(self):
        return f"{self.old} -> {'left out' if self.new == ';' else self.new}"


def area_of(file):
    path = pathlib.PurePath(file)
    if path.name == "fatbin.c":
        return "reader"
    elsewhere = (area for area, stems in ELSEWHERE.items() if path.parent.name == "exec" and path.stem in stems.split())
    return next(elsewhere, FOLDERS[path.parent.name])


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def code_of(text):
    """The text with all that is no code blanked: comments, strings, directives, declarations outside functions, attributes."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)
    text = re.sub(r"__attribute__\(\(.*?\)\)+|__builtin_expect|_Static_assert\(.*?\);|, (?:true|false)\)(?= *[){])|\benum \{.*?\}", blank, text, flags=re.S)
    lines = text.split("\n")
    in_function = in_macro = False
    for k, line in enumerate(lines):
        if line.startswith("#"):
            in_macro = line.startswith("#define")
            lines[k] = re.sub(r"^#define \w+(\([^)]*\))?" if in_macro else r".*", blank, line)
        elif not in_function and not in_macro:
            in_function = line.endswith(") {")
            body = re.match(r"^\w.*?\) (?=\{ .*\}$)", line)
            lines[k] = blank(body) + line[body.end():] if body else " " * len(line)
        elif in_function and line.startswith("}"):
            in_function = False
        in_macro = in_macro and line.endswith("\\")
    return "\n".join(lines)


FLIPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
OPPOSITE = {"+": "-", "-": "+", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=",
            "++": "--", "--": "++"}
TYPES = r"(?:static|const|unsigned|int|char|bool|float|double|struct|enum|size_t|[usbf]\d+|u?int\d+_t|__int128|[A-Z]\w?|cuda\w+_t)"
DECLARATION = re.compile(rf"\s*{TYPES}\b[\w\s*]* \*?\w+(?:\[[^]]*\])?(?:,| =|;)")


def condition_end(code, begin):
    """Where the parenthesis closes that opens before begin."""
    depth = 1
    for at in range(begin, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return None


def comparisons(code, _text, _rng):
    for found in re.finditer(r"(?<= )(?:[<>]=?|[=!]=)(?= )", code):
        yield found.start(), found[0], FLIPPED[found[0]]


def operators(code, _text, _rng):
    for found in re.finditer(r"(?<= )(?:[-+]|<<|>>|[&|]|[-+|&]=)(?= )|(?:\+\+|--)(?!.*\) \{$)", code, re.M):
        yield found.start(), found[0], OPPOSITE[found[0]]


def connections(code, _text, _rng):
    for found in re.finditer(r"(?<= )(?:&&|\|\|)(?= )|\bf?(?:min|max)(?=f?\()", code):
        swapped = {"&&": "||", "||": "&&"}.get(found[0]) or re.sub("min|max", {"min": "max", "max": "min"}[found[0][-3:]], found[0])
        yield found.start(), found[0], swapped


def constants(code, _text, rng):
    for found in re.finditer(r"(?<![\w.#])(0x[0-9a-f]+|0|[1-9]\d*)(?=u?l?l?\b)(?!\.)", code):
        begin = code.rfind("\n", 0, found.start()) + 1
        if code[found.start() - 1] == "[" and DECLARATION.match(code[begin: code.find("\n", begin)]):
            continue
        number = int(found[0], 0)
        number += rng.choice((1, -1)) if number else 1
        yield found.start(), found[0], hex(number) if found[0].startswith("0x") else str(number)
    for found in re.finditer(r"\b(?:true|false)\b", code):
        yield found.start(), found[0], "false" if found[0] == "true" else "true"


def conditions(code, text, _rng):
    for found in re.finditer(r"\b(?:if|while) \(", code):
        end = condition_end(code, found.end())
        if end and "\n" not in code[found.end(): end]:
            yield found.end(), text[found.end(): end], f"!({text[found.end(): end]})"


def statements(code, text, _rng):
    """Whole lines. What follows `if (...)` alone is left out too, by an empty statement."""
    for found in re.finditer(r"(?<=[;{}):])[ \\]*\n +(?!(?:return|break|continue|goto|case|default|else|for|while|if|do)\b)([\w*(][^\n{};]*;)(?=[ \\]*\n)", code):
        if not DECLARATION.match(found[1]):
            yield found.start(1), text[found.start(1): found.end(1)], ";"


KINDS = (comparisons, operators, connections, constants, conditions, statements)


def mutants_of_file(area, file, text, rng):
    """Without end: a kind that the file has, each as likely as another, and one of its places."""
    code = code_of(text)
    candidates = [found for kind in KINDS if (found := list(kind(code, text, rng)))]
    while candidates:
        yield Mutant(area, file, *rng.choice(rng.choice(candidates)))


def draw(root, seed):
    """Area by area in turn; each area's files in a shuffled order, again and again; the same for the same seed and sources."""
    rng = random.Random(seed)
    texts = {str(path.relative_to(root)): path.read_text() for path in sorted((root / SOURCES).glob("*/*.c")) if path.parent.name != "bench"}
    seen = set()
    queues = {area: [] for area in AREAS}
    streams = {file: mutants_of_file(area_of(file), file, text, random.Random(f"{seed} {file}")) for file, text in texts.items()}
    while True:
        for area in AREAS:
            if not queues[area]:
                queues[area] = [file for file in texts if area_of(file) == area]
                rng.shuffle(queues[area])
            mutant = next(streams[queues[area].pop()], None)
            if mutant and mutant not in seen:
                seen.add(mutant)
                yield mutant
