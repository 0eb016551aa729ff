"""The four services; none of them knows another."""
