"""Training: processes that share parameters, stage after stage, with checkpoints.

Each step, worker processes take small batches until the step has enough
tokens, add up gradients, and then each updates its part of the parameters.
One busy core therefore slows a step down only a little.
"""
from dataclasses import dataclass
import os
import random
import time

import torch
from torch import multiprocessing
from torch.nn import functional

from . import batches, operations
from .conversations import Conversations
from .export import save
from .families import Families
from .judging import exact_messages, summary
from .model import Batch, PracticeModel
from .optimiser import Flat, Optimiser, share_out
from .spelling import Spelling
from .stages import STAGES
from .tools import AGENT

SMALL_BATCH = 1024
# Steps in which the learning rate rises at the beginning of each stage.
WARM_UP = 40
TABLES = ("token_embd", "per_layer_token_embd")
# Seconds between checkpoints.
SAVE = 240


@dataclass
class Plan:
    """How a run is done. factor: of the tokens of each stage; report: seconds between held-out reports;
    half: products in bfloat16, for processors that are quick at it."""
    factor: float = 1.0
    seed: int = 1
    folder: str = "."
    workers: int = 2
    device: str = "cpu"
    report: float = 600
    half: bool = False


class Counts:
    """What the workers of a step add up, in shared memory."""
    NAMES = ("done", "claimed", "tokens", "targets", "loss", "weight") + tuple(
        name + str(kind) for kind in range(len(batches.WEIGHTS)) for name in ("right", "all"))

    def __init__(self):
        self._values = torch.zeros(len(self.NAMES), dtype=torch.float64).share_memory_().numpy()

    def __getitem__(self, name):
        return self._values[self.NAMES.index(name)]

    def __setitem__(self, name, value):
        self._values[self.NAMES.index(name)] = value

    def clear(self, names):
        for name in names:
            self[name] = 0.0

    def add(self, tokens, loss, weights, right, kinds):
        self["tokens"] += tokens
        self["targets"] += len(kinds)
        self["loss"] += loss
        self["weight"] += float(weights.sum())
        for kind in range(len(batches.WEIGHTS)):
            self["right%d" % kind] += int(right[kinds == kind].sum())
            self["all%d" % kind] += int((kinds == kind).sum())

    def text(self):
        """Since the last report: loss and the shares of right tokens, per kind of row."""
        shares = [self["right%d" % kind] / max(1.0, self["all%d" % kind]) for kind in range(len(batches.WEIGHTS))]
        out = "loss %.4f right: own %.4f first %.4f hint %.4f choice %.4f" % ((self["loss"] / max(1.0, self["weight"]),) + tuple(shares))
        self.clear(self.NAMES[self.NAMES.index("loss"):])
        return out


class Worker:
    """One process of a stage."""

    def __init__(self, index, run, flat, shared):
        self.index, self.run, self.flat = index, run, flat
        self.shares, self.counts, self.barrier, self.lock = shared
        plan = run.plan
        operations.half_products = plan.half
        torch.set_num_threads(1 if plan.device == "cpu" else 4)
        self.model = PracticeModel(run.shape)
        if plan.device == "cpu":
            operations.load_kernels(os.path.join(plan.folder, "build"))
            flat.attach(self.model, index)
        else:
            self.model.to(plan.device)
        chance = random.Random(plan.seed * 1000003 + index * 101 + run.tokens)
        self.source = Conversations(chance, run.tokenizer.pieces)
        self.families = Families(chance, run.tokenizer.pieces)

    def batch(self, stage, progress):
        """One small batch: gradients of its weighted loss are added to this worker's."""
        device = self.run.plan.device
        if self.source.random.random() < stage.families:
            drawn = batches.draw_family(self.families, self.run.spelling, stage)
        else:
            drawn = batches.draw(self.source, self.run.spelling, stage, progress, SMALL_BATCH)
        targets = torch.from_numpy(drawn.targets).to(device)
        weights = torch.from_numpy(batches.WEIGHTS[drawn.kinds]).to(device)
        logits = self.model(Batch(self.run.shape, drawn.ids, drawn.rows, device, drawn.beginning))
        loss = (functional.cross_entropy(logits, targets, reduction="none") * weights).sum()
        loss.backward()
        right = (logits.detach().argmax(1) == targets).cpu().numpy()
        with self.lock:
            self.counts.add(drawn.tokens, float(loss.detach()), weights, right, drawn.kinds)

    def begin_step(self):
        if self.run.plan.device == "cpu":
            self.flat.gradients[self.index].zero_()
            return
        for name, parameter in self.model.named_parameters():
            parameter.data.copy_(self.flat.view(self.flat.values, name))
            parameter.grad = None

    def end_step(self):
        if self.run.plan.device != "cpu":
            for name, parameter in self.model.named_parameters():
                if parameter.grad is not None:
                    self.flat.view(self.flat.gradients[self.index], name).copy_(parameter.grad)

    def claim(self, quota):
        """Whether the step still lacks tokens; then a small batch of them is this worker's."""
        with self.lock:
            if self.counts["claimed"] >= quota:
                return False
            self.counts["claimed"] += SMALL_BATCH
            return True

    def train(self, stage, length):
        """All steps of a stage of this many tokens."""
        run, journal, begun = self.run, Journal(self) if self.index == 0 else None, self.run.step
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(not (stage.frozen and name in TABLES))
        names = [name for name in self.shares[self.index] if not (stage.frozen and name in TABLES)]
        optimiser = Optimiser(self.flat, run.shape, names, run.plan.half)
        while run.done < length:
            part = run.done / length
            if self.index == 0:
                self.counts.clear(("claimed", "tokens", "targets"))
            self.barrier.wait()
            self.begin_step()
            while self.claim(stage.step):
                self.batch(stage, stage.progress[0] + (stage.progress[1] - stage.progress[0]) * part)
            self.end_step()
            self.barrier.wait()
            rate = stage.rate[0] + (stage.rate[1] - stage.rate[0]) * part
            optimiser.update(run.step, rate * min(1.0, (run.step - begun + 1) / WARM_UP), self.counts["targets"])
            run.count(int(self.counts["tokens"]))
            self.barrier.wait()
            if journal:
                journal.write(stage)
        if journal:
            journal.close(stage)


class Journal:
    """The first worker's log, checkpoints and reports on held-out words."""

    def __init__(self, worker):
        self.worker, self.run, self.counts = worker, worker.run, worker.counts
        check = Conversations(random.Random(99), self.run.tokenizer.pieces, held_out=True)
        self.cases = [check.generate(1.0) for _ in range(120)]
        agent = Families(random.Random(98), self.run.tokenizer.pieces, held_out=True)
        self.agent_cases = [([AGENT[name] for name in names], messages, kinds)
                            for names, messages, kinds in (agent.generate() for _ in range(40))]
        self.started = self.reported = self.saved = time.time()
        self.log = open(os.path.join(self.run.plan.folder, "training.log"), "a")

    def line(self, text):
        self.log.write(text + "\n")
        self.log.flush()

    def report(self):
        run = self.run
        for name, cases in (("held-out words", self.cases), ("all tools", self.agent_cases)):
            self.line(name + ": " + summary(exact_messages(self.worker.model, run.tokenizer, cases, run.plan.device)))

    def write(self, stage):
        now, run = time.time(), self.run
        if run.step % 20 == 0:
            self.line("%6.0f s stage %s step %5d %7.3f Mtok %s" % (
                now - self.started, stage.name, run.step, run.tokens / 1e6, self.counts.text()))
        if now - self.saved > SAVE:
            self.saved = now
            run.save(self.worker.flat, stage.name)
        if now - self.reported > run.plan.report:
            self.reported = now
            self.report()
            save(self.worker.model, run.tokenizer, os.path.join(run.plan.folder, "latest.gguf"))

    def close(self, stage):
        self.worker.begin_step()
        self.report()
        self.log.close()
        self.run.save(self.worker.flat, stage.name)


class Run:
    """A run through the stages. tokens and step count from the beginning, done from that of the stage."""

    def __init__(self, plan, shape, tokenizer):
        self.plan, self.shape, self.tokenizer = plan, shape, tokenizer
        self.spelling = Spelling(tokenizer)
        self.tokens = self.step = self.done = 0

    def count(self, tokens):
        self.tokens += tokens
        self.done += tokens
        self.step += 1

    def path(self, name):
        return os.path.join(self.plan.folder, name)

    def save(self, flat, stage):
        """Everything to go on from: checkpoint.pt."""
        path = self.path("checkpoint.pt")
        torch.save({"stage": stage, "tokens": self.tokens, "step": self.step, "done": self.done,
                    "state": flat.state()}, path + ".new")
        os.replace(path + ".new", path)

    def begin(self, flat, model):
        """Begin at the first stage that keeps the tables, with the weights of this model."""
        for name, parameter in model.named_parameters():
            flat.view(flat.values, name).copy_(parameter.data)
        self.save(flat, next(stage.name for stage in STAGES if stage.frozen))

    def resume(self, flat):
        """Take up checkpoint.pt when there is one; the name of its stage."""
        if not os.path.exists(self.path("checkpoint.pt")):
            return STAGES[0].name
        saved = torch.load(self.path("checkpoint.pt"))
        flat.restore(saved["state"])
        self.tokens, self.step, self.done = saved["tokens"], saved["step"], saved["done"]
        return saved["stage"]

    def average(self, flat, earlier, share):
        """Mix the result of an earlier stage into the values; share: of what they are now."""
        flat.values.mul_(share).add_(torch.load(self.path(earlier + ".pt")), alpha=1.0 - share)

    def stage(self, stage, flat, workers):
        """Train one stage in its processes."""
        context = multiprocessing.get_context("fork")
        shared = share_out(flat, self.shape, workers), Counts(), context.Barrier(workers), context.Lock()
        length = stage.tokens * self.plan.factor

        def work(index):
            Worker(index, self, flat, shared).train(stage, length)

        if workers == 1:
            return work(0)
        processes = [context.Process(target=work, args=(index,)) for index in range(workers)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        if any(process.exitcode for process in processes):
            raise RuntimeError("a training process failed")


def train(plan, shape, tokenizer, begun=None):
    """Go through all stages, from checkpoint.pt of the work folder when there is one, else from the begun model with the
    stages that keep its tables; the trained model."""
    os.makedirs(plan.folder, exist_ok=True)
    torch.manual_seed(plan.seed)
    workers = plan.workers if plan.device == "cpu" else 1
    if plan.device == "cpu":
        operations.load_kernels(os.path.join(plan.folder, "build"))
    run, flat = Run(plan, shape, tokenizer), Flat(PracticeModel(shape), workers)
    names = [stage.name for stage in STAGES]
    if begun is not None and not os.path.exists(run.path("checkpoint.pt")):
        run.begin(flat, begun)
    for stage in STAGES[names.index(run.resume(flat)):]:
        if stage.mean and not run.done:
            run.average(flat, *stage.mean)
        run.stage(stage, flat, workers)
        run.resume(flat)  # the first worker has written where it stands; its own counts end with its process
        run.done = 0
        torch.save(flat.values.clone(), run.path(stage.name + ".pt"))
    trained = PracticeModel(shape)
    with torch.no_grad():
        for name, parameter in trained.named_parameters():
            parameter.copy_(flat.view(flat.values, name))
    return trained
