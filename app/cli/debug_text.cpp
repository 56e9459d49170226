#include <nlohmann/json.hpp>

#include "agent/prompt/prompt.h"
#include "agent/prompt/reply_parser.h"
#include "app/cli/command.h"
#include "app/cli/ids_file.h"
#include "app/models/model_folder.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/text/tokenizer.h"

namespace facet::app::cli {

namespace {

using agent::Json;

// The tokenizer alone; the weights stay untouched.
struct TokenizerFile {
  std::unique_ptr<engine::GgufFile> file;
  std::unique_ptr<engine::Tokenizer> tokenizer;
};

Result<TokenizerFile> open_tokenizer(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  TokenizerFile opened;
  FACET_ASSIGN_OR_RETURN(opened.file, models::open_model_file(resolve_model(paths, arguments.model())));
  FACET_ASSIGN_OR_RETURN(opened.tokenizer, engine::Tokenizer::from_gguf(*opened.file));
  return opened;
}

Result<Json> read_json_file(const std::string& path) {
  FACET_ASSIGN_OR_RETURN(const std::string text, read_text_file(path));
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Error{Error::Code::InvalidInput, path + " is not valid JSON."};
  return json;
}

Result<std::string> tokenize(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const std::string text, read_text_file(arguments.text("text-file")));
  FACET_ASSIGN_OR_RETURN(const TokenizerFile opened, open_tokenizer(arguments));
  const auto trust = arguments.has("no-special") ? engine::Trust::Data : engine::Trust::Template;
  std::vector<engine::Token> ids = opened.tokenizer->encode(text, trust);
  const engine::Token bos = opened.tokenizer->bos();
  if (arguments.has("bos") && (ids.empty() || ids.front() != bos)) ids.insert(ids.begin(), bos);
  return ids_json(ids);
}

Result<std::string> detokenize(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const std::vector<engine::Token> ids, read_ids_file(arguments.text("ids-file")));
  FACET_ASSIGN_OR_RETURN(const TokenizerFile opened, open_tokenizer(arguments));
  for (const engine::Token id : ids) {
    if (id >= opened.tokenizer->vocabulary_size())
      return Error{Error::Code::InvalidInput, "The id " + std::to_string(id) + " is outside the vocabulary of " +
                                                  std::to_string(opened.tokenizer->vocabulary_size()) + " entries."};
  }
  return opened.tokenizer->decode(ids, engine::Tokenizer::Markers::Print);
}

// A flag of a conversation file; whatever is not a truth value counts as left out.
bool flag_of(const Json& conversation, const char* key, bool fallback) {
  const auto found = conversation.find(key);
  return found != conversation.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

Result<std::string> render(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const Json conversation, read_json_file(arguments.text("conversation")));
  if (!conversation.is_object() || !conversation.contains("messages"))
    return Error{Error::Code::InvalidInput, arguments.text("conversation") + " has no messages."};
  agent::PromptOptions options;
  options.mode = agent::PromptOptions::Mode::Exact;
  options.add_generation_prompt = flag_of(conversation, "add_generation_prompt", true);
  options.enable_thinking = flag_of(conversation, "enable_thinking", false);
  options.preserve_thinking = flag_of(conversation, "preserve_thinking", false);
  if (arguments.has("model")) {
    FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
    FACET_ASSIGN_OR_RETURN(const auto file, models::open_model_file(resolve_model(paths, arguments.model())));
    FACET_ASSIGN_OR_RETURN(const auto model, engine::describe_model(*file));
    options.variant = model.template_variant == engine::TemplateVariant::Large ? agent::PromptVariant::Large
                                                                               : agent::PromptVariant::Small;
  } else if (conversation.contains("variant") && conversation.at("variant") == "large") {
    options.variant = agent::PromptVariant::Large;
  }
  const Json tools = conversation.contains("tools") ? conversation.at("tools") : Json();
  FACET_ASSIGN_OR_RETURN(const auto pieces, agent::render_prompt(conversation.at("messages"), tools, options));
  return agent::prompt_text(pieces);
}

Result<std::string> parse(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const std::string output, read_text_file(arguments.text("output")));
  Json tools;
  if (arguments.has("tools")) {
    FACET_ASSIGN_OR_RETURN(tools, read_json_file(arguments.text("tools")));
  }
  const auto start =
      arguments.has("in-thought") ? agent::ReplyParser::Start::Thought : agent::ReplyParser::Start::Content;
  const auto end = arguments.has("cut") ? agent::ReplyParser::End::Length : agent::ReplyParser::End::Stop;
  return agent::parse_reply(output, tools, start, end).dump(2) + "\n";
}

// Parses, requires the options that are named, runs and prints.
int run_text_command(Arguments& arguments, const QStringList& words, const std::vector<QString>& required,
                     Result<std::string> (*action)(const Arguments&)) {
  if (const auto status = arguments.parse(words)) return *status;
  for (const QString& name : required) {
    if (!arguments.has(name)) return arguments.usage_error("--" + name.toStdString() + " is missing.");
  }
  const Result<std::string> output = action(arguments);
  if (!output.ok()) return fail(output.error());
  print(*output);
  return kSuccess;
}

}  // namespace

int debug_tokenize(const QStringList& words) {
  Arguments arguments("facet debug tokenize", "Prints the token ids of a text as a JSON array.");
  arguments.model_options();
  arguments.option("text-file", "file", "The text.");
  arguments.flag("bos", "Put the beginning-of-sequence token in front.");
  arguments.flag("no-special", "Read markers such as <turn|> as ordinary text.");
  return run_text_command(arguments, words, {"text-file"}, tokenize);
}

int debug_detokenize(const QStringList& words) {
  Arguments arguments("facet debug detokenize", "Prints the text of token ids.");
  arguments.model_options();
  arguments.option("ids-file", "file", "A JSON array of ids.");
  return run_text_command(arguments, words, {"ids-file"}, detokenize);
}

int debug_render(const QStringList& words) {
  Arguments arguments("facet debug render",
                      "Prints the exact prompt of a conversation (messages, tools and flags as JSON).");
  arguments.model_options();
  arguments.option("conversation", "file",
                   "JSON with messages, tools, enable_thinking, add_generation_prompt, variant.");
  return run_text_command(arguments, words, {"conversation"}, render);
}

int debug_parse(const QStringList& words) {
  Arguments arguments("facet debug parse", "Prints what a model's output means as JSON.");
  arguments.option("output", "file", "The output, markers spelled out.");
  arguments.option("tools", "file", "JSON array of tool declarations.");
  arguments.flag("in-thought", "The prompt ended inside a thought.");
  arguments.flag("cut", "The output was cut by the token limit.");
  return run_text_command(arguments, words, {"output"}, parse);
}

}  // namespace facet::app::cli
