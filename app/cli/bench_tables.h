#pragma once

#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/command.h"
#include "engine/bench/process_memory.h"
#include "engine/bench/timed_backend.h"

// What the measurements of `facet bench` share: numbers as people and programs read them.
namespace facet::app::cli {

template <typename... Values>
std::string line(const char* format, Values... values) {
  char text[200];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

// Null where there is nothing to say.
nlohmann::json number_or_null(const std::optional<double>& value);

// `tokens`: what the operations worked for.
nlohmann::json operations_json(const std::vector<engine::OperationTime>& operations, std::uint64_t tokens);
std::string operations_text(std::string_view title, const std::vector<engine::OperationTime>& operations,
                            std::uint64_t tokens);

// Empty where the system does not say.
std::string memory_text(const std::optional<engine::ProcessMemory>& memory);

// The number of an option, or the sentence that says what it must be.
Result<std::uint32_t> count_of(const Arguments& arguments, const QString& name, std::uint32_t fallback,
                               std::uint32_t least, std::uint32_t most);

// Says on stderr what is about to be done.
void show_step(std::string_view step);

// Measures encoders, as `facet bench` does with --image and --audio.
int bench_encoders(const Arguments& arguments);
// Measures masks of tokens, as with --grammar.
int bench_grammar(const Arguments& arguments);

}  // namespace facet::app::cli
