#!/usr/bin/python3
"""Writes self-test.json: what `facet doctor` expects of a sound engine.

The logits after a short conversation with the practice model, computed in
double precision by the plain tensor code, which shares nothing with the engine.
"""
import json
import os

import torch

from practice import export, template
from practice.model import Batch
from practice.tokenizer import Tokenizer
from practice.tools import PRODUCT

HERE = os.path.dirname(os.path.abspath(__file__))
MESSAGES = [{"role": "user", "content": "What is the deadline in plan.txt?"},
            {"role": "assistant", "tool_calls": [{"function": {"name": "read_file", "arguments": {"path": "plan.txt"}}}]},
            {"role": "tool", "content": "owner: Maria Berg\ndeadline: 14 March\nbudget: 300 EUR"}]


def main():
    torch.set_default_dtype(torch.float64)
    model, reader = export.load(os.path.join(HERE, "practice-text.gguf"))
    model = model.double()
    tokenizer = Tokenizer.from_fields(reader.fields)
    ids, _ = tokenizer.encode_pieces(template.render(list(PRODUCT.values()), MESSAGES, prompt=True))
    with torch.no_grad():
        logits = model(Batch(model.shape, [ids], [[len(ids) - 1]], "cpu"))[0]
    with open(os.path.join(HERE, "self-test.json"), "w", encoding="utf-8") as file:
        json.dump({"tokens": [int(token) for token in ids], "logits": [round(float(value), 6) for value in logits]}, file)
    print("%d tokens, %d logits, most likely %r" % (len(ids), len(logits), tokenizer.decode([int(logits.argmax())])))


if __name__ == "__main__":
    main()
