#!/usr/bin/python3
"""Trains the towers of the practice model: what it sees and hears. Weights and logs go to the folder --work."""
import argparse
import os

for name, value in (("OPENBLAS_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "1")):
    os.environ.setdefault(name, value)

import time

from practice import export
from practice.senses.labels import Labels
from practice.tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("see",))
    parser.add_argument("--work", required=True)
    parser.add_argument("--text", default=os.path.join(HERE, "practice-text.gguf"))
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--begin", type=float, default=0.0, help="part of the curriculum to begin with")
    parser.add_argument("--rate", type=float, default=0.02)
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    started = time.time()

    def log(text):
        line = "%7.0f %s" % (time.time() - started, text)
        print(line, flush=True)
        with open(os.path.join(options.work, options.what + ".log"), "a", encoding="utf-8") as file:
            file.write(line + "\n")

    model, reader = export.load(options.text)
    labels = Labels(model, Tokenizer.from_fields(reader.fields))
    path = os.path.join(options.work, options.what + ".gguf")
    if options.what == "see":
        from practice.senses import seeing
        seeing.train(labels, started + 60 * options.minutes, path, options.work, log, rate=options.rate,
                     begin=options.begin)


if __name__ == "__main__":
    main()
