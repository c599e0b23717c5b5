// Your server, until Ctrl-C:
//
//   ./bazelw run //course/12_exam:server                on port 8082
//   ./bazelw run //course/12_exam:server -- --port=9000

#include "course/12_exam/exam.h"
#include "course/serve.h"

int main(int argc, char** argv) {
  return course::Serve(argc, argv, [](const course::ServeFlags& flags) {
    return course::ListenForExam(
        {.port = flags.port, .max_message_bytes = flags.max_message_bytes, .limits = flags.limits});
  });
}
