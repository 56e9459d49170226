#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/tool.h"
#include "tools/code/grammar.h"
#include "tools/workspace.h"

namespace facet::tools::code {

inline constexpr std::int64_t kMostSourceBytes = 4'000'000;

// A source as its lines, whatever it is encoded in.
struct SourceFile {
  std::string text;  // UTF-8, lines end in "\n", no NUL characters
  const Grammar* grammar = nullptr;

  // Without what ends them; the numbers count from 0.
  std::vector<std::string_view> lines() const;
};

// Reads an open file. `path` is as the model gave it. The error is a sentence: too large, not text, of no language that
// is known.
Result<SourceFile> read_source(const std::string& path, Opened& opened, const agent::ToolContext& context);

}  // namespace facet::tools::code
