-- One database and one role per service; a role can connect to nothing but its own database. Runs once, on empty data.
\getenv directory DIRECTORY_PASSWORD
\getenv matching MATCHING_PASSWORD
\getenv sessions SESSIONS_PASSWORD
\getenv metrics METRICS_PASSWORD

CREATE ROLE directory LOGIN PASSWORD :'directory';
CREATE ROLE matching LOGIN PASSWORD :'matching';
CREATE ROLE sessions LOGIN PASSWORD :'sessions';
CREATE ROLE metrics LOGIN PASSWORD :'metrics';

CREATE DATABASE directory OWNER directory;
CREATE DATABASE matching OWNER matching;
CREATE DATABASE sessions OWNER sessions;
CREATE DATABASE metrics OWNER metrics;

REVOKE ALL ON DATABASE directory, matching, sessions, metrics FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
