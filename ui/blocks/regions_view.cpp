#include "ui/blocks/regions_view.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QMenu>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <map>

#include "ui/blocks/code_view.h"
#include "ui/blocks/picture_dialog.h"
#include "ui/blocks/region_picture.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/copy_button.h"

namespace facet::ui {
namespace {

constexpr std::size_t kFirstRows = 8;
constexpr std::size_t kMostRows = 100;

QSize size_of(const agent::AttachedMedia& media) {
  return {static_cast<int>(media.width), static_cast<int>(media.height)};
}

// "120 × 80 at 40, 25", in pixels of the picture.
QString place_text(const agent::PlacedRegion& placed) {
  const auto whole = [](double pixels) { return QLocale().toString(static_cast<qlonglong>(std::llround(pixels))); };
  const agent::PixelArea& area = placed.area;
  const QString corner = QStringLiteral("%1, %2").arg(whole(area.x), whole(area.y));
  if (placed.region.shape == agent::Region::Shape::Point) return RegionsView::tr("at %1").arg(corner);
  return RegionsView::tr("%1 × %2 at %3").arg(whole(area.width), whole(area.height), corner);
}

// Numbers in the order of the answer; places that are called alike share a colour, and nameless ones have their own.
std::vector<RegionMark> marks_of(const std::vector<agent::PlacedRegion>& placed,
                                 const std::vector<agent::AttachmentPart>& files) {
  std::map<std::string, int> hues;
  std::vector<RegionMark> marks;
  for (const agent::PlacedRegion& each : placed) {
    RegionMark& mark = marks.emplace_back();
    mark.number = static_cast<int>(marks.size());
    mark.label = QString::fromStdString(each.region.label);
    mark.is_point = each.region.shape == agent::Region::Shape::Point;
    const agent::AttachedMedia& media = *files[each.frame.picture].media;
    mark.area = QRectF(each.area.x / media.width, each.area.y / media.height, each.area.width / media.width,
                       each.area.height / media.height);
    const std::string name = each.region.label.empty() ? "#" + std::to_string(mark.number) : each.region.label;
    mark.hue = hues.emplace(name, static_cast<int>(hues.size())).first->second;
  }
  return marks;
}

}  // namespace

bool RegionsView::can_show(const BlockContext& context, const std::vector<agent::AttachmentPart>& files) {
  return context.pictures != nullptr && context.place_of && !agent::frames_of(files).empty();
}

RegionsView::RegionsView(const BlockContext& context, QWidget* parent)
    : Card(context.theme, &Colors::surface, &Colors::border, radius::kLarge, parent), context_(context) {
  setObjectName("regionsView");
  body_ = new QVBoxLayout(this);
  body_->setContentsMargins(space::kMedium, space::kTiny, space::kMedium, space::kMedium);
  body_->setSpacing(space::kSmall);
  build_head();
  pictures_column_ = new QVBoxLayout;
  pictures_column_->setSpacing(space::kSmall);
  body_->addLayout(pictures_column_);
  remark_ = new ThemedText(context_.theme, Type::Caption, &Colors::text_muted, this);
  remark_->setObjectName("regionsRemark");
  remark_->setWordWrap(true);
  body_->addWidget(remark_);
  frame_button_ = new TextButton(context_.theme, {}, TextButton::Look::Secondary, this);
  frame_button_->setObjectName("regionsFrame");
  frame_button_->set_trailing_icon(Icon::ChevronDown);
  connect(frame_button_, &QPushButton::clicked, this, &RegionsView::choose_frame);
  body_->addWidget(frame_button_, 0, Qt::AlignLeft);
  rows_ = new QWidget(this);
  auto* rows = new QVBoxLayout(rows_);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  body_->addWidget(rows_);
  more_ = new TextButton(context_.theme, {}, TextButton::Look::Ghost, this);
  more_->setObjectName("regionsMore");
  connect(more_, &QPushButton::clicked, this, [this] {
    context_.hold_place();
    shows_all_ = !shows_all_;
    refresh();
  });
  body_->addWidget(more_, 0, Qt::AlignLeft);
}

void RegionsView::build_head() {
  auto* head = new QHBoxLayout;
  head->setContentsMargins(0, 0, 0, 0);
  head->setSpacing(space::kTiny);
  title_ = new ThemedLabel(context_.theme, Type::Small, &Colors::text, this);
  title_->setObjectName("regionsTitle");
  title_->set_elide_mode(Qt::ElideMiddle);
  source_button_ = new IconButton(context_.theme, Icon::Code, tr("Show what the model wrote"), this);
  source_button_->setObjectName("regionsSource");
  source_button_->set_diameter(28, size::kIconSmall);
  source_button_->setCheckable(true);
  connect(source_button_, &QToolButton::toggled, this, [this](bool shown) {
    context_.hold_place();
    show_source(shown);
  });
  auto* copy = new CopyButton(
      context_.theme, tr("Copy the places in pixels"),
      [this] { return QString::fromStdString(agent::pixels_json(placed_, content_.files)); }, this);
  copy->setObjectName("regionsCopy");
  head->addWidget(title_, 1);
  head->addWidget(source_button_);
  head->addWidget(copy);
  body_->addLayout(head);
}

void RegionsView::set_content(const Content& content) {
  const agent::RegionFrame chosen = content_.unnamed;
  content_ = content;
  // What the reader has chosen stays while the answer grows.
  if (was_chosen_) content_.unnamed = chosen;
  refresh();
}

void RegionsView::refresh() {
  placed_ = agent::place(content_.stretch.regions, content_.files, content_.unnamed);
  marks_ = marks_of(placed_, content_.files);
  title_->set_full_text(title());
  setAccessibleName(title());
  show_sheets(placed_);
  show_remark(placed_);
  show_rows(placed_);
  if (source_ != nullptr) show_source(source_button_->isChecked());
  updateGeometry();
}

QString RegionsView::title() const {
  const bool one = placed_.size() == 1;
  const QString words = one ? tr("1 place") : tr("%1 places").arg(QLocale().toString(static_cast<int>(placed_.size())));
  const bool same = std::all_of(placed_.begin(), placed_.end(), [this](const agent::PlacedRegion& each) {
    return each.frame.picture == placed_.front().frame.picture;
  });
  if (placed_.empty()) return words;
  if (!same) return tr("%1 in several pictures").arg(words);
  return tr("%1 in %2").arg(words, QString::fromStdString(content_.files[placed_.front().frame.picture].name));
}

// One for each picture that a place lies in, in the order of the question.
void RegionsView::show_sheets(const std::vector<agent::PlacedRegion>& placed) {
  std::map<std::size_t, std::vector<RegionMark>> by_file;
  for (std::size_t i = 0; i < placed.size(); ++i)
    by_file[placed[i].frame.picture].push_back(marks_[i]);
  while (sheets_.size() > by_file.size()) {
    delete sheets_.back().picture;
    sheets_.pop_back();
  }
  while (sheets_.size() < by_file.size()) {
    Sheet& sheet = sheets_.emplace_back();
    sheet.picture = new RegionPicture(context_.theme, *context_.pictures, this);
    sheet.picture->setObjectName("regionPicture");
    pictures_column_->addWidget(sheet.picture);
    connect(sheet.picture, &QAbstractButton::clicked, this,
            [this, place = sheets_.size() - 1] { enlarge(sheets_[place]); });
  }
  for (std::size_t place = 0; auto& [file, marks] : by_file) {
    Sheet& sheet = sheets_[place++];
    const agent::AttachmentPart& shown = content_.files[file];
    sheet.file = file;
    sheet.marks = std::move(marks);
    QStringList names;
    for (const RegionMark& mark : sheet.marks)
      names << QStringLiteral("%1 %2").arg(mark.number).arg(mark.label).trimmed();
    sheet.picture->setAccessibleName(
        tr("%1 with marked places: %2").arg(QString::fromStdString(shown.name), names.mid(0, kMostRows).join(", ")));
    sheet.picture->setToolTip(tr("Show it larger"));
    sheet.picture->show_picture(context_.place_of(shown), size_of(*shown.media));
    sheet.picture->set_marks(sheet.marks);
  }
}

void RegionsView::show_rows(const std::vector<agent::PlacedRegion>& placed) {
  qDeleteAll(rows_->findChildren<RegionRow*>());
  const std::size_t most = std::min(placed.size(), shows_all_ ? kMostRows : kFirstRows);
  for (std::size_t i = 0; i < most; ++i) {
    auto* row = new RegionRow(context_.theme, marks_[i], place_text(placed[i]), rows_);
    row->setObjectName("regionRow");
    rows_->layout()->addWidget(row);
    connect(row, &RegionRow::pointedAt, this, [this](int number) {
      for (const Sheet& sheet : sheets_)
        sheet.picture->set_emphasised(number);
    });
  }
  more_->setVisible(placed.size() > kFirstRows);
  more_->setText(shows_all_ ? tr("Show fewer")
                            : tr("Show all %1").arg(QLocale().toString(static_cast<int>(placed.size()))));
}

void RegionsView::show_remark(const std::vector<agent::PlacedRegion>& placed) {
  QStringList words;
  const bool is_guess = std::any_of(placed.begin(), placed.end(), [](const auto& each) { return each.is_guess; });
  if (is_guess) words << tr("The answer does not say where it means; this is shown:");
  if (content_.stretch.unusable > 0 && content_.stretch.is_complete)
    words.prepend(
        content_.stretch.unusable == 1
            ? tr("One place could not be drawn: its numbers are none of the picture.")
            : tr("%1 places could not be drawn: their numbers are none of the picture, or there are too many.")
                  .arg(QLocale().toString(static_cast<qulonglong>(content_.stretch.unusable))));
  remark_->setText(words.join(' '));
  remark_->setVisible(!words.isEmpty());
  frame_button_->setVisible(is_guess);
  frame_button_->setText(frame_name(content_.unnamed));
  frame_button_->setAccessibleName(tr("Which picture is meant: %1").arg(frame_button_->text()));
  frame_button_->updateGeometry();
}

QString RegionsView::frame_name(const agent::RegionFrame& frame) const {
  if (frame.picture >= content_.files.size()) return {};
  const QString name = QString::fromStdString(content_.files[frame.picture].name);
  return frame.part == 0 ? name : tr("%1, part %2").arg(name).arg(frame.part);
}

void RegionsView::choose_frame() {
  auto* menu = new QMenu(this);
  menu->setObjectName("regionsFrameMenu");
  menu->setAttribute(Qt::WA_DeleteOnClose);
  for (const agent::RegionFrame& frame : agent::frames_of(content_.files)) {
    QAction* entry = menu->addAction(frame_name(frame));
    entry->setCheckable(true);
    entry->setChecked(frame == content_.unnamed);
    connect(entry, &QAction::triggered, this, [this, frame] {
      context_.hold_place();
      was_chosen_ = true;
      content_.unnamed = frame;
      refresh();
    });
  }
  menu->popup(frame_button_->mapToGlobal(QPoint(0, frame_button_->height())));
}

void RegionsView::show_source(bool shown) {
  if (source_ == nullptr) {
    source_ = new CodeView(context_, this);
    body_->addWidget(source_);
  }
  source_->setVisible(shown);
  source_button_->set_name(shown ? tr("Hide what the model wrote") : tr("Show what the model wrote"));
  if (shown)
    source_->set_code(
        {.place = {}, .language = QStringLiteral("json"), .text = QString::fromStdString(content_.source)});
}

void RegionsView::enlarge(const Sheet& sheet) const {
  const agent::AttachmentPart& file = content_.files[sheet.file];
  const auto paint = [&theme = context_.theme, marks = sheet.marks](QPainter& painter, const QRectF& picture) {
    paint_marks(painter, picture, marks, theme);
  };
  show_picture(QString::fromStdString(file.name), context_.place_of(file), size_of(*file.media), *context_.pictures,
               window(), paint);
}

}  // namespace facet::ui
