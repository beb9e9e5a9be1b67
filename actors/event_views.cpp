// What became of a deferred command: told by the journal of the actor that took it.

#include "actors/views.hpp"

namespace stellwerk::actors {
namespace {

constexpr int page = 200;

/// Follows one command through the rows of a journal.
class Trail {
 public:
  explicit Trail(EventView view) : view_{std::move(view)}, sought_{view_.event.str()} {}

  /// True once its end is known.
  bool follow(const JournalView& row) {
    if (!row.entries.is_array()) return false;
    for (const auto& entry : row.entries.get_array()) {
      const auto type = text_of(entry, "type");
      if (type == "incident_closed" && !incident_.empty() && text_of(entry, "incident") == incident_) return after_remedy(text_of(entry, "remedy"), entry, row);
      if (text_of(entry, "id") != sought_) continue;
      if (type == "event") return ends("applied", {}, {}, row);
      if (type == "event_refused") return ends("refused", text_of(entry, "reason"), text_of(entry, "text"), row);
      if (type != "incident_opened") continue;
      incident_ = text_of(entry, "incident");
      view_.reason = "incident_open";
      view_.text = incident_ + ": " + text_of(entry, "text");
      seen_ = true;
    }
    return false;
  }

  /// Whether the journal says anything of it, an end or why there is none yet.
  [[nodiscard]] bool is_told() const { return seen_; }
  [[nodiscard]] EventView view() && { return std::move(view_); }

 private:
  bool ends(const char* state, std::string reason, std::string text, const JournalView& row) {
    view_.state = state;
    view_.reason = std::move(reason);
    view_.text = std::move(text);
    view_.at = row.at;
    seen_ = true;
    return true;
  }

  /// A person has dropped it, or let it be tried again: then it was applied, or waits for its turn once more under another id.
  bool after_remedy(const std::string& remedy, const Json& closed, const JournalView& row) {
    if (remedy != "retry") return ends("refused", "dropped", text_of(closed, "note"), row);
    for (const auto& entry : row.entries.get_array()) {
      if (text_of(entry, "type") != "event_deferred") continue;
      sought_ = text_of(entry, "id");
      incident_.clear();
      view_.reason.clear();
      view_.text.clear();
      return false;
    }
    return ends("applied", {}, {}, row);
  }

  EventView view_;
  std::string sought_;    ///< id of the event that carries it now
  std::string incident_;  ///< that keeps it for a person; empty: none
  bool seen_ = false;
};

}  // namespace

Result<std::optional<EventView>> Views::find_event(const TenantId& tenant, const EventId& id) {
  STELLWERK_TRY(const auto deferred, directory_->find_deferred(tenant, id));
  if (!deferred) return std::nullopt;
  STELLWERK_TRY(const auto actor, directory_->find_actor(tenant, deferred->actor));
  if (!actor) return std::nullopt;
  EventView view{.event = id, .actor = actor->id, .customer = actor->customer, .state = "deferred", .reason = {}, .text = {}, .at = deferred->at};
  if (deferred->waits) return view;
  Trail trail{std::move(view)};
  for (auto after = deferred->version;;) {
    STELLWERK_TRY(const auto rows, journal(tenant, actor->id, after, page));
    for (const auto& row : rows)
      if (trail.follow(row)) return std::move(trail).view();
    if (static_cast<int>(rows.size()) < page) break;
    after = rows.back().version;
  }
  const bool told = trail.is_told();
  auto last = std::move(trail).view();
  if (!told) last.state.clear();
  return last;
}

}  // namespace stellwerk::actors
