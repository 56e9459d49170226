#pragma once

#include <QString>

class QWidget;

namespace facet::ui {

// Shows where a link of an answer leads before anything is opened. Only web and mail addresses can be opened at all.
void ask_to_open_link(const QString& link, QWidget* parent);

// Whether a link may be opened after asking: http, https and mailto.
bool can_open_link(const QString& link);

}  // namespace facet::ui
