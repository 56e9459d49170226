#include "agent/loose_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "agent/utf8.h"

namespace facet::agent {

namespace {

constexpr int kMostNested = 8;

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kInNumbers = "0123456789+-.eE";

void append_code_point(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6U));
    out += static_cast<char>(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12U));
    out += static_cast<char>(0x80 | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80 | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18U));
    out += static_cast<char>(0x80 | ((code >> 12U) & 0x3FU));
    out += static_cast<char>(0x80 | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80 | (code & 0x3FU));
  }
}

// Values come out of it whole or not at all; `ended_` says that the text was too short for one.
class LooseReader {
 public:
  LooseReader(std::string_view text, const std::function<void(const Json&)>& object) : text_(text), object_(object) {}

  std::optional<LooseEnd> read() {
    if (value(0)) return LooseEnd{at_, true};
    if (ended_) return LooseEnd{text_.size(), false};
    return std::nullopt;
  }

 private:
  std::optional<Json> value(int depth) {
    skip_space();
    if (is_at_end() || depth > kMostNested) return std::nullopt;
    switch (text_[at_]) {
      case '[':
        return list(depth);
      case '{':
        return object(depth);
      case '"':
      case '\'':
        return string();
      default:
        return word_or_number();
    }
  }

  std::optional<Json> list(int depth) {
    Json out = Json::array();
    ++at_;
    while (!closes(']')) {
      std::optional<Json> each = ended_ ? std::nullopt : value(depth + 1);
      if (!each || !passes_comma(']')) return std::nullopt;
      out.push_back(*std::move(each));
    }
    return out;
  }

  std::optional<Json> object(int depth) {
    Json out = Json::object();
    ++at_;
    while (!closes('}')) {
      if (ended_ || (text_[at_] != '"' && text_[at_] != '\'')) return std::nullopt;
      const std::optional<Json> name = string();
      if (!name || !passes(':')) return std::nullopt;
      std::optional<Json> each = value(depth + 1);
      if (!each || !passes_comma('}')) return std::nullopt;
      out[name->get_ref<const std::string&>()] = *std::move(each);
    }
    object_(out);
    return out;
  }

  std::optional<Json> string() {
    const char quote = text_[at_++];
    std::string out;
    while (!is_at_end()) {
      const char next = text_[at_++];
      if (next == quote) return Json(to_utf8(out));
      if (next != '\\') {
        out += next;
      } else if (!is_at_end()) {
        escaped(out);
      }
    }
    return std::nullopt;
  }

  void escaped(std::string& out) {
    const char next = text_[at_++];
    constexpr std::string_view kLetters = "nrtbf";
    constexpr std::string_view kMeant = "\n\r\t\b\f";
    if (const auto place = kLetters.find(next); place != std::string_view::npos) {
      out += kMeant[place];
    } else if (next != 'u') {
      out += next;
    } else if (const auto first = hexadecimal()) {
      // A character beyond the first 65536 is written as two.
      std::uint32_t code = *first;
      if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
        at_ += 2;
        const auto second = hexadecimal();
        code = second ? 0x10000 + ((code - 0xD800) << 10U) + ((*second - 0xDC00) & 0x3FFU) : 0xFFFD;
      }
      append_code_point(code, out);
    }
  }

  std::optional<std::uint32_t> hexadecimal() {
    const std::string_view digits = text_.substr(at_, 4);
    std::uint32_t code = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() < 4 || read.ptr != digits.data() + 4) return std::nullopt;
    at_ += 4;
    return code;
  }

  std::optional<Json> word_or_number() {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    constexpr double kEndless = std::numeric_limits<double>::infinity();
    static const std::array<std::pair<std::string_view, Json>, 9> kWords = {{{"null", Json()},
                                                                             {"None", Json()},
                                                                             {"true", true},
                                                                             {"True", true},
                                                                             {"false", false},
                                                                             {"False", false},
                                                                             {"NaN", kNone},
                                                                             {"Infinity", kEndless},
                                                                             {"-Infinity", -kEndless}}};
    const std::string_view rest = text_.substr(at_);
    for (const auto& [word, meaning] : kWords) {
      if (rest.starts_with(word)) {
        at_ += word.size();
        return meaning;
      }
      // A word that is being written.
      if (word.starts_with(rest)) ended_ = true;
    }
    return ended_ ? std::nullopt : number(rest);
  }

  std::optional<Json> number(std::string_view rest) {
    const std::size_t length = std::min(rest.find_first_not_of(kInNumbers), rest.size());
    // More digits may follow.
    if (length == rest.size()) {
      ended_ = true;
      return std::nullopt;
    }
    double out = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + length, out);
    if (read.ptr != rest.data() + length || length == 0) return std::nullopt;
    if (read.ec == std::errc::result_out_of_range) out = std::numeric_limits<double>::infinity();
    at_ += length;
    return Json(out);
  }

  void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }

  bool is_at_end() {
    ended_ = ended_ || at_ >= text_.size();
    return ended_;
  }

  bool closes(char bracket) {
    skip_space();
    if (is_at_end() || text_[at_] != bracket) return false;
    ++at_;
    return true;
  }

  bool passes(char mark) { return closes(mark); }

  // Between two members stands a comma, before the end there may be one.
  bool passes_comma(char bracket) {
    skip_space();
    if (is_at_end()) return false;
    if (text_[at_] == bracket) return true;
    return passes(',');
  }

  const std::string_view text_;
  const std::function<void(const Json&)>& object_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

std::optional<LooseEnd> read_loose_json(std::string_view text, const std::function<void(const Json&)>& object) {
  if (text.empty() || (text.front() != '[' && text.front() != '{')) return std::nullopt;
  return LooseReader(text, object).read();
}

}  // namespace facet::agent
