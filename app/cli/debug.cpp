#include "app/cli/command.h"

namespace facet::app::cli {

int debug(const QStringList& arguments) {
  static const std::vector<Command> group = {
      {"tokenize", "Text to token ids", debug_tokenize},
      {"detokenize", "Token ids to text", debug_detokenize},
      {"render", "A conversation to the exact prompt", debug_render},
      {"parse", "A model's output to text, thoughts and calls", debug_parse},
      {"logits", "Logits of a list of token ids", debug_logits},
      {"generate", "Continue a list of token ids", debug_generate},
      {"encode-image", "A picture to the rows that a model reads", debug_encode_image},
      {"encode-audio", "A recording to the rows that a model reads", debug_encode_audio},
      {"mel", "A recording to its mel bands", debug_mel},
      {"vulkan-test", "Try a model's kernels on a Vulkan device", debug_vulkan_test},
  };
  return run_group("facet debug", group, arguments);
}

}  // namespace facet::app::cli
