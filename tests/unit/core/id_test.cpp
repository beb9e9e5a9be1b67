#include "core/id.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace stellwerk;

namespace {
Uuid uuid_of(std::string_view hex) {
  Uuid uuid;
  std::string digits;
  for (const char c : hex)
    if (c != '-') digits += c;
  for (std::size_t i = 0; i < 16; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(std::stoi(digits.substr(2 * i, 2), nullptr, 16));
  return uuid;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(id)

BOOST_AUTO_TEST_CASE(follows_the_vectors_of_the_typeid_specification) {
  const std::pair<std::string, std::string> vectors[] = {
      {"00000000-0000-0000-0000-000000000000", "prefix_00000000000000000000000000"}, {"00000000-0000-0000-0000-000000000001", "prefix_00000000000000000000000001"},
      {"00000000-0000-0000-0000-00000000000a", "prefix_0000000000000000000000000a"}, {"00000000-0000-0000-0000-000000000020", "prefix_00000000000000000000000010"},
      {"ffffffff-ffff-ffff-ffff-ffffffffffff", "prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz"}, {"0110c853-1d09-52d8-d73e-1194e95b5f19", "prefix_0123456789abcdefghjkmnpqrs"},
      {"01890a5d-ac96-774b-bcce-b302099a8057", "prefix_01h455vb4pex5vsknk084sn02q"},
  };
  for (const auto& [hex, text] : vectors) {
    BOOST_TEST(format_id("prefix", uuid_of(hex)) == text);
    BOOST_TEST((parse_id(text).value() == uuid_of(hex)));
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_id) {
  for (const std::string text : {"", "svc", "svc_", "_00000000000000000000000000", "svc_0000000000000000000000000", "svc_000000000000000000000000000", "svc_80000000000000000000000000",
                                 "svc_0000000000000000000000000I", "svc_0000000000000000000000000A", "svc_0000000000000000000000000u"})
    BOOST_TEST(!parse_id(text).has_value(), text);
  BOOST_TEST(!parse_as<RunId>("run", "svc_00000000000000000000000000").has_value());
  BOOST_TEST(parse_as<RunId>("run", "run_00000000000000000000000000").has_value());
}

BOOST_AUTO_TEST_CASE(increases_and_never_repeats) {
  std::vector<std::string> ids;
  for (int i = 0; i < 20'000; ++i) ids.push_back(format_id("run", make_uuid()));
  BOOST_TEST(std::is_sorted(ids.begin(), ids.end()));
  BOOST_TEST(std::set<std::string>(ids.begin(), ids.end()).size() == ids.size());
}

BOOST_AUTO_TEST_CASE(is_a_uuid_of_version_7_in_the_rfc_variant) {
  for (const auto& uuid : {make_uuid(), derive_uuid(make_uuid(), "x")}) {
    BOOST_TEST((uuid.bytes[6] >> 4) == 7);
    BOOST_TEST((uuid.bytes[8] >> 6) == 2);
  }
}

BOOST_AUTO_TEST_CASE(derived_depends_on_parent_and_salt_alone_and_keeps_the_time) {
  const auto parent = make_uuid();
  BOOST_TEST((derive_uuid(parent, "a") == derive_uuid(parent, "a")));
  BOOST_TEST((derive_uuid(parent, "a") != derive_uuid(parent, "b")));
  BOOST_TEST((derive_uuid(parent, "a") != derive_uuid(make_uuid(), "a")));
  BOOST_TEST(std::equal(parent.bytes.begin(), parent.bytes.begin() + 6, derive_uuid(parent, "a").bytes.begin()));
  // the same in another process, too: a decision made again gives the same ids
  BOOST_TEST(format_id("run", derive_uuid(Uuid{}, "step/1")) == format_id("run", derive_uuid(Uuid{}, "step/1")));
}

BOOST_AUTO_TEST_CASE(derived_from_many_salts_never_repeat) {
  const auto parent = make_uuid();
  std::set<Uuid> ids;
  for (int i = 0; i < 10'000; ++i)
    for (const std::string prefix : {"", "run:", "attempt:"}) ids.insert(derive_uuid(parent, prefix + std::to_string(i)));
  ids.insert(derive_uuid(parent, std::string(1, '\0')));
  ids.insert(derive_uuid(parent, std::string(8, '\0')));
  ids.insert(derive_uuid(parent, std::string(9, '\0')));
  ids.insert(derive_uuid(parent, ""));
  BOOST_TEST(ids.size() == 30'004U);
}

BOOST_AUTO_TEST_CASE(spreads_over_the_shards) {
  std::set<int> shards;
  for (int i = 0; i < 20'000; ++i) {
    const auto shard = shard_of("svc_" + std::to_string(i));
    BOOST_REQUIRE((shard >= 0 && shard < 1024));
    shards.insert(shard);
  }
  BOOST_TEST(shards.size() == 1024U);
}

BOOST_AUTO_TEST_CASE(prefix_is_what_stands_before_the_underscore) {
  BOOST_TEST(id_prefix("svc_1") == "svc");
  BOOST_TEST(id_prefix("svc").empty());
}

BOOST_AUTO_TEST_SUITE_END()
