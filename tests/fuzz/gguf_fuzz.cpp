#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "container.h"
#include "engine/gguf/gguf_file.h"
#include "engine/media/projector.h"
#include "engine/model/config.h"
#include "engine/model/describe.h"
#include "engine/model/drafter.h"
#include "engine/model/weights.h"
#include "engine/text/tokenizer.h"

// Files of models, drafters and projectors made of parts that are sound and parts that are not, put through everything
// that reads one before its weights are computed with: container, configuration, tensor rules, description, tokenizer.
namespace {

using namespace facet;
using namespace facet::engine;

// Mapped like a file, without one on the disk.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : descriptor_(::memfd_create("model", MFD_CLOEXEC)) {
    if (descriptor_ < 0 || ::write(descriptor_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~MemoryFile() { ::close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

// What every failure owes to its reader.
void require_sentence(const Error& error) {
  require(!error.message.empty() && error.message.back() == '.', "an error is a sentence");
  require(error.message.size() < 1000 && error.message.find('\n') == std::string::npos, "an error is one line");
}

void read_metadata(const GgufFile& file) {
  for (const char* key : {"general.architecture", "general.name", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type",
                          "gemma4.block_count", "gemma4.feed_forward_length", "general.sampling.temp",
                          "gemma4.attention.sliding_window_pattern", "tokenizer.chat_template"}) {
    (void)file.string(key);
    (void)file.integer(key);
    (void)file.number(key);
    (void)file.boolean(key);
    (void)file.strings(key);
    (void)file.integers(key);
    (void)file.numbers(key);
  }
}

// Every byte that the file promises, through the decoder where there is one.
void read_tensors(const GgufFile& file) {
  volatile unsigned sum = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    require(file.find(tensor.name) != nullptr, "a tensor is found by its name");
    for (const std::byte byte : tensor.data)
      sum = sum + std::to_integer<unsigned>(byte);
    const FormatInfo& format = format_info(tensor.format);
    if (format.decode == nullptr) continue;
    std::vector<float> values(tensor.data.size() / format.block_bytes * format.block_elements);
    format.decode(tensor.data.data(), values.data(), values.size());
  }
}

void read_model(const GgufFile& file) {
  const auto config = read_config(file);
  if (!config.ok()) return require_sentence(config.error());
  const auto weights = check_weights(file, *config);
  if (!weights.ok()) return require_sentence(weights.error());
  require(weights->bytes <= file.file_bytes(), "weights lie inside the file");
  (void)describe(file, *config, *weights);
  (void)read_default_sampling(file);
}

void read_helpers(const GgufFile& file) {
  if (is_drafter(file)) {
    const auto drafter = describe_drafter(file);
    if (!drafter.ok()) require_sentence(drafter.error());
  }
  if (is_projector(file)) {
    const auto description = describe_projector(file);
    if (!description.ok()) require_sentence(description.error());
  }
  if (!is_projector(file) && !has_projector_inside(file)) return;
  const auto projector = read_projector(file);
  if (!projector.ok()) return require_sentence(projector.error());
  require(projector->bytes <= file.file_bytes(), "a projector lies inside the file");
  require(projector->config.vision || projector->config.hearing, "a projector is for something");
}

void read_tokenizer(const GgufFile& file) {
  const auto tokenizer = Tokenizer::from_gguf(file);
  if (!tokenizer.ok()) return require_sentence(tokenizer.error());
  const std::string text = "abc  a<|turn>\n\n\n\xC3\xA9 \xF0\x9F\x9A\x80<0x41>";
  for (const Trust trust : {Trust::Data, Trust::Template}) {
    const std::vector<Token> tokens = (*tokenizer)->encode(text, trust);
    for (const Token token : tokens)
      require(token >= 0 && token < (*tokenizer)->vocabulary_size(), "a token lies in the vocabulary");
    (void)(*tokenizer)->decode(tokens, Tokenizer::Markers::Print);
  }
  std::vector<Token> all;
  for (Token token = -1; token <= (*tokenizer)->vocabulary_size(); ++token)
    all.push_back(token);
  (void)(*tokenizer)->decode(all, Tokenizer::Markers::Hide);
}

void require_sound_projector(fuzz::Random& random) {
  const std::string bytes = fuzz::serialized(fuzz::sound_projector(random));
  const MemoryFile memory(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  const auto file = GgufFile::open(memory.path());
  require(file.ok(), "a sound projector opens");
  require(is_projector(**file) || has_projector_inside(**file), "a sound projector is one");
  require(read_projector(**file).ok(), "a sound projector is read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const MemoryFile memory(data, size);
  const auto file = GgufFile::open(memory.path());
  if (!file.ok()) {
    require_sentence(file.error());
    return 0;
  }
  read_metadata(**file);
  read_tensors(**file);
  read_helpers(**file);
  read_model(**file);
  read_tokenizer(**file);
  return 0;
}

// The mutator begins with models that open; were they refused at the door, nothing behind it would be tested.
extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
  for (unsigned seed = 0; seed < 32; ++seed) {
    fuzz::Random random(seed);
    const std::string bytes = fuzz::serialized(fuzz::sound_model(random));
    const MemoryFile memory(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    const auto file = GgufFile::open(memory.path());
    require(file.ok(), "a sound model opens");
    const bool described = is_drafter(**file) ? describe_drafter(**file).ok() : read_config(**file).ok();
    require(described, "a sound model is described");
    if (!is_drafter(**file)) require(check_weights(**file, *read_config(**file)).ok(), "a sound model has its weights");
    require(Tokenizer::from_gguf(**file).ok(), "a sound model has its tokens");
    require(fuzz::serialized(*fuzz::parsed(bytes)) == bytes, "the container can be taken apart");
    require_sound_projector(random);
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  fuzz::Random random(seed);
  std::optional<fuzz::Container> container;
  if (random() % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  if (random() % 64 != 0) container = fuzz::parsed(std::string(reinterpret_cast<const char*>(data), size));
  if (!container) container = random() % 2 == 0 ? fuzz::sound_model(random) : fuzz::sound_projector(random);
  for (unsigned changes = random() % 4; changes > 0; --changes)
    fuzz::mutate(*container, random);
  const std::string bytes = fuzz::serialized(*container);
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}
