"""Spelling words with fewer merges than usual.

The vocabulary is learned on training words, so these are mostly one or two pieces, while words that training
never saw fall into more and shorter ones: a file name of the evaluation sets has two and a half times as many
pieces. A model that copies whole words then fails at the first letter of unknown ones. So for a part of the
conversations some merges are left out, and any word may be spelled as an unknown one would be.
"""
from collections import Counter
import copy
import random

from . import tasks, template, words
from .conversations import Conversations
from .families import Families
from .tokenizer import FUNCTION_WORDS, LETTERS, PHRASES

POOLS = (words.NOUNS, words.ADJECTIVES, words.STEMS, words.FIRST_NAMES, words.LAST_NAMES, words.CITIES, words.KEYS)
# Texts that the model writes without copying them.
TEXTS = (tasks.IDENTITY, tasks.HELLO, tasks.THANKS, tasks.REFUSAL, tasks.NO_TOOL, tasks.SEEN,
         "user system tool model", "date whoami hostname pwd wc ls cat head")
SAMPLE, OFTEN = 300, 6


def fixed_words(pieces):
    """Words of phrasings, answers and declarations, which are always spelled the same way: how the model
    must spell them could not be seen in the conversation."""
    source, counts = Conversations(random.Random(5), pieces), Counter()
    for _ in range(SAMPLE):
        text = "\n".join(text for text, _, _ in template.render(*source.generate(1.0)[:2]))
        counts.update(set(LETTERS.findall(text)))
    families = Families(random.Random(6), pieces)
    for _ in range(SAMPLE):
        beginning, (conversation, *_) = families.family(1)
        for pieces_of in (beginning, conversation):
            counts.update(set(LETTERS.findall("\n".join(text for text, _, _ in pieces_of))))
    drawn = {part for pool in POOLS for word in pool for part in LETTERS.findall(word)}
    fixed = {word for word, count in counts.items() if count >= OFTEN and word not in drawn}
    for text in list(FUNCTION_WORDS) + list(PHRASES) + list(TEXTS):
        fixed.update(LETTERS.findall(text))
    return fixed


class Spelling:
    """Hands out the tokenizer as it is, or one that lacks some merges inside words."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.fixed = {word: tokenizer.split_word(word) for word in fixed_words(tokenizer.pieces)}

    def draw(self, pick, share):
        """For this share of calls a tokenizer without a tenth to a half of the merges."""
        if pick.random() >= share:
            return self.tokenizer
        lacking = pick.uniform(0.1, 0.5)
        other = copy.copy(self.tokenizer)
        other.forget(self.fixed, lambda pair: pick.random() < lacking)
        return other
