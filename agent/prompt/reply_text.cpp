#include <algorithm>

#include "agent/prompt/markers.h"
#include "agent/prompt/reply_parser.h"
#include "agent/utf8.h"

// Replies as a whole, and prompts as what replies begin from.
namespace facet::agent {
namespace {

struct WholeReply {
  std::string content;
  std::string thinking;
  Json calls = Json::array();
  Json problems = Json::array();
  int malformed = 0;
  bool incomplete = false;

  void take(std::vector<ReplyEvent> events) {
    for (ReplyEvent& event : events)
      std::visit([&](auto& part) { add(part); }, event);
  }

 private:
  void add(const ReplyText& text) { content += text.text; }
  void add(const ReplyThought& thought) { thinking += thought.text; }
  void add(const ParsedCall& call) {
    if (call.problem.empty()) {
      calls.push_back({{"name", call.name}, {"arguments", call.arguments}});
      return;
    }
    problems.push_back({{"name", call.name}, {"problem", call.problem}, {"raw", call.raw}});
    incomplete = incomplete || call.incomplete;
    malformed += call.incomplete ? 0 : 1;
  }
};

// The marker that a prompt holds last, among those that tell whether a thought is open.
bool decides_thought(Marker marker) {
  return marker == Marker::ChannelOpen || marker == Marker::ChannelClose || marker == Marker::TurnOpen ||
         marker == Marker::ToolCallOpen || marker == Marker::ToolResponseOpen;
}

std::optional<Marker> last_deciding(std::string_view text) {
  for (std::size_t at = text.rfind('<'); at != std::string_view::npos;
       at = at == 0 ? at - 1 : text.rfind('<', at - 1)) {
    const std::optional<Marker> marker = marker_at_start(text.substr(at));
    if (marker && decides_thought(*marker)) return marker;
  }
  return std::nullopt;
}

std::optional<Marker> last_deciding(const PromptPiece& piece) {
  if (piece.kind == PromptPiece::Kind::Data) return std::nullopt;
  if (piece.tokens.empty()) return last_deciding(piece.text);
  for (auto token = piece.tokens.rbegin(); token != piece.tokens.rend(); ++token) {
    const std::optional<Marker> marker = marker_of_id(*token);
    if (marker && decides_thought(*marker)) return marker;
  }
  return std::nullopt;
}

}  // namespace

ReplyParser::Start start_after(const std::vector<PromptPiece>& prompt) {
  for (auto piece = prompt.rbegin(); piece != prompt.rend(); ++piece) {
    if (const auto marker = last_deciding(*piece))
      return *marker == Marker::ChannelOpen ? ReplyParser::Start::Thought : ReplyParser::Start::Content;
  }
  return ReplyParser::Start::Content;
}

std::vector<ReplyPiece> split_markers(std::string_view raw) {
  std::vector<ReplyPiece> pieces;
  std::size_t begin = 0;
  const auto add_text = [&](std::size_t end) {
    if (end > begin) pieces.emplace_back(std::string(raw.substr(begin, end - begin)));
  };
  for (std::size_t at = raw.find('<'); at != std::string_view::npos; at = raw.find('<', at)) {
    const std::optional<Marker> marker = marker_at_start(raw.substr(at));
    if (!marker) {
      ++at;
      continue;
    }
    add_text(at);
    pieces.emplace_back(*marker);
    at += marker_text(*marker).size();
    begin = at;
  }
  add_text(raw.size());
  return pieces;
}

Json parse_reply(const std::vector<ReplyPiece>& pieces, const Json& tools, ReplyParser::Start start,
                 ReplyParser::End end) {
  ReplyParser parser(start, tools);
  WholeReply whole;
  for (const ReplyPiece& piece : pieces)
    whole.take(parser.push(piece));
  whole.take(parser.finish(end));
  Json json = {{"content", whole.content}, {"thinking", whole.thinking}, {"tool_calls", whole.calls}};
  if (whole.malformed > 0) json["malformed_calls"] = whole.malformed;
  if (whole.incomplete) json["incomplete_call"] = true;
  if (!whole.problems.empty()) json["problems"] = whole.problems;
  return json;
}

Json parse_reply(std::string_view raw, const Json& tools, ReplyParser::Start start, ReplyParser::End end) {
  return parse_reply(split_markers(to_utf8(raw)), tools, start, end);
}

}  // namespace facet::agent
