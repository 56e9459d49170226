"""The audio tower: the Gemma 4 conformer at a small size, and what it gets to hear."""
from dataclasses import dataclass
import math

import numpy
import torch
from torch import nn
from torch.nn import functional

from .. import operations
from . import fused
from .vision import Linear

RATE, FRAME, HOP, SPECTRUM, BANDS, FLOOR = 16000, 320, 160, 512, 128, 0.001
CAP, KEY_SCALE = 50.0, math.log(1.0 + math.e) / math.log(2.0)


def _filters():
    def mel(hertz):
        return 2595.0 * numpy.log10(1.0 + hertz / 700.0)

    edges = 700.0 * (10.0 ** (numpy.linspace(0.0, mel(RATE / 2), BANDS + 2) / 2595.0) - 1.0)
    bins = numpy.arange(SPECTRUM // 2 + 1)[:, None] * (RATE / SPECTRUM)
    up = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return numpy.maximum(0.0, numpy.minimum(up, down)).astype(numpy.float32)


_FILTERS = _filters()
_WINDOW = (0.5 - 0.5 * numpy.cos(2.0 * numpy.pi * numpy.arange(FRAME) / FRAME)).astype(numpy.float32)


def log_mel(samples):
    """float32 samples at 16 kHz, -1..1 -> [frames, 128]."""
    count = (len(samples) - 1) // HOP
    padded = numpy.concatenate((numpy.zeros(HOP, dtype=numpy.float32), samples))
    index = numpy.arange(count)[:, None] * HOP + numpy.arange(FRAME)
    spectrum = numpy.abs(numpy.fft.rfft(padded[index] * _WINDOW, SPECTRUM)).astype(numpy.float32)
    return numpy.log(spectrum @ _FILTERS + numpy.float32(FLOOR))


@dataclass
class HearingShape:
    text_width: int
    width: int = 160
    layers: int = 4
    heads: int = 4
    feed_forward: int = 384
    output: int = 192
    channels: tuple = (32, 16)
    kernel: int = 5


class FeedForward(nn.Module):
    def __init__(self, width, wide):
        super().__init__()
        self.norm = nn.Parameter(torch.ones(width))
        self.up, self.down = Linear(wide, width), Linear(width, wide)
        self.post_norm = nn.Parameter(torch.ones(width))

    def forward(self, h):
        x = functional.silu(self.up(operations.rms(h, self.norm)))
        return h + 0.5 * operations.rms(self.down(x), self.post_norm)


class HearingLayer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width, size = shape.width, shape.width // shape.heads

        def weight(length, value=1.0):
            return nn.Parameter(torch.full((length,), value))

        self.ffn_before, self.ffn_behind = (FeedForward(width, shape.feed_forward) for _ in range(2))
        self.attn_pre_norm, self.attn_post_norm = weight(width), weight(width, 0.5)
        self.attn_q, self.attn_k, self.attn_v, self.attn_out = (Linear(width, width) for _ in range(4))
        self.attn_k_rel = nn.Parameter(torch.randn(width, width) / math.sqrt(width))
        self.per_dim_scale = weight(size, math.log(2.0))
        self.conv_pre_norm, self.conv_norm = weight(width), weight(width)
        self.conv_start, self.conv_end = Linear(2 * width, width), Linear(width, width)
        self.conv_depthwise = nn.Parameter(torch.randn(width, shape.kernel) / math.sqrt(shape.kernel))
        self.out_norm = weight(width)

    def attention(self, x, clips, heads, keys):
        rows, width = x.shape
        count, size = rows // clips, width // heads
        q = self.attn_q(x).view(clips, count, heads, size) * (self.per_dim_scale * (size ** -0.5 / math.log(2.0)))
        k = (self.attn_k(x) * KEY_SCALE).view(clips, count, heads, size)
        v = self.attn_v(x).view(clips, count, heads, size)
        # Distances 0 .. keys - 1.
        half = width // 2
        rate = torch.exp(-torch.arange(half) * (math.log(10000.0) / (half - 1)))
        angle = torch.arange(keys)[:, None] * rate
        relative = functional.linear(torch.cat((angle.sin(), angle.cos()), 1), self.attn_k_rel).view(keys, heads, size)
        # Clips are short: all pairs at once are quicker than each step's own window of keys.
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))  # [clips, heads, count, size]
        distance = torch.arange(count)[:, None] - torch.arange(count)
        seen = (distance >= 0) & (distance < keys)
        near = q @ relative.permute(1, 2, 0)  # [clips, heads, count, distance]
        score = q @ k.transpose(2, 3) + near.gather(3, distance.clamp(0, keys - 1).expand(clips, heads, count, count))
        score = CAP * torch.tanh(score / CAP)
        out = (score.masked_fill(~seen, -1e9).softmax(-1) @ v).transpose(1, 2)
        return self.attn_out(out.reshape(rows, width))

    def convolution(self, h, clips):
        rows, width = h.shape
        x = self.conv_start(operations.rms(h, self.conv_pre_norm))
        x = functional.glu(x, 1).view(clips, rows // clips, width).transpose(1, 2)
        kernel = self.conv_depthwise.shape[1]
        x = functional.conv1d(functional.pad(x, (kernel - 1, 0)), self.conv_depthwise.unsqueeze(1), groups=width)
        x = functional.silu(operations.rms(x.transpose(1, 2).reshape(rows, width), self.conv_norm))
        return h + self.conv_end(x)

    def forward(self, h, clips, heads, keys):
        h = self.ffn_before(h)
        y = self.attention(operations.rms(h, self.attn_pre_norm), clips, heads, keys)
        h = self.convolution(h + operations.rms(y, self.attn_post_norm), clips)
        return operations.rms(self.ffn_behind(h), self.out_norm)


def tokens_of(frames):
    return ((frames + 1) // 2 + 1) // 2


class HearingTower(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        first, second = shape.channels
        self.conv0 = nn.Parameter(torch.randn(first, 1, 3, 3) / 3.0)
        self.conv1 = nn.Parameter(torch.randn(second, first, 3, 3) / math.sqrt(9 * first))
        self.norm0, self.norm1 = nn.Parameter(torch.ones(first)), nn.Parameter(torch.ones(second))
        inputs = BANDS // 4 * second
        self.input_projection = nn.Parameter(torch.randn(shape.width, inputs) / math.sqrt(inputs))
        self.blk = nn.ModuleList(HearingLayer(shape) for _ in range(shape.layers))
        self.output = nn.Parameter(torch.randn(shape.output, shape.width) / math.sqrt(shape.width))
        self.output_bias = nn.Parameter(torch.zeros(shape.output))
        self.soft_projection = nn.Parameter(torch.randn(shape.text_width, shape.output) / math.sqrt(shape.output))

    @staticmethod
    def _subsample(x, kernel, norm, valid):
        """x: [clips, channels, time, bands]; steps at or behind valid (per clip) become zero."""
        x = functional.conv2d(x, kernel, stride=2, padding=1)
        x = functional.relu(functional.layer_norm(x.permute(0, 2, 3, 1), (kernel.shape[0],), norm, None, 1e-6))
        steps = torch.arange(x.shape[1])[None] < valid[:, None]
        return (x * steps[:, :, None, None]).permute(0, 3, 1, 2)

    def forward(self, mel, frames, keys=12, tap=None):
        """mel: [clips, time, 128], zero behind the frames of each clip. Soft tokens [clips, n, text width]."""
        clips = mel.shape[0]
        x = self._subsample(mel.unsqueeze(1), self.conv0, self.norm0, (frames + 1) // 2)
        x = self._subsample(x, self.conv1, self.norm1, tokens_of(frames))
        x = x.permute(0, 2, 3, 1)  # the channel runs fastest
        h, tapped = fused.linear(x.reshape(clips * x.shape[1], -1), self.input_projection), None
        for index, layer in enumerate(self.blk):
            h = layer(h, clips, self.shape.heads, keys)
            if index == tap:
                tapped = h
        z = functional.linear(h, self.output, self.output_bias)
        soft = functional.linear(operations.plain_rms(z), self.soft_projection).view(clips, -1, self.shape.text_width)
        return soft if tap is None else (soft, tapped)


_LAYER_NAMES = (("ffn_norm", "ffn_before.norm"), ("ffn_up", "ffn_before.up"), ("ffn_down", "ffn_before.down"),
                ("ffn_post_norm", "ffn_before.post_norm"), ("ffn_norm_1", "ffn_behind.norm"),
                ("ffn_up_1", "ffn_behind.up"), ("ffn_down_1", "ffn_behind.down"),
                ("ffn_post_norm_1", "ffn_behind.post_norm"), ("attn_pre_norm", "attn_pre_norm"),
                ("attn_post_norm", "attn_post_norm"), ("attn_q", "attn_q"), ("attn_k", "attn_k"),
                ("attn_v", "attn_v"), ("attn_out", "attn_out"), ("attn_k_rel", "attn_k_rel"),
                ("per_dim_scale", "per_dim_scale"), ("conv_norm", "conv_pre_norm"), ("conv_pw1", "conv_start"),
                ("conv_dw", "conv_depthwise"), ("norm_conv", "conv_norm"), ("conv_pw2", "conv_end"),
                ("ln2", "out_norm"))


def hearing_parts(tower):
    """Pairs of name and parameter, or name and Linear."""
    for name, part in (("a.conv1d.0", tower.conv0), ("a.conv1d.0.norm", tower.norm0), ("a.conv1d.1", tower.conv1),
                       ("a.conv1d.1.norm", tower.norm1), ("a.input_projection", tower.input_projection),
                       ("a.pre_encode.out", tower.output), ("mm.a.input_projection", tower.soft_projection)):
        yield name, part
    for index, layer in enumerate(tower.blk):
        for name, path in _LAYER_NAMES:
            part = layer
            for step in path.split("."):
                part = getattr(part, step)
            yield "a.blk.%d.%s" % (index, name), part


def hearing_shape(reader):
    field = reader.fields
    return HearingShape(text_width=field["clip.audio.projection_dim"], width=field["clip.audio.embedding_length"],
                        layers=field["clip.audio.block_count"], heads=field["clip.audio.attention.head_count"],
                        feed_forward=field["clip.audio.feed_forward_length"],
                        output=len(reader.tensor("a.pre_encode.out.weight")),
                        channels=(len(reader.tensor("a.conv1d.0.weight")), len(reader.tensor("a.conv1d.1.weight"))),
                        kernel=reader.tensor("a.blk.0.conv_dw.weight").shape[1])


def hearing_fields(shape):
    return (("projector_type", "str", "gemma4a"), ("projection_dim", "u32", shape.text_width),
            ("embedding_length", "u32", shape.width), ("feed_forward_length", "u32", shape.feed_forward),
            ("block_count", "u32", shape.layers), ("attention.head_count", "u32", shape.heads),
            ("num_mel_bins", "u32", BANDS), ("attention.layer_norm_epsilon", "f32", 1e-6))
