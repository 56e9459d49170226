"""What the trained towers really say: soft tokens of fresh pictures and recordings, made in processes of their own."""
import glob
import multiprocessing
import os
import random

import numpy
import torch

from . import fused, hearing, listening, projector, seeing, speech, vision
from .ideal import TWINS, has_twins
from .. import gguf


def _is_clear(wrong, chance):
    """What the tower can not read, nobody can copy; what it nearly reads may teach to understand it better."""
    return wrong == 0 or (wrong == 1 and chance.random() < 0.3)


def _see(path, labels, seed, queue, work):
    os.nice(3)
    torch.set_num_threads(1)
    fused.load_kernels(os.path.join(work, "kernels"))
    tower, maker, made_at = None, seeing.Maker(seed, labels), None
    while True:
        if made_at != os.path.getmtime(path):
            made_at = os.path.getmtime(path)
            tower = projector.load_vision(gguf.Reader(path))
        made = maker.one(2, 16, maker.random.choice((48, 70, 70, 70)), things=0.2)
        values, (columns, rows), text, wanted = made[:4]
        is_line = wanted == labels.of_text(text)
        with torch.no_grad():
            soft = tower(vision.patches(torch.from_numpy(values)[None]), columns * 3, rows * 3)[0]
        said = labels.read(labels.scores(soft).argmax(1).tolist())
        if _is_clear(seeing.distance(said, text if is_line else labels.read(wanted)), maker.random):
            queue.put(("line" if is_line else "thing", text, soft.numpy()))


def several(clips, chance):
    """One sentence, or some with pauses between them: (text, int16 samples)."""
    chosen = [clips.pop() for _ in range(min(len(clips), chance.choice((1, 1, 1, 1, 2, 2, 3, 4))))]
    parts = []
    for _, samples in chosen:
        parts += [samples, numpy.zeros(chance.randint(2000, 16000), dtype=samples.dtype)]
    return " ".join(text for text, _ in chosen), numpy.concatenate(parts[:-1])


def _hear(path, labels, seed, queue, work):
    os.nice(3)
    torch.set_num_threads(1)
    fused.load_kernels(os.path.join(work, "kernels"))
    numbers = numpy.random.default_rng(seed)
    chance, paths = random.Random(seed), glob.glob(os.path.join(work, "speech", "clips-*.npz"))
    while True:
        tower = projector.load_hearing(gguf.Reader(path))
        clips = speech.load(chance.choice(paths))
        chance.shuffle(clips)
        clips = clips[:150]
        while clips:
            text, samples = several(clips, chance)
            mel = torch.from_numpy(hearing.log_mel(speech.spoiled(samples, numbers)))
            with torch.no_grad():
                soft = tower(mel[None], torch.tensor([len(mel)]), listening.KEYS)[0]
            said = labels.read(labels.scores(soft).argmax(1).tolist())
            if _is_clear(seeing.distance(said.split(), text.split()), chance):
                queue.put(("speech", text, soft.numpy()))


class Recorded:
    """draw() as of Ideal. A pool is kept, so that a slow tower does not hold the training up; a tower that goes on
    being trained is read again."""

    def __init__(self, random_, seen, heard, paths, work, pool=600):
        self.random, self.kinds, self.queues, self.pools = random_, [], [], []
        self.pool = pool
        for run, labels, path in ((_see, seen, paths[0]), (_hear, heard, paths[1])):
            if path is None:
                continue
            queue = multiprocessing.Queue(16)
            multiprocessing.Process(target=run, args=(path, labels, random_.randint(0, 1 << 30), queue, work),
                                    daemon=True).start()
            self.queues.append(queue)
            self.pools.append([])

    def draw(self, most=16):
        which = self.random.randrange(len(self.queues)) if self.random.random() < 0.8 else 0
        queue, pool = self.queues[which], self.pools[which]
        while not pool or not queue.empty():
            pool.append(queue.get())
            if len(pool) > self.pool:
                pool.pop(0)
            if queue.empty():
                break
        wants_twins = self.random.random() < TWINS
        for _ in range(20):
            kind, text, soft = self.random.choice(pool)
            if kind != "line" or (len(text) <= most and (has_twins(text) or not wants_twins)):
                break
        return kind, text, torch.from_numpy(soft)


def held_out_cases(talks, seen, heard, paths, work, lines=120, things=40, seed=4321, screens=10):
    """(kind, talk, soft tokens) of the pictures and recordings that the towers are measured with, as the file gives them."""
    cases = []
    with torch.no_grad():
        if paths[0]:
            tower = projector.load_vision(gguf.Reader(paths[0]))
            for kind, made_ones in zip(("line", "thing"), seeing.held_out_set(seen, seed, lines, things)):
                for made in made_ones:
                    values, (columns, rows), text = made[:3]
                    soft = tower(vision.patches(torch.from_numpy(values)[None]), columns * 3, rows * 3)[0]
                    cases.append((kind, text, soft))
        if paths[1]:
            tower = projector.load_hearing(gguf.Reader(paths[1]))
            spoken = listening.held_out_set(os.path.join(work, "speech"))
            threes = [spoken["heldout"][at:at + 3] for at in range(0, 30, 3)]
            spoken["three sentences"] = [(" ".join(text for text, _ in three), numpy.concatenate([mel for _, mel in three]))
                                         for three in threes]
            for name, clips in spoken.items():
                for text, mel in clips:
                    soft = tower(torch.from_numpy(mel)[None], torch.tensor([len(mel)]), listening.KEYS)[0]
                    cases.append((name, text, soft))
    out = []
    for kind, text, soft in cases:
        known = kind if kind in ("line", "thing") else "speech"
        out.append((kind, talks.make(known, text, len(soft), bare=len(out) % 2 == 0), soft))
    for kind, text, soft in cases[:screens] + cases[lines:lines + screens]:
        beginning, has_screen = talks.agent()
        while not has_screen:
            beginning, has_screen = talks.agent()
        out.append((kind + " on a screen", talks.make(kind, text, len(soft), beginning=beginning, screen=True, held_out=True), soft))
    return out
