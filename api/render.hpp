#pragma once
// Views as the JSON that the API gives. One function per thing.

#include <cstdint>
#include <string>
#include <vector>

#include "actors/client.hpp"

namespace stellwerk::api {

/// Everybody gets `status` and, while a run is in hand (in a working state or in place), the event that it answers as `busy`; of a run
/// that a timer started customers are told "scheduled". Names of states, servers, workflows and of
/// whoever works for the host are for staff.
[[nodiscard]] Json render(const actors::ServiceView& service, bool for_staff);
[[nodiscard]] Json render(const actors::TicketView& ticket, bool for_staff);
[[nodiscard]] Json render(const actors::TicketMessageView& message, bool for_staff);
[[nodiscard]] Json render(const actors::JournalView& entry);
[[nodiscard]] Json render(const actors::RunRow& run);
[[nodiscard]] Json render(const storage::AttemptRow& attempt);
[[nodiscard]] Json render(const actors::IncidentRow& incident);
/// With what each remedy means, and what undo would do.
[[nodiscard]] Json render_whole(const actors::IncidentRow& incident, const std::string& closed_by_name);
[[nodiscard]] Json render(const actors::ProductRow& product, bool for_staff);

/// {"items": […], "next": "<id>" or null}: `next` is the last id when the page is full.
template <class Item, class Render>
[[nodiscard]] Json render_page(const std::vector<Item>& items, int limit, Render render_item) {
  JsonArray array;
  for (const auto& item : items) array.push_back(render_item(item));
  Json next;
  if (!items.empty() && static_cast<int>(items.size()) >= limit) next = array.back().as_object().at("id");
  return JsonObject{{"items", std::move(array)}, {"next", std::move(next)}};
}

/// The list as a JSON array of strings.
[[nodiscard]] JsonArray strings(const std::vector<std::string>& list);

}  // namespace stellwerk::api
