#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Texts from outside (files, tools, command lines) are bytes until they passed here; rows, prompts and events hold
// UTF-8.
namespace facet::agent {

bool is_utf8(std::string_view bytes);

// Every byte that belongs to no code point becomes U+FFFD.
std::string to_utf8(std::string_view bytes);

// The longest beginning of at most `bytes` bytes that ends between code points.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

// The first line of a text without its outer white space, for a list: at most about 60 characters, cut between words.
std::string title_of(std::string_view text);

// All of it in one line without outer white space, at most so many bytes; "..." behind it when there was more.
std::string in_one_line(std::string_view text, std::size_t bytes);

}  // namespace facet::agent
