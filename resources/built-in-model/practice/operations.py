"""The building blocks of the model that are worth fusing.

Every operation exists twice: as plain tensor code, which works anywhere
(also on a graphics processor), and as a compiled loop with its own backward
pass, which is used for float32 on the processor when a C compiler is present.
"""
import ctypes
import os
import subprocess

import numpy
import torch

EPSILON = 1e-6
_HERE = os.path.dirname(os.path.abspath(__file__))
_library = None


def load_kernels(build_folder):
    """Compile kernels.c into build_folder once and use it from now on.

    Returns False (and keeps the plain path) when there is no compiler or BLAS.
    """
    global _library
    os.makedirs(build_folder, exist_ok=True)
    source = os.path.join(_HERE, "kernels.c")
    target = os.path.join(build_folder, "kernels.so")
    if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source):
        command = ["gcc", "-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-shared", "-fPIC",
                   source, "-o", target, "-lblas", "-lm"]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError):
            return False
    _library = ctypes.CDLL(target)
    for name in ("rms_forward", "rms_backward", "add_norm_forward", "add_norm_backward",
                 "gated_gelu_forward", "gated_gelu_backward", "heads_forward", "heads_backward",
                 "attention_forward", "attention_backward"):
        getattr(_library, name).restype = None
    return True


def _fused(tensor):
    return _library is not None and tensor.device.type == "cpu" and tensor.dtype == torch.float32


def _pointer(tensor):
    return ctypes.c_void_p(0 if tensor is None else tensor.data_ptr())


def _long(value):
    return ctypes.c_int64(value)


_EPS = ctypes.c_float(EPSILON)


# --- rows times a matrix ---------------------------------------------------------

# While training on a processor with fast bfloat16, products may be made in it; weights and sums stay float32.
half_products = False


class _HalfLinear(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight):
        x, weight = x.bfloat16(), weight.bfloat16()
        context.save_for_backward(x, weight)
        return torch.nn.functional.linear(x, weight).float()

    @staticmethod
    def backward(context, gradient):
        x, weight = context.saved_tensors
        gradient = gradient.bfloat16()
        dx = (gradient @ weight).float() if context.needs_input_grad[0] else None
        dweight = (gradient.t() @ x).float() if context.needs_input_grad[1] else None
        return dx, dweight


def linear(x, weight):
    """x [rows, in] times a matrix [out, in]."""
    if half_products and torch.is_grad_enabled():
        return _HalfLinear.apply(x, weight)
    return torch.nn.functional.linear(x, weight)


# --- root mean square norm -------------------------------------------------

class _Rms(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight):
        x = x.contiguous()
        rows, width = x.shape
        y = torch.empty_like(x)
        inverse = torch.empty(rows)
        _library.rms_forward(_pointer(x), _pointer(weight), _pointer(y), _pointer(inverse),
                             _long(rows), _long(width), _EPS)
        context.save_for_backward(x, weight, inverse)
        return y

    @staticmethod
    def backward(context, gradient):
        x, weight, inverse = context.saved_tensors
        gradient = gradient.contiguous()
        rows, width = x.shape
        dx = torch.empty_like(x)
        dweight = torch.zeros_like(weight)
        _library.rms_backward(_pointer(gradient), _pointer(x), _pointer(weight), _pointer(inverse),
                              _pointer(dx), _pointer(dweight), _long(rows), _long(width))
        return dx, dweight


def plain_rms(x, weight=None):
    y = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON)
    return y if weight is None else y * weight


def rms(x, weight):
    return _Rms.apply(x, weight) if _fused(x) else plain_rms(x, weight)


# --- (h + rms(a)) * scale ----------------------------------------------------

class _AddNorm(torch.autograd.Function):
    @staticmethod
    def forward(context, h, a, weight, scale):
        h, a = h.contiguous(), a.contiguous()
        rows, width = h.shape
        out = torch.empty_like(h)
        inverse = torch.empty(rows)
        _library.add_norm_forward(_pointer(h), _pointer(a), _pointer(weight), _pointer(scale),
                                  _pointer(out), _pointer(inverse), _long(rows), _long(width), _EPS)
        context.save_for_backward(out, a, weight, scale, inverse)
        return out

    @staticmethod
    def backward(context, gradient):
        out, a, weight, scale, inverse = context.saved_tensors
        gradient = gradient.contiguous()
        rows, width = a.shape
        dh, da = torch.empty_like(a), torch.empty_like(a)
        dweight, dscale = torch.zeros_like(weight), torch.zeros_like(scale)
        _library.add_norm_backward(_pointer(gradient), _pointer(out), _pointer(a), _pointer(weight),
                                   _pointer(scale), _pointer(inverse), _pointer(dh), _pointer(da),
                                   _pointer(dweight), _pointer(dscale), _long(rows), _long(width))
        return dh, da, dweight, dscale


_ONE = torch.ones(1)


def add_norm(h, a, weight, scale=None):
    if _fused(h):
        return _AddNorm.apply(h, a, weight, _ONE if scale is None else scale)
    out = h + plain_rms(a, weight)
    return out if scale is None else out * scale


# --- gelu(gate) * up -----------------------------------------------------------

class _GatedGelu(torch.autograd.Function):
    """gate and up side by side in one matrix, as the fused projection makes them."""

    @staticmethod
    def forward(context, both):
        rows, width = both.shape
        half = width // 2
        y = torch.empty(rows, half)
        base = both.data_ptr()
        _library.gated_gelu_forward(_pointer(both), _long(width), ctypes.c_void_p(base + 4 * half),
                                    _long(width), _pointer(y), _long(rows), _long(half))
        context.save_for_backward(both)
        return y

    @staticmethod
    def backward(context, gradient):
        both, = context.saved_tensors
        gradient = gradient.contiguous()
        rows, width = both.shape
        half = width // 2
        result = torch.empty_like(both)
        _library.gated_gelu_backward(
            _pointer(gradient), _pointer(both), _long(width),
            ctypes.c_void_p(both.data_ptr() + 4 * half), _long(width), _pointer(result), _long(width),
            ctypes.c_void_p(result.data_ptr() + 4 * half), _long(width), _long(rows), _long(half))
        return result


def plain_gelu(x):
    return 0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * x * (1.0 + 0.044715 * x * x)))


def gated_gelu(both):
    if _fused(both):
        return _GatedGelu.apply(both.contiguous())
    gate, up = both.chunk(2, -1)
    return plain_gelu(gate) * up


# --- head norms and rotary positions --------------------------------------------

class _Heads(torch.autograd.Function):
    @staticmethod
    def forward(context, x, query_weight, key_weight, cosine, sine, position, heads):
        x = x.contiguous()
        rows = x.shape[0]
        own = key_weight is not None
        size = query_weight.shape[0]
        q = torch.empty(rows, heads * size)
        k = torch.empty(rows, size) if own else None
        v = torch.empty(rows, size) if own else None
        inverse = torch.empty(rows, heads + (2 if own else 0))
        _library.heads_forward(_pointer(x), _pointer(query_weight), _pointer(key_weight),
                               _pointer(cosine), _pointer(sine), _pointer(position), _pointer(q),
                               _pointer(k), _pointer(v), _pointer(inverse), _long(rows),
                               _long(heads), _long(size), _EPS)
        context.save_for_backward(x, query_weight, key_weight, cosine, sine, position, inverse)
        context.heads = heads
        return (q, k, v) if own else q

    @staticmethod
    def backward(context, dq, dk=None, dv=None):
        x, query_weight, key_weight, cosine, sine, position, inverse = context.saved_tensors
        rows, size = x.shape[0], query_weight.shape[0]
        own = key_weight is not None
        dq = dq.contiguous()
        dk = dk.contiguous() if own else None
        dv = dv.contiguous() if own else None
        dx = torch.empty_like(x)
        dquery = torch.zeros_like(query_weight)
        dkey = torch.zeros_like(key_weight) if own else None
        _library.heads_backward(_pointer(dq), _pointer(dk), _pointer(dv), _pointer(x),
                                _pointer(query_weight), _pointer(key_weight), _pointer(cosine),
                                _pointer(sine), _pointer(position), _pointer(inverse), _pointer(dx),
                                _pointer(dquery), _pointer(dkey), _long(rows),
                                _long(context.heads), _long(size))
        return dx, dquery, dkey, None, None, None, None


def rotate(x, cosine, sine):
    """Rotate pairs (i, i + half) of the last dimension."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), -1)


def heads(x, query_weight, key_weight, cosine, sine, position, count):
    """Split a projection into rotated queries and, if the layer owns them, keys and values."""
    if _fused(x):
        return _Heads.apply(x, query_weight, key_weight, cosine, sine, position, count)
    size = query_weight.shape[0]
    c, s = cosine[position.long()], sine[position.long()]
    parts = x.view(x.shape[0], -1, size)
    q = rotate(plain_rms(parts[:, :count], query_weight), c[:, None], s[:, None]).flatten(1)
    if key_weight is None:
        return q
    k = rotate(plain_rms(parts[:, count], key_weight), c, s)
    return q, k, plain_rms(parts[:, count + 1])


# --- attention ---------------------------------------------------------------------

def attention_blocks(spans, position, window):
    """Blocks of query rows and the key rows they may see.

    Small blocks skip what a query cannot see; the plain path prefers few large ones.

    spans: per conversation (first query row, query rows, first key row);
    position: position of each query row inside its conversation.
    A block never spans a gap, so that a windowed layer sees few keys even when
    only the model's own tokens are queries.
    """
    size = 64 if _library is not None else 4096
    blocks = []
    for first, count, key_first in spans:
        start = first
        end = first + count
        while start < end:
            stop = min(start + size, end)
            if position[stop - 1] - position[start] >= size:
                stop = start + int(numpy.searchsorted(position[start:stop], position[start] + size))
            low = max(0, int(position[start]) - window + 1) if window else 0
            high = int(position[stop - 1]) + 1
            blocks.append((start, stop - start, key_first + low, high - low, key_first))
            start = stop
    return torch.tensor(blocks, dtype=torch.int64)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(context, q, k, v, position, blocks, window):
        size = k.shape[1]
        count = q.shape[1] // size
        areas = blocks[:, 1] * blocks[:, 3] * count
        probability = torch.empty(int(areas.sum()))
        out = torch.empty_like(q)
        _library.attention_forward(_pointer(q), _pointer(k), _pointer(v), _pointer(position),
                                   _pointer(blocks), _long(len(blocks)), _long(count), _long(size),
                                   _long(window), _pointer(probability), _pointer(out))
        context.save_for_backward(q, k, v, blocks, probability)
        context.largest = int(areas.max())
        return out

    @staticmethod
    def backward(context, gradient):
        q, k, v, blocks, probability = context.saved_tensors
        gradient = gradient.contiguous()
        size = k.shape[1]
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        scratch = torch.empty(context.largest)
        _library.attention_backward(_pointer(gradient), _pointer(q), _pointer(k), _pointer(v),
                                    _pointer(blocks), _long(len(blocks)),
                                    _long(q.shape[1] // size), _long(size), _pointer(probability),
                                    _pointer(scratch), _pointer(dq), _pointer(dk), _pointer(dv))
        return dq, dk, dv, None, None, None


def attention(q, k, v, position, blocks, window):
    """Causal attention with scale 1; all query heads share the one key head."""
    if _fused(q):
        return _Attention.apply(q, k, v, position, blocks, window)
    size = k.shape[1]
    outputs = []
    for start, count, key_first, keys, origin in blocks.tolist():
        rows = q[start:start + count].view(count, -1, size)
        score = torch.einsum("qhd,kd->qhk", rows, k[key_first:key_first + keys])
        own = position[start:start + count].long() + (origin - key_first)
        index = torch.arange(keys, device=q.device)
        seen = index[None] <= own[:, None]
        if window:
            seen &= index[None] > own[:, None] - window
        score = score.masked_fill(~seen[:, None], float("-inf")).softmax(-1)
        outputs.append(torch.einsum("qhk,kd->qhd", score, v[key_first:key_first + keys]).flatten(1))
    return torch.cat(outputs)
