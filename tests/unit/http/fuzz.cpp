// Mutated requests through the reader, the checks and the message parser: whatever comes, it is more, a request or a refusal.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "api/http/message.hpp"
#include "api/http/reader.hpp"

using namespace stellwerk::http;

namespace {

const std::vector<std::string> seeds{
    "GET /api/tickets?limit=5&q=a%20b HTTP/1.1\r\nHost: example.com:80\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n",
    "POST /api/tickets/7/commands/close HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nContent-Type: application/json\r\n\r\n{\"a\":\"b\\n\"}GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "PUT /c%2Fd HTTP/1.1\r\nHost: [::1]:1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
    "OPTIONS * HTTP/1.0\r\nConnection: keep-alive, Foo\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n",
    "DELETE /%C3%A4/%e2%82%ac HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIf-Match: \"1\"\r\n\r\n",
};
const std::vector<std::string> scraps{"\r\n", "\n", "\r", "\r\n\r\n", ":", " ", std::string(1, '\0'), "%00", "%", "HTTP/1.1", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: x\r\n",
                                      "0\r\n\r\n", "ffffffffffffffff\r\n", "-1", "99999999999999999999", "\xff", "\xc3", "?", "//", "/../", "Expect: x\r\n", "\t", ";"};

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_{seed} {}
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  std::string make() {
    std::string bytes = seeds[below(seeds.size())];
    for (auto changes = below(5); changes > 0; --changes) {
      const auto at = below(bytes.size());
      switch (below(5)) {
        case 0: bytes[at] = static_cast<char>(below(256)); break;
        case 1: bytes.erase(at, 1 + below(8)); break;
        case 2: bytes.insert(at, scraps[below(scraps.size())]); break;
        case 3: bytes.insert(at, bytes.substr(below(bytes.size()), below(40))); break;
        default: bytes.resize(at + 1); break;
      }
      if (bytes.empty()) bytes = "G";
    }
    return bytes;
  }

 private:
  std::mt19937 random_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fuzz)

BOOST_AUTO_TEST_CASE(two_hundred_thousand_mutations_are_more_or_a_request_or_a_refusal) {
  constexpr HeadLimits limits{.max_head_bytes = 2048, .max_body_bytes = 1024};
  Mutator mutator{20'260'302};
  MessageParser parser{limits.max_head_bytes};
  int whole = 0, refused = 0, waiting = 0;
  for (int round = 0; round < 200'000; ++round) {
    const auto bytes = mutator.make();
    RequestReader reader{limits};
    std::size_t items = 0;
    bool ended = false;
    for (std::size_t at = 0; at < bytes.size() && !ended;) {
      const auto step = 1 + mutator.below(bytes.size());
      reader.append(std::string_view{bytes}.substr(at, step));
      at += step;
      for (bool more = true; more && !ended; ++items) {
        auto item = reader.next();
        if (auto* request = std::get_if<WholeRequest>(&item)) {
          BOOST_REQUIRE_LE(request->body.size(), 1024U);
          const auto message = parser.parse(std::move(*request), "127.0.0.1");
          if (message) BOOST_REQUIRE(message->path.find('\0') == std::string::npos && message->trace_id.size() == 32);
          else BOOST_REQUIRE_EQUAL(message.error().status, 400);
          ++whole;
        } else if (const auto* refusal = std::get_if<Refusal>(&item)) {
          BOOST_REQUIRE(refusal->status >= 400 && refusal->status <= 505 && !refusal->why.empty());
          ended = true;
          ++refused;
        } else {
          more = std::holds_alternative<RequestReader::WantsContinue>(item);
        }
      }
    }
    BOOST_REQUIRE_LE(items, 4 * bytes.size() + 4);
    if (!ended) ++waiting;
    reader.append("GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
    if (ended) BOOST_REQUIRE(std::holds_alternative<RequestReader::NeedMore>(reader.next()));
  }
  BOOST_TEST_MESSAGE("whole " << whole << ", refused " << refused << ", waiting " << waiting);
  BOOST_CHECK(whole > 10'000 && refused > 10'000 && waiting > 10'000);
}

BOOST_AUTO_TEST_SUITE_END()
