"""The practice model: the Gemma 4 "e" text decoder at a very small size.

Every special case of the architecture occurs: per-layer embeddings, layers
that share keys and values, two head sizes, a sliding window, partial rotary
positions, double-wide feed-forward layers, a tied and soft-capped head.

Conversations are laid one after the other without padding; attention is told
where each begins. Behind the keys and values of the last layer that owns some,
only the rows whose prediction is wanted are computed: no row can see what the
others would become.
"""
from dataclasses import dataclass
import math

import torch
from torch import nn
from torch.nn import functional

from . import operations


@dataclass
class Shape:
    vocabulary: int
    width: int = 256
    layers: int = 10
    shared_layers: int = 4
    heads: int = 4
    head_sliding: int = 32
    head_full: int = 64
    feed_forward: int = 320
    per_layer: int = 16
    window: int = 128
    base_sliding: float = 1e4
    base_full: float = 1e6
    cap: float = 30.0
    context: int = 4096

    def sliding(self, layer):
        return layer % 2 == 0

    def head(self, layer):
        return self.head_sliding if self.sliding(layer) else self.head_full

    def owns_keys(self, layer):
        return layer < self.layers - self.shared_layers

    def donor(self, layer):
        """The layer whose keys and values this layer attends to."""
        if self.owns_keys(layer):
            return layer
        last = self.layers - self.shared_layers - 1
        return last if self.sliding(last) == self.sliding(layer) else last - 1

    def wide(self, layer):
        """Feed-forward width: double in the layers that share keys and values."""
        return self.feed_forward if self.owns_keys(layer) else 2 * self.feed_forward


def rotary_tables(shape, sliding):
    """Cosine and sine per position and pair; full layers rotate a quarter of the pairs."""
    size = shape.head_sliding if sliding else shape.head_full
    base = shape.base_sliding if sliding else shape.base_full
    frequency = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    if not sliding:
        frequency[size // 8:] = 0.0
    angle = torch.arange(shape.context, dtype=torch.float64)[:, None] * frequency[None]
    return angle.cos().float().contiguous(), angle.sin().float().contiguous()


class Layer(nn.Module):
    def __init__(self, shape, index):
        super().__init__()
        width, size = shape.width, shape.head(index)
        own = shape.owns_keys(index)
        rows = shape.heads * size + (2 * size if own else 0)
        wide = shape.wide(index)

        def matrix(out_rows, columns):
            return nn.Parameter(torch.randn(out_rows, columns) / math.sqrt(columns))

        def weight(length, value=1.0):
            return nn.Parameter(torch.full((length,), value))

        self.attn_norm = weight(width)
        self.attn_qkv = matrix(rows, width)
        # The attention scale is 1, so the query norm keeps the first softmax soft.
        self.attn_q_norm = weight(size, 1.5 / math.sqrt(size))
        self.attn_k_norm = weight(size) if own else None
        self.attn_output = matrix(width, shape.heads * size)
        self.post_attention_norm = weight(width, 0.5)
        self.ffn_norm = weight(width)
        self.ffn_gate_up = matrix(2 * wide, width)
        self.ffn_down = matrix(width, wide)
        self.post_ffw_norm = weight(width, 0.5)
        self.inp_gate = matrix(shape.per_layer, width)
        self.proj = matrix(width, shape.per_layer)
        self.post_norm = weight(width, 0.3)
        self.layer_output_scale = weight(1)


class Batch:
    """Conversations laid end to end, and what attention needs to know of them."""

    def __init__(self, shape, conversations, wanted, device="cpu", beginning=()):
        """conversations: lists of ids; wanted: per conversation the rows to predict from; beginning: ids that all
        conversations begin with, laid down and computed once."""
        import numpy
        position, rows, spans, wanted_spans, keys = [], [], [], [], []
        start = key_start = 0
        shared = numpy.arange(len(beginning))
        if len(shared):
            conversations, wanted = [beginning] + list(conversations), [()] + list(wanted)
        for index, (ids, mine) in enumerate(zip(conversations, wanted)):
            before = len(shared) if index else 0
            spans.append((start, len(ids), key_start))
            wanted_spans.append((len(rows), len(mine), key_start))
            position.append(numpy.arange(before, before + len(ids), dtype=numpy.int32))
            rows.extend(start + row for row in mine)
            keys += [shared[:before], numpy.arange(start, start + len(ids))]
            start += len(ids)
            key_start += before + len(ids)
        # Where the beginning is shared: the rows that each conversation's keys and values are copied from.
        self.key_rows = torch.from_numpy(numpy.concatenate(keys)).to(device) if len(shared) else None
        position = numpy.concatenate(position)
        self.ids = torch.from_numpy(numpy.concatenate([numpy.asarray(c, dtype=numpy.int64)
                                                       for c in conversations])).to(device)
        chosen = numpy.asarray(rows, dtype=numpy.int64)
        wanted_position = position[chosen]
        self.rows = torch.from_numpy(chosen).to(device)
        self.position = torch.from_numpy(position).to(device)
        self.wanted_position = torch.from_numpy(wanted_position).to(device)
        # What is seen or heard: rows, and the vectors that stand there in place of embeddings; their ids are 0.
        self.soft_rows, self.soft = None, None
        make = operations.attention_blocks
        self.blocks = {
            (True, True): make(spans, position, shape.window),
            (True, False): make(spans, position, 0),
            (False, True): make(wanted_spans, wanted_position, shape.window),
            (False, False): make(wanted_spans, wanted_position, 0),
        }

    def seen(self, keys):
        """Keys or values in the order in which attention finds them."""
        return keys if self.key_rows is None else keys[self.key_rows]


class PracticeModel(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        total = shape.per_layer * shape.layers
        self.token_embd = nn.Parameter(torch.randn(shape.vocabulary, shape.width) / math.sqrt(shape.width))
        self.per_layer_token_embd = nn.Parameter(
            torch.randn(shape.vocabulary, total) / math.sqrt(shape.per_layer))
        self.per_layer_model_proj = nn.Parameter(torch.randn(total, shape.width) / math.sqrt(shape.width))
        self.per_layer_proj_norm = nn.Parameter(torch.ones(shape.per_layer))
        self.output_norm = nn.Parameter(torch.ones(shape.width))
        self.blk = nn.ModuleList(Layer(shape, index) for index in range(shape.layers))
        for kind, sliding in (("sliding", True), ("full", False)):
            cosine, sine = rotary_tables(shape, sliding)
            self.register_buffer("cosine_" + kind, cosine, persistent=False)
            self.register_buffer("sine_" + kind, sine, persistent=False)

    def per_layer_inputs(self, ids, h):
        """One vector of per_layer values for each layer and token."""
        shape = self.shape
        rows = ids.shape[0]
        token = functional.embedding(ids, self.per_layer_token_embd) * math.sqrt(shape.per_layer)
        context = operations.linear(h, self.per_layer_model_proj) / math.sqrt(shape.width)
        context = operations.rms(context.view(rows * shape.layers, shape.per_layer),
                                 self.per_layer_proj_norm)
        mixed = (context.view(rows, -1) + token) * (1.0 / math.sqrt(2.0))
        return mixed.view(rows, shape.layers, shape.per_layer)

    def forward(self, batch):
        """Soft-capped logits for the wanted rows."""
        shape = self.shape
        h = functional.embedding(batch.ids, self.token_embd) * math.sqrt(shape.width)
        if batch.soft is not None:
            h = h.index_copy(0, batch.soft_rows, batch.soft)
        inputs = self.per_layer_inputs(batch.ids, h).unbind(1)
        position, stored = batch.position, {}
        everywhere = True
        last_owner = shape.layers - shape.shared_layers - 1
        for index, layer in enumerate(self.blk):
            sliding = shape.sliding(index)
            kind = "sliding" if sliding else "full"
            tables = getattr(self, "cosine_" + kind), getattr(self, "sine_" + kind)
            x = operations.rms(h, layer.attn_norm)
            if index < last_owner:
                q, k, v = operations.heads(operations.linear(x, layer.attn_qkv), layer.attn_q_norm,
                                           layer.attn_k_norm, *tables, position, shape.heads)
                stored[index] = k, v = batch.seen(k), batch.seen(v)
            elif index == last_owner:
                # Of all other rows only keys and values are seen from here on.
                queries = shape.heads * shape.head(index)
                _, k, v = operations.heads(operations.linear(x, layer.attn_qkv[queries:]), layer.attn_q_norm,
                                           layer.attn_k_norm, *tables, position, 0)
                stored[index] = k, v = batch.seen(k), batch.seen(v)
                everywhere = False
                h, position = h[batch.rows], batch.wanted_position
                inputs = [None] * index + [rows[batch.rows] for rows in inputs[index:]]
                q = operations.heads(operations.linear(x[batch.rows], layer.attn_qkv[:queries]),
                                     layer.attn_q_norm, None, *tables, position, shape.heads)
            else:
                q = operations.heads(operations.linear(x, layer.attn_qkv), layer.attn_q_norm, None,
                                     *tables, position, shape.heads)
                k, v = stored[shape.donor(index)]
            a = operations.attention(q, k, v, position, batch.blocks[everywhere, sliding],
                                     shape.window if sliding else 0)
            h = operations.add_norm(h, operations.linear(a, layer.attn_output),
                                    layer.post_attention_norm)
            x = operations.rms(h, layer.ffn_norm)
            x = operations.gated_gelu(operations.linear(x, layer.ffn_gate_up))
            h = operations.add_norm(h, operations.linear(x, layer.ffn_down), layer.post_ffw_norm)
            x = torch.cat((operations.linear(h, layer.inp_gate), inputs[index]), 1)
            x = operations.linear(operations.gated_gelu(x), layer.proj)
            h = operations.add_norm(h, x, layer.post_norm, layer.layer_output_scale)
        h = operations.rms(h, self.output_norm)
        logits = operations.linear(h, self.token_embd)
        return shape.cap * torch.tanh(logits / shape.cap)
