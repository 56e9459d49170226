#include <nlohmann/json.hpp>

#include "agent/attachment.h"
#include "agent/meeting/export.h"
#include "agent/rerun.h"
#include "agent/store/reader.h"
#include "agent/turn_options.h"
#include "app/cli/command.h"
#include "app/cli/local_time.h"
#include "app/cli/media_input.h"
#include "app/composition.h"
#include "app/event_json.h"

namespace facet::app::cli {

namespace {

using nlohmann::json;

// The store marks matches with isolates; a terminal reads stars better.
std::string with_stars(const std::string& snippet) {
  QString text = QString::fromStdString(snippet);
  text.replace(QChar(0x2068), "*").replace(QChar(0x2069), "*").replace('\n', ' ');
  return text.toStdString();
}

Result<std::unique_ptr<agent::StoreReader>> open_reader(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  return agent::StoreReader::open(paths.database);
}

json hit_json(const agent::SearchHit& hit) {
  if (!hit.transcript)
    return {
        {"conversation", to_json(hit.conversation)}, {"message", hit.message}, {"snippet", with_stars(hit.snippet)}};
  return {{"transcript", to_json(*hit.transcript)},
          {"segment", hit.segment},
          {"at_ms", hit.at_ms},
          {"snippet", with_stars(hit.snippet)}};
}

std::string heading(const agent::SearchHit& hit) {
  if (!hit.transcript)
    return std::to_string(hit.conversation.id) + "  " + local_time(hit.conversation.updated_ms) + "  " +
           hit.conversation.title;
  return "recording " + std::to_string(hit.transcript->id) + "  " + local_time(hit.transcript->updated_ms) + "  " +
         hit.transcript->title + ", " + agent::clock_time(hit.at_ms);
}

Result<std::string> search_text(const Arguments& arguments, const std::string& query, int limit) {
  FACET_ASSIGN_OR_RETURN(const auto reader, open_reader(arguments));
  FACET_ASSIGN_OR_RETURN(const std::vector<agent::SearchHit> hits, reader->search(query, limit));
  if (arguments.has("json")) {
    json all = json::array();
    for (const agent::SearchHit& hit : hits)
      all.push_back(hit_json(hit));
    return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  }
  std::string text;
  for (const agent::SearchHit& hit : hits)
    text += heading(hit) + "\n    " + with_stars(hit.snippet) + "\n";
  return text;
}

// "[picture screen 1.png, 1920 x 1080]" for each, in lines of their own.
std::string pictures_text(const agent::Call& call) {
  std::string text;
  for (const agent::AttachmentPart& picture : call.pictures) {
    text += "[picture " + picture.name;
    if (picture.media)
      text += ", " + std::to_string(picture.media->width) + " x " + std::to_string(picture.media->height);
    text += "]\n";
  }
  return text;
}

std::string as_text(const agent::Message& message) {
  std::string text =
      std::string(message.role == agent::Role::User ? "user" : "assistant") + ", " + local_time(message.created_ms);
  if (message.finish != agent::Finish::Done) text += std::string(" (") + name_of(message.finish) + ")";
  text += "\n";
  for (const agent::Part& part : message.parts) {
    if (const auto* words = std::get_if<agent::TextPart>(&part.content)) {
      text += words->text + "\n";
    } else if (const auto* thought = std::get_if<agent::ThoughtPart>(&part.content)) {
      text += "[thought] " + thought->text + "\n";
    } else if (const auto* call = std::get_if<agent::CallPart>(&part.content)) {
      text += "[" + call->call.tool + " " + call->call.arguments_json + ": " + name_of(call->call.state) + "]\n" +
              call->call.result + "\n" + pictures_text(call->call);
    } else if (const auto* file = std::get_if<agent::AttachmentPart>(&part.content)) {
      text += "[attached " + file->path + "]\n";
    } else if (const auto* notice = std::get_if<agent::NoticePart>(&part.content)) {
      text += "[" + notice->text + "]\n";
    }
  }
  return text;
}

std::string indented(const std::string& text) {
  std::string lines = "      ";
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines += "      ";
  }
  return lines + "\n";
}

std::string as_trace(const agent::Call& call) {
  std::string text = "    " + call.tool + " " + call.arguments_json + ": " + name_of(call.state);
  if (call.finished_ms != 0) text += " after " + std::to_string(call.finished_ms - call.started_ms) + " ms";
  text += "\n";
  if (call.approval)
    text += indented("asked: " + call.approval->reason + "\n" + call.approval->effect_text +
                     "\nanswer: " + name_of(call.approval->decision));
  return text + indented(call.result);
}

std::string as_trace(const agent::Step& step) {
  return step.model + ", " + step.backend + "; seed " + std::to_string(step.seed) + "; " + step.sampling_json +
         "\n    prompt " + step.prompt_sha256 + "\n    read " + std::to_string(step.prompt_tokens) + " tokens, " +
         std::to_string(step.cached_tokens) + " of them from before, in " + std::to_string(step.prefill_ms) +
         " ms; wrote " + std::to_string(step.completion_tokens) + " in " + std::to_string(step.decode_ms) +
         " ms; ended with " + step.finish_reason + "\n";
}

// Run by run: what the model was given and what it asked for.
std::string as_trace(const agent::Message& message, const std::vector<agent::Step>& steps) {
  std::string text;
  for (std::size_t run = 0; run < steps.size(); ++run) {
    text += "  run " + std::to_string(run + 1) + ": " + as_trace(steps[run]);
    for (const agent::Part& part : message.parts) {
      const auto* call = std::get_if<agent::CallPart>(&part.content);
      if (call != nullptr && part.run == static_cast<int>(run)) text += as_trace(call->call);
    }
  }
  return text;
}

Result<std::string> show_text(const Arguments& arguments, agent::ConversationId id) {
  FACET_ASSIGN_OR_RETURN(const auto reader, open_reader(arguments));
  FACET_ASSIGN_OR_RETURN(const auto conversation, reader->conversation(id));
  if (!conversation) return Error{Error::Code::NotFound, "There is no conversation " + std::to_string(id) + "."};
  FACET_ASSIGN_OR_RETURN(const std::vector<agent::Message> messages, reader->messages(id));
  json out = to_json(*conversation);
  std::string text = conversation->title + "\n";
  for (const agent::Message& message : messages) {
    text += "\n" + as_text(message);
    json entry = to_json(message);
    FACET_ASSIGN_OR_RETURN(const std::vector<agent::Step> steps, reader->steps(message.id));
    if (arguments.has("trace")) text += as_trace(message, steps);
    entry["steps"] = json::array();
    for (const agent::Step& step : steps)
      entry["steps"].push_back(to_json(step));
    out["messages"].push_back(entry);
  }
  return arguments.has("json") ? out.dump(2, ' ', false, json::error_handler_t::replace) + "\n" : text;
}

int print_or_fail(const Result<std::string>& text) {
  if (!text.ok()) return fail(text.error());
  print(*text);
  return kSuccess;
}

int search(const QStringList& words) {
  Arguments arguments("facet history search", "Finds stored conversations by words in them.");
  arguments.data_option();
  arguments.option("limit", "n", "How many hits at most; 20 when left out.");
  arguments.flag("json", "Print JSON.");
  arguments.positional("query", "Words; quotes make a phrase.", "QUERY");
  if (const auto status = arguments.parse(words)) return *status;
  const auto limit = arguments.integer("limit");
  if (!limit.ok()) return arguments.usage_error(limit.error().message);
  if (limit->value_or(20) < 1 || limit->value_or(20) > 10000)
    return arguments.usage_error("--limit takes a number from 1 to 10000.");
  std::string query;
  for (const std::string& word : arguments.positionals())
    query += (query.empty() ? "" : " ") + word;
  if (query.empty()) return arguments.usage_error("The words to search for are missing.");
  return print_or_fail(search_text(arguments, query, static_cast<int>(limit->value_or(20))));
}

int show(const QStringList& words) {
  Arguments arguments("facet history show", "Prints a stored conversation with its tool calls.");
  arguments.data_option();
  arguments.flag("trace", "Print the record of every run of the model as well, with its calls and what was allowed.");
  arguments.flag("json", "Print JSON, which has that record in any case.");
  arguments.positional("id", "The conversation's number, as search prints it.", "ID");
  if (const auto status = arguments.parse(words)) return *status;
  const std::vector<std::string> given = arguments.positionals();
  bool ok = false;
  const qlonglong id = given.size() == 1 ? QString::fromStdString(given[0]).toLongLong(&ok) : 0;
  if (!ok) return arguments.usage_error("Name one conversation by its number.");
  return print_or_fail(show_text(arguments, id));
}

// The last answer, or the one of this number, counted from 1.
Result<agent::MessageId> answer_of(const std::vector<agent::Message>& messages, std::optional<std::int64_t> number) {
  std::vector<agent::MessageId> answers;
  for (const agent::Message& message : messages)
    if (message.role == agent::Role::Assistant) answers.push_back(message.id);
  const std::int64_t wanted = number.value_or(std::ssize(answers));
  if (wanted < 1 || wanted > std::ssize(answers))
    return Error{Error::Code::NotFound, "The conversation has " + std::to_string(answers.size()) + " answers."};
  return answers[static_cast<std::size_t>(wanted) - 1];
}

std::string sentence_of(const agent::RepeatedRun& run) {
  switch (run.result) {
    case agent::RepeatedRun::Result::Same:
      return "the same " + std::to_string(run.tokens) + " tokens";
    case agent::RepeatedRun::Result::OtherPrompt:
      return "not run: the prompt is another one now, because tools, folders, files or the program have changed";
    case agent::RepeatedRun::Result::OtherTokens:
      return "other tokens, after " + std::to_string(run.same_until) + " of " + std::to_string(run.tokens) +
             " that are the same";
    case agent::RepeatedRun::Result::NotCompared:
      return "not compared: it did not come to its end then";
  }
  return {};
}

Result<bool> rerun_stored(const Arguments& arguments, agent::ConversationId id, std::optional<std::int64_t> number) {
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  FACET_ASSIGN_OR_RETURN(const auto reader, agent::StoreReader::open(paths.database));
  FACET_ASSIGN_OR_RETURN(const auto conversation, reader->conversation(id));
  if (!conversation) return Error{Error::Code::NotFound, "There is no conversation " + std::to_string(id) + "."};
  FACET_ASSIGN_OR_RETURN(const std::vector<agent::Message> messages, reader->messages(id));
  FACET_ASSIGN_OR_RETURN(const agent::MessageId answer, answer_of(messages, number));

  AgentChoices choices;
  choices.engine = arguments.engine();
  choices.on_event = [](const agent::Event&) {};
  choices.projector = arguments.text("mmproj");
  FACET_ASSIGN_OR_RETURN(const agent::AgentOptions options, agent_options(paths, choices));
  FACET_ASSIGN_OR_RETURN(const auto model, options.load_model(arguments.model()));
  agent::Attachments attachments(options.media,
                                 agent::AttachmentFolder(agent::AttachmentFolder::beside(paths.database)));
  agent::TurnOptions turns = agent::turn_options(options, attachments);
  if (const auto offered = agent::offer_tools(options, model.get(), turns); !offered.ok()) return offered.error();
  bool is_same = true;
  std::int64_t number_of_run = 0;
  const auto done = [&](const agent::RepeatedRun& run) {
    print("run " + std::to_string(++number_of_run) + ": " + sentence_of(run) + "\n");
    is_same = is_same && run.result == agent::RepeatedRun::Result::Same;
  };
  FACET_RETURN_IF_ERROR(agent::rerun(*reader, *conversation, answer, *model, turns, done, {}));
  return is_same && number_of_run > 0;
}

int rerun(const QStringList& words) {
  Arguments arguments("facet history rerun",
                      "Runs an answer again, with the results that its calls had then: nothing is called and nothing "
                      "stored. Ends with 0 when the model writes the same tokens.");
  arguments.model_options();
  projector_option(arguments);
  arguments.data_option();
  arguments.option("answer", "n", "Which answer, counted from 1; the last one when left out.");
  arguments.positional("id", "The conversation's number, as search prints it.", "ID");
  if (const auto status = arguments.parse(words)) return *status;
  const std::vector<std::string> given = arguments.positionals();
  bool ok = false;
  const qlonglong id = given.size() == 1 ? QString::fromStdString(given[0]).toLongLong(&ok) : 0;
  if (!ok) return arguments.usage_error("Name one conversation by its number.");
  const auto answer = arguments.integer("answer");
  if (!answer.ok()) return arguments.usage_error(answer.error().message);
  const Result<bool> same = rerun_stored(arguments, id, *answer);
  if (!same.ok()) return fail(same.error());
  return *same ? kSuccess : kFailure;
}

}  // namespace

int history(const QStringList& arguments) {
  static const std::vector<Command> group = {{"search", "Find conversations by words", search},
                                             {"show", "Print a conversation", show},
                                             {"rerun", "Run an answer again and compare", rerun}};
  return run_group("facet history", group, arguments);
}

}  // namespace facet::app::cli
