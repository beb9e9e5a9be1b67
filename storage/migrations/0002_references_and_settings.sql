-- What references of workflows read, with a version that rises with every change; settings of workflows with their history.

alter table product add column version bigint not null default 1;
alter table server add column version bigint not null default 1;
alter table customer add column version bigint not null default 1;

-- effects of actions in transitions: at most one for each key
create table transition_action (
  tenant {id} not null,
  key text not null,
  at bigint not null,
  primary key (tenant, key)
) {clustered};

-- the present value at each level; owner is empty for the tenant
create table workflow_setting (
  tenant {id} not null,
  workflow {id} not null,
  name {id} not null,
  level text not null,
  owner {id} not null,
  content {json} not null,
  changed_by {id} not null,
  note text not null,
  at bigint not null,
  primary key (tenant, workflow, name, level, owner)
);
-- without content: the value was taken away
create table workflow_setting_change (
  seq {identity},
  tenant {id} not null,
  workflow {id} not null,
  name {id} not null,
  level text not null,
  owner {id} not null,
  content {json},
  changed_by {id} not null,
  note text not null,
  at bigint not null
);
create index workflow_setting_change_list on workflow_setting_change (tenant, seq);
-- whom a setting reaches
create index actor_workflow on actor (tenant, workflow, id) where live = 1;
