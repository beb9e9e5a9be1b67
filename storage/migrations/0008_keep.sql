-- By what retention finds what is old.

create index incident_closed on incident (closed_at) where state = 'closed';
create index outbox_at on outbox (at);
create index audit_at on audit (at);
create index transition_action_at on transition_action (at);
create index deferred_event_at on deferred_event (at);
create index deferred_event_actor on deferred_event (actor);
