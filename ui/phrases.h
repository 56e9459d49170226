#pragma once

#include <QDate>
#include <QString>

#include "agent/protocol.h"
#include "ui/theme.h"

// Numbers, times and tool calls in words, in the user's locale.
namespace facet::ui::phrases {

QString bytes(qint64 count);                  // "1.2 kB"
QString duration(qint64 milliseconds);        // "0.4 s", "1 min 12 s"
QString rough_duration(qint64 milliseconds);  // "20 s", "3 min": for what is only estimated
QString moment(qint64 epoch_ms);              // date and time, for tool tips
QString day(qint64 epoch_ms);                 // "Sunday, 22 November 2026"
QString clock(qint64 epoch_ms);               // "14:03"

// "Today", "Yesterday", "Previous 7 days", or "Earlier".
QString day_group(qint64 epoch_ms, const QDate& today);

// "/home/ann/notes" as "~/notes".
QString short_path(const QString& path);

// Control characters and marks that turn the direction of text are written out, so that what is shown is what is there.
QString unmasked(const QString& text);

// Whether a text shows a change of a file as a unified diff.
bool holds_diff(const QString& text);

// "1280 × 800", of a sound or a video its length.
QString extent(const agent::AttachedMedia& media);
Icon icon_of(const agent::AttachmentPart& file);

// A call in words that need no knowledge of the tool: its name, and of its arguments what says most.
struct CallSummary {
  Icon icon = Icon::Tool;
  QString title;   // "Read file"
  QString detail;  // "plan.md · lines 1–40"
};
CallSummary describe_call(const agent::Call& call);

// The arguments as readable lines: "path: plan.md". What is no JSON object is shown as it is.
QString readable_arguments(const std::string& arguments_json);

}  // namespace facet::ui::phrases
