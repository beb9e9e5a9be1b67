#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/yaml.hpp"

namespace stellwerk::config {
namespace {

Yaml read(const std::string& text) {
  auto file = read_yaml("test.yaml", text);
  if (!file) BOOST_ERROR(render(file.error().front(), text));
  BOOST_REQUIRE(file);
  return file->root;
}

Yaml text(std::string value) {
  Yaml made;
  made.kind = Yaml::Kind::text;
  made.text = std::move(value);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml_writer)

BOOST_AUTO_TEST_CASE(every_text_is_read_back_as_it_was) {
  for (const std::string value : {"", " ", "a", "a b", "a: b", "a #b", "- a", "true", "null", "~", "12", "0x10", "1e3", "-1", "+1", "022", "10:30", "2026-12-31", "it's", "say \"no\"", "it's \"no\"",
                                  "back\\slash", "line\nbreak", "\ttab", "K\xC3\xBCndigen", "\xE2\x80\xA6", "${self.plan}", "{ a }", "[a]", "a, b", "*a", "&a", "!a", "%a", "@a", "`a`", "a ", "---", "...",
                                  "?", "|", ">", "a:b", ".5", "on", "=", "<<"}) {
    Yaml map;
    map.kind = Yaml::Kind::map;
    map.entries.push_back({"flow", {}, read("[]")});
    map.entries.back().value.items.push_back(text(value));
    map.entries.push_back({"block", {}, text(value)});
    map.entries.push_back({value.empty() ? "e" : value, {}, text(value)});
    BOOST_TEST((read(write_yaml(map)).to_json() == map.to_json()), write_yaml(map));
  }
}

BOOST_AUTO_TEST_CASE(small_things_stand_in_a_line_and_steps_without_braces) {
  const std::string written = R"(language: 1
states:
  a:
    status: active
    empty: {}
    none: []
    nothing: null
    on: { go: { to: b, set: { n: 1.50 } } }
    steps:
      - first: { call: noop.step, with: { text: "${self.a_rather_long_name_of_an_attribute}", more: "${self.more}" } }
      - second: { notify: x }
)";
  BOOST_TEST(write_yaml(read(written)) == written);
}

BOOST_AUTO_TEST_CASE(workflows_are_read_back_as_they_were) {
  int count = 0;
  for (const auto* folder : {"workflows/library", "tests/golden/workflow_problems"}) {
    for (const auto& entry : std::filesystem::directory_iterator{std::filesystem::path{STELLWERK_SOURCE_DIR} / folder}) {
      if (entry.path().extension() != ".yaml") continue;
      std::ifstream file{entry.path()};
      std::ostringstream content;
      content << file.rdbuf();
      const auto before = read_yaml("test.yaml", content.str());
      if (!before) continue;  // bad on purpose
      ++count;
      const auto written = write_yaml(before->root);
      BOOST_TEST((read(written).to_json() == before->root.to_json()), entry.path().string() << "\n" << written);
      BOOST_TEST(write_yaml(read(written)) == written);
    }
  }
  BOOST_TEST(count > 10);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::config
