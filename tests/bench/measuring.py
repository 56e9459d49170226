"""What the measuring scripts share: running programs, token ids, and comparing rows of logits."""

import array
import contextlib
import json
import math
import os
import random
import subprocess
import sys

DEFAULT_FACET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "facet")


class Failure(Exception):
    """What went wrong, as one sentence."""


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        # A library that gives up prints where it was, line after line; the sentence is somewhere among them.
        telling = [line for line in done.stderr.splitlines()
                   if line.startswith(("facet: ", "llama_cpp: ")) or "GGML_ASSERT" in line or "Error" in line]
        raise Failure(telling[0] if telling else f"{' '.join(command[:2])} ended with {done.returncode}.")
    return done.stdout


# Ends by itself when the script does, however that ends.
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    for _ in range(1000000): pass"


@contextlib.contextmanager
def busy_neighbours(count):
    """While the block runs, so many other processes take all the processor time that they get."""
    # A session of their own, as the programs of a desktop have: the kernel shares time between sessions first.
    neighbours = [subprocess.Popen([sys.executable, "-c", BUSY], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()


def check_files(facet, model):
    if not os.path.exists(model):
        raise Failure(f"There is no file {model}.")
    if not os.access(facet, os.X_OK):
        raise Failure(f"There is no program {facet}; build it, or name it with --facet.")


def write_tokens(path, facet, model, count, seed):
    """Any ids behind the control and byte tokens, without the reserved last ones."""
    size = json.loads(run([facet, "models", "info", "--json", model]))["vocabulary_size"]
    last = min(size - 8, 255_000)
    chosen = random.Random(seed)
    with open(path, "w", encoding="ascii") as out:
        json.dump([2] + [chosen.randint(500, last) for _ in range(count - 1)], out)


def read_floats(path):
    values = array.array("f")
    with open(path, "rb") as file:
        values.frombytes(file.read())
    return values


def divergence(theirs, ours):
    """How much is lost by taking our distribution of the next token for theirs (Kullback and Leibler), in nats."""
    their_sum = math.log(sum(math.exp(value) for value in theirs))
    our_sum = math.log(sum(math.exp(value) for value in ours))
    return sum(math.exp(t - their_sum) * ((t - their_sum) - (o - our_sum)) for t, o in zip(theirs, ours))


def best_token(logits):
    return max(range(len(logits)), key=logits.__getitem__)
