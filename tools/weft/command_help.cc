#include "tools/weft/command_help.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "weft/core/version.h"

namespace weft::cli {
namespace {

// The flags of weft itself.
struct OwnFlag {
  absl::string_view name;
  absl::string_view help;
};
constexpr OwnFlag kOwnFlags[] = {
    {"--help", "list the commands; weft COMMAND --help describes one"},
    {"--version", "print the version"},
    {"--man", "print the man page: weft --man | man -l -"},
    {"--completion", "print the completion for bash: source <(weft --completion)"},
};

std::string NameAndArguments(const CommandHelp& command) {
  return absl::StrCat(command.name, command.arguments.empty() ? "" : " ", command.arguments);
}

// ---- man(7) ----

// At the foot of the page, with the version: the date of its form, not of its texts.
constexpr absl::string_view kDate = "2026-11-30";

// A line of text, of which nothing is a request or an escape. Hyphens are those that people type.
std::string RoffLine(absl::string_view line) {
  std::string text = absl::StrReplaceAll(line, {{"\\", "\\e"},
                                                {"-", "\\-"},
                                                {"'", "\\(aq"},
                                                {"`", "\\(ga"},
                                                {"^", "\\(ha"},
                                                {"~", "\\(ti"}});
  return absl::StartsWith(text, ".") ? absl::StrCat("\\&", text) : text;
}

// Text that man(1) fills, in lines of at most 80 bytes, which mandoc's linter wants.
std::string RoffFilled(absl::string_view text) {
  constexpr size_t kWidth = 80;
  std::string filled, line;
  for (const absl::string_view word :
       absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    const std::string escaped = RoffLine(word);
    if (!line.empty() && line.size() + 1 + escaped.size() > kWidth) {
      absl::StrAppend(&filled, line, "\n");
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", escaped);
  }
  return absl::StrCat(filled, line, "\n");
}

std::string RoffParagraphs(absl::string_view text) {
  std::string page;
  for (absl::string_view paragraph : absl::StrSplit(text, "\n\n")) {
    while (absl::ConsumePrefix(&paragraph, "\n")) {
    }
    paragraph = absl::StripTrailingAsciiWhitespace(paragraph);
    if (paragraph.empty()) continue;
    const bool as_it_is = absl::StrContains(paragraph, "\n ") || absl::StartsWith(paragraph, " ");
    if (!as_it_is) {
      absl::StrAppend(&page, ".PP\n", RoffFilled(paragraph));
      continue;
    }
    absl::StrAppend(&page, ".PP\n.nf\n");
    for (const absl::string_view line : absl::StrSplit(paragraph, '\n')) {
      absl::StrAppend(&page, RoffLine(line), "\n");
    }
    absl::StrAppend(&page, ".fi\n");
  }
  return page;
}

std::string RoffFlag(const Flag& flag) {
  if (flag.name.empty()) return absl::StrCat(".PP\n", RoffFilled(flag.help));
  std::string text = ".TP\n";
  if (flag.letter != 0) absl::StrAppend(&text, "\\fB\\-", std::string(1, flag.letter), "\\fR, ");
  absl::StrAppend(&text, "\\fB\\-\\-", RoffLine(flag.name), "\\fR");
  if (!flag.value.empty()) absl::StrAppend(&text, "=\\fI", RoffLine(flag.value), "\\fR");
  absl::StrAppend(&text, "\n");
  return absl::StrCat(text, RoffFilled(flag.help));
}

std::string RoffSynopsis(const CommandHelp& command) {
  return absl::StrCat("\\fBweft ", RoffLine(command.name), "\\fR [\\fIFLAG\\fR...]",
                      command.arguments.empty() ? "" : " ", RoffLine(command.arguments));
}

// ---- bash ----

// In single quotes.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// The words of "lines|whole|stream", which stand for themselves; a name in capitals does not.
std::vector<std::string> Choices(absl::string_view value) {
  const bool choice = absl::StrContains(value, '|') &&
                      std::none_of(value.begin(), value.end(), absl::ascii_isupper);
  return choice ? std::vector<std::string>(absl::StrSplit(value, '|')) : std::vector<std::string>();
}

// The words that bash offers after each flag that takes a value, as branches of a `case`.
std::string BashValues(const CommandHelp& command) {
  std::string text;
  for (const Flag& flag : command.flags) {
    if (flag.value.empty()) continue;
    std::string pattern = Quoted(absl::StrCat(command.name, " --", flag.name));
    if (flag.letter != 0) {
      absl::StrAppend(&pattern, " | ",
                      Quoted(absl::StrCat(command.name, " -", std::string(1, flag.letter))));
    }
    std::string action;
    if (const std::vector<std::string> choices = Choices(flag.value); !choices.empty()) {
      action = absl::StrCat("_weft_offer ", Quoted(absl::StrJoin(choices, " ")), " \"$word\"");
    } else if (flag.value == "FILE") {
      action =
          "mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); compopt -o filenames 2>/dev/null";
    } else {
      action = ":";
    }
    absl::StrAppend(&text, "    ", pattern, ") ", action, "; return ;;\n");
  }
  return text;
}

std::string BashFlags(const CommandHelp& command) {
  std::string words;
  for (const Flag& flag : command.flags) {
    if (flag.name.empty()) continue;
    absl::StrAppend(&words, words.empty() ? "" : " ", "--", flag.name,
                    flag.value.empty() ? "" : "=");
  }
  return absl::StrCat("    ", command.name, ") _weft_offer ", Quoted(words), " \"$word\" ;;\n");
}

}  // namespace

std::string HelpText(const CommandHelp& command) {
  return absl::StrCat("Usage: weft ", command.name, " [FLAG...]",
                      command.arguments.empty() ? "" : " ", command.arguments, "\n\n",
                      command.description, FlagsHelp(command.flags), command.more);
}

std::string UsageText(absl::Span<const CommandHelp> commands) {
  std::string text = "Usage: weft COMMAND [FLAG...] [ARGUMENT...]\n\nCommands:\n";
  size_t width = 0;
  for (const CommandHelp& command : commands) width = std::max(width, command.name.size());
  for (const CommandHelp& command : commands) {
    absl::StrAppendFormat(&text, "  %-*s  %s\n", static_cast<int>(width), command.name,
                          command.summary);
  }
  absl::StrAppend(&text, "\nFlags:\n");
  for (const auto& [name, help] : kOwnFlags) {
    absl::StrAppendFormat(&text, "  %-12s  %s\n", name, help);
  }
  return text;
}

std::string ManPage(absl::Span<const CommandHelp> commands) {
  std::string page = absl::StrCat(
      ".TH WEFT 1 ", kDate, " \"weft ", kVersion,
      "\" \"User Commands\"\n.SH NAME\nweft \\- WebSockets on the command line\n.SH SYNOPSIS\n");
  for (const CommandHelp& command : commands) {
    absl::StrAppend(&page, RoffSynopsis(command), "\n.br\n");
  }
  absl::StrAppend(&page, "\\fBweft\\fR \\fIFLAG\\fR\n.SH COMMANDS\n");
  for (const CommandHelp& command : commands) {
    absl::StrAppend(&page, ".TP\n\\fB", RoffLine(NameAndArguments(command)), "\\fR\n",
                    RoffLine(command.summary), "\n");
  }
  absl::StrAppend(&page, ".SH FLAGS\n");
  for (const auto& [name, help] : kOwnFlags) {
    absl::StrAppend(&page, ".TP\n\\fB", RoffLine(name), "\\fR\n", RoffLine(help), "\n");
  }
  for (const CommandHelp& command : commands) {
    absl::StrAppend(&page, ".SH WEFT ", absl::AsciiStrToUpper(command.name), "\n",
                    RoffSynopsis(command), "\n", RoffParagraphs(command.description));
    for (const Flag& flag : command.flags) absl::StrAppend(&page, RoffFlag(flag));
    absl::StrAppend(&page, RoffParagraphs(command.more));
  }
  return page;
}

std::string BashCompletion(absl::Span<const CommandHelp> commands) {
  std::string names, values, flags;
  for (const CommandHelp& command : commands) {
    absl::StrAppend(&names, command.name, " ");
    absl::StrAppend(&values, BashValues(command));
    absl::StrAppend(&flags, BashFlags(command));
  }
  for (const auto& [name, help] : kOwnFlags) absl::StrAppend(&names, name, " ");
  return absl::StrCat(R"(# Completion for weft, which `weft --completion` prints.

# Those of the words $1 that begin with $2.
_weft_offer() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }

_weft() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} flag=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _weft_offer )",
                      Quoted(absl::StripTrailingAsciiWhitespace(names)), R"( "$word"
    return
  fi
  # For bash --flag=value is three words: --flag, = and value.
  if [[ $word == = ]]; then
    flag=$previous word=''
  elif [[ $previous == = ]]; then
    flag=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $previous == -* ]]; then
    flag=$previous
  fi
  case "${COMP_WORDS[1]} $flag" in
)",
                      values, R"(  esac
  case ${COMP_WORDS[1]} in
)",
                      flags, R"(  esac
  # The value follows directly.
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}

complete -F _weft weft
)");
}

}  // namespace weft::cli
