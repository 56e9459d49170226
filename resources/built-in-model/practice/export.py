"""The model as a GGUF file with everything an engine needs, and back."""
import numpy
import torch

from . import gguf
from .model import PracticeModel, Shape

DESCRIPTION = ("Very small practice model, trained from scratch on generated data. "
               "Not a Google model.")
# A plain template without an empty thought block: the small variant.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<|turn>' + ('model' if m['role'] == 'assistant' "
    "else m['role']) + '\\n' + m['content'] + '<turn|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|turn>model\\n' }}{% endif %}")


def tensors(model):
    """Pairs of GGUF name and parameter; fused matrices are cut into their parts."""
    shape = model.shape
    for name in ("token_embd", "per_layer_token_embd", "per_layer_model_proj",
                 "per_layer_proj_norm", "output_norm"):
        yield name + ".weight", getattr(model, name).data
    for index, layer in enumerate(model.blk):
        prefix = "blk.%d." % index
        size, wide = shape.head(index), shape.wide(index)
        queries = shape.heads * size
        yield prefix + "attn_q.weight", layer.attn_qkv.data[:queries]
        if shape.owns_keys(index):
            yield prefix + "attn_k.weight", layer.attn_qkv.data[queries:queries + size]
            yield prefix + "attn_v.weight", layer.attn_qkv.data[queries + size:]
            yield prefix + "attn_k_norm.weight", layer.attn_k_norm.data
        yield prefix + "ffn_gate.weight", layer.ffn_gate_up.data[:wide]
        yield prefix + "ffn_up.weight", layer.ffn_gate_up.data[wide:]
        for name in ("attn_norm", "attn_q_norm", "attn_output", "post_attention_norm", "ffn_norm",
                     "ffn_down", "post_ffw_norm", "inp_gate", "proj", "post_norm",
                     "layer_output_scale"):
            yield prefix + name + ".weight", getattr(layer, name).data


def _kind(name, values, precise):
    if values.ndim == 1:
        return gguf.F32
    if precise or name.startswith("per_layer_model_proj") or values.shape[1] % 32:
        return gguf.F16
    return gguf.Q8_0


def save(model, tokenizer, path, precise=False):
    """Write the file; precise keeps all matrices in F16 instead of Q8_0."""
    shape = model.shape
    count = sum(parameter.numel() for parameter in model.parameters())
    out = gguf.Writer()
    out.add("general.architecture", "str", "gemma4")
    out.add("general.type", "str", "model")
    out.add("general.name", "str", "Facet practice model")
    out.add("general.size_label", "str", "%.1fM" % (count / 1e6))
    out.add("general.description", "str", DESCRIPTION)
    out.add("general.file_type", "u32", 1 if precise else 7)
    out.add("general.quantization_version", "u32", 2)
    # It copies or it is wrong, so the most likely token is always taken.
    out.add("general.sampling.top_k", "i32", 1)
    out.add("general.sampling.top_p", "f32", 1.0)
    out.add("general.sampling.temp", "f32", 0.0)
    layers = range(shape.layers)
    for key, kind, value in (
            ("block_count", "u32", shape.layers),
            ("context_length", "u32", shape.context),
            ("embedding_length", "u32", shape.width),
            ("feed_forward_length", "i32", [shape.wide(index) for index in layers]),
            ("attention.head_count", "u32", shape.heads),
            ("attention.head_count_kv", "u32", 1),
            ("attention.key_length", "u32", shape.head_full),
            ("attention.value_length", "u32", shape.head_full),
            ("attention.key_length_swa", "u32", shape.head_sliding),
            ("attention.value_length_swa", "u32", shape.head_sliding),
            ("attention.layer_norm_rms_epsilon", "f32", 1e-6),
            ("attention.sliding_window", "u32", shape.window),
            ("attention.sliding_window_pattern", "bool", [shape.sliding(index) for index in layers]),
            ("attention.shared_kv_layers", "u32", shape.shared_layers),
            ("rope.freq_base", "f32", shape.base_full),
            ("rope.freq_base_swa", "f32", shape.base_sliding),
            ("rope.dimension_count", "u32", shape.head_full),
            ("rope.dimension_count_swa", "u32", shape.head_sliding),
            ("final_logit_softcapping", "f32", shape.cap),
            ("embedding_length_per_layer_input", "u32", shape.per_layer)):
        out.add("gemma4." + key, kind, value)
    out.add("tokenizer.ggml.model", "str", "gemma4")
    out.add("tokenizer.ggml.tokens", "str", tokenizer.tokens)
    out.add("tokenizer.ggml.scores", "f32", [-1000.0] * len(tokenizer.tokens))
    out.add("tokenizer.ggml.token_type", "i32", tokenizer.types)
    out.add("tokenizer.ggml.merges", "str", [" ".join(pair) for pair in tokenizer.merges])
    for key, value in (("bos", 2), ("eos", 1), ("unknown", 3), ("padding", 0), ("mask", 4)):
        out.add("tokenizer.ggml.%s_token_id" % key, "u32", value)
    out.add("tokenizer.ggml.add_bos_token", "bool", True)
    out.add("tokenizer.ggml.add_space_prefix", "bool", False)
    out.add("tokenizer.chat_template", "str", CHAT_TEMPLATE)
    for name, values in tensors(model):
        values = values.cpu().float().numpy()
        out.tensor(name, values, _kind(name, values, precise))
        if name == "output_norm.weight":
            half = shape.head_full // 2
            frequencies = numpy.full(half, 1e30, dtype=numpy.float32)
            frequencies[:half // 4] = 1.0
            out.tensor("rope_freqs.weight", frequencies, gguf.F32)
    out.write(path)


def load(path):
    """The model of a file written by save (or of the same family) and its reader."""
    reader = gguf.Reader(path)
    field = reader.fields

    def get(key):
        return field["gemma4." + key]

    shape = Shape(vocabulary=len(field["tokenizer.ggml.tokens"]), width=get("embedding_length"),
                  layers=get("block_count"), shared_layers=get("attention.shared_kv_layers"),
                  heads=get("attention.head_count"), head_sliding=get("attention.key_length_swa"),
                  head_full=get("attention.key_length"), feed_forward=get("feed_forward_length")[0],
                  per_layer=get("embedding_length_per_layer_input"),
                  window=get("attention.sliding_window"), context=get("context_length"))
    model = PracticeModel(shape)
    if [shape.wide(index) for index in range(shape.layers)] != get("feed_forward_length"):
        raise ValueError("unexpected feed-forward widths in " + path)
    with torch.no_grad():
        for name, values in tensors(model):
            values.copy_(torch.from_numpy(reader.tensor(name).copy()).view_as(values))
    return model, reader
