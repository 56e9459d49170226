#include <algorithm>
#include <bit>
#include <fstream>
#include <utility>

#include "agent/local_model_rules.h"
#include "app/cli/command.h"
#include "app/cli/ids_file.h"
#include "app/devices/device_trials.h"
#include "app/models/model_folder.h"
#include "engine/engine.h"

namespace facet::app::cli {

namespace {

struct Prepared {
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<engine::Sequence> sequence;
  std::vector<engine::Token> ids;
};

// Loads the model with a context that holds the ids and `more` tokens.
Result<Prepared> prepare(const Arguments& arguments, std::int64_t more) {
  Prepared prepared;
  FACET_ASSIGN_OR_RETURN(prepared.ids, read_ids_file(arguments.text("ids-file")));
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  engine::EngineOptions options = arguments.engine();
  devices::choose_devices(paths, options);
  options.context_length =
      static_cast<std::uint32_t>(std::max<std::size_t>(prepared.ids.size() + static_cast<std::size_t>(more), 16));
  FACET_ASSIGN_OR_RETURN(auto file, models::open_model_file(resolve_model(paths, arguments.model())));
  FACET_ASSIGN_OR_RETURN(prepared.engine, engine::Engine::open(std::move(file), options));
  prepared.sequence = prepared.engine->create_sequence();
  return prepared;
}

Status logits(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const auto last, arguments.integer("last"));
  FACET_ASSIGN_OR_RETURN(const auto chunk, arguments.integer("chunk"));
  FACET_ASSIGN_OR_RETURN(const Prepared prepared, prepare(arguments, /*more=*/0));
  engine::SyncOptions options;
  options.chunk = static_cast<std::size_t>(chunk.value_or(0));
  options.logit_rows = std::min(prepared.ids.size(), static_cast<std::size_t>(last.value_or(1)));
  FACET_RETURN_IF_ERROR([&]() -> Status {
    const auto synced = prepared.sequence->sync(prepared.ids, options);
    return synced.ok() ? Status() : Status(synced.error());
  }());

  static_assert(std::endian::native == std::endian::little, "the output is little-endian float32");
  std::ofstream out(arguments.text("out"), std::ios::binary);
  for (std::size_t row = 0; row < prepared.sequence->logit_rows(); ++row) {
    const std::span<const float> values = prepared.sequence->logits(row);
    out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  }
  out.close();
  if (!out) return Error{Error::Code::Io, "Cannot write " + arguments.text("out") + "."};
  return {};
}

// The grammar of --grammar-tools; nothing without it.
Result<std::optional<std::shared_ptr<const agent::ReplyGrammar>>> read_tools(const Arguments& arguments) {
  using Grammar = std::shared_ptr<const agent::ReplyGrammar>;
  if (!arguments.has("grammar-tools")) return std::optional<Grammar>();
  FACET_ASSIGN_OR_RETURN(const std::string text, read_text_file(arguments.text("grammar-tools")));
  const agent::Json tools = agent::Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!tools.is_array())
    return Error{Error::Code::InvalidInput, arguments.text("grammar-tools") + " is not a JSON array of tools."};
  FACET_ASSIGN_OR_RETURN(Grammar grammar, agent::reply_grammar(tools, {}));
  return std::optional(std::move(grammar));
}

Result<std::vector<engine::Token>> generate(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const auto count, arguments.integer("n"));
  FACET_ASSIGN_OR_RETURN(const auto seed, arguments.integer("seed"));
  FACET_ASSIGN_OR_RETURN(const Prepared prepared, prepare(arguments, *count));
  engine::Sampling sampling = prepared.engine->default_sampling();
  sampling.seed = static_cast<std::uint64_t>(seed.value_or(0));
  if (arguments.has("greedy")) sampling.temperature = 0.0F;
  // Raw: nothing is suppressed and no token ends it, so that the ids can be compared with any other engine's.
  engine::Sampler sampler(sampling, {});
  FACET_ASSIGN_OR_RETURN(const auto tools, read_tools(arguments));
  std::optional<agent::LocalModelGrammar> grammar;
  std::optional<agent::ReplyRules> rules;
  if (tools) {
    grammar.emplace(prepared.engine->tokenizer());
    grammar->use(*tools);
    rules.emplace(*grammar, std::vector<agent::PromptPiece>{{agent::PromptPiece::Kind::Tokens, {}, prepared.ids}},
                  *count);
  }
  engine::Sequence& sequence = *prepared.sequence;
  FACET_ASSIGN_OR_RETURN(const auto synced, sequence.sync(prepared.ids));
  static_cast<void>(synced);

  std::vector<engine::Token> generated;
  std::vector<float> row;
  while (static_cast<std::int64_t>(generated.size()) < *count) {
    const std::int64_t room = *count - static_cast<std::int64_t>(generated.size());
    if (rules) sampler.bar(rules->barred(room));
    if (rules && rules->is_masked()) {
      const auto token = rules->choose(sampler, sequence.last_logits(), room);
      if (!token) return Error{Error::Code::Unsupported, "The vocabulary has no token that may come next."};
      generated.push_back(*token);
    } else {
      row.assign(sequence.last_logits().begin(), sequence.last_logits().end());
      generated.push_back(sampler.sample(row, sequence.tokens(), &prepared.engine->tokenizer()));
    }
    if (rules) {
      rules->take(generated.back());
      if (prepared.engine->tokenizer().ends_generation(generated.back())) break;
    }
    if (static_cast<std::int64_t>(generated.size()) < *count) FACET_RETURN_IF_ERROR(sequence.append(generated.back()));
  }
  return generated;
}

}  // namespace

int debug_logits(const QStringList& words) {
  Arguments arguments("facet debug logits", "Evaluates token ids and writes logits as rows of little-endian float32.");
  arguments.engine_options();
  arguments.option("ids-file", "file", "A JSON array of ids.");
  arguments.option("last", "n", "For how many of the last ids; 1 when left out.");
  arguments.option("chunk", "n", "How many ids are evaluated at once.");
  arguments.option("out", "file", "Where the rows go.");
  if (const auto status = arguments.parse(words)) return *status;
  for (const char* name : {"ids-file", "out"}) {
    if (!arguments.has(name)) return arguments.usage_error(std::string("--") + name + " is missing.");
  }
  for (const char* name : {"last", "chunk"}) {
    const auto value = arguments.integer(name);
    if (!value.ok()) return arguments.usage_error(value.error().message);
    if (value->value_or(1) < 1)
      return arguments.usage_error(std::string("--") + name + " takes a number of at least 1.");
  }
  const Status status = logits(arguments);
  return status.ok() ? kSuccess : fail(status.error());
}

int debug_generate(const QStringList& words) {
  Arguments arguments("facet debug generate",
                      "Continues token ids and prints the new ids as a JSON array. Without tools nothing is suppressed "
                      "and no token ends "
                      "it.");
  arguments.engine_options();
  arguments.option("ids-file", "file", "A JSON array of ids.");
  arguments.option("n", "count", "How many ids to add.");
  arguments.flag("greedy", "Take the most probable token each time.");
  arguments.option("seed", "n", "Seed of the sampler.");
  arguments.option("grammar-tools", "file", "A JSON array of tools: calls follow their grammar, and the reply ends.");
  if (const auto status = arguments.parse(words)) return *status;
  for (const char* name : {"ids-file", "n"}) {
    if (!arguments.has(name)) return arguments.usage_error(std::string("--") + name + " is missing.");
  }
  for (const char* name : {"n", "seed"}) {
    const auto value = arguments.integer(name);
    if (!value.ok()) return arguments.usage_error(value.error().message);
    if (value->value_or(0) < 0 || value->value_or(0) > 1'000'000'000)
      return arguments.usage_error(std::string("--") + name + " is out of range.");
  }
  const Result<std::vector<engine::Token>> ids = generate(arguments);
  if (!ids.ok()) return fail(ids.error());
  print(ids_json(*ids));
  return kSuccess;
}

}  // namespace facet::app::cli
