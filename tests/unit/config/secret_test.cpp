#include "config/secret.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <type_traits>

using namespace stellwerk;
using namespace stellwerk::config;

namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "stellwerk_secret_XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path / name).string(); }
};

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

std::string from_hex(std::string_view hex) {
  std::string data;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) data += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
  return data;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(secret)

BOOST_AUTO_TEST_CASE(cannot_be_printed) { static_assert(!Printable<Secret>); }

BOOST_AUTO_TEST_CASE(survives_copies_and_moves_and_leaves_nothing_behind) {
  for (const std::string text : {"short", "a text that is too long for the place inside a std::string"}) {
    Secret first{text};
    Secret second = first;
    Secret third = std::move(first);
    BOOST_TEST(first.empty());  // NOLINT(bugprone-use-after-move): that is the promise
    second = third;
    const auto& same = second;
    second = same;
    BOOST_TEST(second.reveal() == text);
    second = std::move(third);
    BOOST_TEST(second.reveal() == text);
    BOOST_TEST(third.empty());  // NOLINT(bugprone-use-after-move)
  }
}

BOOST_AUTO_TEST_CASE(opens_what_it_sealed) {
  const MasterKey key{"k1", {1, 2, 3}};
  for (const auto& plain : {std::string{}, std::string{"hunter2"}, std::string(100'000, '\0')}) {
    const auto sealed = seal(key, plain, "srv_1/password");
    BOOST_TEST(sealed.starts_with("v1.k1."));
    const auto opened = config::open(key, sealed, "srv_1/password");
    BOOST_REQUIRE(opened);
    BOOST_TEST(opened->reveal() == plain);
  }
}

BOOST_AUTO_TEST_CASE(never_seals_the_same_text_twice_alike) {
  const MasterKey key{"k1", {}};
  BOOST_TEST(seal(key, "x", "c") != seal(key, "x", "c"));
}

BOOST_AUTO_TEST_CASE(refuses_another_key_another_context_and_any_changed_byte) {
  const MasterKey key{"k1", {1}};
  const auto sealed = seal(key, "hunter2", "here");
  BOOST_TEST((config::open(MasterKey{"k1", {2}}, sealed, "here").error().code == ErrorCode::permission_denied));
  BOOST_TEST((config::open(MasterKey{"k2", {1}}, sealed, "here").error().code == ErrorCode::permission_denied));
  BOOST_TEST((config::open(key, sealed, "there").error().code == ErrorCode::permission_denied));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    BOOST_TEST(!config::open(key, changed, "here").has_value());
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_not_a_sealed_text) {
  const MasterKey key{"k1", {}};
  for (const std::string text : {"", "v1", "v1.", "v1.k1", "v1.k1.", "v2.k1.AAAA", "v1.k1.AAAA", "v1.k1.***"})
    BOOST_TEST((config::open(key, text, "").error().code == ErrorCode::invalid_argument), text);
}

BOOST_AUTO_TEST_CASE(verifies_only_the_right_password) {
  const auto hash = hash_password("correct horse");
  BOOST_TEST(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  BOOST_TEST(verify_password(hash, "correct horse"));
  BOOST_TEST(!verify_password(hash, "correct horse "));
  BOOST_TEST(!verify_password("", ""));
  BOOST_TEST(!verify_password("$argon2id$nonsense", "x"));
  BOOST_TEST(!verify_password(std::string(10'000, 'x'), "x"));
}

BOOST_AUTO_TEST_CASE(encodes_base64url_without_padding) {  // RFC 4648 section 10, in the URL alphabet
  const std::pair<std::string, std::string> cases[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xFB\xFF", "-_8"}};
  for (const auto& [plain, text] : cases) {
    BOOST_TEST(base64url(plain) == text);
    BOOST_TEST(from_base64url(text).value() == plain);
  }
  for (const std::string text : {"Zg==", "Z", "Zm9v\n", "+/8", "Zh"}) BOOST_TEST(!from_base64url(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(digests_the_vector_of_fips_180) {
  BOOST_TEST(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_CASE(draws_tokens_of_the_asked_length) {
  BOOST_TEST(random_token(24).size() == 32U);
  BOOST_TEST(random_token() != random_token());
}

BOOST_AUTO_TEST_CASE(keeps_the_master_key_in_a_private_file) {
  const Folder folder;
  const auto first = load_or_create_master_key(folder.file("master.key"));
  BOOST_REQUIRE(first);
  const auto second = load_or_create_master_key(folder.file("master.key"));
  BOOST_REQUIRE(second);
  BOOST_TEST(first->id == second->id);
  BOOST_TEST((first->bytes == second->bytes));
  struct stat info{};
  BOOST_REQUIRE(::stat(folder.file("master.key").c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 0777U) == 0600U);
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{folder.path}, {}) == 1);
}

BOOST_AUTO_TEST_CASE(gives_processes_that_start_at_once_the_same_key) {
  const Folder folder;
  std::array<std::string, 8> ids;
  {
    std::vector<std::jthread> threads;
    for (auto& id : ids)
      threads.emplace_back([&] {
        if (auto key = load_or_create_master_key(folder.file("k"))) id = key->id;
      });
  }
  BOOST_TEST(!ids[0].empty());
  for (const auto& id : ids) BOOST_TEST(id == ids[0]);
}

BOOST_AUTO_TEST_CASE(refuses_a_key_file_that_others_may_read) {
  const Folder folder;
  BOOST_REQUIRE(load_or_create_master_key(folder.file("k")));
  BOOST_REQUIRE(::chmod(folder.file("k").c_str(), 0640) == 0);
  const auto key = load_or_create_master_key(folder.file("k"));
  BOOST_REQUIRE(!key);
  BOOST_TEST((key.error().code == ErrorCode::permission_denied));
  BOOST_TEST(key.error().message.find("0640") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(refuses_a_damaged_key_file_and_leaves_it_alone) {
  const Folder folder;
  for (const std::string text : {"", "nonsense\n", "id:AAAA\n", ":AAAA\n"}) {
    std::ofstream{folder.file("k")} << text;
    BOOST_REQUIRE(::chmod(folder.file("k").c_str(), 0600) == 0);
    BOOST_TEST((load_or_create_master_key(folder.file("k")).error().code == ErrorCode::unavailable));
    BOOST_TEST((load_or_create_signing_key(folder.file("k")).error().code == ErrorCode::unavailable));
    std::stringstream left;
    left << std::ifstream{folder.file("k")}.rdbuf();
    BOOST_TEST(left.str() == text);
  }
  BOOST_TEST((load_or_create_master_key(folder.file("absent/k")).error().code == ErrorCode::unavailable));
  BOOST_TEST((load_or_create_master_key(folder.path.string()).error().code == ErrorCode::unavailable));
}

BOOST_AUTO_TEST_CASE(verifies_only_its_own_signatures) {
  const Folder folder;
  const auto key = load_or_create_signing_key(folder.file("a"));
  const auto other = load_or_create_signing_key(folder.file("b"));
  BOOST_REQUIRE(key);
  BOOST_REQUIRE(other);
  BOOST_TEST(load_or_create_signing_key(folder.file("a"))->kid == key->kid);
  BOOST_TEST(key->kid.size() == 16U);
  const auto signature = sign(*key, "message");
  BOOST_TEST(signature.size() == 64U);
  BOOST_TEST(verify(*key, "message", signature));
  BOOST_TEST(!verify(*key, "massage", signature));
  BOOST_TEST(!verify(*other, "message", signature));
  BOOST_TEST(!verify(*key, "message", signature.substr(1)));
}

BOOST_AUTO_TEST_CASE(signs_the_first_vector_of_rfc_8032) {
  const Folder folder;
  const auto seed = from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const auto public_key = from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  std::ofstream{folder.file("k")} << sha256_hex(public_key).substr(0, 16) << ':' << base64url(seed) << '\n';
  BOOST_REQUIRE(::chmod(folder.file("k").c_str(), 0600) == 0);
  const auto key = load_or_create_signing_key(folder.file("k"));
  BOOST_REQUIRE(key);
  BOOST_TEST((sign(*key, "") == from_hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")));
}

BOOST_AUTO_TEST_SUITE_END()
