-- Anybody may facilitate who does not say otherwise: those who were left out by their job level are derived anew.

UPDATE people SET stale = true WHERE NOT facilitator_ready AND NOT stale;
