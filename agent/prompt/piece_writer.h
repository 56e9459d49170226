#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "agent/text_model.h"

namespace facet::agent {

// Collects a prompt. What the template itself writes and what comes from people, tools and models go in by different
// doors, so that the two can not be mixed up. Neighbours of one kind become one piece.
class PieceWriter {
 public:
  // The template's own characters, markers among them.
  void markup(std::string_view text) { append(PromptPiece::Kind::Template, text); }
  // Anything that somebody else has written.
  void data(std::string_view text) { append(PromptPiece::Kind::Data, text); }
  // Ids that the model has generated, and how they are spelled.
  void tokens(std::vector<std::int32_t> ids, std::string spelling) {
    pieces_.push_back({PromptPiece::Kind::Tokens, std::move(spelling), std::move(ids)});
  }
  void media(MediaItem item) {
    std::string key = key_of(item);
    pieces_.push_back({PromptPiece::Kind::Media, std::move(key), {}, std::move(item)});
  }

  std::vector<PromptPiece> take() { return std::move(pieces_); }

 private:
  void append(PromptPiece::Kind kind, std::string_view text) {
    if (text.empty()) return;
    if (pieces_.empty() || pieces_.back().kind != kind) pieces_.push_back({kind, {}, {}});
    pieces_.back().text += text;
  }

  std::vector<PromptPiece> pieces_;
};

}  // namespace facet::agent
