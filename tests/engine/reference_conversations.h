#pragma once

#include <QTest>

#include "engine/engine.h"
#include "reference_projectors.h"

// Prompts with pictures and sounds, with the logits that a whole model gives, computed elsewhere in double precision.
namespace facet::engine::reference_conversations {

using reference_projectors::json;

struct Conversation {
  std::string id;
  QString model;
  QString projector;  // empty where that file is not there
  json details;
  std::vector<Token> tokens;  // with a placeholder for each soft token
  std::vector<SequenceItem> items;
};

inline QString find_file(const std::string& name) {
  QStringList folders = {QString(FACET_TEST_DATA "/models")};
  if (qEnvironmentVariableIsSet("FACET_REFERENCE_DIR"))
    folders += qEnvironmentVariable("FACET_REFERENCE_DIR") + "/models";
  for (const QString& folder : folders) {
    const QString path = folder + "/" + QString::fromStdString(name);
    if (QFile::exists(path)) return path;
  }
  return {};
}

inline const QByteArray& data() {
  static const QByteArray bytes = media_vectors::read_bytes("models/mmproj-e2e.bin");
  return bytes;
}

// The tokens with embeddings in the place of placeholders.
inline std::vector<SequenceItem> with_media(const std::vector<Token>& tokens, const json& items,
                                            const std::vector<std::shared_ptr<const MediaEmbedding>>& media) {
  std::vector<SequenceItem> list;
  std::size_t next = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::size_t first = items[i]["first"];
    list.insert(list.end(), tokens.begin() + static_cast<std::ptrdiff_t>(next),
                tokens.begin() + static_cast<std::ptrdiff_t>(first));
    list.emplace_back(MediaSlice::all_of(media[i]));
    next = first + items[i]["count"].get<std::size_t>();
  }
  list.insert(list.end(), tokens.begin() + static_cast<std::ptrdiff_t>(next), tokens.end());
  return list;
}

// With the rows of the references in the place of what an encoder makes.
inline std::vector<Conversation> all() {
  std::vector<Conversation> conversations;
  const json published = media_vectors::read("models/mmproj-e2e.json");
  for (const json& details : published["cases"]) {
    Conversation conversation;
    conversation.id = details["id"];
    conversation.model = find_file(details["text_model"]);
    conversation.projector = find_file(details["mmproj"]);
    conversation.details = details;
    conversation.tokens = details["tokens"].get<std::vector<Token>>();
    if (conversation.model.isEmpty()) continue;
    std::vector<std::shared_ptr<const MediaEmbedding>> media;
    for (const json& item : details["items"]) {
      MediaEmbedding embedding;
      embedding.kind = item["kind"] == "audio" ? MediaEmbedding::Kind::Sound : MediaEmbedding::Kind::Picture;
      embedding.hash = conversation.id + std::to_string(media.size());
      embedding.width = item["soft"]["shape"][1];
      embedding.rows = reference_projectors::values_at(data(), item["soft"]);
      media.push_back(std::make_shared<const MediaEmbedding>(std::move(embedding)));
    }
    conversation.items = with_media(conversation.tokens, details["items"], media);
    conversations.push_back(std::move(conversation));
  }
  return conversations;
}

inline void add_rows() {
  QTest::addColumn<int>("number");
  const auto conversations = all();
  for (int i = 0; i < static_cast<int>(conversations.size()); ++i)
    QTest::newRow(conversations[static_cast<std::size_t>(i)].id.c_str()) << i;
}

inline std::unique_ptr<Engine> open(const QString& model, const EngineOptions& options = {}) {
  auto engine = Engine::open(model.toStdString(), options);
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  return std::move(engine).value();
}

inline std::vector<float> logits_of(const Sequence& sequence) {
  std::vector<float> logits;
  for (std::size_t row = 0; row < sequence.logit_rows(); ++row)
    logits.insert(logits.end(), sequence.logits(row).begin(), sequence.logits(row).end());
  return logits;
}

// Of all positions.
inline std::vector<float> evaluate(Sequence& sequence, std::span<const SequenceItem> items, std::size_t rows,
                                   std::size_t chunk = 0) {
  const auto synced = sequence.sync(items, {.chunk = chunk, .logit_rows = rows});
  if (!synced.ok()) qFatal("%s", synced.error().message.c_str());
  return logits_of(sequence);
}

// What is wrong with the logits of all positions; empty when nothing is.
inline QString disagreement(const Conversation& conversation, std::span<const float> logits, const json& tolerance) {
  const std::size_t vocabulary = logits.size() / conversation.tokens.size();
  const auto compare = [&](const json& positions, const json& place) {
    std::vector<float> rows;
    for (const std::size_t position : positions) {
      const auto row = logits.subspan(position * vocabulary, vocabulary);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    return reference_projectors::disagreement(rows, reference_projectors::values_at(data(), place), tolerance);
  };
  const json& details = conversation.details;
  const QString last = compare(details["logit_positions"], details["logits"]);
  if (!last.isEmpty()) return "behind the prompt: " + last;
  const json& soft = details["logits_at_first_and_last_soft_tokens"];
  const QString at_soft = compare(soft["positions"], soft);
  return at_soft.isEmpty() ? QString() : "at soft tokens: " + at_soft;
}

// Logits of a model that is given the rows of the references.
inline void logits_agree(int number, const EngineOptions& options) {
  const Conversation conversation = all().at(static_cast<std::size_t>(number));
  const auto engine = open(conversation.model, options);
  const auto sequence = engine->create_sequence();
  const std::vector<float> logits = evaluate(*sequence, conversation.items, conversation.tokens.size());
  const json tolerance = {{"max", 1e-3}, {"rms", 2e-4}};
  const QString fault = disagreement(conversation, logits, tolerance);
  if (!fault.isEmpty()) QFAIL(qPrintable(fault));
}

}  // namespace facet::engine::reference_conversations
