#include "app/cli/bench_tables.h"

namespace facet::app::cli {

using engine::OperationTime;
using nlohmann::json;

json number_or_null(const std::optional<double>& value) {
  return value ? json(*value) : json();
}

json operations_json(const std::vector<OperationTime>& operations, std::uint64_t tokens) {
  json list = json::array();
  for (const OperationTime& time : operations)
    list.push_back({{"operation", time.operation},
                    {"detail", time.detail},
                    {"calls", time.calls},
                    {"ms_per_token", time.seconds * 1e3 / static_cast<double>(tokens)},
                    {"products_per_s", time.products / time.seconds},
                    {"weight_bytes_per_s", static_cast<double>(time.weight_bytes) / time.seconds}});
  return list;
}

std::string operations_text(std::string_view title, const std::vector<OperationTime>& operations,
                            std::uint64_t tokens) {
  if (operations.empty()) return {};
  double total = 0;
  for (const OperationTime& time : operations)
    total += time.seconds;
  std::string text = line("\n%-16s %-44s %7s %9s %6s %7s %9s\n", std::string(title).c_str(), "", "calls", "us/token",
                          "share", "GB/s", "G mul/s");
  for (const OperationTime& time : operations) {
    text += line("%-16s %-44s %7llu %9.1f %5.1f%%", time.operation.c_str(), time.detail.c_str(),
                 static_cast<unsigned long long>(time.calls), time.seconds * 1e6 / static_cast<double>(tokens),
                 100 * time.seconds / total);
    if (time.products > 0) {
      text += time.weight_bytes == 0 ? line(" %7s", "")
                                     : line(" %7.2f", static_cast<double>(time.weight_bytes) / time.seconds / 1e9);
      text += line(" %9.1f", time.products / time.seconds / 1e9);
    }
    text += "\n";
  }
  return text;
}

std::string memory_text(const std::optional<engine::ProcessMemory>& memory) {
  if (!memory) return {};
  return line("  memory     %.0f MB at most, %.0f MB now, %.0f MB of it no file's\n",
              static_cast<double>(memory->peak_bytes) / 1e6, static_cast<double>(memory->resident_bytes) / 1e6,
              static_cast<double>(memory->anonymous_bytes) / 1e6);
}

Result<std::uint32_t> count_of(const Arguments& arguments, const QString& name, std::uint32_t fallback,
                               std::uint32_t least, std::uint32_t most) {
  FACET_ASSIGN_OR_RETURN(const auto value, arguments.integer(name));
  if (!value) return fallback;
  if (*value >= least && *value <= most) return static_cast<std::uint32_t>(*value);
  return Error{Error::Code::InvalidInput, "-" + name.toStdString() + " takes a number from " + std::to_string(least) +
                                              " to " + std::to_string(most) + "."};
}

void show_step(std::string_view step) {
  std::fprintf(stderr, "%s ...\n", std::string(step).c_str());
}

}  // namespace facet::app::cli
