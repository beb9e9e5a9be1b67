-- Keys, themselves sealed, and who saw what.

-- of a tenant, sealed under the master key
create table data_key (
  id {id} primary key,
  tenant {id} not null,
  sealed text not null,
  created_at bigint not null
);
-- of the personal fields in an actor's journal, sealed under the tenant's data key; erasing the person deletes it
create table personal_key (
  actor {id} primary key,
  id {id} not null,
  tenant {id} not null,
  customer {id} not null,
  sealed text not null,
  created_at bigint not null
) {clustered};
create index personal_key_customer on personal_key (tenant, customer);
create table audit (
  id {id} primary key,
  tenant {id} not null,
  at bigint not null,
  changed_by {id} not null,
  role text not null,
  action text not null,
  object {id} not null,
  field text not null,
  note text not null
);
create index audit_list on audit (tenant, id);
create index audit_object on audit (tenant, object, id);
