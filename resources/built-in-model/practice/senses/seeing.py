"""Training of the vision tower alone: what each soft token says, and what each patch shows."""
import multiprocessing
import os
import random
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

from . import fused, pictures, projector, vision
from .optimiser import Optimiser
from .. import gguf
from ..tokenizer import SPACE

# (until this part of the time, least and most characters, budgets): short words in few patches first.
LESSONS = ((0.12, 2, 6, (20, 24, 28, 32)), (0.25, 2, 9, (28, 36, 44, 52)), (0.45, 2, 14, (36, 48, 60, 70)),
           (1.0, 2, 16, (48, 60, 70, 70)))
PATCHES_PER_BATCH = 3000


class Maker:
    """Batches of pictures with the same grid."""

    def __init__(self, seed, tokenizer_labels, held_out=False):
        self.labels, self.random = tokenizer_labels, random.Random(seed)
        self.pictures = pictures.Pictures(seed, held_out)

    def one(self, least, most, budget, things=0.15):
        while True:
            if self.random.random() < things:
                picture, text, shape = self.pictures.thing()
                wanted = self.labels.of_thing(text)
                values, columns, rows = pictures.prepared(picture, budget)
                shown, places = pictures.thing_labels(wanted[0], picture.size, (columns, rows), shape)
                return values, (columns, rows), text, wanted, shown, places
            picture, text, *where = self.pictures.text(least, most)
            columns, rows = pictures.grid_of(picture.width, picture.height, budget)
            wanted = self.labels.of_text(text)
            if columns < 1.12 * len(text) + 1 or rows > 12:
                continue
            values, columns, rows = pictures.prepared(picture, budget)
            return (values, (columns, rows), text, wanted,
                    pictures.patch_labels([self.labels.numbers[character] for character in text.replace(" ", SPACE)],
                                          picture.size, (columns, rows), text, *where),
                    pictures.places(picture.size, (columns, rows), *where))

    def batches(self, lesson):
        """lesson(): the present (least, most, budgets)."""
        waiting = {}
        while True:
            least, most, budgets = lesson()
            made = self.one(least, most, self.random.choice(budgets))
            group = waiting.setdefault(made[1], [])
            group.append(made)
            columns, rows = made[1]
            if len(group) * columns * rows * 9 >= PATCHES_PER_BATCH:
                yield waiting.pop(made[1])


def _produce(seed, labels, part, queue):
    os.nice(5)

    def lesson():
        for until, least, most, budgets in LESSONS:
            if part.value <= until:
                return least, most, budgets
        return LESSONS[-1][1:]

    for batch in Maker(seed, labels).batches(lesson):
        values = numpy.stack([made[0] for made in batch])
        queue.put((values, batch[0][1], [made[2:] for made in batch]))


def ctc(scores, wanted):
    """Mean over pictures of the loss per label; scores: [pictures, n, labels]."""
    lengths = torch.tensor([len(one) for one in wanted])
    losses = functional.ctc_loss(functional.log_softmax(scores, -1).transpose(0, 1),
                                 torch.tensor([label for one in wanted for label in one]),
                                 torch.full((len(wanted),), scores.shape[1]), lengths, reduction="none",
                                 zero_infinity=True)
    return (losses / lengths).mean()


def aligned(scores, where, wanted):
    """Cross entropy with each label at its place and nothing elsewhere."""
    pictures_, count, _ = scores.shape
    target = torch.zeros(pictures_, count, dtype=torch.long)
    weight = torch.full((pictures_, count), 0.3)
    for index, (places, labels) in enumerate(zip(where, wanted)):
        if not places:
            weight[index] = 0.0
            continue
        target[index, torch.tensor(places)] = torch.tensor(labels)
        weight[index, torch.tensor(places)] = 1.0
    losses = functional.cross_entropy(scores.flatten(0, 1), target.flatten(), reduction="none")
    return (losses * weight.flatten()).sum() / weight.sum().clamp(min=1.0)


def read_patches(reader, tapped, shown):
    """Cross entropy of the character around each patch, where it is known."""
    known = (shown >= 0).sum().clamp(min=1)
    return functional.cross_entropy(reader(tapped), shown, ignore_index=-1, reduction="sum") / known


def held_out_set(labels, seed=4321, lines=120, things=40):
    maker = Maker(seed, labels, held_out=True)
    return ([maker.one(3, 16, 70, things=0.0) for _ in range(lines)],
            [maker.one(3, 16, 70, things=1.0) for _ in range(things)])


def says(tower, labels, made):
    """Best labels of the soft tokens of one picture."""
    values, (columns, rows) = made[0], made[1]
    with torch.no_grad():
        soft = tower(vision.patches(torch.from_numpy(values)[None]), columns * 3, rows * 3)
    return labels.read(labels.scores(soft)[0].argmax(1).tolist())


def distance(a, b):
    """Characters to change, insert or drop."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        last, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            last, row[j + 1] = row[j + 1], min(row[j + 1] + 1, row[j] + 1, last + (x != y))
    return row[-1]


def measure(tower, labels, held_out):
    """Exact lines, wrong characters per character, exact things."""
    lines, things = held_out
    exact = wrong = total = 0
    for made in lines:
        said = says(tower, labels, made)
        exact += said == made[2]
        wrong += distance(said, made[2])
        total += len(made[2])
    named = sum(says(tower, labels, made) == labels.read(made[3]) for made in things)
    return exact, len(lines), wrong / total, named, len(things)


def train(labels, until, path, work, log, shape=None, rate=0.02, begin=0.0):
    """until: the time (seconds since the epoch) when the rate reaches its end. Weights go to path, now and then.

    begin: part of the curriculum to begin with, for a run that goes on.
    """
    started = time.time()
    part = multiprocessing.Value("d", begin)
    queue = multiprocessing.Queue(6)
    producer = multiprocessing.Process(target=_produce, args=(int(started) % 100000, labels, part, queue), daemon=True)
    producer.start()
    torch.set_num_threads(1)
    fused.load_kernels(os.path.join(work, "kernels"))
    if os.path.exists(path):
        tower = projector.load_vision(gguf.Reader(path))
        log("goes on from " + path)
    else:
        tower = vision.VisionTower(shape or vision.VisionShape(labels.embedding.shape[1]))
        vision.start_locally(tower)
    tap = tower.shape.layers - 2
    reader = nn.Linear(tower.shape.width, len(labels.numbers))
    training = nn.ModuleDict({"tower": tower, "reader": reader})
    reader_path = os.path.splitext(path)[0] + "-reader.pt"
    if os.path.exists(reader_path):
        reader.load_state_dict(torch.load(reader_path))

    def save():
        projector.save(path, vision=tower)
        torch.save(reader.state_dict(), reader_path)

    optimiser = Optimiser(training, rate)
    held_out = held_out_set(labels)
    step = seen = 0
    sums, last_log, last_measure = numpy.zeros(4), time.time(), time.time()
    while time.time() < until:
        values, (columns, rows), batch = queue.get()
        done = begin + (1 - begin) * (time.time() - started) / (until - started)
        part.value = done
        texts, wanted, shown, where = zip(*batch)
        soft, tapped = tower(vision.patches(torch.from_numpy(values)), columns * 3, rows * 3, tap=tap)
        scores = labels.scores(soft)
        loss_ctc = ctc(scores, wanted)
        loss_places = aligned(scores, where, wanted)
        loss_shown = read_patches(reader, tapped, torch.from_numpy(numpy.concatenate(shown)))
        # Where a label stands is given at first, then it is nearly free, in the end quite.
        weight_places = max(0.2 if done < 0.75 else 0.0, 1.0 - 3.0 * done)
        loss = loss_ctc + weight_places * loss_places + (0.5 if done < 0.75 else 0.2) * loss_shown
        training.zero_grad()
        loss.backward()
        factor = min(1.0, (step + 1) / 50) * min(1.0, max(0.02, (1 - done) / 0.5))
        optimiser.step(factor)
        step += 1
        seen += len(batch)
        sums += [float(loss_ctc), float(loss_places), float(loss_shown), 1]
        now = time.time()
        if now - last_log > 30:
            log("step %d seen %d part %.3f ctc %.3f places %.3f shown %.3f queue %d" % (
                step, seen, done, *(sums[:3] / sums[3]), queue.qsize()))
            sums[:], last_log = 0, now
        if now - last_measure > 360:
            log("held out: lines %d/%d, wrong characters %.3f, things %d/%d" % measure(tower, labels, held_out))
            save()
            last_measure = time.time()
    log("held out: lines %d/%d, wrong characters %.3f, things %d/%d" % measure(tower, labels, held_out))
    save()
    producer.terminate()
