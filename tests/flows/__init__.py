"""Stories across the four services, told through HTTP and Kafka alone."""
