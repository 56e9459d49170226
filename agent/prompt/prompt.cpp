#include "agent/prompt/prompt.h"

#include "agent/prompt/declaration.h"
#include "agent/prompt/schema_repair.h"
#include "agent/prompt/template_renderer.h"

namespace facet::agent {
namespace {

// Far more than any conversation nests; it bounds the recursion of everything that walks these values.
constexpr int kMaxNesting = 128;

bool nests_deeper_than(const Json& value, int levels) {
  if (!value.is_structured()) return false;
  if (levels == 0) return true;
  for (const Json& element : value) {
    if (nests_deeper_than(element, levels - 1)) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<PromptPiece>> render_prompt(const Json& messages, const Json& tools, const PromptOptions& options) {
  if (!messages.is_array()) return Error{Error::Code::InvalidInput, "The messages are not a list."};
  if (!tools.is_null() && !tools.is_array()) return Error{Error::Code::InvalidInput, "The tools are not a list."};
  if (nests_deeper_than(messages, kMaxNesting) || nests_deeper_than(tools, kMaxNesting))
    return Error{Error::Code::InvalidInput, "The messages or tools are nested too deeply."};
  return TemplateRenderer(messages, tools, options).render();
}

std::string prompt_text(const std::vector<PromptPiece>& pieces) {
  std::string text;
  for (const PromptPiece& piece : pieces)
    text += piece.text;
  return text;
}

}  // namespace facet::agent
