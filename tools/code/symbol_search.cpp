#include "tools/code/symbol_search.h"

#include <algorithm>
#include <set>

#include "tools/code/syntax_node.h"
#include "tools/text.h"

namespace facet::tools::code {
namespace {

constexpr std::size_t kLongestName = 80;       // that is compared letter by letter
constexpr std::size_t kMostCompared = 20'000;  // symbols

// The same in all languages: "Crane::lift" as "Crane.lift".
std::string plain_name(std::string_view name) {
  std::string plain = on_one_line(name);
  for (std::size_t at = plain.find("::"); at != std::string::npos; at = plain.find("::", at + 1))
    plain.replace(at, 2, ".");
  return plain;
}

// What the name may have been written for.
std::vector<std::string> forms_of(const std::string& name) {
  const std::string plain = plain_name(name);
  std::vector<std::string> forms = {plain};
  if (plain.ends_with("()")) forms.push_back(plain.substr(0, plain.size() - 2));
  const std::size_t signs = plain.find_first_not_of('#');
  if (signs != std::string::npos && signs > 0 && plain[signs] == ' ') forms.push_back(plain.substr(signs + 1));
  return forms;
}

bool is_or_ends_with(const std::string& path, const std::string& name) {
  if (name.empty() || !path.ends_with(name)) return false;
  return path.size() == name.size() || path[path.size() - name.size() - 1] == '.';
}

std::vector<std::size_t> symbols_called(const Outline& outline, const std::string& name, bool any_case) {
  std::vector<std::size_t> found;
  const std::string wanted = any_case ? fold_case(name) : name;
  for (std::size_t i = 0; i < outline.symbols.size(); ++i) {
    const Symbol& symbol = outline.symbols[i];
    const std::string around =
        symbol.parent < 0 ? "" : plain_name(outline.qualified_name(static_cast<std::size_t>(symbol.parent))) + ".";
    const bool is_it = std::any_of(symbol.names.begin(), symbol.names.end(), [&](const std::string& own) {
      const std::string path = around + plain_name(own);
      return is_or_ends_with(any_case ? fold_case(path) : path, wanted);
    });
    if (is_it) found.push_back(i);
  }
  return found;
}

// How many letters have to be put in, left out or exchanged (Levenshtein's distance).
std::size_t distance(const std::string& first, const std::string& second) {
  std::vector<std::size_t> row(second.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= first.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j < row.size(); ++j) {
      const std::size_t exchanged = diagonal + (first[i - 1] == second[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({exchanged, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// The last part of a qualified name.
std::string last_part(const std::string& name) {
  const std::string plain = fold_case(name);
  const std::size_t dot = plain.find_last_of('.');
  return dot == std::string::npos || dot + 1 == plain.size() ? plain : plain.substr(dot + 1);
}

}  // namespace

std::vector<std::size_t> find_symbols(const Outline& outline, const std::string& name) {
  for (const bool any_case : {false, true})
    for (const std::string& form : forms_of(name))
      if (std::vector<std::size_t> found = symbols_called(outline, form, any_case); !found.empty()) return found;
  return {};
}

std::vector<std::string> near_names(const Outline& outline, const std::string& name, std::size_t most) {
  const std::string wanted = last_part(forms_of(name).back());
  if (wanted.empty() || wanted.size() > kLongestName) return {};
  std::set<std::pair<std::size_t, std::string>> near;
  for (std::size_t i = 0; i < std::min(outline.symbols.size(), kMostCompared); ++i) {
    const std::string own = last_part(plain_name(outline.symbols[i].names.front()));
    if (own.empty() || own.size() > kLongestName) continue;
    const std::size_t shorter = std::min(own.size(), wanted.size());
    const bool one_holds_the_other =
        shorter >= 3 && (own.find(wanted) != std::string::npos || wanted.find(own) != std::string::npos);
    const std::size_t away = one_holds_the_other ? 1 : distance(own, wanted);
    if (away <= std::max<std::size_t>(1, wanted.size() / 3)) near.insert({away, outline.qualified_name(i)});
  }
  std::vector<std::string> names;
  for (const auto& [away, found] : near)
    if (names.size() < most) names.push_back(found);
  return names;
}

}  // namespace facet::tools::code
