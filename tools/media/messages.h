#pragma once

#include "tools/media/decoder_process.h"
#include "tools/media/media_reader.h"

// Messages as values, checked. What is not as the protocol says is nonsense, and ends the program.
namespace facet::tools::media {

Result<MediaFacts> take_facts(DecoderProcess& process, const Message& message);
Result<double> take_progress(DecoderProcess& process, const Message& message);

struct IncomingImage {
  engine::RgbImage image;
  double seconds = 0;
  bool is_damaged = false;
};
// The picture that the message begins, with the messages that follow.
Result<IncomingImage> take_image(DecoderProcess& process, const Message& message);
// Nothing but numbers from -1 to 1.
Result<std::vector<float>> take_samples(DecoderProcess& process, const Message& message);
// Whether something was damaged.
Result<bool> take_end(DecoderProcess& process, const Message& message);

}  // namespace facet::tools::media
