-- The shapes that stay. {…} stands for what differs between the databases (storage/dialect.cpp); times are microseconds UTC, flags 0 or 1.
-- A statement ends with a semicolon at the end of a line.

create table actor (
  id {id} primary key,
  tenant {id} not null,
  kind text not null,
  workflow text not null,
  revision bigint not null,
  state text not null,
  status text not null,
  customer {id} not null,
  attributes {json} not null,
  cursor {json} not null,
  version bigint not null check (version > 0),
  shard bigint not null check (shard between 0 and 1023),
  live bigint not null,
  decision {id} not null,
  created_at bigint not null,
  updated_at bigint not null
) {roomy};

create table journal (
  actor {id} not null,
  version bigint not null,
  at bigint not null,
  tenant {id} not null,
  trace text not null,
  decision {id} not null,
  entries {json} not null,
  primary key ({journal_key})
) {journal_storage};
{journal_default};

create table timer (
  actor {id} not null,
  tenant {id} not null,
  name text not null,
  due bigint not null,
  primary key (actor, name)
) {clustered};
create index timer_due on timer (due);

create table run (
  id {id} primary key,
  tenant {id} not null,
  actor {id} not null,
  workflow text not null,
  revision bigint not null,
  event text not null,
  state text not null,
  status text not null,
  step text not null,
  trace text not null,
  started_at bigint not null,
  ended_at bigint not null
) {roomy};
create index run_actor on run (actor, id);

create table attempt (
  run {id} not null,
  lane bigint not null,
  id {id} not null,
  actor {id} not null,
  tenant {id} not null,
  workflow text not null,
  step text not null,
  key text not null,
  executor text not null,
  operation text not null,
  sub bigint not null,
  server {id} not null,
  input {json} not null,
  mode text not null,
  number bigint not null,
  due bigint not null,
  deadline bigint not null,
  sent bigint not null,
  handle text not null,
  incarnation {id} not null,
  result {json},
  primary key (run, lane)
) {roomy};

create table mailbox (
  seq {identity},
  tenant {id} not null,
  receiver {id} not null,
  sender {id} not null,
  event_id {id} not null,
  event text not null,
  payload {json} not null,
  meta {json} not null,
  deferred bigint not null,
  at bigint not null
);
create index mailbox_receiver on mailbox (receiver, seq);

create table incident (
  id {id} primary key,
  tenant {id} not null,
  kind text not null,
  actor {id} not null,
  actor_kind text not null,
  run {id} not null,
  step text not null,
  error_class text not null,
  code text not null,
  message text not null,
  detail {json} not null,
  remedies {json} not null,
  state text not null,
  closed_by {id} not null,
  closed_how text not null,
  note text not null,
  opened_at bigint not null,
  closed_at bigint not null
);
create index incident_list on incident (tenant, state, id);
create index incident_actor on incident (actor);

create table outbox (
  id {id} primary key,
  tenant {id} not null,
  type text not null,
  actor {id} not null,
  data {json} not null,
  at bigint not null
);
create index outbox_list on outbox (tenant, id);

create table idempotency (
  scope text not null,
  key text not null,
  tenant {id} not null,
  body_hash text not null,
  status bigint not null,
  answer {json} not null,
  at bigint not null,
  primary key (scope, key)
) {clustered};
create index idempotency_at on idempotency (at);

create table revision (
  tenant {id} not null,
  type text not null,
  name {id} not null,
  revision bigint not null,
  content text not null,
  at bigint not null,
  primary key (tenant, type, name, revision)
);

-- Nodes.
create table shard (
  shard bigint primary key,
  incarnation {id} not null
);
insert into shard (shard, incarnation)
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 1023) select i, '' from n;
create table node_fence (
  incarnation {id} primary key,
  host text not null,
  begun_at bigint not null
);
create table node_heartbeat (
  incarnation {id} primary key,
  at bigint not null
);
create table value (
  name text primary key,
  content text not null
);

-- Things that actions and connectors use.
create table server (
  id {id} primary key,
  tenant {id} not null,
  name text not null,
  connector text not null,
  pool text not null,
  capacity bigint not null,
  used bigint not null,
  state text not null,
  settings {json} not null,
  created_at bigint not null
);
create index server_pool on server (tenant, pool, id);
create table place (
  attempt {id} primary key,
  tenant {id} not null,
  server {id} not null,
  owner {id} not null
);
create index place_owner on place (owner);
-- no number below next_free is without a lease
create table id_range (
  tenant {id} not null,
  name {id} not null,
  first_number bigint not null,
  last_number bigint not null,
  next_free bigint not null,
  primary key (tenant, name)
);
create table id_lease (
  tenant {id} not null,
  name {id} not null,
  number bigint not null,
  owner {id} not null,
  state text not null,
  until_at bigint not null,
  primary key (tenant, name, number)
);
create index id_lease_until on id_lease (tenant, name, until_at) where state = 'quarantine';
create table address_pool (
  tenant {id} not null,
  name {id} not null,
  primary key (tenant, name)
);
create table address (
  tenant {id} not null,
  pool {id} not null,
  address {id} not null,
  rank {id} not null,
  owner {id} not null,
  state text not null,
  until_at bigint not null,
  primary key (tenant, pool, address)
);
create index address_rank on address (tenant, pool, rank) where state <> 'taken';

-- What people list and search.
create table account (
  id {id} primary key,
  tenant {id} not null,
  email {id} not null,
  role text not null,
  name text not null,
  password_hash text not null,
  customer {id} not null,
  disabled bigint not null,
  created_at bigint not null,
  unique (tenant, email)
);
create table customer (
  id {id} primary key,
  tenant {id} not null,
  number {id} not null,
  name text not null,
  email text not null,
  created_at bigint not null,
  unique (tenant, number)
);
create table session (
  id {id} primary key,
  user_id {id} not null,
  tenant {id} not null,
  created_at bigint not null,
  expires_at bigint not null,
  revoked bigint not null
);
create index session_expires on session (expires_at);
create table product (
  id {id} primary key,
  tenant {id} not null,
  name text not null,
  workflow text not null,
  attributes {json} not null,
  visible bigint not null,
  created_at bigint not null
);
create index product_list on product (tenant, id);
create index server_list on server (tenant, id);
create table service (
  id {id} primary key,
  tenant {id} not null,
  customer {id} not null,
  order_id {id} not null,
  product {id} not null,
  hostname text not null,
  server {id} not null
);
create index service_list on service (tenant, id);
create index service_customer on service (tenant, customer, id);
create table ticket_sequence (
  tenant {id} primary key,
  last_number bigint not null
);
create table ticket (
  id {id} primary key,
  tenant {id} not null,
  number text not null,
  customer {id} not null,
  subject text not null,
  department text not null,
  priority text not null,
  service {id} not null,
  state text not null,
  status text not null,
  last_reply_at bigint not null,
  unique (tenant, number)
);
create index ticket_list on ticket (tenant, id);
create index ticket_customer on ticket (tenant, customer, id);
create index ticket_status on ticket (tenant, status, id);
create table ticket_message (
  id {id} primary key,
  tenant {id} not null,
  ticket {id} not null,
  author {id} not null,
  role text not null,
  internal bigint not null,
  body text not null,
  at bigint not null
);
create index ticket_message_ticket on ticket_message (ticket, at, id);
