#include "engine/text/text_form.h"

#include "engine/base/check.h"

namespace facet::engine {
namespace {

using State = AutomatonBuilder::State;

constexpr char32_t kLastCodePoint = 0x10FFFF;

void add_byte(AutomatonBuilder& builder, State from, char byte, State to) {
  builder.add_bytes(from, static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(byte), to);
}

void add_hex(AutomatonBuilder& builder, State from, State to) {
  builder.add_bytes(from, '0', '9', to);
  builder.add_bytes(from, 'a', 'f', to);
  builder.add_bytes(from, 'A', 'F', to);
}

// Escapes of one character. Surrogates, which stand for a character in pairs only, are left out.
void add_escapes(AutomatonBuilder& builder, State start) {
  const State escape = builder.add_state();
  add_byte(builder, start, '\\', escape);
  for (const char letter : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'})
    add_byte(builder, escape, letter, start);
  const State unicode = builder.add_state();
  const State last_two = builder.add_state();
  const State last = builder.add_state();
  const State second = builder.add_state();
  const State second_of_d = builder.add_state();
  add_byte(builder, escape, 'u', unicode);
  builder.add_bytes(unicode, '0', '9', second);
  for (const auto& [first, end] : {std::pair{'a', 'c'}, {'A', 'C'}, {'e', 'f'}, {'E', 'F'}})
    builder.add_bytes(unicode, static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(end), second);
  add_byte(builder, unicode, 'd', second_of_d);
  add_byte(builder, unicode, 'D', second_of_d);
  add_hex(builder, second, last_two);
  builder.add_bytes(second_of_d, '0', '7', last_two);
  add_hex(builder, last_two, last);
  add_hex(builder, last, start);
}

std::shared_ptr<const ByteAutomaton> make_text(Writing writing) {
  AutomatonBuilder builder;
  const State start = builder.add_state();
  builder.accept(start);
  if (writing == Writing::Raw) {
    // No tool has a use for a zero byte.
    builder.add_code_points(start, 1, kLastCodePoint, start);
  } else {
    builder.add_code_points(start, ' ', '!', start);
    builder.add_code_points(start, '#', '[', start);
    builder.add_code_points(start, ']', kLastCodePoint, start);
    add_escapes(builder, start);
  }
  auto automaton = builder.build(start);
  FACET_CHECK(automaton.has_value());
  return std::make_shared<const ByteAutomaton>(*std::move(automaton));
}

}  // namespace

std::shared_ptr<const ByteAutomaton> free_text(Writing writing) {
  static const auto raw = make_text(Writing::Raw);
  static const auto json = make_text(Writing::Json);
  return writing == Writing::Raw ? raw : json;
}

}  // namespace facet::engine
