"""Conversations about something seen or heard."""
from dataclasses import dataclass

import numpy
import torch

from .. import template
from ..conversations import Conversations, offered_tools, system_text
from ..model import Batch
from ..tokenizer import SPACE

# Stands for the soft tokens inside the pieces of a conversation.
SOFT = object()
_READ = ("What does the picture say?", "What does this picture say?", "Read the text in the picture.",
         "What is written in the picture?", "What is written here?", "Read this.", "What does it say?",
         "Extract all text from this image.", "What text is in this image?", "Read the picture.")
_NAME = ("What does the picture show?", "What is shown in this image?", "What is in the picture?", "Describe the picture.",
         "What do you see?", "What is this?", "What shape is this?", "What colour is this?", "Describe this image.")
_HEAR = ("What is said in the recording?", "What was said?", "What do you hear?", "Write down what is said.",
         "Transcribe this.", "Transcribe the recording.")
_TRANSCRIBE = (
    "Transcribe the following speech segment in its original language. Follow these specific instructions for formatting "
    "the answer:\n* Only output the transcription, with no newlines.\n* When transcribing numbers, write the digits, i.e. "
    "write 1.7 and not one point seven, and write 3 instead of three.")


def article(name):
    return ("an " if name[0] in "aeiou" else "a ") + name


@dataclass
class Talk:
    """A conversation with one thing seen or heard. rows: those to predict the targets from."""
    ids: list
    soft_at: int
    soft_count: int
    rows: numpy.ndarray
    targets: numpy.ndarray


class Talks:
    def __init__(self, random, tokenizer):
        self.random, self.tokenizer = random, tokenizer
        self.source = Conversations(random, tokenizer.pieces)

    def answer(self, kind, text):
        """Ids of the answer without its end. A line is written as it is seen, character by character."""
        encode = self.tokenizer.encode
        if kind == "line":
            return encode("The picture says: ") + [self.tokenizer.ids[one] for one in text.replace(" ", SPACE)]
        return encode("The picture shows: " + text if kind == "thing" else text)

    def make(self, kind, text, count, question=None, bare=None):
        """kind: line, thing or speech; count: soft tokens."""
        r = self.random
        pieces = [("<bos>", True, False)]
        transcribed = kind == "speech" and r.random() < 0.5
        bare = r.random() < 0.5 if bare is None else bare
        if not transcribed and not bare:
            tools = offered_tools(r, self.source.words, set(), None, True)
            told = system_text(r, self.source.tasks, True)
            if tools or told is not None:
                pieces.append(("<|turn>system\n", True, False))
                if told:
                    pieces.append((told, False, False))
                pieces.extend((template.declaration(tool), True, False) for tool in tools or ())
                pieces.append(("<turn|>\n", True, False))
        pieces.append(("<|turn>user\n", True, False))
        marks = ("<|audio>", "<audio|>") if kind == "speech" else ("<|image>", "<image|>")
        media = [(marks[0], True, False), SOFT, (marks[1], True, False)]
        if transcribed:
            pieces += [(_TRANSCRIBE, False, False)] + media
        else:
            asked = question or r.choice({"line": _READ, "thing": _NAME, "speech": _HEAR}[kind])
            pieces += media + [(asked, False, False)]
        pieces.append(("<turn|>\n<|turn>model\n", True, False))
        at = pieces.index(SOFT)
        before, _ = self.tokenizer.encode_pieces(pieces[:at])
        after, _ = self.tokenizer.encode_pieces(pieces[at + 1:])
        answer = self.answer(kind, text) + [self.tokenizer.special["<turn|>"]]
        asked = before + [0] * count + after
        rows = len(asked) - 1 + numpy.arange(len(answer))
        return Talk(asked + answer[:-1], len(before), count, rows, numpy.array(answer))


def generated(model, talk, soft, most):
    """What the model answers, greedily: ids without the stop token."""
    ids, out = list(talk.ids[:int(talk.rows[0]) + 1]), []
    stop = int(talk.targets[-1])
    with torch.no_grad():
        while len(out) < most:
            batch = Batch(model.shape, [ids], [[len(ids) - 1]])
            batch.soft_rows = torch.arange(talk.soft_at, talk.soft_at + talk.soft_count)
            batch.soft = soft
            token = int(model(batch).argmax(1))
            if token == stop:
                break
            ids.append(token)
            out.append(token)
    return out
