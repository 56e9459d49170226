#include "tools/code/grammar.h"

#include <algorithm>
#include <array>

#include "tools/code/language_rules.h"
#include "tools/text.h"

extern "C" {
const TSLanguage* tree_sitter_bash();
const TSLanguage* tree_sitter_c();
const TSLanguage* tree_sitter_cpp();
const TSLanguage* tree_sitter_css();
const TSLanguage* tree_sitter_go();
const TSLanguage* tree_sitter_html();
const TSLanguage* tree_sitter_java();
const TSLanguage* tree_sitter_javascript();
const TSLanguage* tree_sitter_json();
const TSLanguage* tree_sitter_markdown();
const TSLanguage* tree_sitter_python();
const TSLanguage* tree_sitter_rust();
const TSLanguage* tree_sitter_tsx();
const TSLanguage* tree_sitter_typescript();
}

namespace facet::tools::code {
namespace {

const std::array<Grammar, 14>& grammars() {
  static const std::array<Grammar, 14> all = {{
      {"C", tree_sitter_c, c_rules, {"c"}, {}, {}},
      // Headers too: C++ has nearly all of C.
      {"C++",
       tree_sitter_cpp,
       cpp_rules,
       {"cpp", "cc", "cxx", "c++", "h", "hpp", "hh", "hxx", "h++", "ipp", "inl", "tpp", "ino"},
       {},
       {}},
      {"Python", tree_sitter_python, python_rules, {"py", "pyi", "pyw"}, {}, {"python", "python2", "python3"}},
      {"JavaScript", tree_sitter_javascript, javascript_rules, {"js", "mjs", "cjs", "jsx"}, {}, {"node", "nodejs"}},
      {"TypeScript", tree_sitter_typescript, typescript_rules, {"ts", "mts", "cts"}, {}, {"deno", "ts-node"}},
      {"TSX", tree_sitter_tsx, typescript_rules, {"tsx"}, {}, {}},
      {"Rust", tree_sitter_rust, rust_rules, {"rs"}, {}, {}},
      {"Go", tree_sitter_go, go_rules, {"go"}, {}, {}},
      {"Java", tree_sitter_java, java_rules, {"java"}, {}, {}},
      {"Bash",
       tree_sitter_bash,
       bash_rules,
       {"sh", "bash"},
       {".bashrc", ".bash_profile", ".bash_aliases", ".profile"},
       {"bash", "sh", "dash", "ksh"}},
      {"JSON",
       tree_sitter_json,
       json_rules,
       {"json", "geojson", "webmanifest", "ipynb"},
       {},
       {},
       /*is_program=*/false,
       /*outline_depth=*/3},
      {"HTML", tree_sitter_html, html_rules, {"html", "htm", "xhtml"}, {}, {}, /*is_program=*/false},
      {"CSS", tree_sitter_css, css_rules, {"css"}, {}, {}, /*is_program=*/false},
      {"Markdown", tree_sitter_markdown, markdown_rules, {"md", "markdown"}, {}, {}, /*is_program=*/false},
  }};
  return all;
}

bool has(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The program that "#!/usr/bin/env -S python3 -u" or "#!/bin/bash" names: "python3", "bash".
std::string_view program_of(std::string_view line) {
  if (!line.starts_with("#!")) return {};
  line.remove_prefix(2);
  while (!line.empty()) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    std::string_view word = line.substr(0, end);
    line.remove_prefix(end);
    word.remove_prefix(word.rfind('/') + 1);
    if (word != "env" && !word.starts_with('-')) return word;
  }
  return {};
}

}  // namespace

const Grammar* grammar_for(std::string_view file_name, std::string_view first_line) {
  const std::string name = fold_case(file_name.substr(file_name.rfind('/') + 1));
  const std::size_t dot = name.rfind('.');
  const std::string_view ending =
      dot == std::string::npos || dot == 0 ? std::string_view() : std::string_view(name).substr(dot + 1);
  const std::string_view program = program_of(first_line);
  for (const Grammar& grammar : grammars())
    if (has(grammar.file_names, name) || has(grammar.endings, ending)) return &grammar;
  for (const Grammar& grammar : grammars())
    if (has(grammar.programs, program)) return &grammar;
  return nullptr;
}

std::string grammar_names() {
  std::string names;
  for (const Grammar& grammar : grammars())
    names += (names.empty() ? "" : ", ") + std::string(grammar.name);
  return names;
}

}  // namespace facet::tools::code
