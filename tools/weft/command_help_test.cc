#include "tools/weft/command_help.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::cli {
namespace {

using ::testing::HasSubstr;

CommandHelp Talk() {
  return {.name = "talk",
          .arguments = "URL",
          .summary = "say something",
          .description = "Says it - to a 'server'.\n.Really.\n\nA second\nparagraph.\n",
          .flags = {{.name = "loud-voice", .letter = 'l', .help = "shout\nall the time"},
                    {.help = "More:"},
                    {.name = "file", .letter = 'f', .value = "FILE", .help = "read it"},
                    {.name = "as", .value = "lines|whole", .help = "how"},
                    {.name = "proxy", .value = "URL", .help = "through it"}},
          .more = "\nExit codes:\n    0  back\\slash\n"};
}

TEST(CommandHelpTest, Help) {
  EXPECT_EQ(HelpText(Talk()),
            "Usage: weft talk [FLAG...] URL\n\n"
            "Says it - to a 'server'.\n.Really.\n\nA second\nparagraph.\n"
            "  -l, --loud-voice          shout\n"
            "                            all the time\n"
            "\nMore:\n"
            "  -f, --file=FILE           read it\n"
            "      --as=lines|whole      how\n"
            "      --proxy=URL           through it\n"
            "\nExit codes:\n    0  back\\slash\n");
}

TEST(CommandHelpTest, Usage) {
  const std::string text = UsageText(std::vector<CommandHelp>{Talk()});
  EXPECT_THAT(text, HasSubstr("\nCommands:\n  talk  say something\n\nFlags:\n  --help "));
  EXPECT_THAT(text, HasSubstr("\n  --completion  print the completion"));
}

TEST(ManPageTest, TextIsNoRequestAndHyphensAreTyped) {
  const std::string page = ManPage(std::vector<CommandHelp>{Talk()});
  EXPECT_THAT(page, HasSubstr(".SH WEFT TALK\n\\fBweft talk\\fR [\\fIFLAG\\fR...] URL\n"
                              ".PP\nSays it \\- to a \\(aqserver\\(aq. \\&.Really.\n"
                              ".PP\nA second paragraph.\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-l\\fR, \\fB\\-\\-loud\\-voice\\fR\nshout all the time\n"
                              ".PP\nMore:\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-as\\fR=\\fIlines|whole\\fR\nhow\n"));
  EXPECT_THAT(page, HasSubstr(".PP\n.nf\nExit codes:\n    0  back\\eslash\n.fi\n"));
}

TEST(BashCompletionTest, Words) {
  const std::string script = BashCompletion(std::vector<CommandHelp>{Talk()});
  EXPECT_THAT(script, HasSubstr("_weft_offer 'talk --help --version --man --completion' "));
  EXPECT_THAT(script, HasSubstr("    'talk --file' | 'talk -f') mapfile "));
  EXPECT_THAT(script, HasSubstr("    'talk --as') _weft_offer 'lines whole' "));
  EXPECT_THAT(script, HasSubstr("    'talk --proxy') :; return ;;\n"));
  EXPECT_THAT(script, HasSubstr("    talk) _weft_offer '--loud-voice --file= --as= --proxy=' "));
}

}  // namespace
}  // namespace weft::cli
