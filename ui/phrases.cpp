#include "ui/phrases.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QRegularExpression>
#include <algorithm>

namespace facet::ui::phrases {
namespace {

QString translated(const char* text) {
  return QCoreApplication::translate("facet::ui::phrases", text);
}

QString value_text(const QJsonValue& value) {
  switch (value.type()) {
    case QJsonValue::String:
      return value.toString();
    case QJsonValue::Bool:
      return value.toBool() ? QStringLiteral("true") : QStringLiteral("false");
    case QJsonValue::Double:
      return QString::number(value.toDouble(), 'g', 15);
    case QJsonValue::Array:
      return QString::fromUtf8(QJsonDocument(value.toArray()).toJson(QJsonDocument::Compact));
    case QJsonValue::Object:
      return QString::fromUtf8(QJsonDocument(value.toObject()).toJson(QJsonDocument::Compact));
    case QJsonValue::Null:
    case QJsonValue::Undefined:
      break;
  }
  return QStringLiteral("null");
}

QString one_line(QString text) {
  const qsizetype end = text.indexOf('\n');
  if (end >= 0) text = text.left(end) + QStringLiteral(" …");
  return text.simplified();
}

// What a call is about stands in front; everything else follows by name.
QStringList summary_pieces(const QJsonObject& arguments) {
  static const QStringList kTelling = {"command", "query", "pattern", "text",     "url",
                                       "path",    "file",  "folder",  "directory"};
  QStringList pieces;
  for (const QString& key : kTelling) {
    if (arguments.contains(key)) pieces << one_line(value_text(arguments[key]));
  }
  for (auto it = arguments.begin(); it != arguments.end(); ++it) {
    if (kTelling.contains(it.key()) || pieces.size() >= 4) continue;
    const QString value = one_line(value_text(it.value()));
    if (value.size() <= 40) pieces << QString(it.key()).replace('_', ' ') + ' ' + value;
  }
  // The folder itself says nothing that the reader does not know.
  pieces.removeAll(QString());
  pieces.removeAll(QStringLiteral("."));
  return pieces;
}

// By the words of the name, so that a new tool finds a fitting symbol by itself.
Icon icon_for(const QString& tool) {
  const auto mentions = [&tool](std::initializer_list<const char*> words) {
    return std::any_of(words.begin(), words.end(),
                       [&tool](const char* word) { return tool.contains(QLatin1String(word)); });
  };
  if (mentions({"search", "find", "recall"})) return Icon::Search;
  if (mentions({"remember"})) return Icon::Thought;
  if (mentions({"list"})) return Icon::Folder;
  if (mentions({"delete", "trash", "remove"})) return Icon::Trash;
  if (mentions({"write", "edit", "move"})) return Icon::Edit;
  if (mentions({"command", "run", "shell"})) return Icon::Terminal;
  if (mentions({"screen", "capture"})) return Icon::Screen;
  if (mentions({"code", "outline"})) return Icon::Code;
  if (mentions({"fetch", "web", "url"})) return Icon::Globe;
  if (mentions({"read", "file", "document"})) return Icon::File;
  return Icon::Tool;
}

QString humanised(QString name) {
  name.replace('_', ' ');
  if (!name.isEmpty()) name[0] = name[0].toUpper();
  return name;
}

}  // namespace

QString bytes(qint64 count) {
  return QLocale().formattedDataSize(count, count < 1000 ? 0 : 1, QLocale::DataSizeSIFormat);
}

QString duration(qint64 milliseconds) {
  if (milliseconds < 100) return translated("%1 ms").arg(std::max<qint64>(milliseconds, 0));
  const double seconds = static_cast<double>(milliseconds) / 1000.0;
  if (seconds < 60) return translated("%1 s").arg(QLocale().toString(seconds, 'f', 1));
  const qint64 whole = milliseconds / 1000;
  return translated("%1 min %2 s").arg(whole / 60).arg(whole % 60);
}

QString rough_duration(qint64 milliseconds) {
  constexpr qint64 kSecond = 1000;
  constexpr qint64 kMinute = 60 * kSecond;
  const auto rounded = [milliseconds](qint64 unit) { return (milliseconds + unit / 2) / unit; };
  if (milliseconds < 10 * kSecond) return translated("%1 s").arg(std::max<qint64>(rounded(kSecond), 1));
  if (rounded(5 * kSecond) < 12) return translated("%1 s").arg(5 * rounded(5 * kSecond));
  if (rounded(kMinute) < 90) return translated("%1 min").arg(rounded(kMinute));
  return translated("%1 h").arg(rounded(60 * kMinute));
}

QString moment(qint64 epoch_ms) {
  return QLocale().toString(QDateTime::fromMSecsSinceEpoch(epoch_ms), QLocale::LongFormat);
}

QString day(qint64 epoch_ms) {
  return QLocale().toString(QDateTime::fromMSecsSinceEpoch(epoch_ms).date(), QLocale::LongFormat);
}

QString clock(qint64 epoch_ms) {
  return QLocale().toString(QDateTime::fromMSecsSinceEpoch(epoch_ms).time(), QLocale::ShortFormat);
}

QString day_group(qint64 epoch_ms, const QDate& today) {
  const QDate day = QDateTime::fromMSecsSinceEpoch(epoch_ms).date();
  if (day >= today) return translated("Today");
  if (day == today.addDays(-1)) return translated("Yesterday");
  if (day > today.addDays(-8)) return translated("Previous 7 days");
  return translated("Earlier");
}

QString short_path(const QString& path) {
  const QString home = QDir::homePath();
  if (path == home) return QStringLiteral("~");
  return path.startsWith(home + '/') ? '~' + path.mid(home.size()) : path;
}

QString unmasked(const QString& text) {
  QString shown;
  for (const QChar c : text) {
    const char16_t code = c.unicode();
    const bool turns = code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
                       (code >= 0x2066 && code <= 0x2069);
    const bool control = (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7F && code < 0xA0);
    if (turns || control) {
      shown += QStringLiteral("\\u%1").arg(static_cast<int>(code), 4, 16, QLatin1Char('0'));
    } else {
      shown += c;
    }
  }
  return shown;
}

bool holds_diff(const QString& text) {
  static const QRegularExpression hunk(QStringLiteral("^@@ -\\d+(,\\d+)? \\+\\d+(,\\d+)? @@"),
                                       QRegularExpression::MultilineOption);
  return text.contains(hunk);
}

QString extent(const agent::AttachedMedia& media) {
  if (media.kind == agent::MediaKind::Picture) return QStringLiteral("%1 × %2").arg(media.width).arg(media.height);
  return duration(media.duration_ms);
}

Icon icon_of(const agent::AttachmentPart& file) {
  if (!file.media) return Icon::File;
  switch (file.media->kind) {
    case agent::MediaKind::Picture:
      return Icon::Picture;
    case agent::MediaKind::Sound:
      return Icon::Sound;
    case agent::MediaKind::Video:
      return Icon::Video;
  }
  return Icon::File;
}

CallSummary describe_call(const agent::Call& call) {
  const QString tool = QString::fromStdString(call.tool);
  CallSummary summary;
  summary.icon = icon_for(tool);
  summary.title = humanised(tool);
  const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(call.arguments_json));
  QStringList pieces;
  if (document.isObject()) pieces = summary_pieces(document.object());
  if (call.pictures.size() == 1 && call.pictures[0].media) pieces << extent(*call.pictures[0].media);
  if (call.pictures.size() > 1) pieces << translated("%1 pictures").arg(call.pictures.size());
  summary.detail = pieces.join(QStringLiteral("  ·  "));
  return summary;
}

QString readable_arguments(const std::string& arguments_json) {
  const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(arguments_json));
  if (!document.isObject()) return QString::fromStdString(arguments_json);
  QStringList lines;
  const QJsonObject object = document.object();
  for (auto it = object.begin(); it != object.end(); ++it)
    lines << it.key() + QStringLiteral(": ") + value_text(it.value());
  return lines.join('\n');
}

}  // namespace facet::ui::phrases
