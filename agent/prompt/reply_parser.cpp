#include "agent/prompt/reply_parser.h"

#include <utility>

#include "agent/prompt/call_reader.h"
#include "agent/prompt/markers.h"
#include "agent/prompt/text_rules.h"

namespace facet::agent {
namespace {

constexpr std::string_view kHeader = "thought\n";
constexpr std::string_view kHeaderWord = "thought";
constexpr std::string_view kCallPrefix = "call:";

bool ends_output(Marker marker) {
  return marker == Marker::TurnClose || marker == Marker::TurnOpen || marker == Marker::EndOfSequence ||
         marker == Marker::ToolResponseOpen;
}

// Text whose white space at the end is held back until it is known whether a marker follows.
struct HeldText {
  std::string held;

  // What may go out after `text` has come.
  std::string add(std::string_view text) {
    std::size_t end = text.size();
    while (end > 0 && is_ascii_space(text[end - 1]))
      --end;
    std::string out;
    if (end > 0) {
      out = std::exchange(held, {});
      out += text.substr(0, end);
    }
    held += text.substr(end);
    return out;
  }
};

}  // namespace

struct ReplyParser::State {
  enum class In {
    Content,
    CallPrefix,  // at the start of a content segment, while the text may still be a call without its marker
    BareCall,    // a call without its marker
    Header,      // behind <|channel>
    Thought,
    Call,
  };

  In in = In::Content;
  Json tools;
  HeldText content;
  HeldText thought;
  bool skip_space = false;  // behind a closing marker
  std::string prefix;       // of the header or of a bare call
  CallSymbols call;
  std::string raw;
  std::vector<ReplyEvent> events;

  void on_text(std::string_view text);
  void on_marker(Marker marker);
  void on_channel_open();
  void on_channel_close();
  void on_call_open();
  void on_call_close();
  void settle(End end);

  void content_text(std::string_view text);
  void thought_text(std::string_view text);
  void header_text(std::string_view text);
  void prefix_text(std::string_view text);
  void call_text(std::string_view text);
  void settle_header();
  void settle_call(End end);
  void settle_bare_call(End end);
  void leave_prefix();
  bool may_be_bare_call() const;
  bool is_bare_call() const;

  void emit_text(std::string text) {
    if (!text.empty()) events.push_back(ReplyText{std::move(text)});
  }
  void emit_thought(std::string text) {
    if (!text.empty()) events.push_back(ReplyThought{std::move(text)});
  }
};

void ReplyParser::State::on_text(std::string_view text) {
  if (skip_space) {
    while (!text.empty() && is_ascii_space(text.front()))
      text.remove_prefix(1);
    if (text.empty()) return;
    skip_space = false;
  }
  switch (in) {
    case In::Content:
      return content_text(text);
    case In::CallPrefix:
      return prefix_text(text);
    case In::BareCall:
    case In::Call:
      return call_text(text);
    case In::Header:
      return header_text(text);
    case In::Thought:
      return thought_text(text);
  }
}

void ReplyParser::State::on_marker(Marker marker) {
  if (in == In::CallPrefix) leave_prefix();
  if (ends_output(marker)) return settle(End::Stop);
  switch (marker) {
    case Marker::ChannelOpen:
      return on_channel_open();
    case Marker::ChannelClose:
      return on_channel_close();
    case Marker::ToolCallOpen:
      return on_call_open();
    case Marker::ToolCallClose:
      return on_call_close();
    case Marker::StringDelimiter:
      if (in == In::Call || in == In::BareCall) call += kDelimiterSymbol;
      [[fallthrough]];
    case Marker::ToolResponseOpen:
    case Marker::ToolResponseClose:
    case Marker::TurnOpen:
    case Marker::TurnClose:
    case Marker::EndOfSequence:
      break;  // the ending ones are dealt with above; what is left is stray outside of calls
  }
  if (in == In::Call || in == In::BareCall) raw += marker_text(marker);
}

void ReplyParser::State::on_channel_open() {
  if (in == In::Call) {
    raw += marker_text(Marker::ChannelOpen);
    return;
  }
  if (in == In::BareCall) settle_bare_call(End::Stop);
  if (in == In::Header) settle_header();
  if (in == In::Content) content.held.clear();
  skip_space = false;
  in = In::Header;
}

void ReplyParser::State::on_channel_close() {
  if (in == In::Header) settle_header();
  if (in == In::Call || in == In::BareCall) raw += marker_text(Marker::ChannelClose);
  if (in != In::Thought) return;
  thought.held.clear();
  in = In::CallPrefix;
  skip_space = true;
}

void ReplyParser::State::on_call_open() {
  if (in == In::Header) settle_header();
  if (in == In::BareCall) settle_bare_call(End::Stop);
  if (in == In::Call) settle_call(End::Stop);
  content.held.clear();
  thought.held.clear();
  skip_space = false;
  in = In::Call;
}

void ReplyParser::State::on_call_close() {
  if (in == In::Call) {
    settle_call(End::Stop);
  } else if (in == In::BareCall) {
    settle_bare_call(End::Stop);
  } else {
    return;
  }
  in = In::Content;
  skip_space = true;
}

// Finishes what is open, as at the end of the output.
void ReplyParser::State::settle(End end) {
  if (in == In::CallPrefix) leave_prefix();
  if (in == In::Header) settle_header();
  if (in == In::BareCall) settle_bare_call(end);
  if (in == In::Call) settle_call(end);
  emit_thought(std::exchange(thought.held, {}));
  emit_text(std::exchange(content.held, {}));
  skip_space = false;
  in = In::Content;
}

void ReplyParser::State::content_text(std::string_view text) {
  emit_text(content.add(text));
}

void ReplyParser::State::thought_text(std::string_view text) {
  emit_thought(thought.add(text));
}

void ReplyParser::State::header_text(std::string_view text) {
  prefix += text;
  if (prefix.size() < kHeader.size() && kHeader.starts_with(prefix)) return;
  const std::string collected = std::exchange(prefix, {});
  in = In::Thought;
  thought_text(collected.starts_with(kHeader) ? std::string_view(collected).substr(kHeader.size()) : collected);
}

// A channel that a marker ends before its header was complete.
void ReplyParser::State::settle_header() {
  const std::string collected = std::exchange(prefix, {});
  in = In::Thought;
  if (collected != kHeaderWord) thought_text(collected);
}

void ReplyParser::State::prefix_text(std::string_view text) {
  prefix += text;
  if (is_bare_call()) {
    in = In::BareCall;
    call_text(std::exchange(prefix, {}));
  } else if (!may_be_bare_call()) {
    leave_prefix();
  }
}

void ReplyParser::State::leave_prefix() {
  in = In::Content;
  content_text(std::exchange(prefix, {}));
}

bool ReplyParser::State::is_bare_call() const {
  const std::size_t brace = prefix.find('{');
  if (brace == std::string::npos || !prefix.starts_with(kCallPrefix)) return false;
  const std::string_view name = std::string_view(prefix).substr(0, brace).substr(kCallPrefix.size());
  return declared_tool(tools, name) != nullptr;
}

bool ReplyParser::State::may_be_bare_call() const {
  if (!tools.is_array()) return false;
  for (const Json& tool : tools) {
    if (!tool.is_object() || !tool.contains("function") || !tool["function"].is_object()) continue;
    const Json name = tool["function"].value("name", Json());
    if (!name.is_string()) continue;
    if ((std::string(kCallPrefix) + name.get<std::string>() + "{").starts_with(prefix)) return true;
  }
  return false;
}

void ReplyParser::State::call_text(std::string_view text) {
  append_symbols(call, text);
  raw += text;
}

void ReplyParser::State::settle_call(End end) {
  ParsedCall parsed = read_call(call, tools, Reading::OwedBraces);
  if (end == End::Length) {
    parsed.arguments = Json::object();
    parsed.problem = "the call was cut off by the token limit";
    parsed.incomplete = true;
  }
  call.clear();
  parsed.raw = std::exchange(raw, {});
  events.push_back(std::move(parsed));
}

// What looked like a call without its marker counts as one when it is one to the last character, otherwise it is text.
void ReplyParser::State::settle_bare_call(End end) {
  ParsedCall parsed = read_call(call, tools, Reading::Strict);
  in = In::Content;
  if (end == End::Length || !parsed.problem.empty()) {
    content_text(symbol_text(std::exchange(call, {})));
    raw.clear();
    return;
  }
  call.clear();
  parsed.raw = std::exchange(raw, {});
  events.push_back(std::move(parsed));
}

ReplyParser::ReplyParser(Start start, Json tools) : state_(std::make_unique<State>()) {
  state_->tools = std::move(tools);
  state_->in = start == Start::Thought ? State::In::Thought : State::In::Content;
}

ReplyParser::ReplyParser(ReplyParser&&) noexcept = default;
ReplyParser& ReplyParser::operator=(ReplyParser&&) noexcept = default;
ReplyParser::~ReplyParser() = default;

std::vector<ReplyEvent> ReplyParser::push(const ReplyPiece& piece) {
  if (const auto* text = std::get_if<std::string>(&piece)) {
    state_->on_text(*text);
  } else {
    state_->on_marker(std::get<Marker>(piece));
  }
  return std::exchange(state_->events, {});
}

std::vector<ReplyEvent> ReplyParser::finish(End end) {
  state_->settle(end);
  return std::exchange(state_->events, {});
}

}  // namespace facet::agent
