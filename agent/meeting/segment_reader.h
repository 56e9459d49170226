#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/meeting/segmenter.h"
#include "agent/meeting/transcript.h"
#include "agent/text_model.h"
#include "engine/base/result.h"

namespace facet::agent {

// Has a model write down what is said in segments, one after the other, each by itself: what it wrote before is not
// shown to it, because a mistake would go on and on. A reply that repeats itself or is longer than anybody can speak is
// ended, asked for once more with other sampling, and marked when that is no better. One thread at a time.
class SegmentReader {
 public:
  // `language` as people call it ("German"); empty: whatever is spoken.
  SegmentReader(BackgroundModel& model, PromptVariant variant, std::string language);

  // The segment as a row, without its id. Errors are those of the model, and a requested stop.
  Result<Segment> read(SpeechSegment segment, const std::stop_token& stop);

 private:
  struct Reply {
    std::string text;
    SegmentRemark remark = SegmentRemark::None;
  };
  Result<Reply> ask(const GenerateRequest& request, double seconds, const std::stop_token& stop);
  Result<std::vector<PromptPiece>> prompt(std::shared_ptr<const engine::PcmAudio> sound) const;

  BackgroundModel& model_;
  PromptVariant variant_;
  std::string language_;
};

}  // namespace facet::agent
