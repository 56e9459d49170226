#pragma once

#include <string>
#include <string_view>
#include <vector>

struct TSLanguage;

namespace facet::tools::code {

struct LanguageRules;

// A language whose files can be outlined. There is one object of each, for as long as the program runs.
struct Grammar {
  const char* name = "";                      // "C++"
  const TSLanguage* (*language)() = nullptr;  // the parser
  const LanguageRules& (*rules)() = nullptr;  // what is a symbol in its trees
  std::vector<std::string_view> endings;      // of file names, without the dot, in lower case
  std::vector<std::string_view> file_names;   // whole names, in lower case
  std::vector<std::string_view> programs;     // those that a first line "#!" names
  bool is_program = true;                     // and not data or a document: part of the outline of a folder
  std::size_t outline_depth = 12;             // how deep the symbols are listed
};

// The language of a file, from its name or from a first line that begins with "#!"; null when it is none of ours.
const Grammar* grammar_for(std::string_view file_name, std::string_view first_line);

// "C, C++, Python, ...".
std::string grammar_names();

}  // namespace facet::tools::code
