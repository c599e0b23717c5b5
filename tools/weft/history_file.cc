#include "tools/weft/history_file.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace weft::cli {
namespace {

// The value of an environment variable; empty when it is not set.
std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string HistoryFile() {
  if (std::getenv("WEFT_HISTORY") != nullptr) return Environment("WEFT_HISTORY");
  std::filesystem::path folder = Environment("XDG_STATE_HOME");
  if (!folder.is_absolute()) {
    folder = Environment("HOME");
    if (!folder.is_absolute()) return "";
    folder = folder / ".local" / "state";
  }
  folder /= "weft";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  return error ? "" : folder / "history";
}

}  // namespace weft::cli
