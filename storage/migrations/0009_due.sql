-- Timers are fired tenant by tenant, and paged through: none of a tenant hides those of another.

create index timer_tenant on timer (tenant, due, actor, name) where held = '';
