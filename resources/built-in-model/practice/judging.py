"""What a model gets exactly right of given conversations."""
import numpy
import torch

from . import template
from .model import Batch


def encode(tokenizer, tools, messages):
    """(ids, rows to predict from) of a whole conversation: the rows before the model's own tokens."""
    ids, marks = tokenizer.encode_pieces(template.render(tools, messages))
    return ids, numpy.asarray([row for row in range(len(ids) - 1) if marks[row + 1] is True])


def exact_messages(model, tokenizer, cases, device="cpu"):
    """Share of exactly right model messages, given the right earlier ones.

    Greedy decoding gives exactly the expected message if and only if every one
    of its tokens is the most likely one after the right beginning, so one pass
    over the whole conversation decides all its messages.
    cases: (tools, messages, kinds). Returns [(kind, is call, right)].
    """
    results = []
    with torch.no_grad():
        for tools, messages, kinds in cases:
            ids, rows = encode(tokenizer, tools, messages)
            chosen = model(Batch(model.shape, [ids], [rows], device)).argmax(1).cpu().numpy()
            right = chosen == numpy.asarray(ids)[rows + 1]
            spans = numpy.split(right, numpy.flatnonzero(numpy.diff(rows) > 1) + 1)
            task = -1
            place = iter(spans)
            for message in messages:
                if message["role"] == "user":
                    task += 1
                elif message["role"] == "assistant":
                    results.append((kinds[task], "tool_calls" in message, bool(next(place).all())))
    return results


def summary(results):
    """Two counts: "calls right/all, answers right/all"."""
    calls = [right for _, call, right in results if call]
    answers = [right for _, call, right in results if not call]
    return "calls %d/%d answers %d/%d" % (sum(calls), len(calls), sum(answers), len(answers))
