#pragma once

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QString>
#include <cstring>
#include <vector>

#include "engine/text/tokenizer.h"

// The models with results computed elsewhere: those in tests/data, and more when FACET_REFERENCE_DIR names a folder
// that has them in `models`.
namespace reference_models {

using facet::engine::Token;

struct Prompt {
  QString id;
  std::vector<Token> tokens;
  std::vector<std::size_t> chunks;  // pieces to feed it in, where the reference names some
  std::vector<std::size_t> logit_positions;
  std::vector<float> exact;         // float64 evaluation, rows of these positions
  double eight_bit_difference = 0;  // root mean square, of another engine that rounds activations to 8 bits
  std::vector<Token> argmax_exact;  // at every position
  std::vector<double> gap_exact;
  std::vector<Token> greedy;        // a continuation
  std::vector<Token> greedy_exact;  // the best token at each step of it
  std::vector<double> greedy_gap_exact;
  std::vector<double> router_margin_greedy;  // models with experts
};

struct Model {
  QString gguf;
  std::size_t vocabulary = 0;
  std::vector<Prompt> prompts;
};

// Base names of the text models: NAME.gguf, NAME.json and NAME.bin lie side by side.
inline QStringList in_folders(const QStringList& folders) {
  QStringList bases;
  QStringList seen;
  for (const QString& folder : folders) {
    for (const char* pattern : {"e-*.gguf", "dense-*.gguf", "moe-*.gguf"}) {
      for (const QString& name : QDir(folder).entryList({pattern})) {
        if (seen.contains(name)) continue;
        seen += name;
        bases += folder + "/" + name.chopped(5);
      }
    }
  }
  return bases;
}
inline QStringList in_test_data() {
  return in_folders({FACET_TEST_DATA "/models"});
}
inline QStringList all() {
  QStringList folders = {FACET_TEST_DATA "/models"};
  if (qEnvironmentVariableIsSet("FACET_REFERENCE_DIR"))
    folders += qEnvironmentVariable("FACET_REFERENCE_DIR") + "/models";
  return in_folders(folders);
}

template <typename T>
std::vector<T> numbers(const QJsonValue& value) {
  std::vector<T> out;
  for (const QJsonValue& number : value.toArray())
    out.push_back(static_cast<T>(number.toDouble()));
  return out;
}

inline QByteArray contents(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) qFatal("can not read %s", qPrintable(path));
  return file.readAll();
}

inline Model load(const QString& base) {
  Model model;
  model.gguf = base + ".gguf";
  const QJsonObject json = QJsonDocument::fromJson(contents(base + ".json")).object();
  const QByteArray hash = QCryptographicHash::hash(contents(model.gguf), QCryptographicHash::Sha256).toHex();
  if (hash != json["sha256"].toString().toLatin1()) qFatal("%s is not the file of the results", qPrintable(model.gguf));
  model.vocabulary = static_cast<std::size_t>(json["n_vocab"].toInt());
  const QByteArray values = contents(base + ".bin");
  for (const QJsonValue& value : json["prompts"].toArray()) {
    const QJsonObject source = value.toObject();
    Prompt prompt;
    prompt.id = source["id"].toString();
    prompt.tokens = numbers<Token>(source["tokens"]);
    prompt.chunks = numbers<std::size_t>(source["chunks"]);
    prompt.logit_positions = numbers<std::size_t>(source["logit_positions"]);
    prompt.exact.resize(prompt.logit_positions.size() * model.vocabulary);
    const qsizetype offset = source["exact"].toObject()["offset"].toInt();
    std::memcpy(prompt.exact.data(), values.constData() + offset, prompt.exact.size() * sizeof(float));
    prompt.eight_bit_difference = source["llama_vs_exact"].toObject()["rms"].toDouble();
    prompt.argmax_exact = numbers<Token>(source["argmax_exact"]);
    prompt.gap_exact = numbers<double>(source["gap_exact"]);
    prompt.greedy = numbers<Token>(source["greedy"]);
    prompt.greedy_exact = numbers<Token>(source["greedy_exact"]);
    prompt.greedy_gap_exact = numbers<double>(source["greedy_gap_exact"]);
    prompt.router_margin_greedy = numbers<double>(source["router_margin_greedy"]);
    model.prompts.push_back(std::move(prompt));
  }
  return model;
}

}  // namespace reference_models
