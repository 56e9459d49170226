#include "tools/code/source_file.h"

#include <algorithm>

#include "tools/planned_path.h"
#include "tools/text.h"
#include "tools/text_file.h"

namespace facet::tools::code {
namespace {

Error too_large(const std::string& path, std::int64_t bytes) {
  return {Error::Code::InvalidInput, one_line(path) + " is too large to be parsed (" + readable_size(bytes) +
                                         ", at most " + readable_size(kMostSourceBytes) +
                                         "); use read_file or search_files"};
}

}  // namespace

std::vector<std::string_view> SourceFile::lines() const {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

Result<SourceFile> read_source(const std::string& path, Opened& opened, const agent::ToolContext& context) {
  Result<TextFile> file = open_text(path, opened, static_cast<std::size_t>(kMostSourceBytes) + 1, context);
  if (!file.ok()) return file.error();
  if (opened.bytes > kMostSourceBytes) return too_large(path, opened.bytes);
  SourceFile source;
  TextLine line;
  while (file->next_line(line)) {
    source.text += line.text + "\n";
    // What is in UTF-16 becomes longer, and some files grow.
    if (static_cast<std::int64_t>(source.text.size()) > 2 * kMostSourceBytes)
      return too_large(path, file->bytes_read());
  }
  if (file->stopped()) return Error{Error::Code::Stopped, "stopped by the user"};
  if (file->failed()) return Error{Error::Code::Io, one_line(path) + " could not be read to its end"};
  // Parsers take a NUL for the end of the text.
  std::replace(source.text.begin(), source.text.end(), '\0', ' ');
  source.grammar = grammar_for(opened.path, std::string_view(source.text).substr(0, source.text.find('\n')));
  if (!source.grammar)
    return Error{Error::Code::InvalidInput, one_line(path) + " is in no language that can be parsed (" +
                                                grammar_names() + "); use read_file or search_files"};
  return source;
}

}  // namespace facet::tools::code
