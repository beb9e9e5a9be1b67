#pragma once
// Client over the dispatcher and the reader pool. Internal to this folder.

#include <atomic>
#include <mutex>
#include <utility>

#include "actors/in_flight.hpp"
#include "actors/protocol.hpp"
#include "actors/readers.hpp"
#include "actors/refresher.hpp"

namespace stellwerk::actors {

struct ClientDeps {
  std::shared_ptr<const Deps> deps;
  OffsetClock* clock = nullptr;
  caf::actor dispatcher, timers;
  Readers* readers = nullptr;
  TenantId tenant;
  bool sandbox = false;
  std::string sandbox_control;
  caf::actor sentry = nullptr;
};

class ClientImpl final : public Client {
 public:
  explicit ClientImpl(ClientDeps deps);

  void command(CommandRequest request, AnswerCallback done) override;
  void create(CreateRequest request, AnswerCallback done) override;
  void remedy(RemedyRequest request, AnswerCallback done) override;
  void edit(EditRequest request, AnswerCallback done) override;
  void answer_guard(GuardAnswer answer, AnswerCallback done) override;
  void emergency_stop(StopRequest request, AnswerCallback done) override;
  void reveal(RevealRequest request, AnswerCallback done) override;
  void erase(EraseRequest request, AnswerCallback done) override;
  void change_setting(SettingRequest request, std::function<void(Result<SettingAnswer>)> done) override;
  void query(std::function<Result<Json>(Views&)> question, std::function<void(Result<Json>)> done) override;
  void advance_clock(Duration span, std::function<void(Result<Json>)> done) override;
  [[nodiscard]] Time now() const override { return all_.clock->now(); }

  /// Takes up what a change of settings left undone; `calendar_changed`: lets every live actor be reckoned again. Call it once, at start.
  [[nodiscard]] Result<void> resume_refreshing(Views& views, bool calendar_changed);

  /// Drops the handles of actors, so that the actor system can end.
  void release();

 private:
  using JsonCallback = std::function<void(Result<Json>)>;

  /// Runs `work` on a reader session. What it throws, and a full queue, go to `slot`, which answers once.
  void ask(const std::shared_ptr<ReplySlot>& slot, std::function<void(Views&)> work);
  /// Counts what is pending, asks for an earlier answer under the same key, then delivers.
  void send(std::shared_ptr<Deliver> deliver, std::optional<Idempotency> idempotency, AnswerCallback done);
  void send_now(const std::shared_ptr<Deliver>& deliver, AnswerCallback done);
  [[nodiscard]] const config::MasterKey& master() const { return all_.deps->around.keys->master(); }
  void answer_again(const Idempotency& idempotency, const std::shared_ptr<ReplySlot>& slot);
  void refresh(const ActorId& actor, Duration delay, std::function<void(const Result<Answer>&)> done);
  [[nodiscard]] Result<SettingAnswer> change(Views& views, const SettingRequest& request);
  struct Erasing;
  void erase_round(const std::shared_ptr<Erasing>& erasing, Views& views);
  void erase_next(const std::shared_ptr<Erasing>& erasing);
  void move_clock(Duration span, const std::shared_ptr<JsonCallback>& done);
  void keep_offset(Duration target, const std::shared_ptr<JsonCallback>& done);
  [[nodiscard]] std::pair<caf::actor, caf::actor> dispatcher_and_timers() const;
  [[nodiscard]] caf::actor sentry() const;

  mutable std::mutex mutex_;  ///< of the handles, which release() drops
  ClientDeps all_;
  InFlight in_flight_;
  std::atomic<bool> clock_moves_{false};
  Refresher refresher_;
};

}  // namespace stellwerk::actors
