#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <variant>

#include "agent/grammar/reply_grammar.h"
#include "agent/store/reader.h"
#include "app/cli/command.h"
#include "app/cli/media_input.h"
#include "app/composition.h"
#include "app/event_json.h"
#include "engine/base/channel.h"

namespace facet::app::cli {

namespace {

using nlohmann::json;

struct Options {
  agent::UserTurn turn;
  AgentChoices choices;
  std::string model;
  bool as_json = false;
};

// How far the model has read, on a line of the terminal that goes away again. Shown when it takes longer than a second.
class ReadingLine {
 public:
  void show(const agent::PromptProgress& progress) {
    if (!is_due(progress.done, progress.total)) return;
    std::fprintf(stderr, "\rReading %lld of %lld tokens", static_cast<long long>(progress.done),
                 static_cast<long long>(progress.total));
  }

  void show(const agent::MediaProgress& progress) {
    if (!is_due(progress.done, progress.total)) return;
    std::fprintf(stderr, "\rTaking in pictures and sound, %lld of %lld", static_cast<long long>(progress.done),
                 static_cast<long long>(progress.total));
  }

  void clear() {
    if (is_shown_) std::fprintf(stderr, "\r\33[K");
    is_shown_ = false;
    has_begun_ = false;
  }

 private:
  bool is_due(std::int64_t done, std::int64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!has_begun_) since_ = now;
    has_begun_ = true;
    if (done >= total) {
      clear();
      return false;
    }
    if (isatty(STDERR_FILENO) == 0 || now - since_ < std::chrono::seconds(1)) return false;
    is_shown_ = true;
    return true;
  }

  bool has_begun_ = false;
  std::chrono::steady_clock::time_point since_;
  bool is_shown_ = false;
};

// Prints one turn as it happens: the answer to stdout, what the tools do to stderr.
class Printer {
 public:
  Printer(const Paths& paths, bool as_json) : paths_(paths), as_json_(as_json) {}

  void show(const agent::Event& event) {
    if (const auto* progress = std::get_if<agent::PromptProgress>(&event); progress != nullptr && !as_json_)
      return reading_.show(*progress);
    if (const auto* progress = std::get_if<agent::MediaProgress>(&event); progress != nullptr && !as_json_)
      return reading_.show(*progress);
    reading_.clear();
    if (as_json_) {
      json line = to_json(event);
      if (const auto* finished = std::get_if<agent::TurnFinished>(&event)) line["usage"] = usage_of(finished->message);
      print(line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
    } else if (const auto* delta = std::get_if<agent::PartDelta>(&event)) {
      if (delta->part == answer_) print(delta->text);
    } else if (const auto* started = std::get_if<agent::PartStarted>(&event)) {
      begin(started->part);
    } else if (const auto* changed = std::get_if<agent::CallChanged>(&event)) {
      if (agent::is_final(changed->call.state)) finish(changed->call);
    } else if (const auto* notice = std::get_if<agent::Notice>(&event)) {
      std::fprintf(stderr, "%s\n", notice->text.c_str());
    } else if (std::holds_alternative<agent::TurnFinished>(event) && answer_ != 0) {
      print("\n");
    }
    std::fflush(stdout);
  }

 private:
  void begin(const agent::Part& part) {
    if (const auto* text = std::get_if<agent::TextPart>(&part.content)) {
      if (answer_ != 0) print("\n");
      answer_ = part.id;
      print(text->text);
    } else if (const auto* call = std::get_if<agent::CallPart>(&part.content)) {
      std::fprintf(stderr, "> %s %s\n", call->call.tool.c_str(), call->call.arguments_json.c_str());
    } else if (const auto* notice = std::get_if<agent::NoticePart>(&part.content)) {
      // The answer's line ends before it, also where both come to one terminal.
      if (answer_ != 0) print("\n");
      std::fflush(stdout);
      answer_ = 0;
      // An error is what the turn fails with, and said at its end.
      if (notice->severity != agent::Severity::Error) std::fprintf(stderr, "%s\n", notice->text.c_str());
    }
  }

  static void finish(const agent::Call& call) {
    if (call.state != agent::CallState::Succeeded)
      std::fprintf(stderr, "  %s: %s\n", name_of(call.state), call.result.c_str());
  }

  json usage_of(agent::MessageId message) const {
    std::int64_t prompt = 0;
    std::int64_t cached = 0;
    std::int64_t completion = 0;
    if (const auto reader = agent::StoreReader::open(paths_.database); reader.ok()) {
      if (const auto steps = (*reader)->steps(message); steps.ok()) {
        for (const agent::Step& step : *steps) {
          prompt += step.prompt_tokens;
          cached += step.cached_tokens;
          completion += step.completion_tokens;
        }
      }
    }
    return {{"prompt_tokens", prompt}, {"cached_tokens", cached}, {"completion_tokens", completion}};
  }

  const Paths& paths_;
  bool as_json_;
  ReadingLine reading_;
  agent::PartId answer_ = 0;
};

agent::Decision ask_person(const agent::Approval& approval) {
  std::string further;
  if (!approval.scope.empty()) further += " in this conversation (c),";
  if (approval.offers_always) further += " always in " + approval.scope + " (a),";
  std::fprintf(stderr, "%s\n  %s\nAllow once (y),%s or deny (n)? ", approval.reason.c_str(),
               approval.effect_text.c_str(), further.c_str());
  std::string line;
  if (!std::getline(std::cin, line)) return agent::Decision::Deny;
  if (line == "y" || line == "yes") return agent::Decision::AllowOnce;
  if (line == "c" && !approval.scope.empty()) return agent::Decision::AllowInConversation;
  return line == "a" && approval.offers_always ? agent::Decision::AllowAlwaysHere : agent::Decision::Deny;
}

Result<int> run_turn(const Paths& paths, Options options) {
  const bool can_ask = !options.choices.refuse_unanswered;
  // The agent's thread may not wait for a slow terminal, so events pass through a queue larger than any turn's burst.
  Channel<agent::Event> events(/*capacity=*/1 << 16);
  const bool has_form = options.choices.answer_schema.has_value();
  options.choices.on_event = [&](const agent::Event& event) { events.send(event); };
  FACET_ASSIGN_OR_RETURN(const auto agent, start_agent(paths, std::move(options.choices)));
  agent->submit(agent::LoadModel{options.model});
  agent->submit(std::move(options.turn));

  Printer printer(paths, options.as_json);
  agent::ApprovalId answered = 0;
  while (const auto event = events.receive()) {
    printer.show(*event);
    if (const auto* changed = std::get_if<agent::CallChanged>(&*event)) {
      const auto& approval = changed->call.approval;
      if (can_ask && changed->call.state == agent::CallState::AwaitingApproval && approval &&
          approval->id != answered) {
        answered = approval->id;
        agent->submit(agent::AnswerApproval{approval->id, ask_person(*approval)});
      }
    } else if (const auto* model = std::get_if<agent::ModelChanged>(&*event);
               model != nullptr && !model->error.empty()) {
      return Error{Error::Code::InvalidInput, model->error};
    } else if (const auto* finished = std::get_if<agent::TurnFinished>(&*event)) {
      if (finished->finish == agent::Finish::Failed) return Error{Error::Code::Internal, finished->error};
      // A part of an answer is better than none, but no JSON; the notice above says why.
      return has_form && finished->finish != agent::Finish::Done ? kFailure : kSuccess;
    } else if (const auto* notice = std::get_if<agent::Notice>(&*event);
               notice != nullptr && notice->severity == agent::Severity::Error) {
      return kFailure;
    }
  }
  return kFailure;
}

Result<std::vector<agent::Effect>> parse_effects(const std::string& list) {
  std::vector<agent::Effect> effects;
  for (const QString& word : QString::fromStdString(list).split(',', Qt::SkipEmptyParts)) {
    if (word == "read") {
      effects.push_back(agent::Effect::Read);
    } else if (word == "write") {
      effects.push_back(agent::Effect::Write);
    } else if (word == "execute") {
      effects.push_back(agent::Effect::Execute);
    } else if (word == "screen") {
      effects.push_back(agent::Effect::SeeScreen);
    } else {
      return Error{Error::Code::InvalidInput,
                   "--allow takes read, write, execute and screen, not " + word.toStdString() + "."};
    }
  }
  return effects;
}

// A number from 1 to `most`; nothing when the option is left out.
Result<std::optional<std::int64_t>> limit_of(const Arguments& arguments, const char* name, std::int64_t most) {
  FACET_ASSIGN_OR_RETURN(const auto number, arguments.integer(name));
  if (number && (*number < 1 || *number > most))
    return Error{Error::Code::InvalidInput,
                 "--" + std::string(name) + " takes a number from 1 to " + std::to_string(most) + "."};
  return number ? std::optional<std::int64_t>(*number) : std::nullopt;
}

// The options that can be wrong in themselves; an error here is wrong usage.
Result<Options> read_options(const Arguments& arguments) {
  Options options;
  for (const std::string& word : arguments.positionals())
    options.turn.text += (options.turn.text.empty() ? "" : " ") + word;
  if (options.turn.text.empty()) return Error{Error::Code::InvalidInput, "The question is missing."};
  FACET_ASSIGN_OR_RETURN(options.choices.allowed_effects, parse_effects(arguments.text("allow")));
  FACET_ASSIGN_OR_RETURN(const auto seed, arguments.integer("seed"));
  if (seed) options.choices.seed = static_cast<std::uint64_t>(*seed);
  FACET_ASSIGN_OR_RETURN(const auto temperature, arguments.number("temperature"));
  if (temperature) {
    if (*temperature < 0 || *temperature > 10)
      return Error{Error::Code::InvalidInput, "--temperature takes a number from 0 to 10."};
    options.choices.sampling.temperature = static_cast<float>(*temperature);
  }
  FACET_ASSIGN_OR_RETURN(const auto thinking, limit_of(arguments, "think", 1'000'000));
  options.turn.thinking_tokens = thinking.value_or(0);
  FACET_ASSIGN_OR_RETURN(const auto steps, limit_of(arguments, "max-steps", 1000));
  if (steps) options.choices.limits.steps = static_cast<int>(*steps);
  FACET_ASSIGN_OR_RETURN(const auto minutes, limit_of(arguments, "max-minutes", 10'000));
  if (minutes) options.choices.limits.milliseconds = *minutes * 60'000;
  options.choices.engine = arguments.engine();
  options.choices.refuse_unanswered = isatty(STDIN_FILENO) == 0;
  options.choices.projector = arguments.text("mmproj");
  options.model = arguments.model();
  options.as_json = arguments.has("json");
  return options;
}

// The schema of --json-schema; nothing without one.
Result<std::optional<agent::Json>> read_answer_schema(const Arguments& arguments) {
  if (!arguments.has("json-schema")) return std::optional<agent::Json>();
  const std::string file = arguments.text("json-schema");
  const auto wrong = [&](const std::string& why) {
    return Error{Error::Code::InvalidInput, "--json-schema takes a file with a JSON schema: " + why};
  };
  const Result<std::string> text = read_text_file(file);
  if (!text.ok()) return wrong(text.error().message);
  const agent::Json schema = agent::Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (schema.is_discarded()) return wrong(file + " is not JSON.");
  const auto grammar = agent::reply_grammar(/*declarations=*/{}, schema);
  if (!grammar.ok()) return wrong(grammar.error().message);
  return std::optional(schema);
}

Status resolve_paths(const Arguments& arguments, agent::UserTurn& turn) {
  namespace fs = std::filesystem;
  std::vector<std::string> folders = arguments.texts("folder");
  if (folders.empty()) folders.push_back(".");
  std::error_code failure;
  for (const std::string& folder : folders) {
    const fs::path path = fs::canonical(folder, failure);
    if (failure || !fs::is_directory(path, failure))
      return Error{Error::Code::NotFound, "There is no folder " + folder + "."};
    turn.folders.push_back(path.string());
  }
  // Media first, in the order in which models were trained on them.
  for (const char* kind : {"image", "video", "audio", "file"}) {
    for (const std::string& file : arguments.texts(kind)) {
      const fs::path path = fs::canonical(file, failure);
      if (!failure && fs::is_directory(path, failure))
        return Error{Error::Code::InvalidInput, "A folder can not go with the question; try --folder " + file + "."};
      if (failure || !fs::is_regular_file(path, failure))
        return Error{Error::Code::NotFound, "There is no file " + file + "."};
      turn.attachments.push_back(path.string());
    }
  }
  return {};
}

}  // namespace

int ask(const QStringList& words) {
  Arguments arguments("facet ask", "Asks one question; the conversation is stored like any other.");
  arguments.model_options();
  arguments.data_option();
  arguments.option("folder", "folder", "A folder the tools may read; the current one when left out. May be repeated.");
  arguments.option("image", "file", "A picture that goes with the question. May be repeated.");
  arguments.option("audio", "file", "A recording that goes with the question. May be repeated.");
  arguments.option("video", "file", "A video that goes with the question. May be repeated.");
  arguments.option("file", "file", "A file that goes with the question, of any kind. May be repeated.");
  arguments.option(
      "image-budget", "n",
      "How closely the model looks at pictures and videos: 70, 140, 280, 560 or 1120 tokens each; what they "
      "show decides when left out.");
  projector_option(arguments);
  arguments.option("allow", "effects", "What runs without asking, wherever it points: read,write,execute,screen.");
  arguments.option("seed", "n", "Seed of the sampler.");
  arguments.option("temperature", "t", "0 takes the most probable token each time.");
  arguments.option("think", "tokens",
                   "How much the model may think before each thing that it says or does; nothing when left out.");
  arguments.option("max-steps", "n", "How often the model may call tools and go on before it is stopped.");
  arguments.option("max-minutes", "n", "How long it may take in all before it is stopped.");
  arguments.option("json-schema", "file",
                   "The answer is JSON that fits the schema in this file; the model can not say anything else.");
  arguments.flag("json", "Print the events as JSON lines.");
  arguments.positional("question", "The question.", "QUESTION");
  if (const auto status = arguments.parse(words)) return *status;

  Result<Options> options = read_options(arguments);
  if (!options.ok()) return arguments.usage_error(options.error().message);
  auto schema = read_answer_schema(arguments);
  if (!schema.ok()) return arguments.usage_error(schema.error().message);
  options->choices.answer_schema = std::move(*schema);
  // 0: what the pictures show decides.
  const Result<std::uint32_t> budget = read_image_budget(arguments, "image-budget", 0);
  if (!budget.ok()) return arguments.usage_error(budget.error().message);
  if (const Status resolved = resolve_paths(arguments, options->turn); !resolved.ok()) return fail(resolved.error());
  for (const std::string& path : options->turn.attachments)
    if (*budget != 0) options->turn.budgets[path] = *budget;
  const Result<Paths> paths = arguments.paths();
  if (!paths.ok()) return fail(paths.error());
  const Result<int> status = run_turn(*paths, std::move(*options));
  return status.ok() ? *status : fail(status.error());
}

}  // namespace facet::app::cli
