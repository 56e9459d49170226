#include <charconv>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "tests/model/make_model.h"
#include "tests/model/make_projector.h"
#include "tests/model/synthetic_tokenizer.h"

// The command line of the model maker. Exit status 0 on success, 2 on wrong usage, otherwise 1 with one sentence.
namespace {

using namespace facet;
using namespace facet::model_maker;

struct Wish {
  std::string shape;
  std::string type = "q4_0";
  std::uint64_t layers = 0;
  std::uint64_t vocabulary = 0;
  std::string embeddings;
  std::string per_layer_table;
  std::vector<std::string> exceptions;
  Variations variations;
  std::uint64_t seed = 1;
  std::string out;
  bool plan_only = false;
};

std::string joined(const auto& names) {
  std::string text;
  for (const auto& name : names)
    text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::string usage() {
  return "Usage: facet_make_model SHAPE TYPE OUT.gguf [options]\n"
         "Writes a model file with random weights: the same arguments give the same bytes.\n\n"
         "SHAPE  " +
         joined(shape_names()) + "\n       " + joined(projector_names()) + "\nTYPE   " + joined(file_type_names()) +
         "\n\nOptions:\n"
         "  --layers N            fewer (or more) layers of the same shape\n"
         "  --vocabulary N        a vocabulary of another size\n"
         "  --seed N              other weights; 1 when left out\n"
         "  --embeddings FORMAT   format of the token embeddings\n"
         "  --table FORMAT        format of the table of per-layer embeddings\n"
         "  --set NAME=FORMAT     format of the tensors of that name, for example attn_q=Q5_K, or of one of them, for\n"
         "                        example blk.2.attn_q=Q5_K; may be repeated\n"
         "  --split-experts       gate and up projections of the experts as two tensors\n"
         "  --separate-head       an output matrix of its own\n"
         "  --unused-keys         keys and values of layers that do not use them\n"
         "  --plan                print the tensors and the size, and write nothing\n";
}

Error wrong(const std::string& sentence) {
  return {Error::Code::InvalidInput, sentence};
}

Result<std::uint64_t> number(const std::string& option, const std::string& text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return wrong(option + " takes a whole number, not '" + text + "'.");
  return value;
}

Result<Format> format(const std::string& option, const std::string& name) {
  const auto found = find_weight_format(name);
  if (!found) return wrong(option + ": there is no weight format '" + name + "'.");
  return *found;
}

Result<Wish> parse(const std::vector<std::string>& words) {
  Wish wish;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      places.push_back(word);
    } else if (word == "--split-experts") {
      wish.variations.split_experts = true;
    } else if (word == "--separate-head") {
      wish.variations.separate_head = true;
    } else if (word == "--unused-keys") {
      wish.variations.unused_keys = true;
    } else if (word == "--plan") {
      wish.plan_only = true;
    } else {
      if (i + 1 == words.size()) return wrong("The option " + word + " is unknown, or its value is missing.");
      const std::string& value = words[++i];
      if (word == "--layers") {
        FACET_ASSIGN_OR_RETURN(wish.layers, number(word, value));
      } else if (word == "--vocabulary") {
        FACET_ASSIGN_OR_RETURN(wish.vocabulary, number(word, value));
      } else if (word == "--seed") {
        FACET_ASSIGN_OR_RETURN(wish.seed, number(word, value));
      } else if (word == "--embeddings") {
        wish.embeddings = value;
      } else if (word == "--table") {
        wish.per_layer_table = value;
      } else if (word == "--set") {
        wish.exceptions.push_back(value);
      } else {
        return wrong("The option " + word + " is unknown.");
      }
    }
  }
  const std::size_t wanted = wish.plan_only ? 2 : 3;
  if (places.size() < wanted || places.size() > 3) return wrong("Name a shape, a type and a file.");
  wish.shape = places[0];
  wish.type = places[1];
  if (places.size() == 3) wish.out = places[2];
  return wish;
}

Result<FileType> choose_type(const Wish& wish) {
  auto type = find_file_type(wish.type);
  if (!type) return wrong("There is no file type '" + wish.type + "'; there are " + joined(file_type_names()) + ".");
  if (!wish.embeddings.empty()) {
    FACET_ASSIGN_OR_RETURN(type->embeddings, format("--embeddings", wish.embeddings));
  }
  if (!wish.per_layer_table.empty()) {
    FACET_ASSIGN_OR_RETURN(type->per_layer_table, format("--table", wish.per_layer_table));
  }
  for (const std::string& exception : wish.exceptions) {
    const std::size_t equals = exception.find('=');
    if (equals == std::string::npos) return wrong("--set takes NAME=FORMAT, not '" + exception + "'.");
    FACET_ASSIGN_OR_RETURN(type->exceptions[exception.substr(0, equals)],
                           format("--set", exception.substr(equals + 1)));
  }
  return *type;
}

Result<ModelOrder> order_of(const Wish& wish) {
  constexpr std::uint64_t kMostLayers = 512;
  if (wish.layers > kMostLayers) return wrong("--layers takes a number up to " + std::to_string(kMostLayers) + ".");
  const auto shape = find_shape(wish.shape, static_cast<std::uint32_t>(wish.layers));
  if (!shape)
    return wrong("There is no shape '" + wish.shape + "'; there are " + joined(shape_names()) + ", " +
                 joined(projector_names()) + ".");
  ModelOrder order{*shape, {}, wish.variations, wish.seed};
  FACET_ASSIGN_OR_RETURN(order.type, choose_type(wish));
  if (wish.vocabulary == 0) return order;
  constexpr std::uint64_t kRealVocabulary = 262144;
  if (wish.vocabulary < kLeastVocabulary || (wish.vocabulary > 255000 && wish.vocabulary != kRealVocabulary))
    return wrong("--vocabulary takes a number from " + std::to_string(kLeastVocabulary) + " to 255000, or " +
                 std::to_string(kRealVocabulary) + ".");
  order.shape.vocabulary_size = static_cast<std::uint32_t>(wish.vocabulary);
  return order;
}

// What is to be written, and how.
struct Work {
  std::vector<PlannedTensor> plan;
  std::function<Status(const std::string& path)> write;
};

Result<Work> work_of(const Wish& wish) {
  if (const auto projector = find_projector_shape(wish.shape)) {
    ProjectorOrder order{*projector, {}, wish.seed};
    FACET_ASSIGN_OR_RETURN(order.type, choose_type(wish));
    return Work{plan_projector(order.shape, order.type),
                [order](const std::string& path) { return make_projector(order, path); }};
  }
  FACET_ASSIGN_OR_RETURN(const ModelOrder order, order_of(wish));
  return Work{plan_tensors(order.shape, order.type, order.variations),
              [order](const std::string& path) { return make_model(order, path); }};
}

void print_plan(const std::vector<PlannedTensor>& plan) {
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
  for (const PlannedTensor& tensor : plan) {
    std::string extents;
    for (const std::uint64_t extent : tensor.info.shape)
      if (extents.empty() || extent > 1) extents += (extents.empty() ? "" : " x ") + std::to_string(extent);
    std::printf("%-34s %-6s %s\n", tensor.info.name.c_str(),
                std::string(engine::format_info(tensor.info.format).name).c_str(), extents.c_str());
    elements += tensor.elements();
    bytes += tensor.info.bytes();
  }
  std::printf("%.3f billion values, %.3f GB\n", static_cast<double>(elements) / 1e9, static_cast<double>(bytes) / 1e9);
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.empty() || words[0] == "--help") {
    std::fputs(usage().c_str(), words.empty() ? stderr : stdout);
    return words.empty() ? 2 : 0;
  }
  const auto wish = parse(words);
  const auto work = wish.ok() ? work_of(*wish) : Result<Work>(wish.error());
  if (!work.ok()) {
    std::fprintf(stderr, "facet_make_model: %s Try --help.\n", work.error().message.c_str());
    return 2;
  }
  if (wish->plan_only) {
    print_plan(work->plan);
    return 0;
  }
  const Status status = work->write(wish->out);
  if (status.ok()) return 0;
  std::fprintf(stderr, "facet_make_model: %s\n", status.error().message.c_str());
  return 1;
}
