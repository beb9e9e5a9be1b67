#pragma once
// Tiny workflows, and the connector they call, for tests of the engine.

#include <string>
#include <utility>
#include <vector>

namespace stellwerk::testing {

/// Path and text, as the shipped library.
inline std::vector<std::pair<std::string, std::string>> test_library() {
  return {
      {"connectors/library/crane.yaml", R"(language: 1
connector: crane
driver: noop
settings:
  harbour: { type: string, required: true }
lookups:
  hook:
    request: { get: /hook }
    value: "response.body.is"
polls:
  task:
    request: { get: "/tasks/${handle}" }
    every: { from: PT10M, to: PT1H, backoff: 2 }
    outcomes:
      - { is: pending, when: response.status == 202, handle: "${handle}" }
      - { is: done, when: response.status == 200 }
operations:
  lift:
    effect: sets
    undo: lower
    probe:
      lookup: hook
      outcomes:
        - { is: already, when: "hook == 'up'" }
        - { is: not_done }
    request: { post: "/${settings.harbour}/lift" }
    outcomes:
      - { is: pending, when: response.status == 202, handle: "${response.body.task}" }
      - { is: done, when: response.status == 200 }
      - { is: retry, code: busy, when: response.status == 503 }
      - { is: rejected_customer, code: heavy, when: response.status == 422 }
      - { is: rejected_operator, code: broken, when: response.status == 500 }
    poll: task
  lower:
    effect: sets
    request: { post: "/${settings.harbour}/lower" }
    outcomes:
      - { is: done, when: response.status == 200 }
)"},
      {"workflows/library/lifting.yaml", R"(language: 1
workflow: lifting
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
  colour: { type: string, max: 64 }
  asked:  { type: int, default: 0 }
events:
  lift:    { allow: [staff] }
  lift2:   { allow: [staff] }
  give_up: { allow: [staff] }
  paint:   { allow: [staff], busy: defer, with: { colour: { type: string, required: true } } }
  ask:     { from: [order], busy: defer, with: { order: { type: string, required: true } } }
defaults:
  call: { on_server: self.server, retry: { for: PT6H, delay: PT10M } }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      lift:  { to: lifting }
      lift2: { to: lifting_twice }
      paint: { set: { colour: "${event.colour}" } }
      ask:   { set: { asked: "${self.asked + 1}" }, send: { actor: "${event.order}", event: told, with: { times: "${self.asked}" } } }
  lifting:
    status: active
    steps: [ { lift: { call: crane.lift } } ]
    done:   { to: lifted }
    failed: { to: idle }
  lifting_twice:
    status: active
    steps:
      - first:  { call: crane.lift }
      - second: { call: crane.lift }
    done:   { to: lifted }
    failed: { to: idle }
    on:
      give_up: { interrupt: undo, to: idle }
  lifted:
    status: active
    on:
      paint: { set: { colour: "${event.colour}" } }
    after: { P3D: { to: rusty } }
  rusty:
    status: terminated
    final: true
)"},
      {"workflows/library/waiting.yaml", R"yaml(language: 1
workflow: waiting
kind: service
settings:
  grace: { type: duration, default: P10D, min: PT1H }
attributes:
  server:  { type: ref, kind: server, required: true }
  plan:    { type: ref, kind: plan }
  peer:    { type: ref, kind: service }
  customer_group: { type: string, max: 64 }
  label:   { type: string, max: 64, edit: [staff] }
  pin:     { type: secret }
  due:     { type: timestamp }
  vmid:    { type: int, default: 0 }
  renewed: { type: int, default: 0 }
  cores:   { type: int, value: "self.plan == null ? 0 : int(self.plan.cores)" }
events:
  hoist:   { allow: [staff] }
  check:   { allow: [staff], busy: defer }
  plan_for: { allow: [staff], with: { due: { type: timestamp, required: true } } }
  take:    { allow: [staff] }
  take_now: { allow: [staff] }
  follow:  { allow: [staff], with: { peer: { type: ref, kind: service, required: true } } }
  await:   { allow: [staff] }
  signal:  { allow: [staff], busy: defer }
  peek:    { allow: [staff], busy: defer }
defaults:
  call: { on_server: self.server, retry: { for: PT6H, delay: PT10M } }
schedule:
  renew:
    at: self.due
    set: { renewed: "${self.renewed + 1}" }
initial: idle
states:
  idle:
    status: active
    on:
      hoist: { to: hoisting }
      check: { steps: [ { look: { call: crane.lift } } ], done: { set: { label: checked } }, failed: { set: { label: broken } } }
      plan_for: { set: { due: "${event.due}" } }
      take:  { action: id.release, with: { range: none, id: 7 } }
      take_now: { to: taking }
      follow: { when: "event.peer.state == 'idle'", require: "event.peer.state == 'idle'", set: { peer: "${event.peer}" } }
      await: { to: awaiting }
    after:
      settings.grace: { to: gone }
  hoisting:
    status: active
    steps:
      - all:
          parallel:
            - one:   { call: crane.lift }
            - two:   { call: crane.lift }
            - three: { call: crane.lift }
    done:   { to: hoisted }
    failed: { to: idle }
  taking:
    status: active
    after: { PT1H: { action: id.release, with: { range: none, id: 7 }, to: gone } }
  awaiting:
    status: active
    steps:
      - lift: { call: crane.lift }
      - word: { wait: { for: signal, timeout: P1D } }
    done:   { to: hoisted }
    failed: { to: idle }
  hoisted: { status: active, rest: true, on: { peek: { when: 1 / self.vmid > 0, to: gone } } }
  gone:    { status: terminated, final: true }
)yaml"},
      {"workflows/library/based.yaml", R"(language: 1
workflow: based
extends: ground
states:
  ready: { status: active, rest: true }
)"},
      {"workflows/library/ground.yaml", R"(language: 1
workflow: ground
kind: service
abstract: true
settings:
  patience: { type: duration, default: P1D }
attributes:
  server: { type: ref, kind: server }
initial: ready
states:
  ready: { status: pending, rest: true }
)"},
      {"workflows/library/five.yaml", R"(language: 1
workflow: five
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
defaults:
  call: { on_server: self.server }
initial: working
states:
  working:
    status: active
    steps:
      - one:   { call: crane.lift }
      - two:   { call: crane.lift }
      - three: { call: crane.lift }
      - four:  { call: crane.lift }
      - five:  { call: crane.lift }
    done:   { to: finished }
    failed: incident
  finished:
    status: terminated
    final: true
)"},
      {"workflows/library/breeding.yaml", R"(language: 1
workflow: breeding
kind: order
attributes:
  breed: { type: string, max: 64, required: true, edit: [staff] }
initial: open
states:
  open:
    status: pending
    after: { PT1H: { create: { kind: service, workflow: "${self.breed}", with: {} }, to: grown } }
  grown: { status: pending, rest: true }
)"},
      {"workflows/library/renting.yaml", R"(language: 1
workflow: renting
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
  seat:   { type: int }
events:
  renew: { allow: [staff] }
  work:  { allow: [staff] }
  sit:   { allow: [staff] }
initial: rented
states:
  rented:
    status: active
    on:
      renew: { to: rented }
      work:  { steps: [ { lift: { call: crane.lift, on_server: self.server } } ] }
      sit:   { steps: [ { take: { action: id.allocate, with: { range: seats }, save: { seat: result.id } } } ] }
    after: { P3D: { guard: mass, to: ended } }
  ended:
    status: terminated
    final: true
)"},
      {"workflows/library/hiring.yaml", R"(language: 1
workflow: hiring
kind: order
initial: hired
states:
  hired:
    status: pending
    after: { P3D: { guard: mass, to: ended } }
  ended:
    status: cancelled
    final: true
)"},
      {"workflows/library/asking.yaml", R"(language: 1
workflow: asking
kind: order
attributes:
  service: { type: string, max: 64 }
  times:   { type: int, default: 0 }
events:
  ask:    { allow: [staff], with: { service: { type: string, required: true } } }
  order:  { allow: [staff], with: { service: { type: string, required: true }, workflow: { type: string, required: true } } }
  told:   { from: [service], with: { times: { type: int, required: true } } }
  beget:  { from: [order], with: { workflow: { type: string, required: true } } }
  nudge:  { from: [order] }
  remind: { allow: [staff] }
initial: open
states:
  open:
    status: pending
    rest: true
    on:
      ask:   { send: { actor: "${event.service}", event: ask, with: { order: "${self.id}" } } }
      order: { do: [ { send: { actor: "${event.service}", event: beget, with: { workflow: "${event.workflow}" } } }, { send: { actor: "${event.service}", event: nudge } } ] }
      told:  { set: { times: "${event.times}" } }
      beget: { create: { kind: service, workflow: "${event.workflow}", with: { server: "${self.id}" } } }
      nudge: { set: { times: "${self.times + 100}" } }
      remind: { send: { actor: "${self.id}", event: nudge } }
)"},
  };
}

}  // namespace stellwerk::testing
