// A file in memory, for tests.

#ifndef TOOLS_WEFT_MEMORY_FILE_H_
#define TOOLS_WEFT_MEMORY_FILE_H_

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace weft::cli {

class MemoryFile {
 public:
  MemoryFile() : file_(open_memstream(&text_, &size_)) {}
  ~MemoryFile() {
    std::fclose(file_);
    std::free(text_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  FILE* get() { return file_; }

  // The text written to it.
  std::string text() {
    std::fflush(file_);
    return std::string(text_, size_);
  }

 private:
  char* text_ = nullptr;
  size_t size_ = 0;
  FILE* file_;
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_MEMORY_FILE_H_
