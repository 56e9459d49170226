"""What a soft token may say: a character, a piece of the name of a thing, or nothing.

A soft token is near the text model's own input embedding of what it says, so
a trained tower speaks the language of the text model.
"""
import math
import string

import torch

from ..tokenizer import SPACE

COLOURS = {"red": (214, 32, 32), "green": (30, 150, 50), "blue": (35, 70, 215), "yellow": (245, 222, 30),
           "orange": (250, 140, 20), "purple": (135, 40, 165), "pink": (250, 140, 180), "brown": (125, 75, 35),
           "gray": (128, 128, 128), "black": (15, 15, 15), "white": (250, 250, 250)}
SHAPES = ("circle", "square", "triangle", "star", "cross", "diamond")
CHARACTERS = SPACE + string.ascii_letters + string.digits + ".,:;!?'\"-_/()&%+=#@$"
NOTHING = "<|image|>"
SOFTNESS = 50.0


class Labels:
    """Label 0 is nothing."""

    def __init__(self, model, tokenizer):
        tokens = [NOTHING] + list(CHARACTERS)
        for name in list(COLOURS) + list(SHAPES):
            tokens += [piece for piece in tokenizer.split(name) if piece not in tokens]
        self.tokens = tokens
        self.numbers = {token: index for index, token in enumerate(tokens)}
        self._split = tokenizer.split
        ids = [tokenizer.special[NOTHING]] + [tokenizer.ids[token] for token in tokens[1:]]
        self.ids = ids
        with torch.no_grad():
            self.embedding = model.token_embd[torch.tensor(ids)].float() * math.sqrt(model.shape.width)
            self._bias = -0.5 * self.embedding.pow(2).sum(1)

    def of_text(self, text):
        """One label per character."""
        return [self.numbers[character] for character in text.replace(" ", SPACE)]

    def of_thing(self, name):
        """The pieces of each word."""
        return [self.numbers[piece] for index, word in enumerate(name.split(" "))
                for piece in ([SPACE] if index else []) + list(self._split(word))]

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
