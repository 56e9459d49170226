#include "ui/pages/memory_dialog.h"

#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMessageBox>
#include <QScrollArea>
#include <QVBoxLayout>
#include <map>

#include "ui/models/window_model.h"
#include "ui/phrases.h"
#include "ui/sidebar/search_field.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr QSize kFirstSize{600, 520};

QString translated(const char* text) {
  return QCoreApplication::translate("facet::ui::MemoryDialog", text);
}

QString origin_of(const WindowModel::Remembered& entry) {
  const QString day = phrases::day(entry.memory.created_ms);
  return entry.conversation.isEmpty() ? day : translated("%1, in “%2”").arg(day, entry.conversation);
}

// The entries of the dialog. One that goes takes its row with it and leaves the others, and the keyboard, where they
// are.
class MemoryList : public QWidget {
 public:
  MemoryList(const Theme& theme, WindowModel& model, QWidget* parent)
      : QWidget(parent), theme_(theme), model_(model), column_(new QVBoxLayout(this)) {
    column_->setContentsMargins(0, 0, 0, 0);
    column_->setSpacing(space::kSmall);
    nothing_ = new ThemedText(theme, Type::Body, &Colors::text_muted, this);
    column_->addWidget(nothing_);
    column_->addStretch();
    connect(&model, &WindowModel::memoryChanged, this, [this] { refresh(); });
    refresh();
  }

  std::size_t entries() const { return rows_.size(); }
  void set_words(const QString& words) {
    words_ = words;
    show_matches();
  }

 private:
  void refresh() {
    std::map<agent::MemoryId, QWidget*> rows;
    const std::vector<WindowModel::Remembered> entries = model_.memories();
    for (std::size_t place = 0; place < entries.size(); ++place) {
      const agent::MemoryId id = entries[place].memory.id;
      const auto known = rows_.find(id);
      QWidget* const row = known == rows_.end() ? row_of(entries[place]) : known->second;
      if (known == rows_.end()) column_->insertWidget(static_cast<int>(place), row);
      rows.emplace(id, row);
    }
    for (const auto& [id, row] : rows_) {
      if (rows.contains(id)) continue;
      row->hide();
      row->deleteLater();
      column_->removeWidget(row);
    }
    rows_ = std::move(rows);
    show_matches();
  }

  void show_matches() {
    const std::set<agent::MemoryId> matching = model_.memories_with(words_);
    for (const auto& [id, row] : rows_)
      row->setVisible(matching.contains(id));
    nothing_->setText(rows_.empty() ? translated("Nothing is remembered yet. Ask for it in a conversation, such as "
                                                 "“Remember that I write dates as 14 March”, and it appears here.")
                                    : translated("No entry has these words."));
    nothing_->setVisible(matching.empty());
  }

  QWidget* row_of(const WindowModel::Remembered& entry) {
    const QString text = phrases::unmasked(QString::fromStdString(entry.memory.text));
    auto* row = new Card(theme_, &Colors::surface, &Colors::border, radius::kSmall, this);
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(space::kMedium, space::kSmall, space::kSmall, space::kSmall);
    line->setSpacing(space::kMedium);
    auto* words = new QVBoxLayout;
    words->setSpacing(space::kTiny);
    auto* what = new ThemedText(theme_, Type::Body, &Colors::text, row);
    what->setTextFormat(Qt::PlainText);
    what->setText(text);
    auto* origin = new ThemedLabel(theme_, Type::Caption, &Colors::text_muted, row);
    origin->set_full_text(origin_of(entry));
    words->addWidget(what);
    words->addWidget(origin);
    line->addLayout(words, 1);
    auto* remove = new IconButton(theme_, Icon::Trash, translated("Delete: %1").arg(text), row);
    remove->setObjectName("removeMemory");
    connect(remove, &QToolButton::clicked, this, [this, id = entry.memory.id, remove] {
      remove->setEnabled(false);
      model_.submit(agent::RemoveMemory{id});
    });
    line->addWidget(remove, 0, Qt::AlignTop);
    return row;
  }

  const Theme& theme_;
  WindowModel& model_;
  QVBoxLayout* column_;
  ThemedText* nothing_ = nullptr;
  std::map<agent::MemoryId, QWidget*> rows_;
  QString words_;
};

class MemoryDialog : public QDialog {
 public:
  MemoryDialog(const Theme& theme, WindowModel& model, QWidget* parent) : QDialog(parent), model_(model) {
    setObjectName("memoryDialog");
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(translated("Memory"));
    resize(kFirstSize);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kLarge, space::kLarge, space::kLarge, space::kLarge);
    column->setSpacing(space::kMedium);
    auto* about = new ThemedText(theme, Type::Body, &Colors::text, this);
    about->setText(translated(
        "What Facet keeps about you for later conversations. It stays on this computer, and is read only when "
        "a question asks for it."));
    column->addWidget(about);
    search_ = new SearchField(theme, this);
    search_->setObjectName("memorySearch");
    search_->installEventFilter(this);
    search_->setAccessibleName(translated("Search in memory"));
    search_->setToolTip(translated("Search in memory"));
    column->addWidget(search_);
    auto* scroll = new QScrollArea(this);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    list_ = new MemoryList(theme, model, scroll);
    scroll->setWidget(list_);
    column->addWidget(scroll, 1);
    connect(search_, &QLineEdit::textChanged, list_, [this](const QString& words) { list_->set_words(words); });
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    clear_ = buttons->addButton(translated("Delete all…"), QDialogButtonBox::ResetRole);
    clear_->setObjectName("clearMemory");
    clear_->setAutoDefault(false);
    buttons->button(QDialogButtonBox::Close)->setDefault(true);
    connect(clear_, &QPushButton::clicked, this, [this] { ask_to_clear(); });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(&model, &WindowModel::memoryChanged, this, [this] { refresh(); });
    column->addWidget(buttons);
    refresh();
  }

 protected:
  // Return in the search presses no button.
  bool eventFilter(QObject* watched, QEvent* event) override {
    if (event->type() != QEvent::KeyPress) return QDialog::eventFilter(watched, event);
    const int key = static_cast<QKeyEvent*>(event)->key();
    return key == Qt::Key_Return || key == Qt::Key_Enter || QDialog::eventFilter(watched, event);
  }

 private:
  void refresh() {
    search_->setVisible(list_->entries() > 0);
    clear_->setVisible(list_->entries() > 0);
  }

  void ask_to_clear() {
    auto* question = new QMessageBox(this);
    question->setObjectName("clearMemoryDialog");
    question->setAttribute(Qt::WA_DeleteOnClose);
    question->setWindowTitle(translated("Delete all"));
    question->setText(translated("Delete everything that is remembered?"));
    question->setInformativeText(
        translated("Entries in memory: %1. They are deleted for good; what was said in conversations stays there.")
            .arg(list_->entries()));
    QPushButton* button = question->addButton(translated("Delete"), QMessageBox::DestructiveRole);
    question->setDefaultButton(question->addButton(translated("Keep"), QMessageBox::RejectRole));
    connect(button, &QPushButton::clicked, this, [this] { model_.submit(agent::RemoveMemory{}); });
    question->open();
  }

  WindowModel& model_;
  SearchField* search_ = nullptr;
  MemoryList* list_ = nullptr;
  QPushButton* clear_ = nullptr;
};

}  // namespace

void show_memory(const Theme& theme, WindowModel& model, QWidget* parent) {
  (new MemoryDialog(theme, model, parent))->open();
}

}  // namespace facet::ui
