"""The embedded stack: a database, a broker, a token issuer, a trace page and the four services on one machine."""
