#include "tests/ui/support/describe.h"

#include <QStringList>

namespace facet::ui::test {
namespace {

QString mark(const markdown::Span& span) {
  QString text = span.text;
  text.replace('\n', "\\n");
  QStringList marks;
  if (span.bold) marks << "bold";
  if (span.italic) marks << "italic";
  if (span.strike) marks << "strike";
  if (span.code) marks << "code";
  if (span.image) marks << "image";
  if (!span.link.isEmpty()) marks << "link " + span.link;
  return marks.isEmpty() ? text : '[' + marks.join(' ') + ": " + text + ']';
}

QString mark(const markdown::Spans& spans) {
  QString text;
  for (const markdown::Span& span : spans)
    text += mark(span);
  return text;
}

struct BlockLine {
  QString operator()(const markdown::Paragraph& block) const { return "paragraph: " + mark(block.spans); }
  QString operator()(const markdown::Heading& block) const {
    return QString("heading %1: %2").arg(block.level).arg(mark(block.spans));
  }
  QString operator()(const markdown::Code& block) const {
    return "code " + block.language + ": " + QString(block.text).replace('\n', "\\n");
  }
  QString operator()(const markdown::Table& block) const {
    QStringList lines;
    QString columns;
    for (const markdown::Align align : block.columns) {
      columns += align == markdown::Align::Start ? '<' : align == markdown::Align::Center ? '=' : '>';
    }
    lines << "table " + columns;
    for (const auto& row : block.rows) {
      QStringList cells;
      for (const markdown::Spans& cell : row)
        cells << mark(cell);
      lines << "  " + cells.join(" | ");
    }
    return lines.join('\n');
  }
  QString operator()(const markdown::Rule&) const { return "rule"; }
};

QString place(const markdown::Place& where) {
  QString text;
  for (const markdown::Container each : where.containers)
    text += each == markdown::Container::Quote ? "quote " : "list ";
  return where.marker.isEmpty() ? text : text + where.marker + ' ';
}

struct PartLine {
  QString operator()(const agent::TextPart& part) const { return "text " + QString::fromStdString(part.text); }
  QString operator()(const agent::ThoughtPart& part) const { return "thought " + QString::fromStdString(part.text); }
  QString operator()(const agent::AttachmentPart& part) const {
    return QString("attachment %1 %2 %3 %4 %5 %6")
        .arg(QString::fromStdString(part.name), QString::fromStdString(part.path),
             QString::fromStdString(part.media_type))
        .arg(part.bytes)
        .arg(QString::fromStdString(part.sha256), QString::fromStdString(part.text));
  }
  QString operator()(const agent::NoticePart& part) const {
    return QString("notice %1 %2").arg(static_cast<int>(part.severity)).arg(QString::fromStdString(part.text));
  }
  QString operator()(const agent::CallPart& part) const {
    const agent::Call& call = part.call;
    QString text = QString("call %1 %2 %3 state %4 result %5 details %6 from %7 to %8")
                       .arg(call.id)
                       .arg(QString::fromStdString(call.tool), QString::fromStdString(call.arguments_json))
                       .arg(static_cast<int>(call.state))
                       .arg(QString::fromStdString(call.result), QString::fromStdString(call.details_json))
                       .arg(call.started_ms)
                       .arg(call.finished_ms);
    if (!call.approval) return text;
    const agent::Approval& asked = *call.approval;
    return text + QString(" approval %1 %2 %3 %4 decision %5")
                      .arg(asked.id)
                      .arg(QString::fromStdString(asked.reason), QString::fromStdString(asked.effect_text),
                           QString::fromStdString(asked.scope))
                      .arg(static_cast<int>(asked.decision));
  }
};

}  // namespace

QString describe(const std::vector<markdown::Block>& blocks) {
  QStringList lines;
  for (const markdown::Block& block : blocks) {
    const markdown::Place& where =
        std::visit([](const auto& kind) -> const markdown::Place& { return kind.place; }, block);
    lines << place(where) + std::visit(BlockLine{}, block);
  }
  return lines.join('\n');
}

QString describe(const std::vector<agent::Message>& messages) {
  QStringList lines;
  for (const agent::Message& message : messages) {
    const bool is_user = message.role == agent::Role::User;
    lines << QString("message %1 in %2 %3 finish %4%5")
                 .arg(message.id)
                 .arg(message.conversation)
                 .arg(is_user ? "user" : "assistant")
                 .arg(static_cast<int>(message.finish))
                 .arg(is_user ? QString(" at %1").arg(message.created_ms) : QString());
    for (const agent::Part& part : message.parts) {
      lines << QString("  part %1 ordinal %2 run %3 ").arg(part.id).arg(part.ordinal).arg(part.run) +
                   std::visit(PartLine{}, part.content);
    }
  }
  return lines.join('\n');
}

}  // namespace facet::ui::test
