#include "tools/code/folder_outline.h"

#include <chrono>

#include "tools/code/outline_apart.h"
#include "tools/code/outline_text.h"
#include "tools/code/source_file.h"
#include "tools/folder_walk.h"
#include "tools/text.h"

namespace facet::tools::code {
namespace {

constexpr std::chrono::seconds kMostTime{30};
constexpr std::size_t kProgressFiles = 20;

// Whether only namespaces are around it.
bool is_at_top(const Outline& outline, const Symbol& symbol) {
  for (std::ptrdiff_t at = symbol.parent; at >= 0; at = outline.symbols[at].parent)
    if (outline.symbols[at].kind != SymbolKind::Module) return false;
  return true;
}

std::string top_of(const Outline& outline) {
  std::string text;
  for (const Symbol& symbol : outline.symbols) {
    const bool is_shown = symbol.kind == SymbolKind::Type || symbol.kind == SymbolKind::Function;
    if (is_shown && is_at_top(outline, symbol)) text += "\n  " + lines_of(symbol) + " " + symbol.signature;
  }
  return text;
}

}  // namespace

FolderOutline outline_folder(const Workspace& workspace, const Opened& folder, const agent::ToolContext& context,
                             std::size_t limit_bytes) {
  FolderOutline result;
  const auto deadline = std::chrono::steady_clock::now() + kMostTime;
  FolderWalk walk(workspace, context.stop);
  walk.run(folder, [&](const FolderWalk::File& file) {
    const Grammar* grammar = grammar_for(file.name, {});
    if (!grammar || !grammar->is_program) return true;
    Result<Opened> opened = workspace.open_entry(file.folder, file.name);
    if (!opened.ok() || opened->kind != FileKind::File) return true;
    const Result<SourceFile> source = read_source(file.name, *opened, context);
    if (!source.ok()) return true;
    const Result<Outline> outline = outline_apart(source->text, *source->grammar, context.stop);
    if (!outline.ok()) return true;
    const std::string path = folder.path + (folder.path == "/" ? "" : "/") + file.path;
    const std::string entry = one_line(workspace.relative(path)) + top_of(*outline);
    if (result.text.size() + entry.size() + 1 > limit_bytes || std::chrono::steady_clock::now() > deadline) {
      result.cut = true;
      return false;
    }
    result.text += (result.text.empty() ? "" : "\n") + entry;
    ++result.files;
    if (result.files % kProgressFiles == 0 && context.progress)
      context.progress("outlined " + std::to_string(result.files) + " files");
    return true;
  });
  result.cut = result.cut || walk.cut();
  return result;
}

}  // namespace facet::tools::code
