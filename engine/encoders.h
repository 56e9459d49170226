#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/engine.h"
#include "engine/media.h"

namespace facet::engine {

class EncoderBackend;
class GgufFile;

// The encoders of a projector without the model that they work for: for measuring them and for comparing what they make
// with other programs. Used by one thread at a time.
class Encoders {
 public:
  using Wrap = std::function<std::unique_ptr<EncoderBackend>(std::unique_ptr<EncoderBackend>)>;

  // A projector's file, or a model's that holds one. Of the options what computes counts; "auto" is the CPU. `wrap`
  // puts another backend in front of it.
  static Result<std::unique_ptr<Encoders>> open(std::unique_ptr<GgufFile> file, const EngineOptions& options,
                                                const Wrap& wrap = {});
  ~Encoders();

  bool sees() const;
  bool hears() const;
  // Of a soft token.
  std::uint32_t text_width() const;
  // What computes: "CPU, 2 threads, AVX2".
  const std::string& device() const;

  // Rows for soft tokens, behind each other.
  Result<std::vector<float>> encode(const RgbImage& image, std::uint32_t budget);
  Result<std::vector<float>> encode(const PcmAudio& audio);

 private:
  Encoders();
  struct State;
  std::unique_ptr<State> state_;
};

// The file that makes a model see and hear: the model's own, or the first one beside it. Takes the model's file.
Result<std::unique_ptr<GgufFile>> projector_file_of(std::unique_ptr<GgufFile> model);

}  // namespace facet::engine
