#pragma once

#include <QAbstractButton>
#include <vector>

#include "ui/blocks/region_marks.h"

namespace facet::ui {

class Pictures;

// A picture of a question with the places that an answer names. A button: it opens a larger one.
class RegionPicture : public QAbstractButton {
  Q_OBJECT

 public:
  RegionPicture(const Theme& theme, Pictures& pictures, QWidget* parent = nullptr);

  // `whole` is the size of the picture in the file.
  void show_picture(const QString& path, QSize whole);
  void set_marks(std::vector<RegionMark> marks);
  // 0 for none.
  void set_emphasised(int number);

  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override { return picture_size(width).height(); }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {80, 24}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool hitButton(const QPoint& place) const override;

 private:
  QSize picture_size(int width) const;

  const Theme& theme_;
  Pictures& pictures_;
  QString path_;
  QSize whole_;
  std::vector<RegionMark> marks_;
  int emphasised_ = 0;
};

// One place in words: its number, what it is, and where. While the pointer or the keyboard is on it, it stands out in
// the picture.
class RegionRow : public QAbstractButton {
  Q_OBJECT

 public:
  RegionRow(const Theme& theme, const RegionMark& mark, const QString& place, QWidget* parent = nullptr);

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {80, sizeHint().height()}; }

 signals:
  void pointedAt(int number);  // 0 when it is no longer

 protected:
  void paintEvent(QPaintEvent* event) override;
  void enterEvent(QEnterEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;

 private:
  const Theme& theme_;
  const RegionMark mark_;
  const QString place_;
  bool focus_by_key_ = false;
};

}  // namespace facet::ui
