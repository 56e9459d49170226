"""llama.cpp as a library: where to get it, and one measurement of it.

Run as a program it loads a model, evaluates token ids and prints what it measured as JSON; compare_llama_cpp calls it
that way, so that every measurement has a process of its own.

The prebuilt library comes with the npm package node-llama-cpp. Its headers do not, so the two structures of options are
written down here for one release of it (llama.cpp v0.5.0), and their defaults are checked before they are trusted.
"""

import argparse
import array
import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the modules lie in the source tree
from measuring import Failure

PACKAGE_VERSION = "3.22.1"
LIBRARY_VERSION = "v0.5.0"
LOAD_MODE_MMAP = 1
ALL_LAYERS = 999
AVX2_VARIANT = "libggml-cpu-haswell.so"


# --- the package ---------------------------------------------------------------------------------------------------


def default_scratch():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(cache, "facet", "llama-cpp-" + PACKAGE_VERSION)


def infix(vulkan):
    """What the names of the libraries have before the release's number."""
    return ".vulkan" if vulkan else ""


def install(scratch, vulkan):
    """Makes sure that the package is in the folder, and gives the folder of its libraries."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        raise Failure("llama.cpp is compared on Linux, x86-64 or ARM64, only.")
    if vulkan:
        machine += "-vulkan"
    package = f"@node-llama-cpp/linux-{machine}"
    libraries = os.path.join(scratch, "node_modules", package, "bins", f"linux-{machine}")
    if os.path.exists(os.path.join(libraries, f"libllama{infix(vulkan)}.{LIBRARY_VERSION}.so")):
        return libraries
    if shutil.which("npm") is None:
        install_npm()
    os.makedirs(scratch, exist_ok=True)
    # The library alone: the package's own scripts are of no use here.
    command = ["npm", "install", "--prefix", scratch, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save",
               "--loglevel", "error", f"{package}@{PACKAGE_VERSION}"]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=scratch)
    if done.returncode != 0 or not os.path.isdir(libraries):
        reason = done.stderr.strip().splitlines()[-1:] or ["npm gave no reason"]
        raise Failure(f"npm could not install {package} {PACKAGE_VERSION} ({reason[0]}); is there a network?")
    return libraries


def install_npm():
    print("npm is missing; installing the Debian packages nodejs and npm.", file=sys.stderr)
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    done = subprocess.run(root + ["apt-get", "install", "-y", "--no-install-recommends", "nodejs", "npm"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if done.returncode != 0 or shutil.which("npm") is None:
        raise Failure("npm is missing and could not be installed; run: apt-get install nodejs npm")


# --- the library ---------------------------------------------------------------------------------------------------


def fields(kind, names):
    return [(name, kind) for name in names.split()]


class ModelParams(ctypes.Structure):
    _fields_ = (fields(ctypes.c_void_p, "devices tensor_buft_overrides")
                + fields(ctypes.c_int32, "n_gpu_layers split_mode load_mode lazy_mode main_gpu")
                + fields(ctypes.c_void_p, "tensor_split progress_callback progress_callback_user_data kv_overrides")
                + fields(ctypes.c_bool, "vocab_only check_tensors use_extra_bufts no_host no_alloc load_mtp")
                # Later releases may return more.
                + [("reserve", ctypes.c_uint8 * 128)])


class ContextParams(ctypes.Structure):
    _fields_ = (fields(ctypes.c_uint32, "n_ctx n_batch n_ubatch n_seq_max n_rs_seq n_outputs_max n_outputs_max_per_seq")
                + fields(ctypes.c_int32, "n_threads n_threads_batch ctx_type rope_scaling_type pooling_type "
                                         "attention_type flash_attn_type")
                + fields(ctypes.c_float, "rope_freq_base rope_freq_scale yarn_ext_factor yarn_attn_factor "
                                         "yarn_beta_fast yarn_beta_slow")
                + [("yarn_orig_ctx", ctypes.c_uint32), ("defrag_thold", ctypes.c_float)]
                + fields(ctypes.c_void_p, "cb_eval cb_eval_user_data")
                + fields(ctypes.c_int32, "type_k type_v")
                + fields(ctypes.c_void_p, "abort_callback abort_callback_data")
                + fields(ctypes.c_bool, "embeddings offload_kqv no_perf op_offload swa_full kv_unified")
                + fields(ctypes.c_void_p, "samplers n_samplers ctx_other")
                + [("reserve", ctypes.c_uint8 * 128)])


class Batch(ctypes.Structure):
    _fields_ = ([("n_tokens", ctypes.c_int32), ("token", ctypes.POINTER(ctypes.c_int32))]
                + fields(ctypes.c_void_p, "embd pos n_seq_id seq_id logits"))


def check_defaults(model, context):
    """The defaults of the release that the structures describe; another layout would not show all of them."""
    seen = (model.n_gpu_layers, model.split_mode, model.load_mode, model.use_extra_bufts, model.check_tensors,
            context.n_ctx, context.n_batch, context.n_ubatch, context.n_seq_max, context.flash_attn_type,
            context.rope_scaling_type, context.defrag_thold, context.type_k, context.type_v, context.offload_kqv)
    if seen != (-1, 1, -1, True, False, 512, 2048, 512, 1, -1, -1, -1.0, 1, 1, True):
        raise Failure("This release of llama.cpp lays out its options differently; the script knows "
                      f"{LIBRARY_VERSION}.")


class Library:
    def __init__(self, folder, avx2_only, vulkan):
        self.vulkan = vulkan
        if vulkan:
            # Without it software devices are left out.
            os.environ.setdefault("GGML_VK_VISIBLE_DEVICES", "0")
        # Loaded in the order in which they need each other.
        ctypes.CDLL(os.path.join(folder, "libggml-base.so"), mode=ctypes.RTLD_GLOBAL)
        ggml = ctypes.CDLL(os.path.join(folder, f"libggml{infix(vulkan)}.{LIBRARY_VERSION}.so"), mode=ctypes.RTLD_GLOBAL)
        self.llama = ctypes.CDLL(os.path.join(folder, f"libllama{infix(vulkan)}.{LIBRARY_VERSION}.so"), mode=ctypes.RTLD_GLOBAL)
        self._declare(ggml)
        self._silence()
        if avx2_only:
            variant = os.path.join(folder, AVX2_VARIANT)
            if not os.path.exists(variant) or ggml.ggml_backend_load(variant.encode()) is None:
                raise Failure("This package has no variant for AVX2 alone.")
        else:
            # Takes the variant that this processor runs best.
            ggml.ggml_backend_load_all_from_path(folder.encode())
        check_defaults(self.llama.llama_model_default_params(), self.llama.llama_context_default_params())

    def _declare(self, ggml):
        ggml.ggml_backend_load.argtypes = [ctypes.c_char_p]
        ggml.ggml_backend_load.restype = ctypes.c_void_p
        ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
        llama = self.llama
        llama.llama_model_default_params.restype = ModelParams
        llama.llama_context_default_params.restype = ContextParams
        llama.llama_model_load_from_file.argtypes = [ctypes.c_char_p, ModelParams]
        llama.llama_model_load_from_file.restype = ctypes.c_void_p
        llama.llama_init_from_model.argtypes = [ctypes.c_void_p, ContextParams]
        llama.llama_init_from_model.restype = ctypes.c_void_p
        llama.llama_batch_get_one.argtypes = [ctypes.POINTER(ctypes.c_int32), ctypes.c_int32]
        llama.llama_batch_get_one.restype = Batch
        llama.llama_decode.argtypes = [ctypes.c_void_p, Batch]
        llama.llama_get_logits_ith.argtypes = [ctypes.c_void_p, ctypes.c_int32]
        llama.llama_get_logits_ith.restype = ctypes.POINTER(ctypes.c_float)
        llama.llama_get_memory.argtypes = [ctypes.c_void_p]
        llama.llama_get_memory.restype = ctypes.c_void_p
        llama.llama_memory_clear.argtypes = [ctypes.c_void_p, ctypes.c_bool]
        llama.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
        llama.llama_model_get_vocab.restype = ctypes.c_void_p
        llama.llama_vocab_n_tokens.argtypes = [ctypes.c_void_p]
        llama.llama_print_system_info.restype = ctypes.c_char_p

    def _silence(self):
        self._log = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda *_: None)
        self.llama.llama_log_set(self._log, None)


class Model:
    def __init__(self, library, path, threads, context, repack):
        self.llama = library.llama
        params = self.llama.llama_model_default_params()
        params.n_gpu_layers = ALL_LAYERS if library.vulkan else 0
        params.load_mode = LOAD_MODE_MMAP
        params.use_extra_bufts = repack
        model = self.llama.llama_model_load_from_file(path.encode(), params)
        if not model:
            raise Failure(f"llama.cpp can not load {path}.")
        self.vocabulary = self.llama.llama_vocab_n_tokens(self.llama.llama_model_get_vocab(model))
        options = self.llama.llama_context_default_params()
        options.n_ctx = context
        # A whole prompt at once, and memory for the logits of one token.
        options.n_batch = options.n_ubatch = 512
        options.n_outputs_max = 1
        options.n_threads = options.n_threads_batch = threads
        # Sliding layers keep their window only, as the program's own command line has it.
        options.swa_full = False
        self.context = self.llama.llama_init_from_model(model, options)
        if not self.context:
            raise Failure(f"llama.cpp has no memory for a context of {context} tokens.")

    def forget(self):
        self.llama.llama_memory_clear(self.llama.llama_get_memory(self.context), True)

    def evaluate(self, tokens):
        """Only the last token's logits are computed. They are there when this returns."""
        for first in range(0, len(tokens), 512):
            part = (ctypes.c_int32 * len(tokens[first:first + 512]))(*tokens[first:first + 512])
            if self.llama.llama_decode(self.context, self.llama.llama_batch_get_one(part, len(part))) != 0:
                raise Failure("llama.cpp could not evaluate the tokens.")
        return self.llama.llama_get_logits_ith(self.context, -1)


# --- one measurement -----------------------------------------------------------------------------------------------


def memory_of_this_process():
    with open("/proc/self/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status)
    return {name: int(lines[name].split()[0]) * 1024 for name in ("VmHWM", "VmRSS")}


def measure(library, arguments, tokens):
    interpreter = memory_of_this_process()["VmRSS"]
    start = time.perf_counter()
    context = max(arguments.prompt, arguments.depth + arguments.new) + 1
    model = Model(library, arguments.model, arguments.threads, context, not arguments.no_repack)
    load = time.perf_counter() - start

    def prefill():
        model.forget()
        begin = time.perf_counter()
        logits = model.evaluate(tokens[:arguments.prompt])
        return time.perf_counter() - begin, logits

    def decode(count):
        model.forget()
        if arguments.depth > 0:
            model.evaluate(tokens[:arguments.depth])
        begin = time.perf_counter()
        for token in tokens[arguments.depth:arguments.depth + count]:
            model.evaluate([token])
        return time.perf_counter() - begin

    result = {"load_ms": load * 1e3, "prefill_tokens_per_s": None, "decode_tokens_per_s": None}
    if arguments.prompt > 0:
        _, logits = prefill()
        if arguments.logits:
            with open(arguments.logits, "wb") as out:
                array.array("f", logits[:model.vocabulary]).tofile(out)
        result["prefill_tokens_per_s"] = arguments.prompt / prefill()[0]
    if arguments.new > 0:
        decode(min(arguments.new, 2))
        result["decode_tokens_per_s"] = arguments.new / decode(arguments.new)
    memory = memory_of_this_process()
    result["peak_rss_bytes"] = memory["VmHWM"] - interpreter
    result["rss_bytes"] = memory["VmRSS"] - interpreter
    result["system"] = library.llama.llama_print_system_info().decode().strip(" |")
    return result


def main():
    parser = argparse.ArgumentParser(description="Measures llama.cpp once and prints JSON.")
    parser.add_argument("--libraries", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--ids-file", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--depth", type=int, default=0)
    parser.add_argument("--logits", help="where the logits of the prompt's last token go, as float32")
    parser.add_argument("--no-repack", action="store_true")
    parser.add_argument("--avx2", action="store_true")
    parser.add_argument("--vulkan", action="store_true")
    arguments = parser.parse_args()
    with open(arguments.ids_file, encoding="ascii") as ids:
        tokens = json.load(ids)
    library = Library(arguments.libraries, arguments.avx2, arguments.vulkan)
    print(json.dumps(measure(library, arguments, tokens)))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"llama_cpp: {failure}", file=sys.stderr)
        sys.exit(1)
