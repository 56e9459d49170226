#include <md4c.h>

#include <QRegularExpression>
#include <QTextDocumentFragment>
#include <algorithm>
#include <optional>

#include "ui/markdown/blocks.h"

namespace facet::ui::markdown {
namespace {

QString text_of(const MD_ATTRIBUTE& attribute) {
  return QString::fromUtf8(attribute.text, static_cast<qsizetype>(attribute.size));
}

QString bullet(int depth) {
  static const QString kBullets[] = {QStringLiteral("•"), QStringLiteral("◦"), QStringLiteral("–")};
  return kBullets[std::clamp(depth, 1, 3) - 1];
}

// Collects what md4c reports into blocks. A leaf (a paragraph, a heading, a cell) is open while its spans arrive.
class Collector {
 public:
  void enter_block(MD_BLOCKTYPE type, const void* detail);
  void leave_block(MD_BLOCKTYPE type);
  void enter_span(MD_SPANTYPE type, const void* detail);
  void leave_span(MD_SPANTYPE type);
  void text(MD_TEXTTYPE type, const QString& text);

  std::vector<Block> take() { return std::move(blocks_); }

 private:
  struct List {
    bool ordered = false;
    bool tight = false;
    unsigned next = 1;
    QChar delimiter = '.';
  };

  void enter_item(const MD_BLOCK_LI_DETAIL& detail);
  void open_leaf(const Block& leaf);
  void close_leaf();
  void flush_marker();
  void append(const QString& text);
  Place place();

  std::vector<Block> blocks_;
  std::optional<Block> leaf_;
  std::vector<Container> containers_;
  std::vector<List> lists_;
  std::optional<QString> marker_;  // of an item whose first leaf has not come yet
  Spans spans_;                    // of the open leaf or cell
  Span format_;
  int bold_ = 0;
  int italic_ = 0;
  int strike_ = 0;
  std::vector<QString> links_;
  std::size_t image_start_ = 0;
  bool in_table_head_ = false;
};

Place Collector::place() {
  Place place{containers_, marker_.value_or(QString()), !lists_.empty() && lists_.back().tight};
  marker_.reset();
  return place;
}

// A list item that begins with something that can not carry a marker gets a line of its own for it.
void Collector::flush_marker() {
  if (!marker_) return;
  blocks_.emplace_back(Paragraph{place(), {}});
}

void Collector::open_leaf(const Block& leaf) {
  close_leaf();
  leaf_ = leaf;
  spans_.clear();
}

// A break written as HTML is the one tag that models use in tables, where Markdown has no other way to write it.
Spans with_breaks(Spans spans) {
  static const QRegularExpression kBreak(QStringLiteral("<br\\s*/?>"), QRegularExpression::CaseInsensitiveOption);
  for (Span& span : spans) {
    if (!span.code) span.text.replace(kBreak, QStringLiteral("\n"));
  }
  return spans;
}

void Collector::close_leaf() {
  if (!leaf_) return;
  if (auto* paragraph = std::get_if<Paragraph>(&*leaf_)) paragraph->spans = with_breaks(std::move(spans_));
  if (auto* heading = std::get_if<Heading>(&*leaf_)) heading->spans = with_breaks(std::move(spans_));
  if (auto* code = std::get_if<Code>(&*leaf_)) {
    if (!spans_.empty()) code->text = spans_.front().text;
    if (code->text.endsWith('\n')) code->text.chop(1);
  }
  blocks_.push_back(std::move(*leaf_));
  leaf_.reset();
  spans_.clear();
}

void Collector::enter_item(const MD_BLOCK_LI_DETAIL& detail) {
  close_leaf();
  flush_marker();
  List& list = lists_.back();
  if (detail.is_task != 0) {
    marker_ = detail.task_mark == ' ' ? QStringLiteral("☐") : QStringLiteral("☑");
  } else if (list.ordered) {
    marker_ = QString::number(list.next++) + list.delimiter;
  } else {
    const auto unordered = std::count_if(lists_.begin(), lists_.end(), [](const List& each) { return !each.ordered; });
    marker_ = bullet(static_cast<int>(unordered));
  }
}

void Collector::enter_block(MD_BLOCKTYPE type, const void* detail) {
  switch (type) {
    case MD_BLOCK_DOC:
    case MD_BLOCK_HTML:
    case MD_BLOCK_TBODY:
      return;
    case MD_BLOCK_QUOTE:
      close_leaf();
      flush_marker();
      containers_.push_back(Container::Quote);
      return;
    case MD_BLOCK_UL: {
      close_leaf();
      flush_marker();
      containers_.push_back(Container::List);
      lists_.push_back({.ordered = false, .tight = static_cast<const MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0});
      return;
    }
    case MD_BLOCK_OL: {
      close_leaf();
      flush_marker();
      const auto* list = static_cast<const MD_BLOCK_OL_DETAIL*>(detail);
      containers_.push_back(Container::List);
      lists_.push_back({true, list->is_tight != 0, list->start, QChar(list->mark_delimiter)});
      return;
    }
    case MD_BLOCK_LI:
      enter_item(*static_cast<const MD_BLOCK_LI_DETAIL*>(detail));
      return;
    case MD_BLOCK_HR:
      close_leaf();
      flush_marker();
      blocks_.emplace_back(Rule{place()});
      return;
    case MD_BLOCK_H:
      open_leaf(Heading{place(), static_cast<int>(static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level), {}});
      return;
    case MD_BLOCK_CODE:
      close_leaf();
      flush_marker();
      open_leaf(Code{place(), text_of(static_cast<const MD_BLOCK_CODE_DETAIL*>(detail)->lang), {}});
      return;
    case MD_BLOCK_P:
      open_leaf(Paragraph{place(), {}});
      return;
    case MD_BLOCK_TABLE:
      close_leaf();
      flush_marker();
      leaf_ = Table{place(), {}, {}};
      return;
    case MD_BLOCK_THEAD:
      in_table_head_ = true;
      return;
    case MD_BLOCK_TR:
      if (leaf_) std::get<Table>(*leaf_).rows.emplace_back();
      return;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      spans_.clear();
      if (in_table_head_ && leaf_) {
        const MD_ALIGN align = static_cast<const MD_BLOCK_TD_DETAIL*>(detail)->align;
        std::get<Table>(*leaf_).columns.push_back(align == MD_ALIGN_CENTER  ? Align::Center
                                                  : align == MD_ALIGN_RIGHT ? Align::End
                                                                            : Align::Start);
      }
      return;
  }
}

void Collector::leave_block(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      close_leaf();
      containers_.pop_back();
      return;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      close_leaf();
      containers_.pop_back();
      lists_.pop_back();
      return;
    case MD_BLOCK_LI:
      close_leaf();
      flush_marker();
      return;
    case MD_BLOCK_THEAD:
      in_table_head_ = false;
      return;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      if (leaf_) std::get<Table>(*leaf_).rows.back().push_back(with_breaks(std::move(spans_)));
      spans_.clear();
      return;
    case MD_BLOCK_TABLE:
      blocks_.push_back(std::move(*leaf_));
      leaf_.reset();
      return;
    case MD_BLOCK_H:
    case MD_BLOCK_CODE:
    case MD_BLOCK_P:
      close_leaf();
      return;
    case MD_BLOCK_DOC:
      close_leaf();
      return;
    case MD_BLOCK_HR:
    case MD_BLOCK_HTML:
    case MD_BLOCK_TBODY:
    case MD_BLOCK_TR:
      return;
  }
}

void Collector::enter_span(MD_SPANTYPE type, const void* detail) {
  switch (type) {
    case MD_SPAN_EM:
      ++italic_;
      break;
    case MD_SPAN_STRONG:
      ++bold_;
      break;
    case MD_SPAN_DEL:
      ++strike_;
      break;
    case MD_SPAN_CODE:
      format_.code = true;
      break;
    case MD_SPAN_A:
      links_.push_back(text_of(static_cast<const MD_SPAN_A_DETAIL*>(detail)->href));
      break;
    case MD_SPAN_IMG:
      links_.push_back(text_of(static_cast<const MD_SPAN_IMG_DETAIL*>(detail)->src));
      image_start_ = spans_.size();
      format_.image = true;
      break;
    default:
      break;
  }
}

void Collector::leave_span(MD_SPANTYPE type) {
  switch (type) {
    case MD_SPAN_EM:
      --italic_;
      break;
    case MD_SPAN_STRONG:
      --bold_;
      break;
    case MD_SPAN_DEL:
      --strike_;
      break;
    case MD_SPAN_CODE:
      format_.code = false;
      break;
    case MD_SPAN_A:
      links_.pop_back();
      break;
    case MD_SPAN_IMG:
      if (spans_.size() == image_start_) append(links_.back());
      links_.pop_back();
      format_.image = false;
      break;
    default:
      break;
  }
}

void Collector::append(const QString& text) {
  // The text of a tight list item comes without a paragraph around it.
  if (!leaf_) open_leaf(Paragraph{place(), {}});
  format_.bold = bold_ > 0;
  format_.italic = italic_ > 0;
  format_.strike = strike_ > 0;
  format_.link = links_.empty() ? QString() : links_.back();
  if (!spans_.empty() && spans_.back().same_format(format_)) {
    spans_.back().text += text;
  } else {
    spans_.push_back(format_);
    spans_.back().text = text;
  }
}

void Collector::text(MD_TEXTTYPE type, const QString& text) {
  switch (type) {
    case MD_TEXT_NULLCHAR:
      append(QString(QChar::ReplacementCharacter));
      return;
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:
      append(QStringLiteral("\n"));
      return;
    case MD_TEXT_ENTITY:
      append(QTextDocumentFragment::fromHtml(text).toPlainText());
      return;
    case MD_TEXT_NORMAL:
    case MD_TEXT_CODE:
    case MD_TEXT_HTML:
    case MD_TEXT_LATEXMATH:
      append(text);
      return;
  }
}

}  // namespace

bool Span::same_format(const Span& other) const {
  return bold == other.bold && italic == other.italic && strike == other.strike && code == other.code &&
         image == other.image && link == other.link;
}

QString settled(const QString& growing) {
  const qsizetype start = growing.lastIndexOf('\n') + 1;
  const QString last = growing.mid(start).trimmed();
  static const QString kMarks = QStringLiteral("-=|:`~*_#>+ \t");
  const bool marks_alone =
      !last.isEmpty() && std::all_of(last.begin(), last.end(), [](QChar c) { return kMarks.contains(c); });
  const bool opens_fence = last.startsWith(QLatin1String("```")) || last.startsWith(QLatin1String("~~~"));
  return marks_alone || opens_fence ? growing.left(start) : growing;
}

std::vector<Block> parse(const QString& text) {
  MD_PARSER parser{};
  parser.flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* user) {
    static_cast<Collector*>(user)->enter_block(type, detail);
    return 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* user) {
    static_cast<Collector*>(user)->leave_block(type);
    return 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* user) {
    static_cast<Collector*>(user)->enter_span(type, detail);
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* user) {
    static_cast<Collector*>(user)->leave_span(type);
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* bytes, MD_SIZE size, void* user) {
    static_cast<Collector*>(user)->text(type, QString::fromUtf8(bytes, static_cast<qsizetype>(size)));
    return 0;
  };
  Collector collector;
  const QByteArray utf8 = text.toUtf8();
  md_parse(utf8.constData(), static_cast<MD_SIZE>(utf8.size()), &parser, &collector);
  return collector.take();
}

}  // namespace facet::ui::markdown
