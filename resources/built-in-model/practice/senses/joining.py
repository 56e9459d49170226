"""The text model learns to read soft tokens, while its predictions for texts are held."""
import copy
import os
import random
import time

import numpy
import torch
from torch.nn import functional

from . import fused
from .ideal import Ideal
from .optimiser import Optimiser
from .recorded import Recorded, held_out_cases
from .talk import Talks
from .. import batches, export
from ..conversations import Conversations
from ..model import Batch
from ..spelling import Spelling

# The share of batches whose conversations declare what the agent offers, and how many of them look at the screen there;
# characters of the conversations behind one such beginning whose predictions are held.
AGENT, SCREEN, FAMILY = 0.35, 0.25, 2000
# How strongly what was predicted for texts is held, every how many steps; conversations without declared tools.
HELD, HELD_EVERY, BARE = 6.0, 2, 0.93
# Behind this part of the time texts are held more: both kinds in every step, three times as strongly, beside fewer
# conversations about what is seen or heard.
SETTLING, FEWER = 0.6, 0.7


def media_batch(shape, talks, softs):
    """A batch of conversations with the same beginning and with their soft tokens [n, width] each."""
    beginning = talks[0].beginning
    batch = Batch(shape, [talk.ids for talk in talks], [talk.rows for talk in talks], beginning=beginning)
    rows, start = [], len(beginning)
    for talk in talks:
        rows.append(torch.arange(start + talk.soft_at, start + talk.soft_at + talk.soft_count))
        start += len(talk.ids)
    batch.soft_rows, batch.soft = torch.cat(rows), torch.cat(softs)
    return batch, torch.from_numpy(numpy.concatenate([talk.targets for talk in talks]))


def exact(logits, talks):
    """Which conversations have every wanted token right."""
    right = logits.argmax(1).numpy() == numpy.concatenate([talk.targets for talk in talks])
    cuts = numpy.cumsum([len(talk.rows) for talk in talks])[:-1]
    return [bool(part.all()) for part in numpy.split(right, cuts)]


def measure(model, cases):
    """{kind: (exact, all)} of (kind, talk, soft)."""
    table = {}
    with torch.no_grad():
        for kind, talk, soft in cases:
            batch, _ = media_batch(model.shape, [talk], [soft])
            row = table.setdefault(kind, [0, 0])
            row[0] += exact(model(batch), [talk])[0]
            row[1] += 1
    return table


def ideal_cases(tokenizer, seen, heard, count=120, seed=5):
    torch.manual_seed(seed)
    chance = random.Random(seed)
    ideal, talks, cases = Ideal(chance, seen, heard, held_out=True), Talks(chance, tokenizer), []
    for _ in range(count):
        kind, text, soft = ideal.draw()
        cases.append((kind, talks.make(kind, text, len(soft), bare=len(cases) % 2 == 0), soft))
    return cases


def only_unused_row(model):
    """Of the tables only what stands at soft tokens is trained."""
    model.token_embd.requires_grad_(False)

    def mask(gradient):
        kept = torch.zeros_like(gradient)
        kept[0] = gradient[0]
        return kept

    model.per_layer_token_embd.register_hook(mask)


def widen(model, tokenizer, seen, heard, until, path, work, log, rate=0.005, tokens=2600, towers=None, teacher=None,
          begun=None, begin=0.0):
    """Training with ideal soft tokens, or half of them from towers (files of the vision and of the audio tower)."""
    torch.set_num_threads(1)
    fused.load_kernels(os.path.join(work, "kernels"))
    begun = begun or copy.deepcopy(model)
    teacher = teacher or begun
    only_unused_row(model)
    chance = random.Random(int(time.time()))
    ideal, talks = Ideal(chance, seen, heard), Talks(chance, tokenizer)
    texts, families, spelling = Conversations(chance, tokenizer.pieces), talks.families, Spelling(tokenizer)
    named = torch.nn.ModuleDict({"m": model})
    optimiser = Optimiser(named, rate, rate * 0.1, frozen=lambda name: name.endswith("m.token_embd"))
    recorded = Recorded(chance, seen, heard, towers, work) if towers else None
    cases = held_out_cases(talks, seen, heard, towers, work, 40, 20) if towers else ideal_cases(tokenizer, seen, heard)
    chance.shuffle(cases)
    cases = cases[:100]
    started, step, held, sums, last_log, last_measure = time.time(), 0, 0.0, numpy.zeros(5), time.time(), time.time()
    while time.time() < until:
        part = begin + (1 - begin) * (time.time() - started) / (until - started)
        made, softs, total = [], [], 0
        beginning, has_screen = talks.agent() if part > 0.15 and chance.random() < AGENT else (None, False)
        is_settling = part > SETTLING
        while total < tokens * (FEWER if is_settling else 1.0) - len(beginning or ()) // 2:
            source = recorded if recorded and chance.random() < 0.7 else ideal
            kind, text, soft = source.draw(6 if part < 0.1 else 10 if part < 0.2 else 16)
            talk = talks.make(kind, text, len(soft), bare=chance.random() < (BARE if part < 0.6 else 0.6), beginning=beginning,
                              screen=has_screen and kind != "speech" and chance.random() < SCREEN)
            made.append(talk)
            softs.append(soft)
            total += len(talk.ids)
        named.zero_grad()
        batch, targets = media_batch(model.shape, made, softs)
        logits = model(batch)
        loss = functional.cross_entropy(logits, targets)
        loss.backward()
        strength = 3 * HELD if is_settling else HELD
        is_family = chance.random() < 0.5
        if is_settling or (step % HELD_EVERY == 0 and is_family):
            held = hold(model, begun, held_family(families, spelling), strength)
        if is_settling or (step % HELD_EVERY == 0 and not is_family):
            held = hold(model, teacher, held_texts(texts, tokenizer, tokens // 3), strength)
        optimiser.step(min(1.0, (step + 1) / 30) * min(1.0, max(0.03, (1 - part) / 0.5)))
        step += 1
        right = exact(logits.detach(), made)
        sums += [float(loss), held, sum(right), len(right), 1]
        if time.time() - last_log > 30:
            log("step %d part %.3f loss %.3f held %.4f exact %.3f" % (
                step, part, sums[0] / sums[4], sums[1] / sums[4], sums[2] / sums[3]))
            sums[:], last_log = 0, time.time()
        if time.time() - last_measure > 240:
            export.save(model, tokenizer, path, precise=True)
            last_measure = time.time()
    log("held out: %s" % measure(model, cases))
    export.save(model, tokenizer, path, precise=True)


def held_texts(texts, tokenizer, tokens):
    """(ids, rows, beginning) of ordinary conversations."""
    ids, rows, total = [], [], 0
    while total < tokens:
        one = batches.rows_of(tokenizer, texts.pieces({}, 1.0), texts.random, 0.0)
        if len(one[0]) > 1200 or not one[1]:
            continue
        ids.append(one[0])
        rows.append(numpy.asarray(one[1]))
        total += len(one[0])
    return ids, rows, []


def held_family(families, spelling):
    """The same of conversations that declare what the agent offers."""
    while True:
        beginning, conversations = families.family(FAMILY)
        parts = [batches.rows_of(spelling.draw(families.random, 0.3), pieces, families.random, 0.0) for pieces in conversations]
        parts = [part for part in parts if len(part[0]) <= 1200]
        if parts:
            return ([part[0] for part in parts], [numpy.asarray(part[1]) for part in parts],
                    spelling.tokenizer.encode_pieces(beginning)[0])


def hold(model, teacher, drawn, strength):
    """Gradients of the distance to what the model predicted before, on conversations; the distance."""
    ids, rows, beginning = drawn
    batch = Batch(model.shape, ids, rows, beginning=beginning)
    with torch.no_grad():
        before = functional.log_softmax(teacher(batch), 1)
    now = functional.log_softmax(model(batch), 1)
    loss = functional.kl_div(now, before, log_target=True, reduction="batchmean")
    (strength * loss).backward()
    return float(loss)
