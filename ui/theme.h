#pragma once

#include <QColor>
#include <QFont>
#include <QObject>
#include <QPixmap>
#include <memory>

class QPainter;

// Everything the window looks like comes from here: colours, spacing, type and icons. A theme is data; widgets ask for
// a role, never for a value of their own.
namespace facet::ui {

enum class Appearance { System, Light, Dark };

// Roles of colour. Text roles reach a contrast of 4.5 on every surface that they are used on.
struct Colors {
  QColor canvas;          // behind the conversation
  QColor sidebar;         // behind the list of conversations
  QColor surface;         // cards, the composer, menus
  QColor surface_sunken;  // code, the user's own words
  QColor hover;           // beneath the pointer
  QColor selected;        // the chosen row
  QColor border;          // hairlines and card edges
  QColor border_strong;   // edges of fields
  QColor text;
  QColor text_muted;  // secondary information
  QColor accent;      // the one colour that asks to be pressed; also links and focus
  QColor accent_hover;
  QColor on_accent;    // text on accent
  QColor accent_soft;  // tint behind accented information
  QColor danger;
  QColor danger_soft;
  QColor warning;
  QColor warning_soft;
  QColor success;
  QColor marked;     // behind a search match
  QColor selection;  // behind selected text
  QColor scroll_thumb;
  QColor code_keyword;
  QColor code_string;
  QColor code_number;
  QColor code_comment;
  QColor code_type;
};

Colors light_colors();
Colors dark_colors();
// The same roles for eyes that need more: text and edges at full strength.
Colors with_high_contrast(Colors colors);

// Distances, in device independent pixels; all are steps of four.
namespace space {
inline constexpr int kTiny = 4;
inline constexpr int kSmall = 8;
inline constexpr int kMedium = 12;
inline constexpr int kLarge = 16;
inline constexpr int kHuge = 24;
inline constexpr int kVast = 40;
}  // namespace space

namespace radius {
inline constexpr int kSmall = 6;
inline constexpr int kMedium = 8;
inline constexpr int kLarge = 12;
}  // namespace radius

namespace size {
inline constexpr int kColumn = 760;  // the widest line of reading
inline constexpr int kSidebar = 272;
inline constexpr int kHeader = 52;
inline constexpr int kControl = 32;  // height of a button
inline constexpr int kIcon = 18;
inline constexpr int kIconSmall = 16;
}  // namespace size

enum class Type { Caption, Small, Body, Strong, Title, Display, Mono, MonoSmall };

enum class Icon {
  ArrowDown,
  ArrowUp,
  Attach,
  Check,
  ChevronDown,
  ChevronRight,
  Clock,
  Close,
  Code,
  Compose,
  Copy,
  Cross,
  Edit,
  File,
  Folder,
  Globe,
  Info,
  List,
  Logo,
  Menu,
  Model,
  Picture,
  Plus,
  Screen,
  Search,
  Shield,
  Sidebar,
  Sound,
  Stop,
  Terminal,
  Thought,
  Tool,
  Trash,
  Video,
  Warning
};

// Owned by the window, used on the UI thread. Sets style, palette and font of the application, and follows the
// desktop's choice of light or dark while the appearance is System.
class Theme : public QObject {
  Q_OBJECT

 public:
  explicit Theme(QObject* parent = nullptr);
  ~Theme() override;

  Appearance appearance() const;
  // Remembered in the settings.
  void set_appearance(Appearance appearance);

  bool has_high_contrast() const;
  // Remembered in the settings.
  void set_high_contrast(bool high);

  bool is_dark() const;
  const Colors& colors() const;
  QFont font(Type type) const;

  void paint_icon(QPainter& painter, const QRectF& where, Icon icon, const QColor& color) const;
  QPixmap icon_pixmap(Icon icon, int logical_size, const QColor& color, qreal device_pixel_ratio) const;

 signals:
  // Colours are others now; whoever keeps formatted text renders it again.
  void changed();

 private:
  void apply();

  struct State;
  std::unique_ptr<State> state_;
};

// A colour between two others: 0 gives the first, 1 the second.
QColor blend(const QColor& first, const QColor& second, double amount);

}  // namespace facet::ui
