-- Where the end of a deferred command is looked for: the actor that took it, and the version of the journal that tells of its deferral.

create table deferred_event (
  id {id} primary key,
  tenant {id} not null,
  actor {id} not null,
  version bigint not null,
  at bigint not null
) {clustered};
