#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/text_model.h"
#include "agent/tool.h"

// Takes apart what the model says: text, thoughts and tool calls. Works on pieces in which markers are already told
// apart from text by their token ids; text that merely spells a marker is text.
namespace facet::agent {

struct ParsedCall {
  std::string name;
  Json arguments = Json::object();  // key order of the output is kept in arguments_order
  std::string raw;                  // what stood between the markers, delimiters spelled
  std::string problem;              // why it could not be read, or empty
  bool incomplete = false;          // cut by the token limit: report, never run
};

struct ReplyText {
  std::string text;
};
struct ReplyThought {
  std::string text;
};
using ReplyEvent = std::variant<ReplyText, ReplyThought, ParsedCall>;

// Streaming: push pieces as they come; events come out as soon as they are certain. The events do not depend on how
// the output was divided into pieces.
class ReplyParser {
 public:
  enum class Start { Content, Thought };  // Thought when the prompt ended in an opened thought
  // How generation ended, which decides whether a call in progress is complete.
  enum class End { Stop, Length };

  // `tools` (a JSON array of declarations, or null) guides the reading of malformed calls.
  ReplyParser(Start start, Json tools);

  std::vector<ReplyEvent> push(const ReplyPiece& piece);
  std::vector<ReplyEvent> finish(End end);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The same from text in which markers are spelled out: imported transcripts, and the test vectors.
std::vector<ReplyPiece> split_markers(std::string_view raw);

// A whole output at once: {content, thinking, tool_calls: [{name, arguments}], problems: [...]}.
Json parse_reply(std::string_view raw, const Json& tools, ReplyParser::Start start, ReplyParser::End end);

}  // namespace facet::agent
