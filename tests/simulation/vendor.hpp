#pragma once
// The vendor of the simulation, behind workflows/yard.yaml: boxes, halls (built by jobs), charges, credits and letters. It does what
// real ones do: refuses, hangs, answers late or not at all, does what it was asked and says that it failed, forgets its jobs, lets a
// request that nobody waits for any more take effect later, sells a name to somebody else. What must never happen to it stands in wrongs().

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulation/random.hpp"
#include "tests/simulation/simulation.hpp"

namespace stellwerk::simulation {

/// Of a thousand requests each, while there is trouble.
struct VendorRates {
  int refused = 0;       ///< no byte left the node
  int reset = 0;         ///< it never arrived; nobody can know
  int lost = 0;          ///< done, and the answer is lost
  int late = 0;          ///< a creation that nobody hears of, done within the time that `settle` leaves
  int hang = 0;          ///< neither done nor answered
  int slow = 0;          ///< answered after up to twenty seconds
  int error_before = 0;  ///< 500, nothing done
  int error_after = 0;   ///< 500, done
  int too_many = 0;      ///< 429
  int locked = 0;        ///< 423
  int rejected = 0;      ///< 422
  int stranger = 0;      ///< somebody else takes the name just before a creation
  int forgets = 0;       ///< a job ends, with or without effect, and is not known any more
  int job_fails = 0;     ///< a job ends without effect
};
/// For the command line and for shrinking.
[[nodiscard]] const std::vector<std::pair<std::string_view, int VendorRates::*>>& vendor_faults();

class Yard final : public Vendor {
 public:
  struct Ways {
    std::function<void(Duration, std::function<void()>)> after;
    std::function<void(const std::string&)> trace;
  };
  struct Box {
    std::string mark;
    std::int64_t speed = 0;
  };
  struct Paid {
    std::string mark, key;
    bool taken_back = false;
  };
  Yard(Random random, VendorRates rates, Ways ways) : random_{random}, rates_{rates}, ways_{std::move(ways)} {}

  void receive(const std::string& node, const connectors::DriverRequest& request, Answer answer) override;
  /// In place of chance: the fault of this request by its name, or "".
  std::function<std::string_view(const connectors::DriverRequest&)> script;
  /// From now on it is a good vendor.
  void calm() { rates_ = {}; }
  /// Something of this reference or name is still under way there.
  [[nodiscard]] bool is_at_work(const std::string& mark) const;

  [[nodiscard]] const std::map<std::string, Box>& boxes() const { return boxes_; }
  [[nodiscard]] const std::map<std::string, Box>& halls() const { return halls_; }
  [[nodiscard]] const std::multimap<std::string, Paid>& charges() const { return charges_; }
  [[nodiscard]] const std::multimap<std::string, Paid>& credits() const { return credits_; }
  [[nodiscard]] const std::multimap<std::string, std::string>& letters() const { return letters_; }  ///< reference → mark
  [[nodiscard]] const std::vector<std::string>& wrongs() const { return wrongs_; }
  /// What went wrong on purpose, by kind.
  [[nodiscard]] const std::map<std::string, int>& faults() const { return faults_; }
  [[nodiscard]] int requests() const { return requests_; }

  static constexpr std::string_view stranger = "stranger";

 private:
  struct Request;
  struct Job {
    std::string does, name, mark;
    std::string state = "running";
  };
  using Response = connectors::DriverResponse;

  [[nodiscard]] bool happens(int VendorRates::*kind);
  void answer_later(const Answer& answer, Response response);
  /// Carries it out and says what came of it.
  Response serve(const Request& request);
  Response serve_box(const Request& request);
  Response serve_hall(const Request& request);
  Response serve_paid(const Request& request, std::multimap<std::string, Paid>& book);
  Response serve_jobs(const Request& request) const;
  void late(const Request& request);
  void sell_to_a_stranger(const Request& request);
  std::string begin_job(std::string does, std::string name, std::string mark);
  void end_job(const std::string& id, bool with_effect);
  [[nodiscard]] bool has_job(const std::string& name) const;
  void wrong(std::string what);

  Random random_;
  VendorRates rates_;
  Ways ways_;
  std::map<std::string, Box> boxes_, halls_;
  std::multimap<std::string, Paid> charges_, credits_;
  std::multimap<std::string, std::string> letters_;
  std::map<std::string, Job> jobs_;
  std::map<std::string, int> under_way_;  ///< requests that take effect later, by mark
  std::set<std::string> keys_under_way_;
  std::vector<std::string> wrongs_;
  std::map<std::string, int> faults_;
  std::optional<std::string> scripted_;  ///< fault of the request in hand
  int last_job_ = 0;
  int requests_ = 0;
};

}  // namespace stellwerk::simulation
