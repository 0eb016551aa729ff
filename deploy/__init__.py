"""Ways to run Lateral."""
