#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "tools/descriptor.h"

namespace facet::tools {

enum class Encoding { Utf8, Utf16Little, Utf16Big, Utf32Little, Utf32Big };

// What the beginning of a file says about it.
struct FileGuess {
  Encoding encoding = Encoding::Utf8;
  std::size_t mark_bytes = 0;  // length of a byte order mark
  std::string binary_kind;     // "PNG picture"; empty for text
};
FileGuess guess_file(std::string_view beginning);

struct TextLine {
  std::string text;       // UTF-8 without the line's end
  std::size_t bytes = 0;  // of the whole line; more than text has when it was cut
};

// Reads a text file line by line as UTF-8, whatever it is encoded in: UTF-8, UTF-16 or UTF-32, and bytes that are not
// UTF-8 are taken as Windows-1252, of which Latin-1 is a part. Holds one block and one line in memory, so the size of
// the file does not matter. Used by one thread.
class TextFile {
 public:
  // `longest_line` limits what is kept of one line.
  static Result<TextFile> open(Descriptor file, std::size_t longest_line, std::stop_token stop);

  const FileGuess& guess() const { return guess_; }
  // "UTF-8", "UTF-16", ...; known when the file has been read.
  const char* encoding_name() const;

  // False at the end, after an error and after a stop.
  bool next_line(TextLine& line);
  bool stopped() const { return stop_.stop_requested(); }
  bool failed() const { return failed_; }
  std::int64_t bytes_read() const { return bytes_read_; }

 private:
  TextFile(Descriptor file, std::size_t longest_line, std::stop_token stop)
      : file_(std::move(file)), longest_line_(longest_line), stop_(std::move(stop)) {}

  bool read_block();
  void decode();
  void decode_utf8();
  void decode_units();
  void take(TextLine& line, std::size_t bytes);

  Descriptor file_;
  std::size_t longest_line_;
  std::stop_token stop_;
  FileGuess guess_;
  std::string raw_;      // read and not decoded: at most one block and a piece of a character
  std::string decoded_;  // UTF-8
  std::size_t position_ = 0;
  std::int64_t bytes_read_ = 0;
  bool at_end_ = false;
  bool failed_ = false;
  bool windows_1252_ = false;
};

}  // namespace facet::tools
