#include "engine/text/tokenizer.h"

#include <algorithm>

#include "engine/gguf/gguf_file.h"
#include "engine/text/byte_pair.h"
#include "engine/text/marker_names.h"
#include "engine/text/merge_table.h"
#include "engine/text/utf8.h"
#include "engine/text/vocabulary.h"

namespace facet::engine {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

// The reason alone; from_gguf makes a sentence of it.
Error unusable(std::string reason) {
  return {Error::Code::CorruptFile, std::move(reason)};
}

// Writers disagree about the name of the tokenizer; the architecture settles it.
bool is_gemma4(const GgufFile& file) {
  return file.string("tokenizer.ggml.model") == "gemma4" || file.string("tokenizer.ggml.pre") == "gemma4" ||
         file.string("general.architecture") == "gemma4";
}

// A metadata value that names a token: absent is fine, anything but an id of the vocabulary is not.
Result<std::optional<Token>> token_in(const GgufFile& file, std::string_view key, const Vocabulary& vocabulary) {
  if (!file.has(key)) return std::optional<Token>();
  const std::optional<std::int64_t> id = file.integer(key);
  if (!id || *id < 0 || *id >= vocabulary.size()) return unusable("its " + std::string(key) + " is not a token");
  return std::optional<Token>(static_cast<Token>(*id));
}

void sort_unique(std::vector<Token>& tokens) {
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
}

Result<std::vector<Token>> ending_tokens(const GgufFile& file, const Vocabulary& vocabulary) {
  std::vector<Token> tokens;
  for (const std::string_view marker : kEndMarkers)
    tokens.push_back(*vocabulary.find(marker));
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    FACET_ASSIGN_OR_RETURN(const std::optional<Token> token, token_in(file, key, vocabulary));
    if (token) tokens.push_back(*token);
  }
  sort_unique(tokens);
  return tokens;
}

Result<std::vector<Token>> suppressed_tokens(const GgufFile& file, const Vocabulary& vocabulary) {
  constexpr std::string_view kKey = "tokenizer.ggml.suppress_tokens";
  std::vector<Token> tokens;
  for (const std::string_view marker : kNeverSaid) {
    if (const auto token = vocabulary.find(marker)) tokens.push_back(*token);
  }
  for (Token token = 0; token < vocabulary.size(); ++token) {
    if (vocabulary.kind(token) == Tokenizer::Kind::Unused) tokens.push_back(token);
  }
  if (file.has(kKey)) {
    const auto listed = file.integers(kKey);
    if (!listed) return unusable("its " + std::string(kKey) + " is not a list of ids");
    for (const std::int64_t id : *listed) {
      if (id < 0 || id >= vocabulary.size())
        return unusable("its " + std::string(kKey) + " lists " + std::to_string(id) + ", which is not a token");
      tokens.push_back(static_cast<Token>(id));
    }
  }
  sort_unique(tokens);
  return tokens;
}

// The entries for one newline, two newlines, and so on as far as there are any.
std::vector<Token> newline_tokens(const Vocabulary& vocabulary) {
  std::vector<Token> tokens;
  for (std::string run = "\n"; const auto token = vocabulary.find(run); run += '\n') {
    if (vocabulary.kind(*token) != Tokenizer::Kind::Text) break;
    tokens.push_back(*token);
  }
  return tokens;
}

}  // namespace

struct Tokenizer::State {
  Vocabulary vocabulary;
  MergeTable merges;
  std::vector<Token> newline_runs;  // at index n - 1 the entry for n newlines
  Token bos = 0;
  std::vector<Token> ending;      // sorted
  std::vector<Token> suppressed;  // sorted

  static Result<std::unique_ptr<State>> read(const GgufFile& file);
  void append_newlines(std::size_t count, std::vector<Token>& out) const;
  void append_text(std::string_view text, std::vector<Token>& out) const;
};

// Merging gives the same: as many of the longest runs as fit, then the rest.
void Tokenizer::State::append_newlines(std::size_t count, std::vector<Token>& out) const {
  if (newline_runs.empty()) return append_merged(vocabulary, merges, std::string(count, '\n'), out);
  while (count > 0) {
    const std::size_t run = std::min(count, newline_runs.size());
    out.push_back(newline_runs[run - 1]);
    count -= run;
  }
}

// No entry mixes newlines with anything else, so the runs between them merge by themselves.
void Tokenizer::State::append_text(std::string_view text, std::vector<Token>& out) const {
  while (!text.empty()) {
    const std::size_t newlines = std::min(text.find_first_not_of('\n'), text.size());
    append_newlines(newlines, out);
    text.remove_prefix(newlines);
    const std::size_t run = std::min(text.find('\n'), text.size());
    append_merged(vocabulary, merges, text.substr(0, run), out);
    text.remove_prefix(run);
  }
}

Tokenizer::Tokenizer() = default;
Tokenizer::~Tokenizer() = default;

Result<std::unique_ptr<Tokenizer::State>> Tokenizer::State::read(const GgufFile& file) {
  if (!is_gemma4(file)) return Error{Error::Code::Unsupported, "its vocabulary is not the one of a Gemma 4 model"};
  FACET_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::from_gguf(file));
  FACET_ASSIGN_OR_RETURN(MergeTable merges, MergeTable::from_gguf(file, vocabulary));
  FACET_ASSIGN_OR_RETURN(std::vector<Token> ending, ending_tokens(file, vocabulary));
  FACET_ASSIGN_OR_RETURN(std::vector<Token> suppressed, suppressed_tokens(file, vocabulary));
  std::vector<Token> newline_runs = newline_tokens(vocabulary);
  const Token bos = *vocabulary.find(kBeginOfSequence);
  return std::unique_ptr<State>(new State{std::move(vocabulary), std::move(merges), std::move(newline_runs), bos,
                                          std::move(ending), std::move(suppressed)});
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::from_gguf(const GgufFile& file) {
  auto state = State::read(file);
  if (!state.ok())
    return Error{state.error().code,
                 "'" + file.path().filename().string() + "' can not be used: " + state.error().message + "."};
  std::unique_ptr<Tokenizer> tokenizer(new Tokenizer);
  tokenizer->state_ = std::move(state).value();
  return tokenizer;
}

std::vector<Token> Tokenizer::encode(std::span<const TextSpan> spans) const {
  std::vector<Token> out;
  std::string text;  // what has gathered since the last marker, spaces replaced
  for (const TextSpan& span : spans) {
    for (std::size_t at = 0; at < span.text.size();) {
      const auto marker = span.trust == Trust::Template ? state_->vocabulary.marker_at_start(span.text.substr(at))
                                                        : std::optional<Token>();
      if (marker) {
        state_->append_text(text, out);
        text.clear();
        out.push_back(*marker);
        at += spelling(*marker).size();
        continue;
      }
      if (span.text[at] == ' ') {
        text += kSpaceSymbol;
      } else {
        text += span.text[at];
      }
      ++at;
    }
  }
  state_->append_text(text, out);
  return out;
}

std::vector<Token> Tokenizer::encode(std::string_view text, Trust trust) const {
  const TextSpan span{text, trust};
  return encode(std::span(&span, 1));
}

std::string Tokenizer::decode(std::span<const Token> tokens, Markers markers) const {
  StreamingDecoder decoder(*this);
  std::string text;
  for (const Token token : tokens) {
    text += decoder.push(token);
    if (markers == Markers::Print && kind(token) == Kind::Marker) text += to_valid_utf8(spelling(token));
  }
  return text + decoder.flush();
}

std::int32_t Tokenizer::vocabulary_size() const {
  return state_->vocabulary.size();
}

Tokenizer::Kind Tokenizer::kind(Token token) const {
  return state_->vocabulary.contains(token) ? state_->vocabulary.kind(token) : Kind::Unused;
}

std::string_view Tokenizer::bytes(Token token) const {
  return state_->vocabulary.contains(token) ? state_->vocabulary.text(token) : kReplacementCharacter;
}

std::string_view Tokenizer::spelling(Token token) const {
  return state_->vocabulary.contains(token) ? state_->vocabulary.spelling(token) : kReplacementCharacter;
}

std::optional<Token> Tokenizer::find(std::string_view spelling) const {
  return state_->vocabulary.find(spelling);
}

Token Tokenizer::bos() const {
  return state_->bos;
}

bool Tokenizer::ends_generation(Token token) const {
  return std::binary_search(state_->ending.begin(), state_->ending.end(), token);
}

std::span<const Token> Tokenizer::suppressed() const {
  return state_->suppressed;
}

}  // namespace facet::engine
