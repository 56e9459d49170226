#!/usr/bin/python3
"""Trains the towers of the practice model: what it sees and hears. Weights and logs go to the folder --work."""
import argparse
import os

for name, value in (("OPENBLAS_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "1")):
    os.environ.setdefault(name, value)

import time

from practice import export
from practice.senses.labels import heard_labels, seen_labels
from practice.tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))


def pack(work, target):
    """The files of the product, from those of the work folder that are there."""
    from practice import gguf
    from practice.senses import projector

    def file(name):
        path = os.path.join(work, name)
        return gguf.Reader(path) if os.path.exists(path) else None

    see, hear = file("see.gguf"), file("hear.gguf")
    projector.save(os.path.join(target, "practice-mmproj.gguf"), see and projector.load_vision(see),
                   hear and projector.load_hearing(hear))
    joined = os.path.join(work, "join.gguf")
    if os.path.exists(joined):
        model, reader = export.load(joined)
        export.save(model, Tokenizer.from_fields(reader.fields), os.path.join(target, "practice-text.gguf"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("see", "speak", "hear", "widen", "join", "pack"))
    parser.add_argument("--work", required=True)
    parser.add_argument("--text", default=os.path.join(HERE, "practice-text.gguf"))
    parser.add_argument("--teacher", default=os.path.join(HERE, "practice-text.gguf"),
                        help="whose predictions are held for conversations with the reading tools; those with all tools are\n"
                        "held to those of --begun, or of --text")
    parser.add_argument("--begun", metavar="FILE", help="what --text was before it was joined, for a run that goes on")
    parser.add_argument("--target", default=HERE, help="folder for pack")
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

    if options.what == "pack":
        return pack(options.work, options.target)
    model, reader = export.load(options.text)
    tokenizer = Tokenizer.from_fields(reader.fields)
    path = os.path.join(options.work, options.what + ".gguf")
    until = started + 60 * options.minutes
    if options.what == "see":
        from practice.senses import seeing
        seeing.train(seen_labels(model, tokenizer), until, path, options.work, log, rate=options.rate,
                     begin=options.begin)
    elif options.what == "speak":
        from practice.senses import speech
        folder = os.path.join(options.work, "speech")
        speech.make(folder, 900, 1, 120, held_out=True, name="heldout")
        speech.make(folder, 901, 1, 60, held_out=True, new_voices=True, name="newvoices")
        speech.make(folder, 1, 40, 400)
    elif options.what in ("widen", "join", "pack"):
        from practice.senses import joining
        towers = None
        if options.what == "join":
            towers = [name if os.path.exists(name) else None for name in
                      (os.path.join(options.work, "see.gguf"), os.path.join(options.work, "hear.gguf"))]
        joining.widen(model, tokenizer, seen_labels(model, tokenizer), heard_labels(model, tokenizer), until, path,
                      options.work, log, rate=options.rate, towers=towers, teacher=export.load(options.teacher)[0],
                      begun=options.begun and export.load(options.begun)[0], begin=options.begin)
    else:
        from practice.senses import listening
        listening.train(heard_labels(model, tokenizer), until, path, options.work, log, rate=options.rate,
                        begin=options.begin)


if __name__ == "__main__":
    main()
