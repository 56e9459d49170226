"""What trained towers say, without towers: the right embeddings among nothing, with some noise."""
import torch

from . import pictures, speech

# The share of lines in which a character stands twice in a row: what is hardest to count.
TWINS = 0.35


def has_twins(text):
    return any(one == other for one, other in zip(text, text[1:]))


class Ideal:
    def __init__(self, random, seen, heard, held_out=False):
        self.random, self.seen, self.heard, self.held_out = random, seen, heard, held_out
        self.texts = pictures.Texts(random.randint(0, 1 << 30), held_out)
        self.sentences = speech.Sentences(random.randint(0, 1 << 30))

    def draw(self, most=16):
        """(kind, text, soft tokens); most: characters of a line."""
        r = self.random
        kind = r.choices(("line", "thing", "speech"), (7, 1, 2))[0]
        if kind == "line":
            text = self.texts.line(2, most)
            if r.random() < TWINS:
                while not has_twins(text):
                    text = self.texts.line(2, most)
            wanted = self.seen.of_text(text)
            columns = min(34, int(1.12 * len(text)) + 2 + r.randint(0, 8))
            rows = max(1, 70 // columns)
            start = r.randint(0, rows - 1) * columns
            places = sorted(r.sample(range(start, start + columns), len(wanted)))
            return kind, text, self.soft(self.seen, wanted, places, rows * columns)
        if kind == "thing":
            text = r.choice(list(pictures.COLOURS)) + (" " + r.choice(pictures.SHAPES) if r.random() < 0.6 else "")
            wanted = self.seen.of_thing(text)
            count = r.randint(48, 70)
            return kind, text, self.soft(self.seen, wanted, sorted(r.sample(range(count), len(wanted))), count)
        text = self.sentences.sentence(self.held_out)
        wanted = self.heard.of_words(text)
        count = int(len(text) * r.uniform(1.4, 2.4)) + r.randint(6, 22) + len(wanted)
        first, last = r.randint(1, 6), count - r.randint(1, 6)
        return kind, text, self.soft(self.heard, wanted, sorted(r.sample(range(first, last), len(wanted))), count)

    def soft(self, labels, wanted, places, count):
        said = [0] * count
        for place, label in zip(places, wanted):
            said[place] = label
            # Now and then said twice in a row, which means once.
            if place + 1 < count and place + 1 not in places and self.random.random() < 0.06:
                said[place + 1] = label
        out = labels.embedding[torch.tensor(said)]
        return out + torch.randn_like(out) * self.random.uniform(0.0, 0.5)
