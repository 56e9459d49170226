#pragma once

#include <memory>
#include <string>

#include "engine/backend.h"
#include "engine/base/turn_lock.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/activations.h"
#include "engine/model/config.h"
#include "engine/model/forward.h"
#include "engine/model/kv_cache.h"
#include "engine/model/reading_speed.h"
#include "engine/model/weights.h"

namespace facet::engine {

// Everything a loaded model consists of, in the order in which it depends on each other.
struct Engine::State {
  std::unique_ptr<GgufFile> file;
  ModelDescription description;
  MemoryPlan memory;
  ModelConfig config;
  std::unique_ptr<Tokenizer> tokenizer;
  Sampling default_sampling;
  std::unique_ptr<Backend> backend;
  Weights weights;
  Activations activations;
  KvLayout kv_layout;
  ReadingSpeed reading_speed;
  std::unique_ptr<ForwardPass> forward;
  // Held by the sequence that evaluates a chunk, or creates or releases its cache.
  TurnLock turn;
};

}  // namespace facet::engine
