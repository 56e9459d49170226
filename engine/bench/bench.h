#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/bench/process_memory.h"
#include "engine/bench/timed_backend.h"
#include "engine/bench/token_bytes.h"
#include "engine/engine.h"

namespace facet::engine {

// What to measure.
struct BenchOrder {
  std::filesystem::path model;
  // Opens the model, where that is no file which the engine reads by itself; called twice. Counts as loading.
  std::function<Result<std::unique_ptr<GgufFile>>()> open_model = {};
  EngineOptions engine;  // the context length is chosen by the lengths below
  std::uint32_t prompt_tokens = 512;
  std::uint32_t new_tokens = 64;
  std::uint32_t depth = 0;  // tokens in front of the new ones
  std::uint32_t repetitions = 5;
  bool operations = false;  // measure each operation, too
  std::uint64_t seed = 1;   // of the random tokens
  // In place of random ones: at least as many as the longer of the prompt and of depth and new tokens together.
  std::vector<Token> tokens = {};
};

struct BenchReport {
  ModelDescription model;
  std::string device;
  int threads = 0;
  double load_seconds = 0;
  std::vector<double> prefill_tokens_per_s;  // one for each repetition
  std::vector<double> decode_tokens_per_s;
  std::optional<ProcessMemory> memory;  // after all of it, and the peak until then
  // Bytes per second, measured afterwards: reading with as many threads, or copying on a device that has its own
  // memory.
  double read_bandwidth = 0;
  std::optional<double> kernels_per_layer;  // for each token that is decoded, on a device that has kernels
  // Of the experts that were asked for while tokens were decoded, the part that the graphics device held, where it
  // holds some of a layer's.
  std::optional<double> held_experts;
  TokenBytes token_bytes;  // of a token in the middle of the new ones
  // With BenchOrder::operations, for all repetitions together.
  std::vector<OperationTime> prefill_operations;
  std::vector<OperationTime> decode_operations;
  std::uint64_t prefilled_tokens = 0;  // that these operations worked for
  std::uint64_t decoded_tokens = 0;
};

// The middle one; of an even number the mean of the two in the middle; nothing of nothing.
std::optional<double> median(std::vector<double> values);

// Loads the model, evaluates once without measuring, then measures. Prefill is a prompt of which the last token's
// logits are wanted; decode is one token after the other. Calls `progress` with what it is about to do.
Result<BenchReport> run_bench(const BenchOrder& order, const std::function<void(std::string_view step)>& progress);

}  // namespace facet::engine
