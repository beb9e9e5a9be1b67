#include "config/settings.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <set>

using namespace stellwerk;
using namespace stellwerk::config;
namespace data = boost::unit_test::data;

namespace {

Settings loaded(const std::string& text, const std::map<std::string, std::string>& environment = {}) {
  auto settings = load_settings("stellwerk.yaml", text, environment);
  for (const auto& problem : settings ? std::vector<Problem>{} : settings.error()) BOOST_TEST_MESSAGE(render(problem, text));
  BOOST_REQUIRE(settings);
  return *settings;
}

struct RefusedCase {
  std::string text;
  std::string code;
  Place place;
  std::string part;  ///< of message or hint
  friend std::ostream& operator<<(std::ostream& out, const RefusedCase& c) { return out << c.text; }
};

const std::vector<RefusedCase> refused{
    {"http: { listn: '127.0.0.1:80' }", "SW900", {1, 9}, "http.listen"},
    {"htpp: { threads: 1 }", "SW900", {1, 1}, "'htpp'"},
    {"http: 5", "SW901", {1, 7}, "group"},
    {"[1]", "SW901", {1, 1}, "map"},
    {"http: { threads: 0 }", "SW902", {1, 18}, "1..64"},
    {"http: { threads: many }", "SW901", {1, 18}, "whole number"},
    {"http: { threads: [1] }", "SW901", {1, 18}, "one value"},
    {"http: { threads: }", "SW901", {1, 9}, "one value"},
    {"http: { listen: 8080 }", "SW901", {1, 17}, "127.0.0.1:8080"},
    {"http: { listen: '::1:80' }", "SW901", {1, 17}, "[::1]"},
    {"http: { listen: 'localhost:65536' }", "SW902", {1, 17}, "65535"},
    {"http: { idle_timeout: 10s }", "SW901", {1, 23}, "PT10S"},
    {"http: { idle_timeout: P2D }", "SW902", {1, 23}, "PT1H"},
    {"http: { max_body_bytes: 1TB }", "SW901", {1, 25}, "1MiB"},
    {"http: { max_body_bytes: 9000000000GiB }", "SW901", {1, 25}, "bytes"},
    {"log: { level: warn }", "SW901", {1, 15}, "one of debug, info, warning, error"},
    {"log: { level: debg }", "SW901", {1, 15}, "'debug'"},
    {"sandbox: { enabled: yes }", "SW901", {1, 21}, "true or false"},
    {"metrics: { allow: 10.0.0.0/33 }", "SW901", {1, 19}, "network"},
    {"sandbox: { control: example.com }", "SW901", {1, 21}, "http://"},
    {"tenant: { zone: Europe/Atlantis }", "SW901", {1, 17}, "Europe/Berlin"},
    {"tenant: { zone: ../zoneinfo/UTC }", "SW901", {1, 17}, "IANA"},
    {"tenant: { zone: posix }", "SW901", {1, 17}, "IANA"},
    {"tenant: { automation_time: 6 }", "SW901", {1, 28}, "06:00"},
    {"tenant: { automation_time: '24:00' }", "SW901", {1, 28}, "23:59"},
    {"http: { threads: 1 }\nhttp.threads: 2", "SW005", {2, 1}, "twice"},
    {"http: { threads: 1, threads: 2 }", "SW005", {1, 21}, "twice"},
};

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "stellwerk_settings_XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(settings)

BOOST_AUTO_TEST_CASE(starts_from_the_defaults) {
  const auto settings = loaded("");
  BOOST_TEST(settings.http.listen == "127.0.0.1:8080");
  BOOST_TEST(settings.pending_commands == 10'000);
  BOOST_TEST(settings.database_url.empty());
}

BOOST_AUTO_TEST_CASE(reads_nested_maps_and_dotted_keys) {
  const auto settings = loaded("http:\n  listen: '[::1]:0'\n  idle_timeout: PT1M30S\n  max_body_bytes: 2MiB\nengine.threads: 4\ndata: { dir: /srv/data }\n"
                               "database: { url: 'sqlite:/srv/a.db' }\nsandbox: { enabled: true }\nlog.level: debug\nmetrics: { allow: '10.0.0.0/8, ::1' }\n");
  BOOST_TEST(settings.http.listen == "[::1]:0");
  BOOST_TEST((settings.http.idle_timeout == std::chrono::seconds{90}));
  BOOST_TEST(settings.http.max_body_bytes == 2 * 1024 * 1024);
  BOOST_TEST(settings.engine_threads == 4);
  BOOST_TEST(settings.data_dir == "/srv/data");
  BOOST_TEST(settings.database_url.reveal() == "sqlite:/srv/a.db");
  BOOST_TEST(settings.sandbox_enabled);
  BOOST_TEST(settings.log_level == "debug");
}

BOOST_AUTO_TEST_CASE(lets_the_environment_win) {
  const auto settings = loaded("http: { listen: '127.0.0.1:1' }", {{"STELLWERK_HTTP__LISTEN", "0.0.0.0:2"}, {"STELLWERK_MASTER_KEY_FILE", "/k"}, {"HOME", "/"}});
  BOOST_TEST(settings.http.listen == "0.0.0.0:2");
  BOOST_TEST(settings.master_key_file == "/k");
}

BOOST_AUTO_TEST_CASE(reads_a_secret_from_a_file) {
  const Folder folder;
  std::ofstream{folder.path / "url"} << "postgresql://example.com/stellwerk\n";
  const auto settings = loaded("", {{"STELLWERK_DATABASE__URL_FILE", (folder.path / "url").string()}});
  BOOST_TEST(settings.database_url.reveal() == "postgresql://example.com/stellwerk");
  std::ofstream{folder.path / "long"} << "sqlite:" << std::string(70'000, 'x');
  for (const auto& path : {folder.path / "absent", folder.path / "long", folder.path}) {
    const auto failed = load_settings("", "", {{"STELLWERK_DATABASE__URL_FILE", path.string()}});
    BOOST_REQUIRE(!failed);
    BOOST_TEST(failed.error().at(0).file == "STELLWERK_DATABASE__URL_FILE");
  }
  BOOST_TEST(!load_settings("", "", {{"STELLWERK_DATABASE__URL_FILE", (folder.path / "url").string()}, {"STELLWERK_DATABASE__URL", "sqlite:x"}}));
}

BOOST_DATA_TEST_CASE(refuses_wrong_settings_with_place_and_hint, data::make(refused), file) {
  const auto settings = load_settings("stellwerk.yaml", file.text, {});
  BOOST_REQUIRE(!settings);
  const auto& problem = settings.error().at(0);
  BOOST_TEST(problem.code == file.code);
  BOOST_TEST(problem.place.line == file.place.line);
  BOOST_TEST(problem.place.column == file.place.column);
  BOOST_TEST((problem.message + " " + problem.hint).find(file.part) != std::string::npos, problem.message + " " + problem.hint);
}

BOOST_AUTO_TEST_CASE(reports_every_problem_of_file_and_environment) {
  const auto settings = load_settings("a.yaml", "http: { threads: 0, listn: x }\nlog: { level: loud }\n", {{"STELLWERK_HTTP__LISTN", "x"}, {"STELLWERK_LOG__LEVEL", "y"}});
  BOOST_REQUIRE(!settings);
  BOOST_TEST(settings.error().size() == 5U);
}

BOOST_AUTO_TEST_CASE(refuses_unknown_variables_with_the_closest_name) {
  const auto settings = load_settings("", "", {{"STELLWERK_HTTP_LISTEN", "x"}});
  BOOST_REQUIRE(!settings);
  BOOST_TEST(settings.error().at(0).file == "STELLWERK_HTTP_LISTEN");
  BOOST_TEST(settings.error().at(0).code == "SW900");
  BOOST_TEST(settings.error().at(0).hint.find("STELLWERK_HTTP__LISTEN") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ignores_variables_that_are_not_settings) {
  loaded("", {{"STELLWERK_CONFIG", "x"}, {"STELLWERK_CRASH_AT", "commit:1"}, {"STELLWERK_SERVICE_HOST", "10.0.0.1"},
              {"STELLWERK_PORT", "tcp://10.0.0.1:80"}, {"STELLWERK_PORT_80_TCP_ADDR", "10.0.0.1"}, {"STELLWERK_SERVICE_PORT_HTTP", "80"}});
}

BOOST_AUTO_TEST_CASE(never_shows_a_secret_in_a_problem) {
  const std::string text = "database: { url: 'mysql://root:hunter2@db' }\n";
  const auto settings = load_settings("a.yaml", text, {});
  BOOST_REQUIRE(!settings);
  const auto shown = render(settings.error().at(0), text);
  BOOST_TEST(shown.find("hunter2") == std::string::npos);
  BOOST_TEST(shown.find("a.yaml:1:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(accepts_every_default_of_the_reference) {
  std::set<std::string> names;
  for (const auto& info : setting_reference()) {
    BOOST_TEST(names.insert(info.name).second, info.name);
    BOOST_TEST(!info.sentence.empty(), info.name);
    if (info.type == "text" && info.default_value.empty()) continue;
    BOOST_TEST(load_settings("", info.name + ": '" + info.default_value + "'", {}).has_value(), info.name);
    BOOST_TEST(render_reference().find("| `" + info.name + "` |") != std::string::npos);
  }
  BOOST_TEST(names.size() == 55U);
}

BOOST_AUTO_TEST_CASE(reads_the_calendar_of_the_tenant) {
  const auto settings = loaded("tenant: { zone: Europe/Berlin, automation_time: '05:30' }");
  BOOST_TEST(settings.tenant_zone == "Europe/Berlin");
  BOOST_TEST((settings.automation_time == std::chrono::hours{5} + std::chrono::minutes{30}));
  const auto defaults = loaded("");
  BOOST_TEST(defaults.tenant_zone == "UTC");
  BOOST_TEST((defaults.automation_time == std::chrono::hours{6}));
}

BOOST_AUTO_TEST_CASE(chooses_the_file_by_option_then_environment) {
  BOOST_TEST(settings_path("a.yaml", {{"STELLWERK_CONFIG", "b.yaml"}}) == "a.yaml");
  BOOST_TEST(settings_path("", {{"STELLWERK_CONFIG", "b.yaml"}}) == "b.yaml");
}

BOOST_AUTO_TEST_SUITE_END()
