#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "engine/backend.h"
#include "engine/base/turn_lock.h"
#include "engine/device_ladder.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/load_plan.h"
#include "engine/loaded_model.h"
#include "engine/media/media_cache.h"
#include "engine/media/media_folder.h"
#include "engine/media/opened_projector.h"
#include "engine/model/config.h"
#include "engine/model/kv_cache.h"
#include "engine/model/reading_speed.h"

namespace facet::engine {

// Everything that an opened model consists of. What is above `ladder` stays as it is; the rest belongs to whoever holds
// the turn.
struct Engine::State {
  EngineOptions options;
  std::unique_ptr<GgufFile> file;
  ModelDescription description;
  ModelConfig config;
  std::unique_ptr<Tokenizer> tokenizer;
  Sampling default_sampling;
  OpenedProjector projector;
  ModelNeeds needs;
  KvLayout kv_layout;
  ReadingSpeed reading_speed;
  // Held by the sequence that evaluates a chunk, or creates or releases its cache, and by a step of an encoder.
  TurnLock turn;
  // Held from the beginning to the end of an encoding; outside of turns.
  std::mutex encoding;
  std::unique_ptr<MediaCache> media;
  std::unique_ptr<MediaFolder> media_folder;  // null where nothing is kept for other times
  std::atomic<std::uint64_t> encodings = 0;

  DeviceLadder ladder;
  std::unique_ptr<LoadedModel> loaded;  // null after a failure that nothing helped against
  std::uint64_t generation = 0;         // how often it was let go; caches of an earlier time went with it
  int caches = 0;                       // of this generation

  // Loads the model on the ladder's device. When that fails the next one is tried, at first only as far as the devices
  // were asked for.
  Status load();
  // The device failed while it computed, the how manieth time for the same tokens: lets go of everything that lies on
  // it and loads again, there or further down. An error when no device is left.
  Status recover(const Error& failure, int times);
  // The device has no room for the first cache: loads on the next one, where it may be another one from the beginning.
  Status make_room(const Error& failure);
  bool computes_on_cpu() const { return !uses_gpu_; }

  // The rows that an encoder leaves, once `begin` has given it something to do.
  template <typename Encoder, typename Begin>
  Result<std::vector<float>> encode(Encoder* (LoadedModel::*encoder)(), const Begin& begin, Priority priority,
                                    const std::stop_token& stop);
  // What was encoded before, now or at another time; null when it was not.
  std::shared_ptr<const MediaEmbedding> find_media(MediaEmbedding::Kind kind, const std::string& hash,
                                                   const std::stop_token& stop);
  Result<std::shared_ptr<const MediaEmbedding>> keep(MediaEmbedding::Kind kind, std::string hash,
                                                     std::vector<float> rows, Priority priority,
                                                     const std::stop_token& stop);

  std::string device_name() const;
  MemoryPlan memory() const;

 private:
  Result<std::string> trusted_form(const Rung& rung) const;
  // The ladder's device, as far as something is to be placed there, and the CPU.
  Result<Devices> open_devices() const;
  Status load_here();
  void let_go();
  // Whether loading once more is worth it; the ladder then says where.
  bool goes_on_after(const Error& failure, bool is_loss);
  bool goes_down_after(const Error& failure);
  // Of a file of the folder; empty where there is none, and after a stop.
  std::string media_key(const std::string& hash, const std::stop_token& stop);

  bool was_loaded_ = false;
  bool was_lost_ = false;  // since it was last loaded
  bool uses_gpu_ = false;
  // May be asked for by any thread.
  mutable std::mutex shown_mutex_;
  std::string device_name_;
  MemoryPlan memory_;
  // What encodes, once somebody has asked.
  std::mutex identity_mutex_;
  std::string identity_;
};

}  // namespace facet::engine
