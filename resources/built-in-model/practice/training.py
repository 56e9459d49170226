"""Training: processes that share parameters, Muon and Adam, checkpoints.

Each step, worker processes take small batches until the step has enough
tokens, add up gradients, and then each updates its part of the parameters.
One busy core therefore slows a step down only a little.
"""
import os
import random
import time

import numpy
import torch
from torch import multiprocessing
from torch.nn import functional

from . import operations, template
from .conversations import Conversations
from .export import save
from .model import Batch, PracticeModel

SMALL_BATCH = 1024
LONGEST = 1700
FIRST_TOKEN_WEIGHT = 5.0
# Where a run that continues a finished one begins: full learning rate, no beginner's stage.
CONTINUED = 0.25


def learning_rate_factor(progress, step):
    """Short warm-up, constant for the first half, then linear to zero."""
    warm = min(1.0, (step + 1) / 40.0)
    return warm * min(1.0, max(0.0, (1.0 - progress) / 0.5))


def step_tokens(progress):
    """Tokens asked for per step; a step gets about a third more, as conversations are not cut."""
    return 6144 if progress < 0.7 else 9216


class Flat:
    """All parameters in one shared vector, with their gradients and optimiser state."""

    def __init__(self, model, workers):
        named = list(model.named_parameters())
        total = sum(parameter.numel() for _, parameter in named)
        self.values = torch.zeros(total).share_memory_()
        self.first = torch.zeros(total).share_memory_()
        self.second = torch.zeros(total).share_memory_()
        self.gradients = [torch.zeros(total).share_memory_() for _ in range(workers)]
        self.slices = {}
        at = 0
        for name, parameter in named:
            size = parameter.numel()
            self.slices[name] = at, at + size, tuple(parameter.shape)
            self.values[at:at + size].copy_(parameter.data.reshape(-1))
            at += size

    def view(self, vector, name):
        start, end, extents = self.slices[name]
        return vector[start:end].view(extents)

    def attach(self, model, worker):
        """Let the model's parameters and gradients live in the shared vectors."""
        for name, parameter in model.named_parameters():
            parameter.data = self.view(self.values, name)
            parameter.grad = self.view(self.gradients[worker], name)

    def state(self):
        return {"values": self.values, "first": self.first, "second": self.second}

    def restore(self, state):
        for key, vector in self.state().items():
            vector.copy_(state[key])


def orthogonalise(matrix):
    """Newton-Schulz iteration towards the nearest orthogonal matrix."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.t() if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.t()
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.t() if tall else x


def parts(name, shape, extents):
    """Row ranges of a fused matrix that are orthogonalised separately."""
    rows = extents[0]
    if name.endswith("ffn_gate_up"):
        return [(0, rows // 2), (rows // 2, rows)]
    if name.endswith("attn_qkv"):
        size = shape.head(int(name.split(".")[1]))
        queries = shape.heads * size
        return [(0, queries)] + [(at, at + size) for at in range(queries, rows, size)]
    return [(0, rows)]


class Optimiser:
    """Muon for the matrices inside the layers, Adam for tables, norms and scales."""

    def __init__(self, flat, shape, names):
        self.flat, self.shape, self.names = flat, shape, names

    def update(self, step, factor, count):
        flat = self.flat
        momentum = 0.85 + 0.10 * min(1.0, step / 300.0)
        for name in self.names:
            gradient = flat.view(flat.gradients[0], name)
            for other in flat.gradients[1:]:
                gradient = gradient + flat.view(other, name)
            gradient = gradient / count
            value, first = flat.view(flat.values, name), flat.view(flat.first, name)
            if value.dim() == 2 and "token_embd" not in name:
                first.mul_(momentum).add_(gradient)
                direction = gradient + momentum * first
                value.mul_(1.0 - 0.02 * 0.02 * factor)
                for start, end in parts(name, self.shape, value.shape):
                    rate = 0.02 * max(1.0, (end - start) / value.shape[1]) ** 0.5
                    value[start:end].sub_(orthogonalise(direction[start:end]), alpha=rate * factor)
            else:
                second = flat.view(flat.second, name)
                first.mul_(0.9).add_(gradient, alpha=0.1)
                second.mul_(0.98).addcmul_(gradient, gradient, value=0.02)
                corrected = (first / (1 - 0.9 ** (step + 1))) / (
                    (second / (1 - 0.98 ** (step + 1))).sqrt() + 1e-8)
                value.sub_(corrected, alpha=(3e-3 if value.dim() == 2 else 4e-3) * factor)


def share_out(flat, shape, workers):
    """Parameter names per worker, so that all have about the same work."""
    def cost(name):
        extents = flat.slices[name][2]
        if len(extents) == 2 and "token_embd" not in name:
            small, large = sorted(extents)
            return small * small * large
        return flat.slices[name][1] - flat.slices[name][0]

    shares, loads = [[] for _ in range(workers)], [0] * workers
    for name in sorted(flat.slices, key=cost, reverse=True):
        least = loads.index(min(loads))
        shares[least].append(name)
        loads[least] += cost(name)
    return shares


def encode(tokenizer, tools, messages):
    """(ids, rows to predict from) of a whole conversation."""
    ids, trained = tokenizer.encode_pieces(template.render(tools, messages))
    return ids, numpy.flatnonzero(numpy.asarray(trained[1:], dtype=bool))


def draw_batch(source, tokenizer, progress, tokens):
    """Conversations with about the wanted number of tokens."""
    conversations, wanted, total = [], [], 0
    while total < tokens:
        tools, messages, _ = source.generate(progress)
        ids, rows = encode(tokenizer, tools, messages)
        if len(ids) > LONGEST or not len(rows):
            continue
        conversations.append(ids)
        wanted.append(rows)
        total += len(ids)
    return conversations, wanted, total


def targets_of(conversations, wanted):
    """(target ids, weights). The first token of a message decides between a call, an answer and
    "I could not find": it counts several times, or absence is learned far too late."""
    target = numpy.concatenate(
        [numpy.asarray(ids, dtype=numpy.int64)[rows + 1] for ids, rows in zip(conversations, wanted)])
    first = numpy.concatenate([numpy.diff(rows, prepend=-2) > 1 for rows in wanted])
    weights = numpy.where(first, FIRST_TOKEN_WEIGHT, 1.0).astype(numpy.float32)
    return torch.from_numpy(target), torch.from_numpy(weights)


def exact_messages(model, tokenizer, cases, device="cpu"):
    """Share of exactly right model messages, given the right earlier ones.

    Greedy decoding gives exactly the expected message if and only if every one
    of its tokens is the most likely one after the right beginning, so one pass
    over the whole conversation decides all its messages.
    cases: (tools, messages, kinds). Returns [(kind, is call, right)].
    """
    results = []
    with torch.no_grad():
        for tools, messages, kinds in cases:
            ids, rows = encode(tokenizer, tools, messages)
            chosen = model(Batch(model.shape, [ids], [rows], device)).argmax(1).cpu().numpy()
            right = chosen == numpy.asarray(ids)[rows + 1]
            spans = numpy.split(right, numpy.flatnonzero(numpy.diff(rows) > 1) + 1)
            task = -1
            place = iter(spans)
            for message in messages:
                if message["role"] == "user":
                    task += 1
                elif message["role"] == "assistant":
                    results.append((kinds[task], "tool_calls" in message, bool(next(place).all())))
    return results


def summary(results):
    """Two counts: "calls right/all, answers right/all"."""
    calls = [right for _, call, right in results if call]
    answers = [right for _, call, right in results if not call]
    return "calls %d/%d answers %d/%d" % (sum(calls), len(calls), sum(answers), len(answers))


class Plan:
    """What a run should do; its progress goes to 1 by tokens or by time, whichever ends first."""

    def __init__(self, tokens, seconds=0, seed=1, folder=".", workers=2, device="cpu", report=600):
        self.tokens, self.seconds, self.seed = tokens, seconds, seed
        self.folder, self.workers, self.device, self.report = folder, workers, device, report


def _worker(index, plan, shape, tokenizer, flat, shares, shared, barrier, lock, begin):
    torch.set_num_threads(1 if plan.device == "cpu" else 4)
    if plan.device == "cpu":
        operations.load_kernels(os.path.join(plan.folder, "build"))
    model = PracticeModel(shape)
    if plan.device == "cpu":
        flat.attach(model, index)
    else:
        model.to(plan.device)
    optimiser = Optimiser(flat, shape, shares[index])
    tokens, step, begun = begin
    source = Conversations(random.Random(plan.seed * 1000003 + index * 101 + tokens), tokenizer.pieces)
    check = Conversations(random.Random(99), tokenizer.pieces, held_out=True)
    cases = [check.generate(1.0) for _ in range(120)]
    started = last_report = last_save = time.time()
    log = open(os.path.join(plan.folder, "training.log"), "a") if index == 0 else None
    smooth = None
    while True:
        elapsed = time.time() - started
        if index == 0:
            done = max(elapsed / plan.seconds if plan.seconds else 0.0,
                       (tokens - begin[0]) / max(1.0, plan.tokens - begin[0]))
            shared[0] = begun + (1.0 - begun) * done
            shared[1] = shared[2] = shared[3] = shared[4] = 0.0
        barrier.wait()
        progress = shared[0]
        if progress >= 1.0:
            break
        if plan.device != "cpu":
            for name, parameter in model.named_parameters():
                parameter.data.copy_(flat.view(flat.values, name))
                parameter.grad = None
        else:
            flat.gradients[index].zero_()
        quota = step_tokens(progress)
        while True:
            with lock:
                if shared[1] >= quota:
                    break
                shared[1] += SMALL_BATCH
            conversations, wanted, count = draw_batch(source, tokenizer, progress, SMALL_BATCH)
            target, weights = (part.to(plan.device) for part in targets_of(conversations, wanted))
            logits = model(Batch(shape, conversations, wanted, plan.device))
            loss = (functional.cross_entropy(logits, target, reduction="none") * weights).sum()
            loss.backward()
            hits = int((logits.detach().argmax(1) == target).sum())
            with lock:
                shared[2] += count
                shared[3] += len(target)
                shared[4] += hits
                shared[5] += float(loss.detach())
                shared[6] += float(weights.sum())
        if plan.device != "cpu":
            for name, parameter in model.named_parameters():
                flat.view(flat.gradients[index], name).copy_(parameter.grad)
        barrier.wait()
        optimiser.update(step, learning_rate_factor(progress, step), shared[3])
        tokens += int(shared[2])
        step += 1
        accuracy = shared[4] / shared[3]
        barrier.wait()
        if index == 0:
            smooth = accuracy if smooth is None else 0.95 * smooth + 0.05 * accuracy
            now = time.time()
            if step % 20 == 0:
                log.write("%6.0f s step %5d %7.3f Mtok progress %.3f loss %.4f accuracy %.4f  %.0f tok/s\n" % (
                    now - started, step, tokens / 1e6, progress, shared[5] / max(1.0, shared[6]), smooth,
                    (tokens - begin[0]) / (now - started)))
                log.flush()
                shared[5] = shared[6] = 0.0
            if now - last_save > 240:
                last_save = now
                path = os.path.join(plan.folder, "checkpoint.pt")
                torch.save({"shape": shape, "tokens": tokens, "step": step, "progress": progress,
                            "state": flat.state()}, path + ".new")
                os.replace(path + ".new", path)
            if now - last_report > plan.report:
                last_report = now
                log.write("held-out words: %s\n" % summary(exact_messages(model, tokenizer, cases, plan.device)))
                log.flush()
                save(model, tokenizer, os.path.join(plan.folder, "latest.gguf"))
    if index == 0:
        for name, parameter in model.named_parameters():
            parameter.data = flat.view(flat.values, name).to(plan.device)
        log.write("final, held-out words: %s\n" % summary(exact_messages(model, tokenizer, cases, plan.device)))
        log.close()
        torch.save({"shape": shape, "tokens": tokens, "step": step, "progress": CONTINUED,
                    "state": flat.state()},
                   os.path.join(plan.folder, "checkpoint.pt"))


def train(plan, shape, tokenizer, model=None, resume=None):
    """Run the plan and return the trained model.

    model: start from these weights; resume: a checkpoint file with optimiser state.
    """
    os.makedirs(plan.folder, exist_ok=True)
    torch.manual_seed(plan.seed)
    workers = plan.workers if plan.device == "cpu" else 1
    if plan.device == "cpu":
        operations.load_kernels(os.path.join(plan.folder, "build"))
    flat = Flat(model or PracticeModel(shape), workers)
    begin = 0, 0, CONTINUED if model else 0.0
    if resume:
        saved = torch.load(resume)
        flat.restore(saved["state"])
        begin = saved["tokens"], saved["step"], saved.get("progress", 0.0)
    shared = torch.zeros(8, dtype=torch.float64).share_memory_().numpy()
    context = multiprocessing.get_context("fork")
    arguments = (plan, shape, tokenizer, flat, share_out(flat, shape, workers), shared,
                 context.Barrier(workers), context.Lock(), begin)
    if workers == 1:
        _worker(0, *arguments)
    else:
        processes = [context.Process(target=_worker, args=(index,) + arguments) for index in range(workers)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        if any(process.exitcode for process in processes):
            raise RuntimeError("a training process failed")
    trained = PracticeModel(shape)
    with torch.no_grad():
        for name, parameter in trained.named_parameters():
            parameter.copy_(flat.view(flat.values, name))
    return trained
