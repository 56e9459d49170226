#pragma once

#include <QByteArray>
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QString>
#include <QTemporaryDir>
#include <string>

#include "tools/media/media_reader.h"

// What the tests of media share: a folder for files that other programs make, and the reader. Pillow and the ffmpeg
// tool are packages of the tests; that one is missing fails a test, for skipping would hide that nothing was compared.
namespace facet::tools::media::test {

inline QString media_program() {
  return QString(FACET_MEDIA_PROGRAM);
}

inline MediaReader reader() {
  return MediaReader(media_program().toStdString());
}

class MediaFolder {
 public:
  QString path(const QString& name) const { return directory_.filePath(name); }

  MediaFile open(const QString& name) const {
    auto file = MediaFile::open(path(name).toStdString());
    if (!file.ok()) qFatal("%s", file.error().message.c_str());
    return std::move(*file);
  }

  QByteArray read(const QString& name) const {
    QFile file(path(name));
    if (!file.open(QIODevice::ReadOnly)) qFatal("no file %s", qPrintable(name));
    return file.readAll();
  }

  void write(const QString& name, const QByteArray& bytes) const {
    QFile file(path(name));
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) qFatal("writing a test file failed");
  }

  // Runs a program in the folder. False, with its words, when it fails.
  bool run(const QString& program, const QStringList& arguments) const {
    QProcess process;
    process.setWorkingDirectory(directory_.path());
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(program, arguments, QIODevice::ReadOnly);
    if (process.waitForStarted() && process.waitForFinished(300'000) && process.exitStatus() == QProcess::NormalExit &&
        process.exitCode() == 0)
      return true;
    qWarning("%s %s: %s", qPrintable(program), qPrintable(arguments.join(' ')), process.readAll().constData());
    return false;
  }

  bool make_pictures() const {
    return run("/usr/bin/python3", {QString(FACET_SOURCE_DIR) + "/tests/tools/media/make_pictures.py", "."});
  }

  // Its arguments as one text, parted by spaces.
  bool ffmpeg(const QString& arguments) const {
    return run("ffmpeg", QStringList{"-y", "-loglevel", "error"} + arguments.split(' ', Qt::SkipEmptyParts));
  }

 private:
  QTemporaryDir directory_;
};

// How far two lists of values are apart.
struct Difference {
  int most = 0;
  double mean = 0;
};

inline Difference difference(const std::vector<std::uint8_t>& pixels, const QByteArray& expected) {
  Difference found;
  double sum = 0;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const int off = std::abs(pixels[i] - static_cast<std::uint8_t>(expected[static_cast<qsizetype>(i)]));
    found.most = std::max(found.most, off);
    sum += off;
  }
  found.mean = pixels.empty() ? 0 : sum / static_cast<double>(pixels.size());
  return found;
}

}  // namespace facet::tools::media::test
