-- The mass-action guard: what it has counted, what it asks, which timers it holds; and the emergency stop with its history.

-- the question for which a timer is held; empty: none
alter table timer add column held {id} not null default '';
drop index timer_due;
create index timer_due on timer (due) where held = '';
create index timer_held on timer (held, due) where held <> '';
-- how many actors a share is a share of
create index actor_kind on actor (tenant, kind) where live = 1;

create table guard_entry (
  seq {identity},
  tenant {id} not null,
  kind text not null,
  actor {id} not null,
  at bigint not null,
  released {id} not null
);
create index guard_entry_at on guard_entry (at);

create table guard_question (
  id {id} primary key,
  tenant {id} not null,
  kind text not null,
  why text not null,
  state text not null,
  passed bigint not null,
  bound bigint not null,
  live bigint not null,
  examples {json} not null,
  answers {json} not null,
  asked_at bigint not null,
  until_at bigint not null,
  number bigint not null
);
-- a person is asked once: one that is not released for each tenant and kind
create unique index guard_question_unreleased on guard_question (tenant, kind) where state <> 'released';

-- a row for each stop that is on; an empty tenant stands for all
create table emergency_stop (
  tenant {id} primary key,
  turned_by {id} not null,
  note text not null,
  at bigint not null
);
create table emergency_stop_change (
  seq {identity},
  tenant {id} not null,
  turned_on bigint not null,
  turned_by {id} not null,
  note text not null,
  at bigint not null
);
