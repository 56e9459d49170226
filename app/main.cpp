#include <QCoreApplication>

#include "app/cli/command.h"
#include "app/desktop.h"

int main(int argc, char** argv) {
  QStringList arguments;
  for (int i = 1; i < argc; ++i)
    arguments.append(QString::fromLocal8Bit(argv[i]));
  if (!facet::app::cli::is_command_line(arguments)) return facet::app::run_desktop(argc, argv);
  return facet::app::cli::run(arguments);
}
