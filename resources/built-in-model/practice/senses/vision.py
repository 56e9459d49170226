"""The vision tower: the Gemma 4 encoder of patches at a small size."""
from dataclasses import dataclass
import math

import torch
from torch import nn

from .. import operations
from . import fused

PATCH, POOL = 16, 3
THETA = 100.0


@dataclass
class VisionShape:
    text_width: int
    width: int = 160
    layers: int = 4
    heads: int = 5
    feed_forward: int = 320
    positions: int = 256


def rotary_tables(columns, rows, size):
    """Cosine and sine [rows * columns, size / 2]: angles of the column, then of the row."""
    half = size // 2
    frequency = THETA ** (-torch.arange(0, half, 2, dtype=torch.float64) / half)
    y, x = torch.meshgrid(torch.arange(rows, dtype=torch.float64), torch.arange(columns, dtype=torch.float64),
                          indexing="ij")
    angle = torch.cat((x.reshape(-1, 1) * frequency, y.reshape(-1, 1) * frequency), 1)
    return angle.cos().float().contiguous(), angle.sin().float().contiguous()


def patches(pixels):
    """uint8 [pictures, height, width, 3] -> [pictures, patches, 768] in 0..1; values: row, column, colour."""
    count, height, width, _ = pixels.shape
    parts = pixels.view(count, height // PATCH, PATCH, width // PATCH, PATCH, 3).permute(0, 1, 3, 2, 4, 5)
    return parts.reshape(count, -1, PATCH * PATCH * 3).float() / 255.0


class Linear(nn.Module):
    """A matrix whose input and output may have limits."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(inputs))
        self.limits = None  # (input_min, input_max, output_min, output_max)

    def forward(self, x):
        if self.limits is None:
            return fused.linear(x, self.weight)
        low, high, out_low, out_high = self.limits
        return fused.linear(x.clamp(low, high), self.weight).clamp(out_low, out_high)


class VisionLayer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width, size, wide = shape.width, shape.width // shape.heads, shape.feed_forward

        def weight(length, value=1.0):
            return nn.Parameter(torch.full((length,), value))

        self.ln1, self.attn_post_norm = weight(width), weight(width, 0.5)
        self.ln2, self.ffn_post_norm = weight(width), weight(width, 0.5)
        self.attn_q_norm, self.attn_k_norm = weight(size, 1.0), weight(size, 1.0)
        self.attn_q, self.attn_k, self.attn_v, self.attn_out = (Linear(width, width) for _ in range(4))
        self.ffn_gate, self.ffn_up = Linear(wide, width), Linear(wide, width)
        self.ffn_down = Linear(width, wide)

    def _projected(self, x, parts):
        """The parts side by side; one product where none has limits."""
        if all(part.limits is None for part in parts):
            return fused.linear(x, torch.cat([part.weight for part in parts]))
        return torch.cat([part(x) for part in parts], 1)

    def forward(self, h, place, tables, pictures, heads):
        x = operations.rms(h, self.ln1)
        x = self._projected(x, (self.attn_q, self.attn_k, self.attn_v))
        q, k, v = fused.heads_2d(x, self.attn_q_norm, self.attn_k_norm, *tables, place, heads)
        h = operations.add_norm(h, self.attn_out(fused.whole_attention(q, k, v, pictures, heads)),
                                self.attn_post_norm)
        x = operations.rms(h, self.ln2)
        x = operations.gated_gelu(self._projected(x, (self.ffn_gate, self.ffn_up)))
        return operations.add_norm(h, self.ffn_down(x), self.ffn_post_norm)


class VisionTower(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.patch_embd = nn.Parameter(torch.randn(shape.width, PATCH * PATCH * 3) / math.sqrt(PATCH * PATCH * 3))
        self.position_embd = nn.Parameter(torch.zeros(2, shape.positions, shape.width))
        self.blk = nn.ModuleList(VisionLayer(shape) for _ in range(shape.layers))
        self.input_projection = nn.Parameter(torch.randn(shape.text_width, shape.width) / math.sqrt(shape.width))
        self._tables = {}

    def tables(self, columns, rows):
        if (columns, rows) not in self._tables:
            self._tables[columns, rows] = rotary_tables(columns, rows, self.shape.width // self.shape.heads)
        return self._tables[columns, rows]

    def forward(self, values, columns, rows, tap=None):
        """values: [pictures, rows * columns, 768] in 0..1. Soft tokens [pictures, n, text width].

        tap: index of a layer whose result [pictures * patches, width] is returned, too.
        """
        pictures, count, _ = values.shape
        shape = self.shape
        place = torch.arange(count, dtype=torch.int32).repeat(pictures)
        x = torch.arange(columns).repeat(rows)
        y = torch.arange(rows).repeat_interleave(columns)
        h = fused.linear((2.0 * (values - 0.5)).view(pictures * count, -1), self.patch_embd)
        h = (h.view(pictures, count, -1) + (self.position_embd[0, x] + self.position_embd[1, y])).flatten(0, 1)
        tables, tapped = self.tables(columns, rows), None
        for index, layer in enumerate(self.blk):
            h = layer(h, place, tables, pictures, shape.heads)
            if index == tap:
                tapped = h
        pooled = h.view(pictures, rows // POOL, POOL, columns // POOL, POOL, shape.width).mean((2, 4))
        pooled = operations.plain_rms(pooled.reshape(-1, shape.width) * math.sqrt(shape.width))
        soft = torch.nn.functional.linear(pooled, self.input_projection).view(pictures, -1, shape.text_width)
        return soft if tap is None else (soft, tapped)


def start_locally(tower, seed=0):
    """Begin with heads that look at neighbours: left, right, up, down, and around.

    A part of the stream that is the same everywhere makes constant queries and
    keys; what rotary positions leave of them depends on the distance alone.
    """
    shape = tower.shape
    size = shape.width // shape.heads
    half, quarter = size // 2, size // 4
    generator = torch.Generator().manual_seed(seed)
    constant = torch.randn(shape.width, generator=generator)
    constant = constant / constant.norm()
    frequency = THETA ** (-torch.arange(0, half, 2, dtype=torch.float64) / half)
    # The quick turns tell near from far.
    share = torch.zeros(quarter)
    share[:4] = torch.tensor([1.0, 1.0, 1.0, 0.5])[:quarter]
    steps = [[(-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)], [(-2, 0), (2, 0), (0, -2), (0, 2), (0, 0)],
             [(-2, -1), (2, 1), (-1, 2), (1, -2), (0, 0)], [(-1, 0), (1, 0), (0, -2), (0, 2), (0, 0)]]
    with torch.no_grad():
        strength = math.sqrt(shape.width) * 0.7
        tower.position_embd += 0.5 * strength * constant
        for index, layer in enumerate(tower.blk):
            layer.attn_q_norm.fill_(0.7)
            layer.attn_k_norm.fill_(0.7)
            for head in range(shape.heads):
                dx, dy = steps[index % len(steps)][head % 5]
                query, key = torch.zeros(size), torch.zeros(size)
                for part, delta in ((0, dx), (1, dy)):
                    angle = (delta * frequency).float()
                    at = part * half
                    key[at:at + quarter] = share
                    # Turned ahead by the step, the query meets the keys of the place it looks at.
                    query[at:at + quarter] = angle.cos() * share
                    query[at + quarter:at + half] = angle.sin() * share
                for linear, wanted in ((layer.attn_q, query), (layer.attn_k, key)):
                    rows = slice(head * size, (head + 1) * size)
                    random = linear.weight[rows] * 0.5
                    linear.weight[rows] = random + 0.4 * torch.outer(wanted, constant)
