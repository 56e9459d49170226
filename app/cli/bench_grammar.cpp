#include <time.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "agent/local_model_rules.h"
#include "agent/transcript.h"
#include "app/cli/bench_tables.h"
#include "app/cli/command.h"
#include "app/models/model_folder.h"
#include "engine/gguf/gguf_file.h"
#include "tools/all_tools.h"

// How long it takes to find the tokens that may come next, in calls of Facet's tools and in answers of a form, over the
// vocabulary of a model. Its weights stay out of it: tokens are drawn from those that are allowed.
namespace facet::app::cli {

namespace {

using engine::Token;
using nlohmann::json;

constexpr int kReplies = 300;
constexpr int kWarmUp = 100;
constexpr std::int64_t kRoom = 160;

// A form with what answers usually have: texts with and without limits, choices, numbers, lists, parts that may be
// missing.
const json& answer_schema() {
  static const json schema = json::parse(R"({"type": "object", "required": ["title", "items", "kind"], "properties": {
    "title": {"type": "string", "maxLength": 80}, "kind": {"enum": ["invoice", "letter", "receipt"]},
    "remark": {"type": ["string", "null"]}, "date": {"type": "string", "format": "date"},
    "items": {"type": "array", "maxItems": 20, "items": {"type": "object", "required": ["name", "price"],
      "properties": {"name": {"type": "string", "minLength": 1}, "price": {"type": "number", "minimum": 0},
        "count": {"type": "integer", "minimum": 1, "maximum": 999}}}}}})");
  return schema;
}

// Of the thread itself: what else the machine does is not measured.
double microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

struct Times {
  double sum = 0;
  double most = 0;
  int count = 0;

  template <typename Work>
  auto measure(const Work& work) -> decltype(work()) {
    const double start = microseconds();
    decltype(auto) result = work();
    const double taken = microseconds() - start;
    sum += taken;
    most = std::max(most, taken);
    ++count;
    return result;
  }
  double mean() const { return count == 0 ? 0 : sum / count; }
};

struct Report {
  std::int32_t vocabulary = 0;
  double begin_us = 0;  // what is made once for a vocabulary
  Times first_masks;    // while places are met for the first time
  Times masks;
  Times steps;
};

Token draw(const engine::TokenMask& allowed, std::mt19937_64& random) {
  std::size_t place = random() % allowed.count();
  for (Token token = allowed.first();; ++token)
    if (allowed.contains(token) && place-- == 0) return token;
}

void speak(agent::LocalModelGrammar& grammar, const std::string& prompt_end, std::mt19937_64& random, Times& masks,
           Times& steps) {
  const std::vector<agent::PromptPiece> prompt = {{agent::PromptPiece::Kind::Template, prompt_end, {}}};
  agent::ReplyRules rules(grammar, prompt, kRoom);
  for (std::int64_t room = kRoom; room > 0 && rules.is_masked(); --room) {
    const engine::TokenMask* allowed = masks.measure([&] { return &rules.mask(room); });
    if (allowed->first() < 0) return;
    Token token = draw(*allowed, random);
    // Drawn at random, a text would hardly ever end: now and then there is no room for more.
    const std::int64_t left = random() % 8 == 0 ? 0 : room;
    const bool has_room = steps.measure([&] { return rules.leaves_room(token, left); });
    if (!has_room) token = draw(rules.closing_mask(), random);
    if (grammar.tokenizer().ends_generation(token)) return;
    steps.measure([&] {
      rules.take(token);
      return true;
    });
  }
}

Result<Report> measure(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  FACET_ASSIGN_OR_RETURN(const auto file, models::open_model_file(resolve_model(paths, arguments.model())));
  FACET_ASSIGN_OR_RETURN(const auto tokenizer, engine::Tokenizer::from_gguf(*file));
  FACET_ASSIGN_OR_RETURN(const auto calls, agent::reply_grammar(agent::tool_declarations(tools::all_tools()), {}));
  FACET_ASSIGN_OR_RETURN(const auto answers, agent::reply_grammar({}, answer_schema()));
  Report report;
  report.vocabulary = tokenizer->vocabulary_size();
  const double start = microseconds();
  agent::LocalModelGrammar for_calls(*tokenizer);
  report.begin_us = microseconds() - start;
  agent::LocalModelGrammar for_answers(*tokenizer);
  for_calls.use(calls);
  for_answers.use(answers);
  std::mt19937_64 random(1);
  for (int i = 0; i < kWarmUp + kReplies; ++i) {
    Times& masks = i < kWarmUp ? report.first_masks : report.masks;
    Times ignored;
    Times& steps = i < kWarmUp ? ignored : report.steps;
    speak(for_calls, "<|turn>model\n<|tool_call>", random, masks, steps);
    speak(for_answers, "<|turn>model\n", random, masks, steps);
  }
  return report;
}

}  // namespace

int bench_grammar(const Arguments& arguments) {
  const Result<Report> report = measure(arguments);
  if (!report.ok()) return fail(report.error());
  if (arguments.has("json")) {
    const json all = {{"vocabulary", report->vocabulary},
                      {"begin_ms", report->begin_us / 1e3},
                      {"warm_up_mask_max_us", report->first_masks.most},
                      {"masks", report->masks.count},
                      {"mask_mean_us", report->masks.mean()},
                      {"mask_max_us", report->masks.most},
                      {"step_mean_us", report->steps.mean()},
                      {"step_max_us", report->steps.most}};
    print(all.dump(2) + "\n");
    return kSuccess;
  }
  print(line("Grammars over %d tokens, times of the processor\n", report->vocabulary) +
        line("  vocabulary %.0f ms, once for a model\n", report->begin_us / 1e3) +
        line("  mask       %.1f us for each token, at most %.1f, of %d masks\n", report->masks.mean(),
             report->masks.most, report->masks.count) +
        line("  step       %.1f us, at most %.1f\n", report->steps.mean(), report->steps.most) +
        line("  warm-up    at most %.1f us for a mask that is made for the first time\n", report->first_masks.most));
  return kSuccess;
}

}  // namespace facet::app::cli
