#pragma once

#include <string>

#include "agent/tool.h"
#include "tools/text_file.h"
#include "tools/workspace.h"

// What the tools that read share: a path of the model becomes a planned effect, and the planned effect becomes an open
// file. The sentences are what the model is told.
namespace facet::tools {

// What a tool wants at a path.
enum class Wanted { File, Folder, Either };

// The argument `name`, or `fallback` when the call leaves it out.
std::string text_argument(const agent::Json& arguments, const char* name, const std::string& fallback = {});
std::int64_t number_argument(const agent::Json& arguments, const char* name, std::int64_t fallback);

// `verb` begins the text for the user: "Read /home/ann/plan.md".
Result<agent::PlannedEffect> plan_path(const std::string& path, Wanted wanted, const std::string& verb,
                                       const agent::ToolContext& context);

// Opens what was planned, and nothing else.
Result<Opened> open_planned(const std::string& path, Wanted wanted, const Workspace& workspace,
                            const agent::PlannedEffect& planned, const agent::ToolContext& context);

// The lines of an open file. The error says that it is no text, and what it is instead.
Result<TextFile> open_text(const std::string& path, Opened& opened, std::size_t longest_line,
                           const agent::ToolContext& context);

// The failure of a call that the user has stopped.
agent::ToolResult stopped_result();

}  // namespace facet::tools
