"""What a soft token may say: a character, a piece of the name of a thing, or nothing.

A soft token is near the text model's own input embedding of what it says, so
a trained tower speaks the language of the text model.
"""
import math
import string

import torch

from ..tokenizer import SPACE
from .speech import Sentences

COLOURS = {"red": (214, 32, 32), "green": (30, 150, 50), "blue": (35, 70, 215), "yellow": (245, 222, 30),
           "orange": (250, 140, 20), "purple": (135, 40, 165), "pink": (250, 140, 180), "brown": (125, 75, 35),
           "gray": (128, 128, 128), "black": (15, 15, 15), "white": (250, 250, 250)}
SHAPES = ("circle", "square", "triangle", "star", "cross", "diamond")
# One piece stands for each name; the text model knows which.
SYMBOLS = {"red": "red", "green": "green", "blue": "ue", "yellow": "low", "orange": "ange", "purple": "ple",
           "pink": "ink", "brown": "wn", "gray": "gra", "black": "ack", "white": "whi", "circle": "cle",
           "square": "are", "triangle": "tri", "star": "st", "cross": "ss", "diamond": "ond"}
CHARACTERS = SPACE + string.ascii_letters + string.digits + ".,:;!?'\"-_/()&%+=#@$"
SOFTNESS = 50.0
SHIFT = 26.0


class Labels:
    """Tokens that soft tokens say; label 0 is nothing."""

    def __init__(self, model, tokenizer, nothing, tokens, again=()):
        """again: the tokens that may follow themselves at once, for which there is a second label with a shifted
        embedding; two soft tokens that say the same are one otherwise."""
        self.tokens = [nothing] + list(dict.fromkeys(tokens))
        self.numbers = {token: index for index, token in enumerate(self.tokens)}
        self._split = tokenizer.split
        ids = [tokenizer.special[nothing]] + [tokenizer.ids[token] for token in self.tokens[1:]]
        with torch.no_grad():
            embedding = model.token_embd[torch.tensor(ids)].float() * math.sqrt(model.shape.width)
            if again:
                # A direction in which all labels are as good as equal.
                shift = torch.linalg.svd(embedding, full_matrices=True)[2][-1] * SHIFT
                self._again = {self.numbers[token]: len(self.tokens) + index for index, token in enumerate(again)}
                embedding = torch.cat((embedding, embedding[[self.numbers[token] for token in again]] + shift))
                self.tokens += list(again)
            self.embedding = embedding
            self._bias = -0.5 * self.embedding.pow(2).sum(1)

    def of_text(self, text):
        """One label per character, never the same twice in a row."""
        out = []
        for character in text.replace(" ", SPACE):
            label = self.numbers[character]
            out.append(self._again[label] if out and out[-1] == label else label)
        return out

    def of_words(self, text):
        """One label per piece, as the text model reads it."""
        return [self.numbers[piece] for piece in self._split(text)]

    def of_thing(self, name):
        """One label per word of the name of a thing."""
        return [self.numbers[SYMBOLS[word]] for word in name.split(" ")]

    def scores(self, soft):
        """[..., text width] -> [..., labels]: nearer embeddings score higher."""
        return (soft @ self.embedding.t() + self._bias) / SOFTNESS

    def read(self, best):
        """The text of the best label of each soft token, in order."""
        out, last = [], 0
        for label in best:
            if label != last and label:
                out.append(self.tokens[label])
            last = label
        return "".join(out).replace(SPACE, " ")


def seen_labels(model, tokenizer):
    names = [piece for name in list(COLOURS) + list(SHAPES) for piece in tokenizer.split(name)]
    return Labels(model, tokenizer, "<|image|>", list(CHARACTERS) + names, list(CHARACTERS))


def heard_labels(model, tokenizer):
    """Every piece of the sentences that are spoken."""
    sentences = Sentences(5)
    pieces = {piece for _ in range(20000) for piece in tokenizer.split(sentences.sentence())}
    return Labels(model, tokenizer, "<|audio|>", sorted(pieces))
