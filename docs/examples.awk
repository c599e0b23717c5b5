# Extracts the C++ of a Markdown file, to be compiled: awk -f examples.awk -v document=NAME -v programs="A.cc B.cc" FILE.md >FRAGMENTS.cc
#
# A block that is fenced as cpp and has an #include is a program: it is written unchanged to the next of `programs`. Every
# other block is a fragment, compiled after docs/examples.h. A comment on the line before it, which readers do not see,
# selects its context:
#   <!-- C++: declarations -->            a namespace;
#   <!-- C++: members of a Handler -->    a class that is a weft::Handler;
# without one it is the body of a function that may return a Status. A line "..." in it is omitted.

function fail(what) {
  print FILENAME ":" FNR ": " what > "/dev/stderr"
  failed = 1
  exit 1
}

function write_fragment(  name) {
  name = "Line" start
  if (context == "declarations") {
    printf "namespace %s {\n%s}\n", name, block
  } else if (context == "members of a Handler") {
    printf "struct %s : Names, weft::Handler {\n%s};\n", name, block
  } else if (context == "") {
    printf "struct %s : Names { absl::Status Run() {\n%sreturn absl::OkStatus(); } };\n", name, block
  } else {
    fail("what is C++: " context "?")
  }
}

BEGIN {
  count = split(programs, files, " ")
  print "#include \"docs/examples.h\"\nnamespace docs::" document " {"
}

/^<!-- C\+\+: .* -->$/ { context = substr($0, 11, length($0) - 14) }

/^```(c|cc|cxx|c\+\+|C\+\+)$/ { fail("C++ is fenced as cpp") }

/^```cpp$/ {
  inside = 1
  is_program = 0
  start = FNR + 1
  block = "#line " start " \"" FILENAME "\"\n"
  next
}

inside && /^```$/ {
  if (!is_program) {
    write_fragment()
  } else {
    if (++used > count) fail("one more program than docs/BUILD.bazel says")
    printf "%s", block > files[used]
  }
  inside = 0
  context = ""
  next
}

inside {
  if (/^#include/) is_program = 1
  block = block ($0 == "..." ? "" : $0) "\n"
}

END {
  if (failed) exit 1
  if (inside) fail("a block does not end")
  if (used < count) fail("docs/BUILD.bazel says that there are " count " programs, and there are " used + 0)
  print "}  // namespace docs::" document
}
