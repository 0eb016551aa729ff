"""What sessions does: one function a use case; each takes the transaction's connection."""
