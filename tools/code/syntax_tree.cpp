#include "tools/code/syntax_tree.h"

#include <atomic>

namespace facet::tools::code {
namespace {

static_assert(TREE_SITTER_LANGUAGE_VERSION >= 14, "the grammars are of version 14");

struct DeleteParser {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};

}  // namespace

Result<SyntaxTree> parse(std::string_view text, const Grammar& grammar, const std::stop_token& stop,
                         std::chrono::microseconds time) {
  const std::unique_ptr<TSParser, DeleteParser> parser(ts_parser_new());
  if (!parser || !ts_parser_set_language(parser.get(), grammar.language()))
    return Error{Error::Code::Internal,
                 "could not be parsed: the parser of " + std::string(grammar.name) + " is missing"};
  std::size_t cancelled = 0;
  const std::stop_callback cancel(stop, [&] { std::atomic_ref(cancelled).store(1); });
  ts_parser_set_cancellation_flag(parser.get(), &cancelled);
  ts_parser_set_timeout_micros(parser.get(), static_cast<std::uint64_t>(time.count()));
  SyntaxTree tree(ts_parser_parse_string(parser.get(), nullptr, text.data(), static_cast<std::uint32_t>(text.size())));
  if (stop.stop_requested()) return Error{Error::Code::Stopped, "could not be parsed: stopped by the user"};
  if (!tree)
    return Error{Error::Code::InvalidInput,
                 "takes too long to parse as " + std::string(grammar.name) + "; read it with read_file"};
  return tree;
}

}  // namespace facet::tools::code
