-- Under which key a place was taken, so that its undo gives back this one and no other; empty: taken before.
alter table place add column key text not null default '';
