-- What the check of promise 4 reads: who is live, who has an attempt or an open incident; and messages that came back.

-- pages of live actors, without those of years that are final
create index actor_live on actor (id) where live = 1;
-- both columns, so that neither the input nor the result of an attempt is touched
create index attempt_actor on attempt (actor, incarnation);
create index incident_held on incident (actor, kind) where state = 'open';
-- 1: the receiver is the former sender, the sender whom it did not reach
alter table mailbox add column returned bigint not null default 0;
