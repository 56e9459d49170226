"""What a training step is made of: conversations and lessons as ids, rows to predict from and targets."""
from dataclasses import dataclass

import numpy

from . import template

LONGEST = 1700
# Characters of the conversations of a family, without their common beginning.
FAMILY = 6000
# Kinds of rows: the model's own tokens, the first of each message, hints inside what a tool returned, and the first of
# a tool's name or of a text that is handed to it.
OWN, FIRST, HINT, CHOICE = range(4)
# The first token of a message decides between a call, an answer and "I could not find": it counts
# several times, or absence is learned far too late. What is copied is decided with its first token.
WEIGHTS = numpy.asarray((1.0, 5.0, 1.0, 4.0), dtype=numpy.float32)


def rows_of(tokenizer, pieces, random, hints):
    """(ids, rows, targets, kinds) of marked pieces.

    Behind the tokens of a document it may be marked how an answer would begin if the document ended there.
    The model never writes these tokens, so nothing is lost when something else is predicted in their place.
    hints: the share of such marks that is trained.
    """
    ids, marks = tokenizer.encode_pieces(pieces)
    choices = (tokenizer.special[template.QUOTE], tokenizer.ids["call:"])
    rows, targets, kinds = [], [], []
    for row, mark in enumerate(marks[1:]):
        if mark is True:
            rows.append(row)
            targets.append(ids[row + 1])
            kinds.append(FIRST if marks[row] is not True else CHOICE if ids[row] in choices else OWN)
        elif mark and random.random() < hints:
            rows.append(row)
            targets.append(tokenizer.encode(mark)[0])
            kinds.append(HINT)
    return ids, rows, targets, kinds


@dataclass
class Drawn:
    """Conversations for one small batch. beginning: ids that they share; tokens: of all together."""
    ids: list
    rows: list
    targets: numpy.ndarray
    kinds: numpy.ndarray
    tokens: int
    beginning: list


def _joined(parts, beginning=()):
    """parts: (ids, rows, targets, kinds) of each conversation."""
    ids, rows, targets, kinds = zip(*parts)
    return Drawn(list(ids), [numpy.asarray(own) for own in rows], numpy.concatenate(targets).astype(numpy.int64),
                 numpy.concatenate(kinds), sum(map(len, ids)) + len(beginning), beginning)


def draw(source, spelling, stage, progress, tokens):
    """Conversations with about the wanted number of tokens."""
    parts, total = [], 0
    while total < tokens:
        tokenizer = spelling.draw(source.random, stage.respelled)
        one = rows_of(tokenizer, source.pieces(stage.lessons, progress), source.random, stage.hints)
        if len(one[0]) > LONGEST or not one[1]:
            continue
        parts.append(one)
        total += len(one[0])
    return _joined(parts)


def draw_family(families, spelling, stage):
    """Conversations that share the declarations of all tools."""
    beginning, conversations = families.family(FAMILY)
    parts = [rows_of(spelling.draw(families.random, stage.respelled), pieces, families.random, 0.0) for pieces in conversations]
    return _joined([part for part in parts if len(part[0]) <= LONGEST], spelling.tokenizer.encode_pieces(beginning)[0])
