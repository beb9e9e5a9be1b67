-- How long a node counts as alive after its last heartbeat: its own promise, by which a successor judges it.
alter table node_heartbeat add column lease bigint not null default 15000000;
