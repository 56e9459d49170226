#pragma once

#include <tree_sitter/api.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string_view>

#include "engine/base/result.h"
#include "tools/code/grammar.h"

namespace facet::tools::code {

inline constexpr std::chrono::milliseconds kParseTime{10'000};  // a file of the most bytes takes about a second

struct DeleteTree {
  void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};
using SyntaxTree = std::unique_ptr<TSTree, DeleteTree>;

// Parses UTF-8 of less than 4 GiB. A text with errors gives a tree as well. The errors are
// Stopped, and InvalidInput for a text that takes longer than `time`; their messages go behind the name of the file.
Result<SyntaxTree> parse(std::string_view text, const Grammar& grammar, const std::stop_token& stop,
                         std::chrono::microseconds time = kParseTime);

}  // namespace facet::tools::code
