#include "agent/prompt/call_reader.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "agent/prompt/quoted_text.h"
#include "agent/prompt/text_rules.h"

namespace facet::agent {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::u16string_view kCall = u"call:";
constexpr std::u16string_view kFence = u"```";
// A delimiter behind one of these opens a string; behind anything else it closes one.
constexpr std::u16string_view kBeforeOpening = u":[,{(=";

bool is_space(char16_t symbol) {
  return symbol < 0x80 && is_ascii_space(static_cast<char>(symbol));
}

std::u16string_view without_space(std::u16string_view symbols) {
  while (!symbols.empty() && is_space(symbols.front()))
    symbols.remove_prefix(1);
  while (!symbols.empty() && is_space(symbols.back()))
    symbols.remove_suffix(1);
  return symbols;
}

const Json* member(const Json* object, std::string_view name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

bool names_string(const Json& type) {
  if (type.is_array()) return std::find(type.begin(), type.end(), Json("string")) != type.end();
  return type == "string";
}

bool is_declared_string(const Json* schema) {
  const Json* type = member(schema, "type");
  return type != nullptr && names_string(*type);
}

// Without a declared type nothing speaks against a string.
bool may_be_string(const Json* schema) {
  const Json* type = member(schema, "type");
  return type == nullptr || names_string(*type);
}

// One attempt to read a call.
class Attempt {
 public:
  Attempt(const CallSymbols& symbols, const std::vector<std::size_t>& delimiters, const Json& tools, Reading reading)
      : symbols_(symbols), delimiters_(delimiters), tools_(tools), reading_(reading) {}

  bool read() {
    skip_space();
    const bool is_fenced = allows(Reading::Noise) && skip_fence();
    if (allows(Reading::Noise) && is(u'{')) return read_json_call();
    if (!read_name()) return false;
    const Json* schema = declared_tool(tools_, name_);
    if (!read_arguments(schema)) return false;
    skip_space();
    if (is_fenced && rest().starts_with(kFence)) at_ += kFence.size();
    skip_space();
    return at_end() || fail("something follows its arguments");
  }

  const std::string& name() const { return name_; }
  Json& arguments() { return arguments_; }
  const char* problem() const { return problem_; }

 private:
  bool allows(Reading reading) const { return reading_ >= reading; }
  bool at_end() const { return at_ == symbols_.size(); }
  bool is(char16_t symbol) const { return !at_end() && symbols_[at_] == symbol; }
  std::u16string_view rest() const { return std::u16string_view(symbols_).substr(at_); }
  std::u16string_view between(std::size_t begin, std::size_t end) const {
    return std::u16string_view(symbols_).substr(begin, end - begin);
  }

  void skip_space() {
    while (!at_end() && is_space(symbols_[at_]))
      ++at_;
  }

  bool take(char16_t symbol) {
    if (!is(symbol)) return false;
    ++at_;
    return true;
  }

  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  // The first delimiter at or behind a position; the end when there is none.
  std::size_t next_delimiter(std::size_t from) const {
    const auto found = std::lower_bound(delimiters_.begin(), delimiters_.end(), from);
    return found == delimiters_.end() ? symbols_.size() : *found;
  }

  bool skip_fence();
  bool read_json_call();
  bool read_name();
  void drop_name_space();
  bool read_arguments(const Json* schema);
  bool read_object(const Json* schema, Json& object);
  bool read_member(const Json* properties, Json& object);
  bool read_array(const Json* schema, Json& array);
  std::optional<bool> read_separator(char16_t closer);
  bool read_key(std::string& key);
  bool read_value(const Json* schema, const Json* siblings, Json& value);
  bool read_string(Json& value);
  bool read_unclosed_string(Json& value);
  bool read_quoted_value(Json& value);
  bool read_literal(Json& value);
  bool read_text_before_delimiter(Json& value);
  bool read_bare_word(std::u16string_view stops, const Json* siblings, Json& value);
  bool read_raw_rest(std::size_t begin, Json& value);
  bool is_declared_member(std::size_t at, const Json* siblings) const;

  const CallSymbols& symbols_;
  const std::vector<std::size_t>& delimiters_;
  const Json& tools_;
  const Reading reading_;
  std::size_t at_ = 0;
  std::vector<char16_t> owed_;  // the closers of what is open, innermost last
  bool all_closed_ = false;     // a string has taken everything up to the end, its closers included
  std::string name_;
  Json arguments_ = Json::object();
  const char* problem_ = "";
};

bool Attempt::read_name() {
  if (rest().starts_with(kCall)) {
    at_ += kCall.size();
  } else if (!allows(Reading::Noise) || !take(u':')) {
    return fail("it does not begin with 'call:' and a name");
  }
  const std::size_t begin = at_;
  const std::u16string_view openers = allows(Reading::Noise) ? u"{(" : u"{";
  const std::size_t end = symbols_.find_first_of(openers, begin);
  if (end == CallSymbols::npos || next_delimiter(begin) < end) return fail("its arguments are missing");
  name_ = symbol_text(without_space(between(begin, end)));
  at_ = end;
  if (name_.empty()) return fail("it has no name");
  drop_name_space();
  return true;
}

// Some models put a name space in front of the name that was declared.
void Attempt::drop_name_space() {
  const std::size_t colon = name_.rfind(':');
  if (colon != std::string::npos && declared_tool(tools_, name_) == nullptr &&
      declared_tool(tools_, std::string_view(name_).substr(colon + 1)) != nullptr)
    name_.erase(0, colon + 1);
}

// The first line of a code fence.
bool Attempt::skip_fence() {
  if (!rest().starts_with(kFence)) return false;
  const std::size_t line_end = symbols_.find(u'\n', at_);
  if (line_end == CallSymbols::npos) return false;
  at_ = line_end + 1;
  skip_space();
  return true;
}

// A call as JSON, as other models write it: {"name": "f", "arguments": {...}}. The arguments may be JSON in a string.
bool Attempt::read_json_call() {
  const std::u16string_view text = rest().substr(0, rest().rfind(u'}') + 1);
  const std::u16string_view behind = without_space(rest().substr(text.size()));
  if (!behind.empty() && behind != kFence) return fail("something follows its arguments");
  if (next_delimiter(at_) != symbols_.size()) return fail("it does not begin with 'call:' and a name");
  const auto is_shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= static_cast<int>(kMaxDepth); };
  const auto parsed = [&](const std::string& json) {
    return Json::parse(json, is_shallow, /*allow_exceptions=*/false);
  };
  const Json call = parsed(symbol_text(text));
  const Json* name = member(&call, "name");
  const Json* arguments = member(&call, "arguments");
  if (arguments == nullptr) arguments = member(&call, "parameters");
  if (name == nullptr || !name->is_string() || arguments == nullptr) return fail("it is JSON, but no call");
  arguments_ = arguments->is_string() ? parsed(arguments->get<std::string>()) : *arguments;
  if (!arguments_.is_object()) {
    arguments_ = Json::object();
    return fail("its arguments are no object");
  }
  name_ = name->get<std::string>();
  drop_name_space();
  at_ = symbols_.size();
  return true;
}

// What follows the name: an object, parentheses, or an object in parentheses.
bool Attempt::read_arguments(const Json* schema) {
  const std::size_t inner = symbols_.find_first_not_of(u" \t\n\r", at_ + 1);
  if (!is(u'(') || inner == CallSymbols::npos || symbols_[inner] != u'{') return read_object(schema, arguments_);
  at_ = inner;
  if (!read_object(schema, arguments_)) return false;
  skip_space();
  return take(u')') || fail("its arguments are not closed");
}

// An object at its opening brace; a call's arguments may stand in parentheses, with `=` behind the keys.
bool Attempt::read_object(const Json* schema, Json& object) {
  object = Json::object();
  if (owed_.size() == kMaxDepth) return fail("its arguments are nested too deeply");
  const char16_t closer = is(u'(') ? u')' : u'}';
  ++at_;
  owed_.push_back(closer);
  skip_space();
  if (!take(closer)) {
    while (true) {
      if (!read_member(member(schema, "properties"), object)) return false;
      const std::optional<bool> more = read_separator(closer);
      if (!more) return false;
      if (!*more) break;
    }
  }
  owed_.pop_back();
  return true;
}

bool Attempt::read_array(const Json* schema, Json& array) {
  array = Json::array();
  if (owed_.size() == kMaxDepth) return fail("its arguments are nested too deeply");
  ++at_;
  owed_.push_back(u']');
  skip_space();
  if (!take(u']')) {
    while (true) {
      if (!read_value(member(schema, "items"), /*siblings=*/nullptr, array.emplace_back())) return false;
      const std::optional<bool> more = read_separator(u']');
      if (!more) return false;
      if (!*more) break;
    }
  }
  owed_.pop_back();
  return true;
}

// Behind an element: true when another one follows, false when the container is closed, nothing when it is broken.
std::optional<bool> Attempt::read_separator(char16_t closer) {
  if (all_closed_) return false;
  skip_space();
  if (take(closer)) return false;
  if (take(u',')) {
    skip_space();
    if (allows(Reading::Noise) && take(closer)) return false;
    if (!at_end()) return true;
  }
  if (at_end() && allows(Reading::OwedBraces)) return false;
  fail(at_end() ? "its arguments are not closed" : "a value is followed by something that is no comma");
  return std::nullopt;
}

bool Attempt::read_member(const Json* properties, Json& object) {
  std::string key;
  if (!read_key(key)) return false;
  return read_value(member(properties, key), properties, object[key]);
}

// A key and the sign behind it.
bool Attempt::read_key(std::string& key) {
  const bool parentheses = owed_.back() == u')';
  if (allows(Reading::Noise) && (is(u'"') || is(u'\''))) {
    const auto quoted = read_quoted(symbols_, at_, ":=");
    if (!quoted) return fail("a quoted key is not closed");
    key = quoted->text;
    at_ = quoted->end;
  } else if (allows(Reading::Noise) && is(kDelimiterSymbol)) {
    const std::size_t end = next_delimiter(at_ + 1);
    key = symbol_text(between(at_ + 1, end));
    at_ = std::min(end + 1, symbols_.size());
  } else {
    const std::size_t end =
        std::min(symbols_.find_first_of(parentheses ? u":={}[]," : u":{}[],", at_), next_delimiter(at_));
    key = symbol_text(without_space(between(at_, std::min(end, symbols_.size()))));
    at_ = std::min(end, symbols_.size());
    if (key.empty()) return fail("a key is missing");
    const bool quoted = key.size() > 1 && key.front() == key.back() && (key.front() == '"' || key.front() == '\'');
    if (quoted) return fail("a key is quoted");
  }
  skip_space();
  return take(u':') || (parentheses && take(u'=')) || fail("a key is not followed by a colon");
}

bool Attempt::read_value(const Json* schema, const Json* siblings, Json& value) {
  const std::size_t begin = at_;
  skip_space();
  if (at_end()) return fail("a value is missing");
  if (is(kDelimiterSymbol)) return read_string(value);
  if (is(u'{')) return read_object(schema, value);
  if (is(u'[')) return read_array(schema, value);
  if (allows(Reading::Noise) && (is(u'"') || is(u'\'')) && read_quoted_value(value)) return true;
  if (read_literal(value)) return true;
  if (!allows(Reading::Noise) || !may_be_string(schema)) return fail("a value is neither a string nor a number");
  if (read_text_before_delimiter(value)) return true;
  if (reading_ == Reading::RawRest && is_declared_string(schema))
    return read_bare_word(u",", siblings, value) || read_raw_rest(begin, value);
  return read_bare_word(u",}])", siblings, value) || fail("a string has no delimiters");
}

bool Attempt::read_string(Json& value) {
  const std::size_t end = next_delimiter(at_ + 1);
  if (end == symbols_.size())
    return allows(Reading::UnclosedString) ? read_unclosed_string(value) : fail("a string is not closed");
  value = symbol_text(between(at_ + 1, end));
  at_ = end + 1;
  return true;
}

// The string takes everything but the closers at the end that belong to what is open around it.
bool Attempt::read_unclosed_string(Json& value) {
  std::u16string_view text = rest().substr(1);
  for (std::size_t closers = owed_.size(); closers > 0; --closers) {
    std::u16string_view shortened = text;
    bool matches = true;
    for (std::size_t i = owed_.size() - closers; i < owed_.size() && matches; ++i) {
      while (!shortened.empty() && is_space(shortened.back()))
        shortened.remove_suffix(1);
      matches = !shortened.empty() && shortened.back() == owed_[i];
      if (matches) shortened.remove_suffix(1);
    }
    if (!matches) continue;
    text = shortened;
    break;
  }
  value = symbol_text(text);
  at_ = symbols_.size();
  all_closed_ = true;
  return true;
}

// A JSON or Python string. A delimiter that is glued to its closing quote belongs to it.
bool Attempt::read_quoted_value(Json& value) {
  const auto quoted = read_quoted(symbols_, at_, ",}])");
  if (!quoted) return false;
  value = quoted->text;
  at_ = quoted->end;
  take(kDelimiterSymbol);
  return true;
}

// true, false, null or a number, with nothing else up to the end of the value.
bool Attempt::read_literal(Json& value) {
  const std::size_t end = std::min(symbols_.find_first_of(u",}])", at_), symbols_.size());
  if (next_delimiter(at_) < end) return false;
  const std::string text = symbol_text(without_space(between(at_, end)));
  Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_number() && !parsed.is_boolean() && !parsed.is_null()) return false;
  value = std::move(parsed);
  at_ = end;
  return true;
}

// A string whose opening delimiter is missing: the next delimiter stands where only a closing one can.
bool Attempt::read_text_before_delimiter(Json& value) {
  const std::size_t end = next_delimiter(at_);
  if (end == symbols_.size()) return false;
  const std::u16string_view text = without_space(between(at_, end));
  if (text.empty() || kBeforeOpening.find(text.back()) != std::u16string_view::npos) return false;
  value = symbol_text(between(at_, end));
  at_ = end + 1;
  return true;
}

// Characters up to one of `stops`. Where the keys are known, a comma ends the word only if one of them follows: it
// could as well belong to the text.
bool Attempt::read_bare_word(std::u16string_view stops, const Json* siblings, Json& value) {
  const std::size_t end = std::min(symbols_.find_first_of(stops, at_), symbols_.size());
  if (next_delimiter(at_) < end) return false;
  const bool comma = end < symbols_.size() && symbols_[end] == u',';
  if (siblings != nullptr && comma && !is_declared_member(end + 1, siblings)) return false;
  if (end == symbols_.size() && !allows(Reading::OwedBraces)) return false;
  const std::u16string_view text = without_space(between(at_, end));
  if (text.empty()) return false;
  value = symbol_text(text);
  at_ = end;
  return true;
}

bool Attempt::is_declared_member(std::size_t at, const Json* siblings) const {
  const std::size_t end = symbols_.find_first_of(u":=", at);
  if (end == CallSymbols::npos) return false;
  return member(siblings, symbol_text(without_space(between(at, end)))) != nullptr;
}

// Text that nothing closes, verbatim. A closer at the end would leave open whether it belongs to the text.
bool Attempt::read_raw_rest(std::size_t begin, Json& value) {
  const std::u16string_view text = between(begin, symbols_.size());
  const std::u16string_view trimmed = without_space(text);
  if (next_delimiter(begin) != symbols_.size() || trimmed.empty() || trimmed.back() == owed_.back())
    return fail("a string has no delimiters");
  value = symbol_text(text);
  at_ = symbols_.size();
  all_closed_ = true;
  return true;
}

}  // namespace

void append_symbols(CallSymbols& symbols, std::string_view text) {
  for (const char byte : text)
    symbols += static_cast<char16_t>(static_cast<unsigned char>(byte));
}

std::string symbol_text(std::u16string_view symbols) {
  std::string text;
  for (const char16_t symbol : symbols) {
    if (symbol != kDelimiterSymbol) text += static_cast<char>(symbol);
  }
  return text;
}

const Json* declared_tool(const Json& tools, std::string_view name) {
  static const Json kNoParameters;
  if (!tools.is_array()) return nullptr;
  for (const Json& tool : tools) {
    const Json* function = member(&tool, "function");
    const Json* declared = member(function, "name");
    if (declared == nullptr || *declared != Json(name)) continue;
    const Json* parameters = member(function, "parameters");
    return parameters == nullptr ? &kNoParameters : parameters;
  }
  return nullptr;
}

ParsedCall read_call(const CallSymbols& symbols, const Json& tools, Reading most) {
  std::vector<std::size_t> delimiters;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i] == kDelimiterSymbol) delimiters.push_back(i);
  }
  ParsedCall call;
  for (const Reading reading :
       {Reading::Strict, Reading::Noise, Reading::UnclosedString, Reading::RawRest, Reading::OwedBraces}) {
    if (reading > most) break;
    Attempt attempt(symbols, delimiters, tools, reading);
    if (attempt.read()) {
      call.name = attempt.name();
      call.arguments = std::move(attempt.arguments());
      call.problem.clear();
      return call;
    }
    if (call.name.empty()) call.name = attempt.name();
    if (call.problem.empty()) call.problem = std::string("the call could not be read: ") + attempt.problem();
  }
  return call;
}

}  // namespace facet::agent
