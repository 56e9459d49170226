"""Operations of the towers that are worth fusing, next to those of the text model.

As there, each exists as plain tensor code and as a compiled loop with its own
backward pass. Matrices are multiplied in bfloat16 while training on a
processor; weights, sums and the residual stream stay float32.
"""
import ctypes
import os
import subprocess

import torch

from .. import operations

_HERE = os.path.dirname(os.path.abspath(__file__))
_library = None


def load_kernels(build_folder, half=True):
    """Compile both files of kernels into build_folder and use them from now on."""
    global _library
    if not operations.load_kernels(build_folder):
        return False
    source, target = os.path.join(_HERE, "kernels.c"), os.path.join(build_folder, "senses.so")
    if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source):
        subprocess.run(["gcc", "-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-shared", "-fPIC", source,
                        "-o", target, "-lblas", "-lm"], check=True)
    _library, operations.half_products = ctypes.CDLL(target), half
    for name in ("heads_2d_forward", "heads_2d_backward", "whole_attention_forward", "whole_attention_backward"):
        getattr(_library, name).restype = None
    return True


_pointer, _long = operations._pointer, operations._long


linear = operations.linear


def rotate_2d(x, cosine, sine):
    """x: [..., head]; the tables: [..., head / 2]."""
    parts = []
    for part, c, s in zip(x.chunk(2, -1), cosine.chunk(2, -1), sine.chunk(2, -1)):
        parts.append(operations.rotate(part, c, s))
    return torch.cat(parts, -1)


class _Heads2d(torch.autograd.Function):
    @staticmethod
    def forward(context, x, query_weight, key_weight, cosine, sine, place, heads):
        x = x.contiguous()
        rows, size = x.shape[0], query_weight.shape[0]
        q, k, v = (torch.empty(rows, heads * size) for _ in range(3))
        inverse = torch.empty(rows, 3 * heads)
        _library.heads_2d_forward(*map(_pointer, (x, query_weight, key_weight, cosine, sine, place, q, k, v, inverse)),
                                  _long(rows), _long(heads), _long(size), ctypes.c_float(operations.EPSILON))
        context.save_for_backward(x, query_weight, key_weight, cosine, sine, place, inverse)
        context.heads = heads
        return q, k, v

    @staticmethod
    def backward(context, dq, dk, dv):
        x, query_weight, key_weight, cosine, sine, place, inverse = context.saved_tensors
        dq, dk, dv = dq.contiguous(), dk.contiguous(), dv.contiguous()
        dx, dquery, dkey = torch.empty_like(x), torch.zeros_like(query_weight), torch.zeros_like(key_weight)
        _library.heads_2d_backward(*map(_pointer, (dq, dk, dv, x, query_weight, key_weight, cosine, sine, place,
                                                   inverse, dx, dquery, dkey)),
                                   _long(x.shape[0]), _long(context.heads), _long(query_weight.shape[0]))
        return dx, dquery, dkey, None, None, None, None


def heads_2d(x, query_weight, key_weight, cosine, sine, place, heads):
    """Queries, keys and values [rows, heads * size]; place: row of the tables, int32."""
    if _library is not None:
        return _Heads2d.apply(x, query_weight, key_weight, cosine, sine, place, heads)
    size = query_weight.shape[0]
    c, s = cosine[place.long()][:, None], sine[place.long()][:, None]
    q, k, v = x.view(x.shape[0], 3, heads, size).unbind(1)
    q = rotate_2d(operations.plain_rms(q, query_weight), c, s)
    k = rotate_2d(operations.plain_rms(k, key_weight), c, s)
    return q.flatten(1), k.flatten(1), operations.plain_rms(v).flatten(1)


class _WholeAttention(torch.autograd.Function):
    @staticmethod
    def forward(context, q, k, v, pictures, heads):
        count, size = q.shape[0] // pictures, q.shape[1] // heads
        p, out = torch.empty(pictures * heads, count, max(count, 64)), torch.empty_like(q)
        _library.whole_attention_forward(*map(_pointer, (q, k, v, p, out)), _long(pictures), _long(count),
                                         _long(heads), _long(size))
        context.save_for_backward(q, k, v, p)
        context.pictures, context.heads = pictures, heads
        return out

    @staticmethod
    def backward(context, gradient):
        q, k, v, p = context.saved_tensors
        pictures, heads = context.pictures, context.heads
        count, size = q.shape[0] // pictures, q.shape[1] // heads
        gradient = gradient.contiguous()
        dq, dk, dv = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
        scratch = torch.empty(count, count)
        _library.whole_attention_backward(*map(_pointer, (gradient, q, k, v, p, scratch, dq, dk, dv)),
                                          _long(pictures), _long(count), _long(heads), _long(size))
        return dq, dk, dv, None, None


def whole_attention(q, k, v, pictures, heads):
    """Every row of a picture sees all of them, with scale 1; all pictures have as many rows."""
    if _library is not None and q.shape[1] == 32 * heads:
        return _WholeAttention.apply(q, k, v, pictures, heads)
    count, size = q.shape[0] // pictures, q.shape[1] // heads
    q, k, v = (part.view(pictures, count, heads, size).transpose(1, 2) for part in (q, k, v))
    out = (q @ k.transpose(2, 3)).softmax(-1) @ v
    return out.transpose(1, 2).reshape(pictures * count, heads * size)
