#!/usr/bin/python3
"""Makes practice-text.gguf from nothing: tokenizer, training, export.

Everything is generated; nothing is downloaded. A run that was interrupted goes on from the checkpoint
in its work folder. See README.md.
"""
import argparse
import os
import pickle
import sys

# Each training process uses one thread; these must be set before the libraries load.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Reuse heap memory instead of mapping every tensor anew.
if os.environ.get("MALLOC_TRIM_THRESHOLD_") is None:
    os.environ.update(MALLOC_TRIM_THRESHOLD_="4000000000", MALLOC_MMAP_THRESHOLD_="4000000000",
                      MALLOC_TOP_PAD_="67108864")
    os.execv(sys.executable, [sys.executable] + sys.argv)

import torch

from practice import export, tokenizer as tokens, training
from practice.model import Shape

HERE = os.path.dirname(os.path.abspath(__file__))


def cached_tokenizer(folder):
    """The tokenizer, built once per work folder (it is the same every time)."""
    path = os.path.join(folder, "tokenizer.pickle")
    if os.path.exists(path):
        with open(path, "rb") as file:
            return pickle.load(file)
    result = tokens.build()
    with open(path, "wb") as file:
        pickle.dump(result, file)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", default="/tmp/facet-practice-model", help="folder for checkpoints and the log")
    parser.add_argument("--output", default=os.path.join(HERE, "practice-text.gguf"))
    parser.add_argument("--factor", type=float, default=1.0, help="of the tokens of each stage; less for a trial")
    parser.add_argument("--workers", type=int, default=2, help="training processes on a processor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=float, default=600, help="seconds between held-out reports")
    parser.add_argument("--half", action="store_true", help="products in bfloat16; for processors that are quick at it")
    parser.add_argument("--begin", metavar="FILE", help="only the last stages, from this model, which keep its tables")
    parser.add_argument("--feed-forward", type=int, default=320, help="width of the feed-forward layers")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    begun = None
    if options.begin:
        begun, reader = export.load(options.begin)
        shape, tokenizer = begun.shape, tokens.Tokenizer.from_fields(reader.fields)
    else:
        tokenizer = cached_tokenizer(options.work)
        shape = Shape(vocabulary=len(tokenizer.tokens), feed_forward=options.feed_forward)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    plan = training.Plan(options.factor, options.seed, options.work, options.workers, device, options.report, options.half)
    export.save(training.train(plan, shape, tokenizer, begun), tokenizer, options.output)


if __name__ == "__main__":
    main()
