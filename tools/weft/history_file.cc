#include "tools/weft/history_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "weft/transport/fd.h"

namespace weft::cli {
namespace {

// The value of an environment variable; empty if it is not set.
std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Creates the folder and its parents, accessible to the user alone whatever the umask is: the XDG
// Base Directory Specification requires that, and typed text may contain secrets.
bool MakeFolder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return true;
  if (folder.has_relative_path() && !MakeFolder(folder.parent_path())) return false;
  return mkdir(folder.c_str(), S_IRWXU) == 0 || errno == EEXIST;
}

bool IsRegular(int fd) {
  struct stat file;
  return fstat(fd, &file) == 0 && S_ISREG(file.st_mode);
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
  return MakeFolder(folder) ? folder / "history" : "";
}

bool IsRegularFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

bool WriteHistory(const std::string& path, absl::string_view contents) {
  // Not even opened, because opening a device can have side effects.
  std::error_code error;
  if (std::filesystem::exists(path, error) && !IsRegularFile(path)) return false;
  const UniqueFd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd.is_open() || !IsRegular(fd.get()) || ftruncate(fd.get(), 0) != 0) return false;
  while (!contents.empty()) {
    const ssize_t size = write(fd.get(), contents.data(), contents.size());
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) contents.remove_prefix(size);
  }
  return true;
}

}  // namespace weft::cli
