"""The contract between the services: every event that travels, and every topic it travels on."""
