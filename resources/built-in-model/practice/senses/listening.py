"""Training of the audio tower alone: what each soft token says."""
import glob
import multiprocessing
import os
import random
import string
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

from . import fused, hearing, projector, speech
from .optimiser import Optimiser
from .seeing import ctc, distance
from .. import gguf

KEYS = 13
TOKENS_PER_BATCH = 1600
_LETTERS = " " + string.ascii_lowercase


def spelled(text):
    """Labels of the letters of a text; 0 is nothing."""
    return [_LETTERS.index(letter) + 1 for letter in text]


def batches(folder, seed):
    """Lists of (sentence, log mel) of similar length; files that are still being made join in."""
    chance, numbers = random.Random(seed), numpy.random.default_rng(seed)
    while True:
        paths = glob.glob(os.path.join(folder, "clips-*.npz"))
        if not paths:
            time.sleep(5)
            continue
        chance.shuffle(paths)
        clips = [clip for path in paths[:4] for clip in speech.load(path)]
        clips.sort(key=lambda clip: len(clip[1]) + chance.randint(0, 4000))
        groups, group, most = [], [], 0
        for clip in clips:
            most = max(most, len(clip[1]) // 640 + 10)
            if (len(group) + 1) * most > TOKENS_PER_BATCH:
                groups.append(group)
                group, most = [], len(clip[1]) // 640 + 10
            group.append(clip)
        chance.shuffle(groups)
        for group in groups:
            yield [(text, hearing.log_mel(speech.spoiled(samples, numbers))) for text, samples in group]


def _produce(folder, seed, queue):
    os.nice(3)
    for batch in batches(folder, seed):
        queue.put(batch)


def stacked(mels):
    """(mel [clips, time, 128] with zeros behind, frames)"""
    frames = torch.tensor([len(mel) for mel in mels])
    out = torch.zeros(len(mels), int(frames.max()), hearing.BANDS)
    for row, mel in zip(out, mels):
        row[:len(mel)] = torch.from_numpy(mel)
    return out, frames


def masked(mel, chance):
    """A few bands and moments silenced, so that no single one is relied on."""
    mel = mel.copy()
    for _ in range(chance.integers(0, 3)):
        width, at = chance.integers(1, 14), chance.integers(0, hearing.BANDS - 14)
        mel[:, at:at + width] = mel.mean()
    for _ in range(chance.integers(0, 2)):
        width, at = chance.integers(1, 10), chance.integers(0, max(1, len(mel) - 10))
        mel[at:at + width] = mel.mean()
    return mel


def clip_scores(labels, soft, frames):
    """Scores with nothing said behind the end of each clip."""
    scores = labels.scores(soft)
    behind = torch.arange(scores.shape[1])[None] >= hearing.tokens_of(frames)[:, None]
    silent = torch.full((scores.shape[2],), -30.0)
    silent[0] = 0.0
    return torch.where(behind[:, :, None], silent, scores)


def held_out_set(folder, seed=77):
    numbers = numpy.random.default_rng(seed)
    return {name: [(text, hearing.log_mel(speech.spoiled(samples, numbers)))
                   for path in sorted(glob.glob(os.path.join(folder, name + "-*.npz")))
                   for text, samples in speech.load(path)] for name in ("heldout", "newvoices")}


def says(tower, labels, mel):
    with torch.no_grad():
        soft = tower(torch.from_numpy(mel)[None], torch.tensor([len(mel)]), KEYS)
    return labels.read(labels.scores(soft)[0].argmax(1).tolist())


def measure(tower, labels, clips):
    """Word errors per word, exact sentences."""
    wrong = total = exact = 0
    for text, mel in clips:
        said = says(tower, labels, mel)
        wrong += distance(said.split(), text.split())
        total += len(text.split())
        exact += said == text
    return wrong / max(1, total), exact, len(clips)


def train(labels, until, path, work, log, shape=None, rate=0.02, begin=0.0):
    """until: the time when the rate reaches its end. Weights go to path, now and then. begin: part of it that is done."""
    started = time.time()
    folder = os.path.join(work, "speech")
    queue = multiprocessing.Queue(8)
    producer = multiprocessing.Process(target=_produce, args=(folder, int(started) % 100000, queue), daemon=True)
    producer.start()
    torch.set_num_threads(1)
    fused.load_kernels(os.path.join(work, "kernels"))
    if os.path.exists(path):
        tower = projector.load_hearing(gguf.Reader(path))
        log("goes on from " + path)
    else:
        tower = hearing.HearingTower(shape or hearing.HearingShape(labels.embedding.shape[1]))
    speller = nn.Linear(tower.shape.width, len(_LETTERS) + 1)
    training = nn.ModuleDict({"tower": tower, "speller": speller})
    optimiser = Optimiser(training, rate)
    chance = numpy.random.default_rng(int(started))
    held_out = held_out_set(folder)
    tap = tower.shape.layers - 2
    step = seen = 0
    sums, last_log, last_measure = numpy.zeros(3), time.time(), time.time()

    def report():
        for name, clips in held_out.items():
            log("%s: word errors %.3f, exact %d/%d" % ((name,) + measure(tower, labels, clips)))
        projector.save(path, hearing=tower)

    while time.time() < until:
        batch = queue.get()
        done = begin + (1 - begin) * (time.time() - started) / (until - started)
        mel, frames = stacked([masked(mel, chance) for _, mel in batch])
        soft, tapped = tower(mel, frames, KEYS, tap=tap)
        scores = clip_scores(labels, soft, frames)
        loss = ctc(scores, [labels.of_words(text) for text, _ in batch])
        letters = speller(tapped).view(len(batch), -1, len(_LETTERS) + 1)
        loss_letters = ctc(letters, [spelled(text) for text, _ in batch])
        training.zero_grad()
        (loss + loss_letters).backward()
        norm = optimiser.step(min(1.0, (step + 1) / 50) * min(1.0, max(0.02, (1 - done) / 0.5)))
        if not numpy.isfinite(norm):
            log("left out: loss %f and %f of %s" % (loss, loss_letters, [text for text, _ in batch][:3]))
            continue
        step += 1
        seen += len(batch)
        sums += [float(loss), float(loss_letters), 1]
        now = time.time()
        if now - last_log > 30:
            log("step %d seen %d part %.3f ctc %.3f letters %.3f queue %d" % (
                step, seen, done, *(sums[:2] / sums[2]), queue.qsize()))
            sums[:], last_log = 0, now
        if now - last_measure > 240:
            report()
            last_measure = time.time()
    report()
    producer.terminate()
