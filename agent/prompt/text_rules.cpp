#include "agent/prompt/text_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "agent/prompt/case_table.h"
#include "agent/prompt/markers.h"

namespace facet::agent {
namespace {

// The bytes of the white-space character at the start or the end of `text`, 0 where there is none.
enum class Side { Front, Back };

std::size_t white_space_bytes(std::string_view text, Side side) {
  if (text.empty()) return 0;
  const auto byte = static_cast<unsigned char>(side == Side::Front ? text.front() : text.back());
  if ((byte >= 0x09 && byte <= 0x0D) || (byte >= 0x1C && byte <= 0x20)) return 1;
  static constexpr std::array<std::string_view, 19> kWide = {
      "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
      "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};
  for (const std::string_view wide : kWide) {
    if (side == Side::Front ? text.starts_with(wide) : text.ends_with(wide)) return wide.size();
  }
  return 0;
}

// The code point at `at` and its length; a byte that begins no sequence stands for itself.
struct Decoded {
  char32_t code_point;
  std::size_t bytes;
};

Decoded decode_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t bytes = lead < 0xC2 ? 1U : lead < 0xE0 ? 2U : lead < 0xF0 ? 3U : lead < 0xF5 ? 4U : 1U;
  if (bytes == 1 || at + bytes > text.size()) return {lead, 1};
  char32_t code_point = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0U) != 0x80U) return {lead, 1};
    code_point = (code_point << 6U) | (next & 0x3FU);
  }
  return {code_point, bytes};
}

std::string python_quoted(std::string_view text) {
  const bool double_quotes = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (const char byte : text) {
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else {
      if (byte == '\\' || byte == quote) out += '\\';
      out += byte;
    }
  }
  return out + quote;
}

// A value inside a container, as repr prints it.
std::string python_repr(const Json& value) {
  return value.is_string() ? python_quoted(value.get_ref<const std::string&>()) : python_text(value);
}

// Python's repr from the shortest digits: fixed notation for exponents -4 to 15, scientific beyond.
std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 40> buffer{};
  const auto printed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(printed.ptr - buffer.data()));
  const std::size_t mark = text.find('e');
  int exponent = 0;
  const bool negative_exponent = text[mark + 1] == '-';
  std::from_chars(text.data() + mark + 2, text.data() + text.size(), exponent);
  if (negative_exponent) exponent = -exponent;
  if (exponent < -4 || exponent >= 16) return std::string(text);

  std::string digits;
  for (const char c : text.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const std::string sign = text.starts_with('-') ? "-" : "";
  if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (const std::size_t bytes = white_space_bytes(text, Side::Front))
    text.remove_prefix(bytes);
  while (const std::size_t bytes = white_space_bytes(text, Side::Back))
    text.remove_suffix(bytes);
  return text;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto continuation = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU)); };
  if (code_point < 0x80U) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800U) {
    out += static_cast<char>(0xC0U | (code_point >> 6U));
    continuation(0);
  } else if (code_point < 0x10000U) {
    out += static_cast<char>(0xE0U | (code_point >> 12U));
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0U | (code_point >> 18U));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

std::string lower_case(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = decode_at(text, at);
    if (decoded.bytes == 1 && decoded.code_point >= 0x80U) {
      out += text[at];
    } else if (decoded.code_point == 0x130U) {
      out += "i\u0307";  // the one letter whose lower case is two code points
    } else {
      append_utf8(out, lower_code_point(decoded.code_point));
    }
    at += decoded.bytes;
  }
  return out;
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& byte : out) {
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
  }
  return out;
}

std::vector<std::pair<std::string, const Json*>> sorted_members(const Json& object) {
  struct Member {
    std::string order;
    std::string key;
    const Json* value;
  };
  std::vector<Member> members;
  for (const auto& [key, value] : object.items())
    members.push_back({lower_case(key), key, &value});
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.order < b.order; });
  std::vector<std::pair<std::string, const Json*>> sorted;
  for (Member& member : members)
    sorted.emplace_back(std::move(member.key), member.value);
  return sorted;
}

std::string number_text(const Json& number) {
  if (number.is_number_unsigned()) return std::to_string(number.get<std::uint64_t>());
  if (number.is_number_integer()) return std::to_string(number.get<std::int64_t>());
  return float_text(number.get<double>());
}

std::string python_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_number()) return number_text(value);
  std::string out;
  if (value.is_array()) {
    for (const Json& element : value)
      out += (out.empty() ? "" : ", ") + python_repr(element);
    return "[" + out + "]";
  }
  if (value.is_object()) {
    for (const auto& [key, element] : value.items())
      out += (out.empty() ? "" : ", ") + python_quoted(key) + ": " + python_repr(element);
    return "{" + out + "}";
  }
  return "None";
}

std::string strip_thoughts(std::string_view text) {
  const std::string_view open = marker_text(Marker::ChannelOpen);
  const std::string_view close = marker_text(Marker::ChannelClose);
  std::string kept;
  while (true) {
    const std::size_t end = text.find(close);
    const std::string_view piece = text.substr(0, end);
    kept += piece.substr(0, piece.find(open));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + close.size());
  }
  return std::string(trim(kept));
}

}  // namespace facet::agent
