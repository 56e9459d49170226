#include <string.h>

#include "tree_sitter/parser.h"

// Two grammars write more into the library's buffer of TREE_SITTER_SERIALIZATION_BUFFER_SIZE bytes than it holds, when a
// file is nested deeply or names a long here-document. CMake renames their functions, and these stand in their place.

unsigned markdown_serialize_unguarded(void* scanner, char* buffer);
unsigned bash_serialize_unguarded(void* scanner, char* buffer);

// The scanner of Markdown begins with the number of its open blocks, of which each takes an int. Blocks beyond these are
// forgotten; the parser then closes them as it does with any error.
enum { kMostOpenBlocks = 250 };

unsigned tree_sitter_markdown_external_scanner_serialize(void* scanner, char* buffer) {
  size_t* open_blocks = scanner;
  const size_t all = *open_blocks;
  if (all > kMostOpenBlocks) *open_blocks = kMostOpenBlocks;
  const unsigned size = markdown_serialize_unguarded(scanner, buffer);
  *open_blocks = all;
  return size;
}

// The scanner of Bash counts four bytes too few before it writes the last here-document. A state of length 0 is that of
// a scanner that has seen none.
unsigned tree_sitter_bash_external_scanner_serialize(void* scanner, char* buffer) {
  char roomy[TREE_SITTER_SERIALIZATION_BUFFER_SIZE + 64];
  const unsigned size = bash_serialize_unguarded(scanner, roomy);
  if (size > TREE_SITTER_SERIALIZATION_BUFFER_SIZE) return 0;
  memcpy(buffer, roomy, size);
  return size;
}
