"""Conversations about something seen or heard."""
from dataclasses import dataclass

import numpy
import torch

from .. import template, tools
from ..agent_phrasings import WORDINGS
from ..conversations import Conversations, offered_tools, system_text
from ..families import Families
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
    """A conversation with one thing seen or heard. rows: those to predict the targets from; beginning: ids that stand in
    front of the others and are shared with other conversations."""
    beginning: list
    ids: list
    soft_at: int
    soft_count: int
    rows: numpy.ndarray
    targets: numpy.ndarray


class Talks:
    def __init__(self, random, tokenizer):
        self.random, self.tokenizer = random, tokenizer
        self.source = Conversations(random, tokenizer.pieces)
        self.families = Families(random, tokenizer.pieces)

    def answer(self, kind, text):
        """Ids of the answer without its end. A line is written as it is seen, character by character."""
        encode = self.tokenizer.encode
        if kind == "line":
            return encode("The picture says: ") + [self.tokenizer.ids[one] for one in text.replace(" ", SPACE)]
        return encode("The picture shows: " + text if kind == "thing" else text)

    def agent(self):
        """Ids of a beginning that declares what the agent offers, and whether the screen is among it."""
        names, told = self.families.beginning()
        system = [{"role": "system", "content": told}] if told is not None else []
        pieces = template.render([tools.AGENT[name] for name in names], system)
        return self.tokenizer.encode_pieces(pieces)[0], "take_screenshot" in names

    def _alone(self, bare):
        """Pieces of a beginning of its own."""
        r, pieces = self.random, [("<bos>", True, False)]
        offered = None if bare else offered_tools(r, self.source.words, set(), None, True)
        told = None if bare else system_text(r, self.source.tasks, True)
        if offered or told is not None:
            pieces.append(("<|turn>system\n", True, False))
            if told:
                pieces.append((told, False, False))
            pieces.extend((template.declaration(tool), True, False) for tool in offered or ())
            pieces.append(("<turn|>\n", True, False))
        return pieces

    def _attached(self, kind, question):
        """The user's turn with what it is about."""
        transcribed = kind == "speech" and question is None and self.random.random() < 0.5
        marks = ("<|audio>", "<audio|>") if kind == "speech" else ("<|image>", "<image|>")
        media = [(marks[0], True, False), SOFT, (marks[1], True, False)]
        if transcribed:
            content = [(_TRANSCRIBE, False, False)] + media
        else:
            asked = question or self.random.choice({"line": _READ, "thing": _NAME, "speech": _HEAR}[kind])
            content = media + [(asked, False, False)]
        return [("<|turn>user\n", True, False)] + content + [("<turn|>\n<|turn>model\n", True, False)]

    def _seen_on_screen(self, held_out):
        """A question, the call that looks at the screen, and what it sees."""
        r, number = self.random, self.random.choice((0, 0, 1, 2, 2, 3))
        wordings = WORDINGS[held_out]["screen_number" if number else "screen"]
        size = "%d x %d" % (r.randint(60, 2560), r.randint(40, 1440))
        messages = [{"role": "user", "content": r.choice(wordings).replace("{N}", str(number))},
                    {"role": "assistant", "tool_calls": [{"function": {
                        "name": "take_screenshot", "arguments": {"screen": number} if number else {}}}]},
                    {"role": "tool", "content": "What screen %d (%s) shows:" % (number or 1, size)}]
        pieces = [(text, markup, False) for text, markup, _ in template.render(None, messages)[1:]]
        return pieces + [("<|image>", True, False), SOFT, ("<image|>", True, False)]

    def make(self, kind, text, count, question=None, bare=None, beginning=None, screen=False, held_out=False):
        """kind: line, thing or speech; count: soft tokens; beginning: ids instead of one of its own, which is bare or not;
        screen: whether it is seen by looking at the screen."""
        bare = self.random.random() < 0.5 if bare is None else bare
        pieces = [] if beginning else self._alone(bare)
        pieces += self._seen_on_screen(held_out) if screen else self._attached(kind, question)
        at = pieces.index(SOFT)
        before, _ = self.tokenizer.encode_pieces(pieces[:at])
        after, _ = self.tokenizer.encode_pieces(pieces[at + 1:])
        answer = self.answer(kind, text) + [self.tokenizer.special["<turn|>"]]
        asked = before + [0] * count + after
        rows = len(asked) - 1 + numpy.arange(len(answer))
        return Talk(beginning or [], asked + answer[:-1], len(before), count, rows, numpy.array(answer))


def generated(model, talk, soft, most):
    """What the model answers, greedily: ids without the stop token."""
    ids, out = list(talk.ids[:int(talk.rows[0]) + 1]), []
    stop = int(talk.targets[-1])
    with torch.no_grad():
        while len(out) < most:
            batch = Batch(model.shape, [ids], [[len(ids) - 1]], beginning=talk.beginning)
            first = len(talk.beginning) + talk.soft_at
            batch.soft_rows = torch.arange(first, first + talk.soft_count)
            batch.soft = soft
            token = int(model(batch).argmax(1))
            if token == stop:
                break
            ids.append(token)
            out.append(token)
    return out
