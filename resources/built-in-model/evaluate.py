#!/usr/bin/python3
"""Counts exactly right tool calls and answers of a model file, per kind of task.

Every step of a case gets the right earlier steps. Greedy decoding yields exactly
the expected message if and only if each of its tokens, the stop token included,
is the most likely one after the right beginning; so one pass over the whole
conversation decides all steps, and no text needs to be generated.
"""
import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections import defaultdict
import json
import tempfile

import numpy
import torch

from practice import export, judging, operations
from practice.model import Batch
from practice.tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SETS = [os.path.join(HERE, "eval", name)
        for name in ("known-phrasings.jsonl", "unseen-phrasings.jsonl", "tool-phrasings.jsonl")]


def declared(tools):
    """The declarations of a case; those that are only named stand in declarations.json."""
    if all(isinstance(tool, dict) for tool in tools or ()):
        return tools
    with open(os.path.join(HERE, "eval", "declarations.json"), encoding="utf-8") as file:
        known = {tool["function"]["name"]: tool for tool in json.load(file)}
    return [known[name] for name in tools]


def expected_messages(case):
    messages = []
    for step in case["expected"]:
        if "tool_call" in step:
            messages.append({"role": "assistant", "tool_calls": [{"function": step["tool_call"]}]})
            messages.append({"role": "tool", "content": step.get("result", "")})
        else:
            messages.append({"role": "assistant", "content": step["content"]})
    return messages


def judge(model, tokenizer, case, device):
    """(step, right, what the model would rather say) for each expected step.

    The third part is only a hint: the most likely token at each place after the right beginning.
    """
    messages = case["messages"] + expected_messages(case)
    ids, rows = judging.encode(tokenizer, declared(case["tools"]), messages)
    with torch.no_grad():
        chosen = model(Batch(model.shape, [ids], [rows], device)).argmax(1).cpu().numpy()
    right = chosen == numpy.asarray(ids)[rows + 1]
    cuts = numpy.flatnonzero(numpy.diff(rows) > 1) + 1
    count = len(case["expected"])
    flags = numpy.split(right, cuts)[-count:]
    tokens = numpy.split(chosen, cuts)[-count:]
    return [(step, bool(flag.all()), tokenizer.decode(said))
            for step, flag, said in zip(case["expected"], flags, tokens)]


def percent(right, total):
    return "%d/%d (%.1f %%)" % (right, total, 100.0 * right / total) if total else "-"


def evaluate(model, tokenizer, path, device, show):
    table = defaultdict(lambda: [0, 0, 0, 0, 0, 0])  # calls, of; answers, of; whole cases, of
    with open(path, encoding="utf-8") as file:
        for line in file:
            case = json.loads(line)
            steps = judge(model, tokenizer, case, device)
            row = table[(case["kind"], case.get("wording", ""))]
            for step, right, said in steps:
                place = 0 if "tool_call" in step else 2
                row[place] += right
                row[place + 1] += 1
                if show and not right:
                    print("%s %s\n  expected %s\n  most likely %s" % (
                        case["id"], case["kind"], json.dumps(step.get("tool_call", step.get("content"))),
                        json.dumps(said)))
            row[4] += all(right for _, right, _ in steps)
            row[5] += 1
    print("\n%s\n| kind | calls | answers | whole case |\n|---|---|---|---|" % os.path.basename(path))
    for kind, wording in sorted(table):
        row = table[kind, wording]
        cells = ["%d/%d" % (row[at], row[at + 1]) if row[at + 1] else "-" for at in (0, 2, 4)]
        print("| %s | %s |" % (" ".join((kind, wording)).strip(), " | ".join(cells)))
    for part in sorted({wording for _, wording in table}):
        rows = [row for (_, wording), row in table.items() if wording == part]
        total = [sum(row[column] for row in rows) for column in range(6)]
        print("| **%s** | %s |" % (" ".join(("all", part)).strip(),
                                   " | ".join(percent(total[at], total[at + 1]) for at in (0, 2, 4))), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=os.path.join(HERE, "practice-text.gguf"))
    parser.add_argument("--cases", nargs="*", default=SETS, help="evaluation files")
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)
    operations.load_kernels(os.path.join(tempfile.gettempdir(), "facet-practice-kernels-%d" % os.getuid()))
    model, reader = export.load(options.model)
    model.to(device)
    tokenizer = Tokenizer.from_fields(reader.fields)
    for path in options.cases:
        evaluate(model, tokenizer, path, device, options.show)


if __name__ == "__main__":
    main()
