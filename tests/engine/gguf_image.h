#pragma once

#include <QByteArray>
#include <QFile>
#include <QString>
#include <QTemporaryDir>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

// Writes GGUF files by the specification alone, sound ones and damaged ones, without using the reader under test.
namespace gguf_image {

enum Type : std::uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12
};

template <typename T>
QByteArray raw(T value) {
  QByteArray bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

inline QByteArray text(const QByteArray& value) {
  return raw<std::uint64_t>(value.size()) + value;
}

// The value part of a metadata entry: its type and its bytes.
struct Value {
  QByteArray bytes;
};

template <typename T>
Value scalar(Type type, T value) {
  return {raw<std::uint32_t>(type) + raw(value)};
}
inline Value u32(std::uint32_t value) {
  return scalar(U32, value);
}
inline Value f32(float value) {
  return scalar(F32, value);
}
inline Value string(const QByteArray& value) {
  return {raw<std::uint32_t>(String) + text(value)};
}

template <typename T>
Value array(Type type, const std::vector<T>& values) {
  QByteArray bytes = raw<std::uint32_t>(Array) + raw<std::uint32_t>(type) + raw<std::uint64_t>(values.size());
  for (const T value : values)
    bytes += raw(value);
  return {bytes};
}
inline Value strings(const std::vector<QByteArray>& values) {
  QByteArray bytes = raw<std::uint32_t>(Array) + raw<std::uint32_t>(String) + raw<std::uint64_t>(values.size());
  for (const QByteArray& value : values)
    bytes += text(value);
  return {bytes};
}

struct Tensor {
  QByteArray name;
  std::vector<std::uint64_t> shape;
  std::uint32_t type = 0;
  QByteArray data;
  std::int64_t offset = -1;  // -1: where the data is put
};

struct Image {
  QByteArray magic = "GGUF";
  std::uint32_t version = 3;
  std::int64_t tensor_count = -1;  // -1: the true one
  std::int64_t entry_count = -1;
  std::uint64_t alignment = 32;
  std::vector<std::pair<QByteArray, Value>> entries;
  std::vector<Tensor> tensors;

  void set(const QByteArray& key, const Value& value) {
    for (auto& entry : entries)
      if (entry.first == key) {
        entry.second = value;
        return;
      }
    entries.emplace_back(key, value);
  }
  void remove(const QByteArray& key) {
    std::erase_if(entries, [&](const auto& entry) { return entry.first == key; });
  }
  void remove_tensor(const QByteArray& name) {
    std::erase_if(tensors, [&](const Tensor& tensor) { return tensor.name == name; });
  }
  Tensor& tensor(const QByteArray& name) {
    for (Tensor& candidate : tensors)
      if (candidate.name == name) return candidate;
    qFatal("the test has no tensor %s", name.constData());
  }

  QByteArray bytes() const {
    QByteArray out = magic + raw(version);
    out += raw<std::int64_t>(tensor_count < 0 ? static_cast<std::int64_t>(tensors.size()) : tensor_count);
    out += raw<std::int64_t>(entry_count < 0 ? static_cast<std::int64_t>(entries.size()) : entry_count);
    for (const auto& [key, value] : entries)
      out += text(key) + value.bytes;
    QByteArray data;
    for (const Tensor& tensor : tensors) {
      out += text(tensor.name) + raw<std::uint32_t>(static_cast<std::uint32_t>(tensor.shape.size()));
      for (const std::uint64_t extent : tensor.shape)
        out += raw(extent);
      out += raw(tensor.type) + raw<std::uint64_t>(tensor.offset < 0 ? data.size() : tensor.offset);
      data += tensor.data;
      pad(data);
    }
    if (!tensors.empty()) pad(out);
    return out + data;
  }

 private:
  void pad(QByteArray& bytes) const {
    while (bytes.size() % static_cast<qsizetype>(alignment) != 0)
      bytes += '\0';
  }
};

inline std::string write_file(const QTemporaryDir& folder, const QString& name, const QByteArray& bytes) {
  const QString path = folder.filePath(name);
  QFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
    qFatal("can not write %s", qPrintable(path));
  return path.toStdString();
}

}  // namespace gguf_image
