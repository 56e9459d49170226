"""The towers as a projector file ("mmproj") with everything an engine needs, and back."""
import numpy
import torch

from .. import gguf
from .hearing import HearingTower, hearing_fields, hearing_parts, hearing_shape
from .vision import PATCH, Linear, VisionShape, VisionTower

LIMITS = ("input_min", "input_max", "output_min", "output_max")


def _layer(prefix, layer):
    """Pairs of name and parameter, or name and Linear."""
    for name, part in list(layer.named_children()):
        yield prefix + name, part
    for name, values in layer.named_parameters(recurse=False):
        yield prefix + name, values


def vision_parts(tower):
    for index, layer in enumerate(tower.blk):
        yield from _layer("v.blk.%d." % index, layer)


def _read_parts(parts, reader):
    names = set(reader.names())
    for name, part in parts:
        values = part.weight if isinstance(part, Linear) else part
        values.copy_(torch.from_numpy(reader.tensor(name + ".weight").copy()).view_as(values))
        if isinstance(part, Linear) and name + ".input_min" in names:
            part.limits = tuple(float(reader.tensor("%s.%s" % (name, limit)).item()) for limit in LIMITS)


def _patch_rows(reader):
    """Files keep a patch as planes of colours; the tower reads colours side by side."""
    values = reader.tensor("v.patch_embd.weight")
    return torch.from_numpy(numpy.ascontiguousarray(values.transpose(0, 2, 3, 1)).reshape(len(values), -1))


def load_vision(reader):
    field = reader.fields
    shape = VisionShape(text_width=field["clip.vision.projection_dim"], width=field["clip.vision.embedding_length"],
                        layers=field["clip.vision.block_count"], heads=field["clip.vision.attention.head_count"],
                        feed_forward=field["clip.vision.feed_forward_length"],
                        positions=reader.tensor("v.position_embd.weight").shape[1])
    tower = VisionTower(shape)
    with torch.no_grad():
        tower.patch_embd.copy_(_patch_rows(reader))
        tower.position_embd.copy_(torch.from_numpy(reader.tensor("v.position_embd.weight").copy()))
        tower.input_projection.copy_(torch.from_numpy(reader.tensor("mm.input_projection.weight").copy()))
        _read_parts(vision_parts(tower), reader)
    return tower


def _save_parts(parts, out):
    for name, part in parts:
        values = part.weight if isinstance(part, Linear) else part
        values = values.detach().float().numpy()
        small = values.ndim == 1 or ".conv1d." in name or ".conv_dw" in name
        out.tensor(name + ".weight", values, gguf.F32 if small else gguf.F16)
        if isinstance(part, Linear) and part.limits is not None:
            for limit, value in zip(LIMITS, part.limits):
                out.tensor("%s.%s" % (name, limit), numpy.array([value]), gguf.F32)


def save_vision(tower, out):
    shape = tower.shape
    out.add("clip.has_vision_encoder", "bool", True)
    for key, kind, value in (
            ("projector_type", "str", "gemma4v"), ("projection_dim", "u32", shape.text_width),
            ("image_size", "u32", 224), ("patch_size", "u32", PATCH), ("embedding_length", "u32", shape.width),
            ("feed_forward_length", "u32", shape.feed_forward), ("block_count", "u32", shape.layers),
            ("attention.head_count", "u32", shape.heads), ("attention.layer_norm_epsilon", "f32", 1e-6),
            ("image_mean", "f32", [0.0] * 3), ("image_std", "f32", [1.0] * 3)):
        out.add("clip.vision." + key, kind, value)
    values = tower.patch_embd.detach().view(shape.width, PATCH, PATCH, 3).permute(0, 3, 1, 2)
    out.tensor("v.patch_embd.weight", values.contiguous().numpy(), gguf.F16)
    out.tensor("v.position_embd.weight", tower.position_embd.detach().numpy(), gguf.F32)
    _save_parts(vision_parts(tower), out)
    out.tensor("mm.input_projection.weight", tower.input_projection.detach().numpy(), gguf.F16)


def load_hearing(reader):
    tower = HearingTower(hearing_shape(reader))
    with torch.no_grad():
        _read_parts(hearing_parts(tower), reader)
        tower.output_bias.copy_(torch.from_numpy(reader.tensor("a.pre_encode.out.bias").copy()))
    return tower


def save_hearing(tower, out):
    out.add("clip.has_audio_encoder", "bool", True)
    for key, kind, value in hearing_fields(tower.shape):
        out.add("clip.audio." + key, kind, value)
    _save_parts(hearing_parts(tower), out)
    out.tensor("a.pre_encode.out.bias", tower.output_bias.detach().numpy(), gguf.F32)


def save(path, vision=None, hearing=None):
    out = gguf.Writer()
    out.add("general.architecture", "str", "clip")
    out.add("general.type", "str", "mmproj")
    out.add("general.name", "str", "Facet practice projector")
    out.add("general.description", "str", "Very small practice towers, trained from scratch on generated data. "
                                          "Not a Google model.")
    out.add("general.file_type", "u32", 1)
    if vision is not None:
        save_vision(vision, out)
    if hearing is not None:
        save_hearing(hearing, out)
    out.write(path)
