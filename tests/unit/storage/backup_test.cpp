#include "storage/backup.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/text_file.hpp"
#include "storage/child_process.hpp"
#include "storage/directory.hpp"
#include "tests/support/scratch.hpp"

using namespace stellwerk;
using namespace stellwerk::storage;

namespace {

const Time noon = from_micros(1'772'452'800'000'000);  // 2026-03-02T12:00:00Z

/// A database with a value in it, held open as a running node holds it.
struct Installation {
  testing::ScratchFolder folder{"backup"};
  config::Secret url{"sqlite:" + folder.file("data/stellwerk.db")};
  std::shared_ptr<SqlDatabase> database = open_database(url).value();
  std::unique_ptr<Store> store;

  Installation() {
    BOOST_REQUIRE(database->migrate().has_value());
    store = database->open_store().value();
    BOOST_REQUIRE(store->begin_incarnation("nod_1", "host-a").has_value());
    BOOST_REQUIRE(store->put_value("tenant", "ten_1").has_value());
    BOOST_REQUIRE(store->add_data_key({.id = "key_1", .tenant = TenantId{"ten_1"}, .sealed = config::seal_key({.id = "cafe0123"}, {.id = "key_1"}, "ten_1"), .created_at = noon}).has_value());
  }
  std::string back_up() const {
    auto made = make_backup(url, folder.file("backups"), "1.2.3", noon, {});
    BOOST_REQUIRE_MESSAGE(made.has_value(), (made ? "" : describe(made.error())));
    return *made;
  }
};

std::string refusal(const Result<void>& result) { return result ? "" : describe(result.error()); }

}  // namespace

BOOST_AUTO_TEST_SUITE(backup)

BOOST_AUTO_TEST_CASE(the_newest_one_of_a_folder_counts_and_what_is_not_whole_does_not) {
  Installation it;
  const auto folder = it.folder.file("backups");
  BOOST_TEST(!newest_backup(folder).has_value());
  it.back_up();
  BOOST_REQUIRE(make_backup(it.url, folder, "1.2.3", noon - std::chrono::hours{2}, {}).has_value());
  for (const char* half : {".stellwerk-2026-03-03T120000Z.part", "stellwerk-2026-03-04T120000Z", "stellwerk-2026-03-05T120000Z"}) std::filesystem::create_directories(folder + "/" + half);
  std::filesystem::copy_file(folder + "/stellwerk-2026-03-02T120000Z/manifest.json", folder + "/.stellwerk-2026-03-03T120000Z.part/manifest.json");
  std::ofstream{folder + "/stellwerk-2026-03-05T120000Z/manifest.json"} << "{";
  const auto newest = newest_backup(folder);
  BOOST_REQUIRE(newest.has_value());
  BOOST_TEST((*newest == noon));
}

BOOST_AUTO_TEST_CASE(holds_one_moment_of_a_database_in_use_and_says_what_it_is) {
  Installation it;
  const auto made = it.back_up();
  BOOST_TEST(made == it.folder.file("backups/stellwerk-2026-03-02T120000Z"));
  BOOST_REQUIRE(it.store->put_value("later", "x").has_value());
  const auto manifest = read_backup(made);
  BOOST_REQUIRE_MESSAGE(manifest.has_value(), (manifest ? "" : describe(manifest.error())));
  BOOST_TEST((manifest->version == "1.2.3" && manifest->dialect == "sqlite" && manifest->made_at == noon && manifest->tenant == "ten_1" && manifest->incarnation == "nod_1"));
  BOOST_TEST((manifest->master_keys == std::vector<std::string>{"cafe0123"} && manifest->data_keys == std::vector<std::string>{"key_1"}));
  BOOST_TEST((manifest->schema.front().first == "0001_base.sql"));
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{it.folder.path() / "backups"}) files += entry.exists() ? 1 : 0;
  BOOST_TEST(files == 1);  // nothing half made beside it
  BOOST_TEST((make_backup(it.url, it.folder.file("backups"), "1.2.3", noon, {}).error().code == ErrorCode::conflict));

  const config::Secret target{"sqlite:" + it.folder.file("new/stellwerk.db")};
  BOOST_TEST(refusal(restore_backup(made, *manifest, target, noon)) == "");
  const auto database = open_database(target).value();
  BOOST_TEST(database->migrate()->empty());
  const auto store = database->open_store().value();
  BOOST_TEST((*store->get_value("tenant") == "ten_1"));
  BOOST_TEST(!store->get_value("later")->has_value());
  BOOST_TEST((*store->get_value("guard_since_restore") == "2026-03-02T12:00:00Z"));
  BOOST_TEST((master_keys_of(target).value() == std::vector<std::string>{"cafe0123"}));
}

BOOST_AUTO_TEST_CASE(is_refused_where_something_is_already_and_when_it_is_damaged) {
  Installation it;
  const auto made = it.back_up();
  const auto manifest = read_backup(made).value();
  BOOST_TEST(refusal(restore_backup(made, manifest, it.url, noon)).find("another process uses this database") != std::string::npos);
  it.store.reset();
  it.database.reset();
  BOOST_TEST(refusal(restore_backup(made, manifest, it.url, noon)).find("takes an empty place") != std::string::npos);
  const config::Secret target{"sqlite:" + it.folder.file("new/stellwerk.db")};
  auto other = manifest;
  other.schema.emplace_back("9999_future.sql", "0");
  BOOST_TEST(refusal(restore_backup(made, other, target, noon)).find("install the newer version") != std::string::npos);
  other = manifest;
  other.schema.front().second = "0";
  BOOST_TEST(refusal(restore_backup(made, other, target, noon)).find("another content") != std::string::npos);
  BOOST_TEST(refusal(restore_backup(made, manifest, config::Secret{"postgresql://nobody@127.0.0.1:1/none"}, noon)).find("backup of sqlite") != std::string::npos);
  BOOST_TEST(!std::filesystem::exists(it.folder.file("new/stellwerk.db")));

  std::filesystem::resize_file(made + "/database.sqlite", static_cast<std::uintmax_t>(manifest.bytes - 1));
  BOOST_TEST(describe(read_backup(made).error()).find("bytes") != std::string::npos);
  std::filesystem::resize_file(made + "/database.sqlite", static_cast<std::uintmax_t>(manifest.bytes));
  std::fstream{made + "/database.sqlite", std::ios::binary | std::ios::in | std::ios::out}.seekp(5'000).put('?');
  BOOST_TEST(describe(read_backup(made).error()).find("SHA-256") != std::string::npos);
  std::filesystem::remove(made + "/manifest.json");
  BOOST_TEST(describe(read_backup(made).error()).find("is no backup") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(leaves_nothing_behind_when_it_is_given_up) {
  Installation it;
  std::stop_source stop;
  stop.request_stop();
  const auto made = make_backup(it.url, it.folder.file("backups"), "1.2.3", noon, stop.get_token());
  BOOST_REQUIRE(!made);
  BOOST_TEST((made.error().code == ErrorCode::cancelled));
  BOOST_TEST(std::filesystem::is_empty(it.folder.path() / "backups"));
}

BOOST_AUTO_TEST_CASE(a_program_gets_its_arguments_as_they_are_and_its_secrets_by_environment) {
  const testing::ScratchFolder folder{"child"};
  BOOST_TEST(refusal(run_program("sh", {"-c", "printf '%s' \"$PGPASSWORD $1\" > \"$2\"", "sh", "a b; c", folder.file("out")}, {{"PGPASSWORD", "hidden"}}, {})) == "");
  BOOST_TEST(read_text_file(folder.file("out")).value() == "hidden a b; c");
  const auto failed = refusal(run_program("sh", {"-c", "echo no such thing >&2; exit 3"}, {}, {}));
  BOOST_TEST((failed.find("status 3") != std::string::npos && failed.find("no such thing") != std::string::npos));
  BOOST_TEST(refusal(run_program("stellwerk-no-such-program", {}, {}, {})).find("on the PATH") != std::string::npos);
  std::stop_source stop;
  stop.request_stop();
  BOOST_TEST((run_program("sleep", {"60"}, {}, stop.get_token()).error().code == ErrorCode::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
