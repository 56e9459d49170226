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
  Json arguments = Json::object();
  std::string raw;          // what stood between the markers, delimiters spelled
  std::string problem;      // why it could not be read, or empty; the name is filled where it was clear
  bool incomplete = false;  // cut by the token limit: report, never run
};

struct ReplyText {
  std::string text;
};
struct ReplyThought {
  std::string text;
};
using ReplyEvent = std::variant<ReplyText, ReplyThought, ParsedCall>;

// Streaming: push pieces as they come; events come out as soon as they are certain. The events, neighbouring texts and
// thoughts joined, do not depend on how the output was divided into pieces, not even inside a character.
//
// No character is lost: everything that was pushed as text is part of a text, a thought, or the raw form of a call, in
// order, but for
//   - white space (the six of ASCII) in front of `<|channel>`, `<|tool_call>` and the `<channel|>` of a thought, and
//     behind `<channel|>` and `<tool_call|>`,
//   - the header `thought` and its newline behind `<|channel>`.
// Markers never become text. An end marker finishes what is open; text behind it is text again. Owned by one
// generation.
class ReplyParser {
 public:
  enum class Start { Content, Thought };  // Thought when the prompt ended in an opened thought
  // How generation ended, which decides whether a call in progress is complete.
  enum class End { Stop, Length };

  // `tools` (a JSON array of declarations, or null) guides the reading of malformed calls.
  ReplyParser(Start start, Json tools);
  ReplyParser(ReplyParser&&) noexcept;
  ReplyParser& operator=(ReplyParser&&) noexcept;
  ~ReplyParser();

  std::vector<ReplyEvent> push(const ReplyPiece& piece);
  std::vector<ReplyEvent> finish(End end);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// How the reply to a prompt begins: inside a thought when the prompt leaves one open.
ReplyParser::Start start_after(const std::vector<PromptPiece>& prompt);

// The pieces of a text in which markers are spelled out: imported transcripts, and the test vectors.
std::vector<ReplyPiece> split_markers(std::string_view raw);

// A whole output at once: {content, thinking, tool_calls: [{name, arguments}]}, and where there are such calls
// malformed_calls (their number), incomplete_call (true) and problems: [{name, problem, raw}]. Raw bytes that are no
// UTF-8 become U+FFFD; pieces must be UTF-8 already.
Json parse_reply(const std::vector<ReplyPiece>& pieces, const Json& tools, ReplyParser::Start start,
                 ReplyParser::End end);
Json parse_reply(std::string_view raw, const Json& tools, ReplyParser::Start start, ReplyParser::End end);

}  // namespace facet::agent
