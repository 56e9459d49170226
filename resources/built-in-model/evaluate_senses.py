#!/usr/bin/python3
"""Counts what the practice model reads, names and hears exactly: pictures and sentences that training never sees.

The answer is generated greedily, as the program does. Sentences are spoken by espeak-ng, some by voices that
training does not have.
"""
import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
import tempfile

import torch

from practice import export, gguf, operations
from practice.senses import projector, recorded, seeing, speech
from practice.senses.labels import heard_labels, seen_labels
from practice.senses.talk import Talks, generated
from practice.tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", default=os.path.join(HERE, "practice-text.gguf"))
    parser.add_argument("--projector", default=os.path.join(HERE, "practice-mmproj.gguf"))
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--things", type=int, default=60)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    torch.set_num_threads(1)
    work = os.path.join(tempfile.gettempdir(), "facet-practice-senses-%d" % os.getuid())
    operations.load_kernels(os.path.join(work, "kernels"))
    folder = os.path.join(work, "speech")
    if not os.path.exists(os.path.join(folder, "newvoices-903-0.npz")):
        speech.make(folder, 902, 1, options.clips, held_out=True, name="heldout")
        speech.make(folder, 903, 1, options.clips, held_out=True, new_voices=True, name="newvoices")
    model, reader = export.load(options.text)
    tokenizer = Tokenizer.from_fields(reader.fields)
    seen, heard = seen_labels(model, tokenizer), heard_labels(model, tokenizer)
    names = gguf.Reader(options.projector).names()
    paths = [options.projector if name in names else None for name in ("v.patch_embd.weight", "a.conv1d.0.weight")]
    talks = Talks(random.Random(3), tokenizer)
    cases = recorded.held_out_cases(talks, seen, heard, paths, work, options.lines, options.things, seed=8765)
    table = {}
    for kind, talk, soft in cases:
        wanted = tokenizer.decode([int(token) for token in talk.targets[:-1]])
        said = tokenizer.decode(generated(model, talk, soft, len(wanted) + 20))
        row = table.setdefault(kind, [0, 0, 0, 0])
        row[0] += said == wanted
        row[1] += 1
        row[2] += seeing.distance(said.split(), wanted.split())
        row[3] += len(wanted.split())
        if options.show and said != wanted:
            print("%s: %r, said %r" % (kind, wanted, said), flush=True)
    print("| | exact | word errors |\n|---|---|---|")
    for kind, (exact, count, wrong, words) in table.items():
        print("| %s | %d/%d (%.1f %%) | %.1f %% |" % (kind, exact, count, 100 * exact / count, 100 * wrong / words))


if __name__ == "__main__":
    main()
