#pragma once

#include "tools/code/outline.h"

namespace facet::tools::code {

// The same as outline_of, in a child process: the parsers are C that runs on strangers' files, and a file that brings
// one down is an error like any other. From any thread; the child does nothing but this and leaves.
Result<Outline> outline_apart(std::string_view text, const Grammar& grammar, const std::stop_token& stop,
                              std::chrono::microseconds time = kParseTime);

}  // namespace facet::tools::code
