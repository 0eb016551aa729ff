"""The broker as code: topics, principals and what each may do, all from `shared.events.topics`."""
